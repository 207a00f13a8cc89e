"""`adb-shell` speaks to the simulated adbd itself, without an adb server: its protocol version wants checksums."""

from __future__ import annotations

import hashlib
import io
import struct
import time

import pytest
from adb_shell.adb_device import AdbDeviceTcp
from adb_shell.auth.keygen import keygen
from adb_shell.auth.sign_pythonrsa import PythonRSASigner
from adb_shell.exceptions import DeviceAuthError, InvalidCommandError, PushFailedError, TcpTimeoutException
from PIL import Image

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.rig import VIDEO, wait_for
from support.virtual_phone import TIKTOK

pytestmark = pytest.mark.phone


def signer(folder, name="adbkey"):
    path = folder / name
    keygen(str(path))
    return PythonRSASigner(path.with_suffix(".pub").read_text(), path.read_text())


@pytest.fixture(scope="module")
def key(folder):
    return signer(folder)


@pytest.fixture(scope="module")
def fleet():
    """A phone that asks for a key."""
    with FleetThread(FleetSettings(phones=1, auth=True)) as fleet:
        yield fleet.fleet


@pytest.fixture
def adb(fleet, key):
    device = AdbDeviceTcp("127.0.0.1", fleet.servers[0].port, default_transport_timeout_s=10)
    assert device.connect(rsa_keys=[key], auth_timeout_s=5)
    yield device
    device.close()


def test_connects_with_its_key(adb, fleet):
    assert adb.available
    assert fleet.servers[0].phone.facts.model == "Pixel 6a"
    assert adb.max_chunk_size > 0


def test_connects_again_by_its_signature_alone(adb, fleet, key):
    asked = []
    again = AdbDeviceTcp("127.0.0.1", fleet.servers[0].port, default_transport_timeout_s=10)
    assert again.connect(rsa_keys=[key], auth_callback=lambda _device: asked.append(1))
    assert again.shell("echo again") == "again\n"
    again.close()
    assert asked == []  # nothing was asked of a person


def test_a_key_nobody_accepts_does_not_connect(adb, fleet, folder):
    server = fleet.servers[0]
    server._trusted = False
    device = AdbDeviceTcp("127.0.0.1", server.port, default_transport_timeout_s=2)
    try:
        with pytest.raises((DeviceAuthError, TcpTimeoutException)):
            device.connect(rsa_keys=[signer(folder, "stranger")], auth_timeout_s=1, read_timeout_s=2)
    finally:
        device.close()
        server._trusted = True


def test_a_signature_by_another_key_does_not_connect(adb, fleet, folder, key):
    class Forger:
        def Sign(self, data):  # noqa: N802 - adb-shell's name
            return signer(folder, "other").Sign(data)

        def GetPublicKey(self):  # noqa: N802 - same
            return b"no key"

    device = AdbDeviceTcp("127.0.0.1", fleet.servers[0].port, default_transport_timeout_s=2)
    with pytest.raises((DeviceAuthError, TcpTimeoutException)):
        device.connect(rsa_keys=[Forger()], auth_timeout_s=1, read_timeout_s=2)
    device.close()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("echo one two", "one two\n"),
        ("echo 'a  b' \"$HOME\" `echo c` $(echo d)", "a  b / c d\n"),
        ("getprop ro.product.model", "Pixel 6a\n"),
        ("getprop ro.serialno | wc -l", "1\n"),
        ("wm size", "Physical size: 1080x2400\n"),
        ("pm path com.example.nowhere; echo $?", "1\n"),
        ("pm list packages -3 | grep tiktok || echo none", "none\n"),
        (f"pm list packages | grep -c {TIKTOK}", "1\n"),
        ("ls /sdcard/nothing", "ls: /sdcard/nothing: No such file or directory\n"),
        ("ls /sdcard/nothing 2>/dev/null", ""),
        ("nosuch", "/system/bin/sh: nosuch: inaccessible or not found\n"),
        ("X=1; [ $X = 1 ] && echo yes", "yes\n"),
        ("for i in 1 2; do echo $i; done | tail -n 1", "2\n"),
        ("whoami", "shell\n"),
        ("dumpsys input_method | grep -o 'mInputShown=[a-z]*'", "mInputShown=false\n"),
        ("settings put global judged 1; settings get global judged", "1\n"),
    ],
)
def test_shell(adb, line, answer):
    assert adb.shell(line) == answer


def test_a_long_answer_comes_in_packets_that_were_agreed(adb):
    adb.push(io.BytesIO(b"x" * 3_000_000), "/sdcard/long.txt")
    assert adb.shell("cat /sdcard/long.txt | wc -c") == "3000000\n"
    assert adb.shell("cat /sdcard/long.txt", decode=False) == b"x" * 3_000_000


