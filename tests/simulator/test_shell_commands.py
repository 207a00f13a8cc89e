"""The commands of the simulated shell that read their input, its files and its loudness."""

from __future__ import annotations

import pytest

from fleetlane.simulator.shell import interpreter
from fleetlane.simulator.shell.mksh.result import Pause, Printed
from support.virtual_phone import Handset


@pytest.fixture
def handset():
    return Handset()


LINES = "printf 'one 1\\ntwo 2\\nthree 3\\n'"


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (f"{LINES} | grep t", "two 2\nthree 3\n"),
        (f"{LINES} | grep -v t", "one 1\n"),
        (f"{LINES} | grep -c t", "2\n"),
        (f"{LINES} | grep -n -i 'T[wh]'", "2:two 2\n3:three 3\n"),
        (f"{LINES} | grep -o '[0-9]'", "1\n2\n3\n"),
        (f"{LINES} | grep -E '^(one|two) '", "one 1\ntwo 2\n"),
        (f"{LINES} | grep '^\\(one\\|two\\) '", "one 1\ntwo 2\n"),
        (f"{LINES} | grep -F '1'", "one 1\n"),
        (f"{LINES} | grep -w e; echo $?", "1\n"),
        (f"{LINES} | grep -q two && echo yes", "yes\n"),
        (f"{LINES} | head -n 1", "one 1\n"),
        (f"{LINES} | head -2 | tail -1", "two 2\n"),
        (f"{LINES} | wc -l", "3\n"),
        (f"{LINES} | wc -c", "20\n"),
        (f"{LINES} | cut -d ' ' -f 2", "1\n2\n3\n"),
        (f"{LINES} | cut -d' ' -f1", "one\ntwo\nthree\n"),
        (f"{LINES} | cut -c 1-2", "on\ntw\nth\n"),
        (f"{LINES} | tr a-z A-Z | tr -d ' '", "ONE1\nTWO2\nTHREE3\n"),
        (f"{LINES} | sort", "one 1\nthree 3\ntwo 2\n"),
        (f"{LINES} | sort -r | head -n1", "two 2\n"),
        (f"{LINES} | sed -n '2p'", "two 2\n"),
        (f"{LINES} | sed -n '2,$p'", "two 2\nthree 3\n"),
        (f"{LINES} | sed -n '/^o/p'", "one 1\n"),
        (f"{LINES} | sed 's/ \\([0-9]\\)/:\\1/'", "one:1\ntwo:2\nthree:3\n"),
        (f"{LINES} | sed -E 's/(o|e)/<&>/g'", "<o>n<e> 1\ntw<o> 2\nthr<e><e> 3\n"),
        ("printf 'a\\na\\nb\\n' | uniq", "a\nb\n"),
        ("getprop | grep -c 'ro.product.model'", "1\n"),
        ("getprop ro.nothing | wc -l", "1\n"),
        ("echo a > /sdcard/x; echo b >> /sdcard/x; cat /sdcard/x | wc -l; rm /sdcard/x", "2\n"),
        ("echo /sdcard/D*", "/sdcard/DCIM\n"),
        ("ls -1 / | grep sdc; echo $?", "1\n"),
        ("[ -d /sdcard/DCIM ] && [ ! -f /sdcard/DCIM ] && echo folder", "folder\n"),
        ("echo one; echo two 1>&2", "one\ntwo\n"),
        ("ls /sdcard/nothing 2>&1 | wc -l", "1\n"),
        ("which getprop", "/system/bin/getprop\n"),
        ("toybox wc -l < /dev/null", "0\n"),
        ("printf 'a\\nb\\n' | while read -r line; do echo \"<$line>\"; done", "<a>\n<b>\n"),
    ],
)
def test_pipes_and_filters(handset, line, printed):
    ended = handset.sh(line)
    assert ended.output.decode() == printed
    assert handset.complaints == []


