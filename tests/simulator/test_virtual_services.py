"""The shell and the small services of adbd in virtual time: the same as on the wire, and each costs what it takes."""

from __future__ import annotations

import adbutils
import pytest
from PIL import Image

from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.link.latency import jvm_commands
from fleetlane.simulator.virtual.fleet import CALL_TIMEOUT_S, VirtualFleet
from support.virtual import like

TRAITS = like("ideal", command_s=0.1, jvm_command_s=1.0, picture_s=0.5)


@pytest.fixture
def fleet():
    return VirtualFleet(FleetSettings(phones=1, traits=TRAITS))


@pytest.fixture
def adb(fleet):
    return fleet.adb.device(fleet.serials[0])


def cost(fleet, call):
    before = fleet.clock.monotonic_s()
    call()
    return round(fleet.clock.monotonic_s() - before, 2)


def test_a_line_is_read_as_on_the_wire(adb):
    assert adb.shell("for i in 1 2; do echo $i; done | tail -n 1") == "2"
    found = adb.shell2("ls /sdcard/nothing || echo none", v2=True)
    assert (found.returncode, found.stdout, found.stderr) == (
        0, "none\n", "ls: /sdcard/nothing: No such file or directory\n",
    )  # fmt: skip


def test_a_sleep_moves_the_clock(fleet, adb):
    assert cost(fleet, lambda: adb.shell("echo a; sleep 3; echo b")) == 3.1
    line = 'while [ "$(getprop sys.boot_completed)" != 1 ]; do sleep 0.5; done; echo on'
    fleet.links[0].phone.started = False
    fleet.links[0].later(4.0, lambda: setattr(fleet.links[0].phone, "started", True))
    assert 3.5 <= cost(fleet, lambda: adb.shell(line)) <= 4.7


@pytest.mark.parametrize("line", ["sleep 30", "while true; do sleep 0.5; done", "logcat -v threadtime"])
def test_a_line_that_is_silent_for_longer_than_its_caller_waits_times_out(fleet, adb, line):
    def call():
        with pytest.raises(adbutils.AdbTimeout):
            adb.shell(line, timeout=CALL_TIMEOUT_S)

    assert CALL_TIMEOUT_S <= cost(fleet, call) <= CALL_TIMEOUT_S + 0.2
    assert adb.shell("echo on") == "on"


def test_a_line_that_prints_now_and_then_does_not_time_out(fleet, adb):
    line = "for i in 1 2 3; do echo $i; sleep 15; done"
    assert cost(fleet, lambda: adb.shell(line)) == 45.1


def test_what_stands_behind_a_command_that_stays_does_not_run_when_the_host_leaves(fleet, adb):
    stream = adb.shell("logcat; touch /sdcard/ran", stream=True)
    assert stream.read_string(28).startswith("--------- beginning of main")
    stream.close()
    assert adb.shell("ls /sdcard/ran") == "ls: /sdcard/ran: No such file or directory"


def test_the_small_services_answer_cost_their_time_and_are_counted(fleet, adb):
    [link] = fleet.links
    assert cost(fleet, lambda: adb.reverse("tcp:21000", "tcp:22000")) == 0.1
    assert [(item.remote, item.local) for item in adb.reverse_list()] == [("tcp:21000", "tcp:22000")]
    adb.reverse_remove_all()
    assert adb.reverse_list() == []
    assert adb.root() == "adbd cannot run as root in production builds\n"
    pictures: list[Image.Image] = []
    assert cost(fleet, lambda: pictures.append(adb.framebuffer())) == 0.5
    assert pictures[0].size == link.phone.size
    assert (link.kinds["service"], link.kinds["picture"]) == (5, 1)


def test_reboot_takes_the_phone_away_for_a_while(fleet, adb):
    with adb.open_transport() as connection:
        connection.send_command("reboot:")
        connection.check_okay()
    with pytest.raises(adbutils.AdbError, match="not found"):
        adb.shell("echo on")
    fleet.clock.advance(3)
    assert adb.shell("echo on") == "on"


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("getprop", 0),
        ("pm list packages | grep tiktok", 1),
        ("am force-stop a; /system/bin/am start -n a/b", 2),
        ("echo $(settings get global a) `wm size`", 2),
        ("X=1 am get-current-user > /dev/null", 1),
        ("if pm path a; then input tap 1 1; fi", 2),
        ("echo 'am start; pm list'", 0),
        ("$COMMAND start", 0),
        ("case a in", 0),
    ],
)
def test_commands_that_start_a_virtual_machine_are_found_wherever_they_stand_in_a_line(line, count):
    assert jvm_commands(line) == count
