"""The simulated shell reads a line as mksh does: held against a real mksh, or refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.virtual_phone import Handset

_NONE = "mksh is not installed here; .ci/tools installs it on Debian and Ubuntu"


@pytest.fixture(scope="module")
def mksh():
    found = shutil.which("mksh")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(_NONE)
        pytest.skip(_NONE)
    return found


@dataclass
class Ended:
    """How a line ended."""

    stdout: bytes
    stderr: bytes
    exit_code: int


@pytest.fixture(scope="module")
def handset():
    return Handset()


@pytest.fixture(scope="module")
def real(mksh, tmp_path_factory):
    """Run a line in a real mksh, in an empty folder that `$T` names."""
    home = tmp_path_factory.mktemp("mksh")

    def run(line: str) -> Ended:
        folder = home / "t"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/", "T": str(folder), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [mksh, "-U", "-c", "--", line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            cwd=folder,
            timeout=20,
        )
        named = str(folder).encode(), b"/data/local/tmp"
        return Ended(done.stdout.replace(*named), done.stderr, done.returncode)

    return run


@pytest.fixture(scope="module")
def simulated(handset):
    def run(line: str) -> Ended:
        for path in handset.phone.files.paths("/data/local/tmp"):
            handset.phone.files.remove(path)
        handset.complaints.clear()
        done = handset.sh(f"T=/data/local/tmp\n{line}")
        return Ended(done.stdout, done.stderr, done.exit_code)

    return run


_SAID = re.compile(rb"^(/system/bin/sh: |[WE]: [^\n]*mksh: ).*", re.MULTILINE)
"""What the shell itself says; Android's words are not Debian's."""


def refused(ended: Ended) -> bool:
    return b"this shell " in ended.stderr or b"unsupported on a simulated phone" in ended.stderr


def alike(line, real, simulated):
    """What is simulated must agree with mksh in what is printed and how it ends, or say that it cannot."""
    ours = simulated(line)
    if refused(ours):
        return
    theirs = real(line)
    if b"syntax error" in ours.stderr or b"no closing" in ours.stderr:
        assert theirs.exit_code != 0, (line, ours, theirs)
        return
    printed = [_SAID.sub(b"(said)", ended.stdout) for ended in (ours, theirs)]
    assert (printed[0], ours.exit_code) == (printed[1], theirs.exit_code), (line, ours, theirs)
    assert bool(ours.stderr) == bool(theirs.stderr), (line, ours, theirs)


TEXT = st.text(alphabet=st.sampled_from(list("ab1 \t'\"\\$`*?[]{}~#;&|<>()!=-%é好😀\n")), max_size=8)


def _single(text):
    return "'" + text.replace("'", "'\\''") + "'"


def _double(text):
    return '"' + "".join(f"\\{c}" if c in '$`"\\' else c for c in text) + '"'


def _dollar(text):
    return "$'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


def _escaped(text):
    return "".join("'\n'" if c == "\n" else f"\\{c}" for c in text) or "''"


QUOTED = st.tuples(TEXT, st.sampled_from([_single, _double, _dollar, _escaped]))


@settings(max_examples=200, deadline=None)
@given(st.lists(QUOTED, min_size=1, max_size=3))
def test_a_quoted_text_reaches_a_command_whole(parts):
    handset = Handset()
    word = "".join(quote(text) for text, quote in parts)
    ended = handset.sh(f"printf '%s' {word}")
    assert ended.stdout.decode() == "".join(text for text, _ in parts)
    assert (ended.exit_code, handset.complaints) == (0, [])


FRAGMENTS = st.sampled_from(
    [
        "echo",
        "echo a b",
        "echo -n x",
        "printf '%s,' a b",
        "true",
        "false",
        "cat",
        ":",
        "nosuch 2>/dev/null",
        "X=1",
        "X='a  b'",
        "Y=$X",
        "echo $X",
        'echo "$X"',
        "echo ${X:-none}",
        'echo "${X}y"',
        "echo $?",
        "echo $(echo c  d)",
        'echo "$(echo c  d)"',
        "echo `echo e`",
        "echo $'a\\tb'",
        "echo 'q  r'",
        'echo "s $X `echo t` \\$ \\x"',
        "echo \\$X",
        "echo a\\ b",
        "echo '' \"\" z",
        "echo out 1>&2",
        "exit 3",
        "(exit 4)",
        "grep a",
        "wc -l",
        "head -n 1",
        "sort",
        "tr a b",
        "[ a = a ]",
        '[ -n "$X" ]',
        "test 1 -lt 2",
        "[ -e $T/no ]",
        "cat $T/no 2>/dev/null",
        "{ echo f > $T/f; echo g >> $T/f; cat < $T/f; rm $T/f; }",
        "cat < $T/no",
        "{ echo h; echo i 1>&2; } 2>&1",
        "( X=9; echo $X )",
        "if true; then echo j; else echo k; fi",
        "if false; then echo j; elif true; then echo l; fi",
        "for i in 1 2 $X; do echo $i; done",
        "while false; do echo m; done",
        "until true; do echo n; done",
        "for i in 1 2 3; do echo $i; break; done",
        "! true",
        "! false",
        "echo a#b # comment",
        "X=2 echo $X",
        "X=3 sh -c 'echo $X'",
        "export X",
        "sh -c 'echo $X $?'",
        "eval 'echo $X'",
        "unset X",
        "echo {}",
        "echo a=b",
        "echo [a] no*",
        "cd_ 2>/dev/null",
        "read -r X",
        "echo $X$Y",
        "echo -e 'a\\nb'",
        "echo 'a\\nb'",
        "echo -E 'a\\nb'",
    ]
)
JOINS = st.sampled_from([" ; ", ";", " && ", "||", "\n", " | ", "|", "; "])
LINES = (
    st.lists(st.tuples(FRAGMENTS, JOINS), min_size=1, max_size=6)
    .map(lambda parts: "".join(a + b for a, b in parts[:-1]) + parts[-1][0])
    .filter(lambda line: line.count("echo f >") < 2)  # two ends of a pipe must not meet in one file
)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LINES)
@example("false || echo $? | cat")
@example("echo a |\ncat")
def test_a_line_does_what_mksh_does(real, simulated, line):
    alike(line, real, simulated)


SOUP = st.lists(
    st.sampled_from(
        [
            "echo",
            " ",
            " ",
            " ",
            "a",
            "b1",
            "'",
            '"',
            "\\",
            "$X",
            "$",
            "`",
            "(",
            ")",
            "$(",
            "{",
            "}",
            "${X}",
            ";",
            ";;",
            "&&",
            "||",
            "|",
            "!",
            "#",
            "\n",
            "if",
            "then",
            "fi",
            "do",
            "done",
            "for",
            "in",
            "while",
            "true",
            "false",
            "X=a",
            "=",
            ">$T/f ",
            "2>&1",
            "2>/dev/null ",
            "<$T/f ",
            "cat",
            "$'",
            "q*",
            "[",
            "]",
            "~",
            "-",
            "&",
            "é",
        ]
    ),
    max_size=10,
).map("".join)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SOUP)
def test_a_wrong_line_is_wrong_here_too(real, simulated, line):
    alike(line, real, simulated)
