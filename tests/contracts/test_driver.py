"""What `core.ports.phone.Driver` says, as far as it can be tried on anybody's phone and leave it as it was.

On a real phone: `pytest -m real_phone tests/contracts` (docs/how-to/field-kit.md). Nothing here taps, starts an app or
changes what is somebody else's: it reads, types into nothing, and puts a file of its own there that it removes.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from pathlib import Path

import pytest
from PIL import Image

from contracts.phones import EVERY, tree_of
from fleetlane.core.errors import ShellFailedError, TaskStoppedError
from fleetlane.core.media.files import MediaKind
from support.rig import VIDEO

NOBODYS = "com.example.nobody.has.this"


@pytest.fixture(scope="module", params=EVERY)
def phone(request):
    with request.param() as phone:
        yield phone


@pytest.fixture
def path(phone):
    """A path for a file of the test's own, which is removed whatever becomes of the test."""
    path = f"/sdcard/Movies/Fleetlane/contract {uuid.uuid4().hex}; rm -rf x.mp4"
    yield path
    driver = phone.driver()
    driver.shell("rm", "-f", path)
    driver.close()


def test_it_says_whose_driver_it_is(driver, phone):
    assert driver.serial == phone.serial


def test_facts_are_of_the_phone_and_stay_the_same(driver):
    facts = driver.facts()
    assert driver.facts() == facts
    assert facts.model
    assert facts.android
    assert facts.sdk >= 26
    assert all(100 < side < 10_000 for side in facts.size)
    assert facts.user >= 0
    assert facts.screen_off_s is None or facts.screen_off_s > 0


def test_properties_are_those_of_the_facts_and_packages_are_found_among_those_asked_for(driver):
    properties, installed = driver.properties()
    assert (properties["ro.product.model"], installed) == (driver.facts().model, [])
    for _ in range(2):
        properties, installed = driver.properties(["com.android.settings", NOBODYS])
        assert properties["ro.build.version.sdk"] == str(driver.facts().sdk)
        assert NOBODYS not in installed


def test_installed_packages_come_in_the_given_order(driver):
    of_user = "--user", str(driver.facts().user)
    listed = [line.removeprefix("package:") for line in driver.shell("pm", "list", "packages", *of_user).split()]
    some = sorted(listed, reverse=True)[:3]
    assert some
    assert driver.installed([*some, NOBODYS]) == some
    assert driver.installed([]) == []


def test_arguments_are_data_whatever_they_hold(driver):
    assert driver.shell("echo", "a; false", "$(id)", "'quoted'", "看", "") == "a; false $(id) 'quoted' 看 \n"


def test_a_failing_command_raises_with_its_exit_code_and_output(driver):
    with pytest.raises(ShellFailedError, match="No such file") as caught:
        driver.shell("cat", "/sdcard/none")
    assert (caught.value.exit_code, caught.value.serial) == (1, driver.serial)


def test_of_several_commands_each_is_run_whatever_the_others_end_with(driver):
    answers = driver.shell_each(("echo", "one two"), ("cat", "/sdcard/none"), ("echo", "$(id)"))
    assert [answer.exit_code for answer in answers] == [0, 1, 0]
    assert [answers[n].output.strip() for n in (0, 2)] == ["one two", "$(id)"]


def test_the_phones_clock_goes_forward(driver, phone):
    before = driver.clock_s()
    assert before > 1_600_000_000
    phone.until(lambda: driver.clock_s() > before)


def test_a_file_arrives_whole_is_indexed_and_is_gone_when_it_was_removed(driver, phone, path):
    since_s = driver.clock_s()
    pushed = driver.push(VIDEO, path, MediaKind.VIDEO)
    assert pushed.sha256 == hashlib.sha256(VIDEO.read_bytes()).hexdigest()
    assert pushed.modified_s is None or since_s <= pushed.modified_s <= driver.clock_s()
    driver.scan(path, MediaKind.VIDEO)
    phone.until(lambda: driver.media(path, MediaKind.VIDEO))
    entry = driver.media(path, MediaKind.VIDEO)
    assert pushed.entry is None or pushed.entry.uri == entry.uri
    assert since_s <= entry.added_s <= driver.clock_s()
    assert entry.uri in [one.uri for one in driver.media_since(since_s)]
    assert entry.uri in [one.uri for one in driver.media_since(driver.clock_s() + 60, modified_s=since_s)]
    assert driver.media_since(driver.clock_s() + 60) == []
    driver.remove([path])
    phone.until(lambda: driver.media(path, MediaKind.VIDEO) is None)
    with pytest.raises(ShellFailedError):
        driver.shell("ls", path)


def test_of_files_that_were_indexed_the_newest_comes_first(driver):
    found = driver.media_since(0)
    assert [one.added_s for one in found] == sorted((one.added_s for one in found), reverse=True)


def test_a_file_that_is_not_there_is_no_fault_of_the_phone(driver, path):
    with pytest.raises(FileNotFoundError):
        driver.push(Path("/nowhere/x.mp4"), path, MediaKind.VIDEO)
    assert driver.media(path, MediaKind.VIDEO) is None
    assert driver.scan(path, MediaKind.VIDEO) is None
    driver.remove([path])


def test_a_tree_is_of_the_screen_and_again_after_the_automation_server_was_renewed(driver):
    for _ in range(2):
        assert tree_of(driver).nodes
        driver.renew()


def test_a_picture_is_a_jpeg_about_as_wide_as_asked_for(driver):
    with Image.open(io.BytesIO(driver.screenshot(360))) as picture:
        assert picture.format == "JPEG"
        assert 180 <= picture.width <= 720 or picture.width > picture.height, "about so wide, or turned"


def test_a_key_that_changes_nothing_can_be_pressed(driver):
    driver.press("wakeup")
    driver.press("wakeup")


def test_what_is_copied_is_on_the_clipboard_and_what_was_there_can_be_put_back(driver):
    former = driver.clipboard()
    try:
        driver.copy("看 <&\"'> 👩‍👩‍👧\nsecond line")
        assert driver.clipboard() == "看 <&\"'> 👩‍👩‍👧\nsecond line"
    finally:
        driver.copy(former or "")


def test_a_way_to_type_that_is_none_is_refused(driver):
    with pytest.raises(ValueError, match="by thought"):
        driver.type_text("x", "by thought")


def test_an_app_that_is_not_there_is_neither_started_nor_handed_anything(driver):
    for call in (
        lambda: driver.launcher_activity(NOBODYS),
        lambda: driver.start_app(NOBODYS),
        lambda: driver.share(NOBODYS, "Activity", "content://media/external/file/0", "video/mp4"),
        lambda: driver.open_link(NOBODYS, "https://example.com/"),
    ):
        with pytest.raises(ShellFailedError):
            call()


def test_nothing_is_done_after_an_abort_until_the_reset(driver):
    driver.shell("echo", "before")
    driver.abort()
    driver.abort()
    for call in (lambda: driver.shell("echo", "x"), driver.tree, driver.clock_s, lambda: driver.screenshot(100)):
        with pytest.raises(TaskStoppedError):
            call()
    driver.reset()
    assert driver.shell("echo", "after") == "after\n"
    assert tree_of(driver).nodes


def test_drivers_of_one_phone_come_and_go(phone):
    for _ in range(3):
        driver = phone.driver()
        assert driver.shell("echo", "hello") == "hello\n"
        driver.close()
