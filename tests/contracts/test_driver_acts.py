"""What `core.ports.phone.Driver` says of acts and of phones that fail, on simulated phones: it changes them."""

from __future__ import annotations

import threading
import time

import pytest

from contracts.phones import SIMULATED, SimulatedPhone, tree_of
from fleetlane.core.errors import CallLostError, DeviceGoneError, DeviceTimeoutError, TaskStoppedError
from fleetlane.core.media.files import MediaKind
from fleetlane.simulator.faults import Fault
from support.rig import VIDEO
from support.virtual import VirtualRig

TIKTOK = "com.zhiliaoapp.musically"
SHARES = "com.ss.android.ugc.aweme.share.SystemShareActivity"


@pytest.fixture(scope="module", params=SIMULATED)
def phone(request):
    with request.param() as phone:
        yield phone


def in_front(phone: SimulatedPhone) -> str:
    return phone.on(lambda link: link.phone.foreground.package.name if link.phone.foreground else "")


def test_an_app_is_started_and_stopped_and_home_is_home(phone, driver):
    assert driver.launcher_activity(TIKTOK).startswith(f"{TIKTOK}/")
    for anew in (False, True):
        driver.start_app(TIKTOK, anew=anew)
        phone.until(lambda: in_front(phone) == TIKTOK)
        driver.press("home")
        phone.until(lambda: in_front(phone) != TIKTOK)
    driver.stop_app(TIKTOK)
    assert not phone.on(lambda link: link.phone.apps[TIKTOK].running)
    driver.stop_app(TIKTOK)


def test_a_link_is_opened_by_the_app(phone, driver):
    driver.open_link(TIKTOK, "https://www.tiktok.com/@somebody")
    phone.until(lambda: in_front(phone) == TIKTOK)
    driver.stop_app(TIKTOK)


def test_a_file_is_handed_to_an_app(phone, driver):
    path = "/sdcard/Movies/Fleetlane/shared.mp4"
    driver.push(VIDEO, path, MediaKind.VIDEO)
    phone.until(lambda: driver.media(path, MediaKind.VIDEO))
    driver.share(TIKTOK, SHARES, driver.media(path, MediaKind.VIDEO).uri, "video/mp4")
    phone.until(lambda: in_front(phone) == TIKTOK)
    driver.stop_app(TIKTOK)
    driver.remove([path])


def test_permissions_are_given_that_are_lacking_and_a_refusal_is_no_error(phone, driver):
    name = "android.permission.CAMERA"
    assert driver.installed([TIKTOK]) == [TIKTOK]
    driver.grant(TIKTOK, [name, "android.permission.OF_NOBODY"])
    assert f"{name}: granted=true" in driver.shell("dumpsys", "package", TIKTOK)
    driver.grant(TIKTOK, [name])


def test_what_is_done_with_a_finger_or_a_key_comes_back_in_time(phone, driver):
    driver.press("home")
    width, height = driver.facts().size
    driver.long_tap(width // 2, height // 2)
    driver.swipe((width // 2, height // 2), (width // 2, height // 3))
    for key in ("back", "home", "recent", "enter"):
        driver.press(key)
    driver.press("home")


def test_a_phone_that_is_away_is_gone_and_is_driven_again_when_it_is_back(phone, driver):
    tree_of(driver)
    phone.on(lambda link: link.inject(Fault("unplug", for_s=1.0)))
    for call in (driver.tree, lambda: driver.shell("echo", "x"), lambda: driver.tap_once(1, 1)):
        with pytest.raises(DeviceGoneError):
            call()

    def is_back():
        try:
            return driver.shell("echo", "again") == "again\n"
        except DeviceGoneError:
            return False

    phone.until(is_back)
    assert tree_of(driver).nodes


def test_a_phone_that_does_not_answer_ends_a_call_within_its_deadline(phone, driver):
    tree_of(driver)
    phone.on(lambda link: link.inject(Fault("hang")))
    began_s = phone.rig.clock.monotonic_s()
    try:
        with pytest.raises(DeviceTimeoutError):
            driver.shell("echo", "x", timeout_s=2.0)
        assert phone.rig.clock.monotonic_s() - began_s < 30
    finally:
        phone.on(lambda link: link.hang(hanging=False))
    assert driver.shell("echo", "again") == "again\n"


def test_a_connection_lost_in_mid_call_is_never_taken_for_success(phone, driver):
    tree_of(driver)
    phone.on(lambda link: link.faults.append(Fault("drop", call="shell:echo")))
    with pytest.raises(CallLostError):
        driver.shell("echo", "hello")
    assert driver.shell("echo", "again") == "again\n"
    assert tree_of(driver).nodes


def test_an_automation_server_that_died_is_started_again(phone, driver):
    tree_of(driver)
    phone.on(lambda link: link.inject(Fault("kill_ui_server")))
    phone.until(lambda: not phone.on(lambda link: link.ui_runs))
    assert tree_of(driver).nodes


def test_an_abort_from_another_thread_ends_the_call_in_progress(phone, driver):
    """In virtual time there is one thread: nothing is in progress when another one speaks."""
    if isinstance(phone.rig, VirtualRig):
        return
    tree_of(driver)
    phone.on(lambda link: link.inject(Fault("hang")))
    threading.Timer(0.2, driver.abort).start()
    began_s = time.monotonic()
    try:
        with pytest.raises(TaskStoppedError):
            driver.tree()
        assert time.monotonic() - began_s < 2.0, "long before its deadline"
    finally:
        phone.on(lambda link: link.hang(hanging=False))
    driver.reset()
    assert driver.shell("echo", "again") == "again\n"