def test_both_streams_and_the_exit_code_are_told_apart(handset):
    ended = handset.sh("echo out; ls /sdcard/nothing; exit 5")
    assert (ended.stdout, ended.exit_code) == (b"out\n", 5)
    assert ended.stderr == b"ls: /sdcard/nothing: No such file or directory\n"


@pytest.mark.parametrize(
    ("line", "says", "exit_code"),
    [
        ("nosuch --now", "/system/bin/sh: nosuch: inaccessible or not found", 127),
        ("echo a | nosuch | cat; nosuch", "/system/bin/sh: nosuch: inaccessible or not found", 127),
        ("nosuch 2>/dev/null", "", 127),
        ("/data/local/tmp/tool", "/system/bin/sh: /data/local/tmp/tool: can't execute: Permission denied", 126),
        ("echo a > /system/x", "/system/bin/sh: can't create /system/x: No such file or directory", 1),
        ("echo a > /x", "/system/bin/sh: can't create /x: Read-only file system", 1),
        ("echo a > /sdcard", "/system/bin/sh: can't create /sdcard: Is a directory", 1),
        ("cat < /sdcard/no", "/system/bin/sh: can't open /sdcard/no: No such file or directory", 1),
        ("echo )", "/system/bin/sh: syntax error: unexpected ')'", 1),
        ("echo 'a", "/system/bin/sh: syntax error: no closing quote: '", 1),
        ("if true; then echo a", "/system/bin/sh: syntax error: unexpected 'end': 'fi' is missing", 1),
    ],
)
def test_what_is_wrong_is_told_as_android_tells_it(handset, line, says, exit_code):
    handset.phone.files.write("/data/local/tmp/tool", b"x", 0o644, 1)
    ended = handset.sh(line)
    assert ended.exit_code == exit_code
    assert says in ended.stderr.decode()


@pytest.mark.parametrize(
    "line",
    [
        "echo a &",
        "case a in a) echo b;; esac",
        "f() { echo a; }",
        "echo $((1+1))",
        "cat <<END\na\nEND",
        "echo {a,b}",
        "echo ~",
        "[[ a = a ]]",
        "echo ${X#a}",
        "echo ${X/a/b}",
        "echo a |& cat",
        "echo a &> /dev/null",
        "exec 3>/sdcard/x",
        "X=(a b)",
        "X+=a",
        "IFS=:",
        "echo $RANDOM",
        "echo $!",
        "time true",
        "select x in a; do true; done",
        'echo $"a"',
        "echo [^a]*",
        "while true; do true; done",
        "set -e",
        "cd /sdcard",
        "trap true EXIT",
        "grep -P a",
        "grep -r a /sdcard",
        "sed d",
        "sed -i s/a/b/ x",
        "awk '{print $1}'",
        "xargs echo",
        "find /sdcard",
        "printf '%x' 3",
        "test a -a b",
        "sort -k 2",
        "tr -s a",
        "head -c 3",
        "tail -f x",
        "logcat -b events",
        "read X",
        "sleep x",
        "timeout 1 true",
    ],
)
def test_what_is_not_simulated_fails_loudly(handset, line):
    ended = handset.sh(line)
    assert ended.exit_code != 0
    assert ended.output
    assert handset.complaints or b"sleep" in ended.output


def test_a_loop_prints_while_it_waits(handset):
    handset.phone.started = False
    steps = interpreter.start(handset.phone, "while getprop sys.boot_completed 2>/dev/null; do sleep 1; done")
    assert [next(steps) for _ in range(3)] == [Printed(1, b"\n"), Pause(1.0), Printed(1, b"\n")]
    handset.phone.started = True
    assert [next(steps) for _ in range(2)] == [Pause(1.0), Printed(1, b"1\n")]


def test_a_line_that_never_ends_is_cut_and_told(handset):
    ended = handset.sh("while true; do sleep 1; done")
    assert ended.exit_code == 124
    assert "goes on for ever" in handset.complaints[0]


def test_a_full_phone_says_so(handset):
    handset.phone.files.capacity_bytes = 0
    ended = handset.sh("echo a > /sdcard/x")
    assert b"No space left on device" in ended.stderr