def test_streaming_shell_gives_what_is_printed_when_it_is(adb):
    began = time.monotonic()
    arrivals = [(chunk, time.monotonic() - began) for chunk in adb.streaming_shell("echo a; sleep 0.5; echo b")]
    assert [chunk for chunk, _ in arrivals] == ["a\n", "b\n"]
    assert arrivals[1][1] - arrivals[0][1] > 0.3


def test_streaming_shell_can_be_left(adb):
    lines = adb.streaming_shell("logcat -v threadtime")
    assert "beginning of main" in next(lines)
    lines.close()
    assert adb.shell("echo on") == "on\n"


def test_exec_out(adb):
    assert adb.exec_out("echo out; echo err 1>&2") == "out\nerr\n"


def test_screencap(adb):
    picture = Image.open(io.BytesIO(adb.exec_out("screencap -p", decode=False)))
    assert (picture.format, picture.size) == ("PNG", (1080, 2400))


def test_screencap_of_raw_pixels(adb):
    data = adb.exec_out("screencap", decode=False)
    assert struct.unpack_from("<4I", data) == (1080, 2400, 1, 1)
    assert len(data) == 16 + 1080 * 2400 * 4


def test_screencap_into_a_file(adb):
    assert adb.shell("screencap -p /sdcard/shot.png && echo done") == "done\n"
    target = io.BytesIO()
    adb.pull("/sdcard/shot.png", target)
    assert target.getvalue().startswith(b"\x89PNG")


def test_push_stat_list_and_pull(adb, folder):
    adb.push(str(VIDEO), "/sdcard/Movies/judged.mp4", mtime=1_700_000_000)
    mode, size, mtime = adb.stat("/sdcard/Movies/judged.mp4")
    assert (mode & 0o100000, size, mtime) == (0o100000, VIDEO.stat().st_size, 1_700_000_000)
    [listed] = [entry for entry in adb.list("/sdcard/Movies") if entry.filename == b"judged.mp4"]
    assert (listed.size, listed.mtime) == (size, mtime)
    adb.pull("/sdcard/Movies/judged.mp4", str(folder / "pulled.mp4"))
    assert hashlib.sha256((folder / "pulled.mp4").read_bytes()).digest() == hashlib.sha256(VIDEO.read_bytes()).digest()


def test_push_where_a_folder_is_is_refused(adb):
    with pytest.raises(PushFailedError, match="Is a directory"):
        adb.push(str(VIDEO), "/sdcard/Movies")


def test_stat_and_list_of_nothing(adb):
    assert adb.stat("/sdcard/nothing.mp4") == (0, 0, 0)
    assert adb.list("/sdcard/nothing") == []


def test_pull_of_nothing_is_refused(adb):
    with pytest.raises(Exception, match="No such file or directory"):
        adb.pull("/sdcard/nothing.mp4", io.BytesIO())


def test_root_is_denied(adb):
    adb.root()
    assert adb._service(b"root", b"", timeout_s=5) == "adbd cannot run as root in production builds\n"


def test_a_service_that_is_not_there_is_refused(adb):
    with pytest.raises((InvalidCommandError, TcpTimeoutException)):
        adb._service(b"no-such-service", b"", transport_timeout_s=1, read_timeout_s=1)


def test_two_streams_at_once(fleet, key):
    devices = [AdbDeviceTcp("127.0.0.1", fleet.servers[0].port, default_transport_timeout_s=10) for _ in range(2)]
    for device in devices:
        device.connect(rsa_keys=[key])
    named = zip("ab", devices, strict=True)
    streams = [device.streaming_shell(f"echo {name}; sleep 0.1; echo {name}") for name, device in named]
    assert [next(stream) for stream in streams + streams] == ["a\n", "b\n", "a\n", "b\n"]
    for device in devices:
        device.close()


def booted(server, key):
    """Whether the phone answers again and says that it has started."""
    device = AdbDeviceTcp("127.0.0.1", server.port, default_transport_timeout_s=5)
    try:
        device.connect(rsa_keys=[key])
        device.shell('while [ "$(getprop sys.boot_completed)" != 1 ]; do sleep 0.2; done')
        return device.shell("getprop sys.boot_completed") == "1\n"
    except (OSError, TcpTimeoutException):
        return False
    finally:
        device.close()


def test_reboot(adb, fleet, key):
    server = fleet.servers[0]
    adb.reboot()
    wait_for(lambda: not server.phone.started)
    wait_for(lambda: booted(server, key))
    assert server.phone.locked
