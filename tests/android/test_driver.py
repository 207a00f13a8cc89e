"""The driver port over the real adb server, adbutils and uiautomator2, on simulated phones."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
import time

import adbutils
import pytest
import uiautomator2

from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.android.transport import QuickClient, Wire, translated
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import (
    AdbServerDownError,
    CallLostError,
    DeviceGoneError,
    DeviceTimeoutError,
    PhoneFullError,
    TaskStoppedError,
)
from fleetlane.core.media.files import MediaKind
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet import FleetSettings
from support.rig import VIDEO, Rig, wait_for

pytestmark = pytest.mark.phone


@pytest.fixture(scope="module")
def rig():
    with Rig(FleetSettings(phones=3, app_delay_factor=0.2, first_port=22500)) as rig:
        yield rig


@pytest.fixture
def driver(rig):
    driver = rig.devices.driver(rig.serials[0])
    yield driver
    driver.close()


def test_facts_come_from_the_phone(driver):
    facts = driver.facts()
    assert (facts.model, facts.sdk, facts.size) == ("Pixel 6a", 33, (1080, 2400))


def test_files_arrive_and_are_found_in_the_gallery_until_they_are_removed(driver):
    path = "/sdcard/Movies/Fleetlane/my video; rm -rf.mp4"
    since_s = driver.clock_s()
    pushed = driver.push(VIDEO, path, MediaKind.VIDEO)
    assert pushed.sha256 == hashlib.sha256(VIDEO.read_bytes()).hexdigest()
    assert since_s <= pushed.modified_s <= driver.clock_s()
    entry = driver.scan(path, MediaKind.VIDEO)
    assert pushed.entry == driver.media(path, MediaKind.VIDEO) == entry
    assert entry.duration_ms == 6000
    assert since_s <= entry.added_s <= driver.clock_s()
    assert driver.media_since(entry.added_s) == [entry]
    assert driver.media_since(entry.added_s + 60) == []
    driver.remove([path])
    assert driver.media(path, MediaKind.VIDEO) is None


def test_a_screenshot_is_a_small_jpeg(driver):
    picture = driver.screenshot(360)
    assert picture.startswith(b"\xff\xd8\xff")
    assert len(picture) < 100_000


def test_the_unmodified_library_works_on_a_simulated_phone(rig):
    serial = rig.serials[2]
    device = uiautomator2.connect(rig.fleet.adb.client().device(serial))
    device.app_start("com.instagram.android", wait=True)
    device(resourceIdMatches=".*permission_deny_button").click_exists(timeout=5)
    assert device.app_current()["package"] == "com.instagram.android"
    assert device(resourceId="com.instagram.android:id/profile_tab").wait(timeout=5)
    device(resourceId="com.instagram.android:id/profile_tab").click()
    assert device.xpath('//*[@content-desc="Grid view"]').wait(timeout=5)
    assert device.screenshot().size == (720, 1640)
    device.press("home")
    assert device.info["screenOn"]
    device.stop_uiautomator()


def test_the_adb_command_line_works_on_a_simulated_phone(rig, tmp_path):
    device = rig.fleet.adb.client().device(rig.serials[2])
    (tmp_path / "hello.txt").write_text("hello", encoding="utf-8")
    environment = ["-P", str(rig.fleet.adb.port), "-s", rig.serials[2]]

    def adb(*args):
        return subprocess.run([adbutils.adb_path(), *environment, *args], capture_output=True, timeout=30)

    assert adb("push", str(tmp_path / "hello.txt"), "/sdcard/hello.txt").returncode == 0
    assert adb("shell", "cat", "/sdcard/hello.txt").stdout == b"hello"
    assert adb("shell", "false").returncode == 1
    assert adb("exec-out", "screencap", "-p").returncode == 0
    assert adb("pull", "/sdcard/hello.txt", str(tmp_path / "back.txt")).returncode == 0
    assert (tmp_path / "back.txt").read_text(encoding="utf-8") == "hello"
    assert [item.path for item in device.sync.list("/sdcard") if item.path == "hello.txt"]


def test_a_call_ends_at_once_when_the_lane_is_aborted(rig):
    serial = rig.serials[1]
    driver = rig.devices.driver(serial)
    driver.tree()
    rig.on(serial, lambda server: server.inject(Fault("hang")))
    threading.Timer(0.2, driver.abort).start()
    start = time.monotonic()
    with pytest.raises(TaskStoppedError):
        driver.tree()
    assert time.monotonic() - start < 1.0
    with pytest.raises(TaskStoppedError):
        driver.shell("echo", "refused until reset")
    rig.on(serial, lambda server: server._answering.set())
    driver.reset()
    assert driver.shell("echo", "again") == "again\n"
    driver.close()


def test_a_hanging_phone_ends_in_a_timeout(rig):
    serial = rig.serials[1]
    client = QuickClient("127.0.0.1", rig.fleet.adb.port, call_timeout_s=0.5)
    driver = AndroidDriver(client, serial, lambda _check: rig.devices.get(serial))
    rig.on(serial, lambda server: server.inject(Fault("hang")))
    with pytest.raises(DeviceTimeoutError):
        driver.shell("echo", "hello")
    rig.on(serial, lambda server: server._answering.set())
    driver.close()


def test_a_phone_without_room_for_the_automation_server_is_said_to_be_full():
    with Rig(FleetSettings(phones=1, first_port=22620)) as rig:
        [serial] = rig.serials
        driver = rig.devices.driver(serial)
        rig.on(serial, lambda server: server.inject(Fault("storage_full")))
        with pytest.raises(PhoneFullError) as caught:
            driver.tree()
        assert (caught.value.code, str(caught.value)) == ("storage_full", f"{serial} has 0 bytes left.")
        driver.close()


def test_a_connection_lost_in_mid_call_is_never_taken_for_success(rig):
    serial = rig.serials[1]
    driver = rig.devices.driver(serial)
    driver.tree()
    rig.on(serial, lambda server: server.faults.append(Fault("drop", call="shell:echo")))
    with pytest.raises(CallLostError):
        driver.shell("echo", "hello")
    rig.on(serial, lambda server: server.faults.append(Fault("drop", call="rpc:dump")))
    with pytest.raises(CallLostError):
        driver.tree()
    driver.close()


def test_a_dead_automation_server_is_started_again(rig):
    serial = rig.serials[1]
    driver = rig.devices.driver(serial)
    driver.tree()
    rig.on(serial, lambda server: server.inject(Fault("kill_ui_server")))
    wait_for(lambda: not rig.fleet.server(serial).ui_runs)
    assert "<hierarchy" in driver.tree()
    driver.close()


def test_an_unplugged_phone_is_gone_and_comes_back_by_itself(rig):
    serial = rig.serials[1]
    driver = rig.devices.driver(serial)
    rig.on(serial, lambda server: server.inject(Fault("unplug", for_s=0.5)))
    wait_for(lambda: not rig.devices.get(serial).is_ready)
    with pytest.raises(DeviceGoneError):
        driver.tree()
    wait_for(lambda: rig.devices.get(serial).is_ready)
    assert "<hierarchy" in driver.tree()
    driver.close()


@pytest.mark.parametrize(
    ("kind", "state"), [("offline", DeviceState.OFFLINE), ("unauthorized", DeviceState.UNAUTHORIZED)]
)
def test_states_of_a_phone_are_followed(rig, kind, state):
    serial = rig.serials[1]
    rig.on(serial, lambda server: server.inject(Fault(kind, for_s=1.0)))
    wait_for(lambda: rig.devices.get(serial).state is state)
    wait_for(lambda: rig.devices.get(serial).is_ready)


def test_a_phone_that_does_not_trust_this_computer_is_said_so_without_adbs_own_advice(rig):
    serial = rig.serials[1]
    driver = rig.devices.driver(serial)
    rig.on(serial, lambda server: server.inject(Fault("unauthorized", for_s=2.0)))
    wait_for(lambda: rig.devices.get(serial).state is DeviceState.UNAUTHORIZED)
    with pytest.raises(DeviceGoneError) as caught:
        driver.shell("echo", "hello")
    assert str(caught.value) == f"{serial} does not trust this computer: allow USB debugging on its screen."
    wait_for(lambda: rig.devices.get(serial).is_ready)
    driver.close()


@pytest.mark.parametrize(
    "said", ["device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS", "device still authorizing"]
)
def test_both_words_of_adb_for_a_phone_without_trust_are_one_sentence(said):
    with pytest.raises(DeviceGoneError) as caught, translated(Wire(QuickClient("127.0.0.1", 1)), "S1"):
        raise adbutils.AdbError(said)
    assert str(caught.value) == "S1 does not trust this computer: allow USB debugging on its screen."


def test_a_phone_whose_port_was_taken_meanwhile_is_plugged_in_when_it_is_free(rig):
    serial = rig.serials[1]
    log = []
    rig.on(serial, lambda server: setattr(server.phone, "log", log.append))
    rig.on(serial, lambda server: server.inject(Fault("unplug", for_s=0.5)))
    wait_for(lambda: not rig.devices.get(serial).is_ready)
    with socket.create_server(("127.0.0.1", rig.fleet.server(serial).port)):
        wait_for(lambda: any(line.startswith("not plugged in yet") for line in log))
    wait_for(lambda: rig.devices.get(serial).is_ready)


def test_a_killed_adb_server_is_started_again_and_the_phones_return():
    with Rig(FleetSettings(phones=2, first_port=22600)) as rig:
        driver = rig.devices.driver(rig.serials[0])
        driver.tree()
        rig.fleet.adb.kill()
        with pytest.raises((AdbServerDownError, DeviceGoneError)):
            driver.tree()
        wait_for(lambda: rig.devices._client.is_fresh)
        with pytest.raises(AdbServerDownError):
            rig.devices.driver("a phone that is not back yet").shell("echo", "hello")
        wait_for(lambda: all(device.is_ready for device in rig.devices.all()), 30)
        assert "<hierarchy" in driver.tree()
        driver.close()
        rig.fleet.adb.client().server_kill()


def test_authorisation_is_asked_for_and_given():
    with Rig(FleetSettings(phones=1, auth=True, first_port=22610)) as rig:
        assert rig.devices.driver(rig.serials[0]).shell("echo", "trusted") == "trusted\n"


def test_a_stream_that_nobody_closed_is_closed_when_it_is_forgotten(rig):
    stream = rig.devices.driver(rig.serials[1])._device.shell("sleep 60", stream=True)
    socket = stream.conn
    del stream
    assert socket.fileno() == -1
