"""A checkup names what would break on a phone, with its cure, and leaves the phone as it was. In virtual time."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.android.checkup.texts import TEXT
from fleetlane.adapters.android.vendor import known_switch
from fleetlane.core.checkup import TITLES, Checkup, Grade, as_document
from fleetlane.core.errors import CallLostError, DeviceError, TaskStoppedError
from fleetlane.core.ports.phone import Driver
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.virtual import VirtualRig, like

TIKTOK = "com.zhiliaoapp.musically"
OTHERS = {name for name in TITLES if name not in ("connection", "app", "launcher", "permissions")}


def rig_of(name="ideal", *, facts=None, **traits):
    """Return a rig with one phone of a likeness; `facts` are of the phone itself."""
    vary = lambda _number, former: replace(former, **(facts or {}))  # noqa: E731 - one line of a table
    return VirtualRig(FleetSettings(phones=1, traits=like(name, **traits), vary=vary))


def phone_of(rig):
    return rig.fleet.link(rig.serials[0]).phone


def rows_of(rig, driver=None):
    """Make a checkup, and return its rows by name, or by name and package."""
    driver = driver or rig.driver(rig.serials[0])
    try:
        rows = check(driver, rig.clock, rig.wait)
    finally:
        driver.close()
    return {f"{row.name} {row.about}".strip(): row for row in rows}


def state(rig):
    """Return everything of a phone that a checkup could have changed."""
    phone = phone_of(rig)
    return {
        "clipboard": phone.clipboard,
        "settings": dict(phone.settings),
        "files": {path: phone.files.get(path).blob.sha256 for path in phone.files.paths("/")},
        "gallery": [row.path for row in phone.media.newest_first()],
        "screen": (phone.screen_on, phone.locked, phone.rotation, phone.keyboard_visible),
        "front": (phone.foreground.package.name, list(phone.foreground.stack), list(phone.system.stack)),
        "running": phone.running,
        "granted": {name: set(held) for name, held in phone.permissions.granted.items()},
        "fields": dict(phone.foreground.fields),
    }


def not_ok(rows):
    return {name: row.grade for name, row in rows.items() if row.grade is not Grade.OK}


def test_on_an_ideal_phone_everything_is_ok():
    rows = rows_of(rig_of())
    assert not_ok(rows) == {}
    assert {row.name for row in rows.values()} > OTHERS
    assert list(dict.fromkeys(row.name for row in rows.values())) == [n for n in TITLES if n != "connection"]


def test_every_row_has_a_title_and_a_document_that_is_plain_json():
    rig = rig_of("real")
    rows = rows_of(rig)
    document = as_document(Checkup("a", 0, 31.44, list(rows.values())))
    assert document["ok"] is True
    assert document["took_s"] == 31.4
    assert {row["name"] for row in document["rows"]} <= TITLES.keys()
    dumps = next(row for row in document["rows"] if row["name"] == "dumps")
    assert len(dumps["measured"]["ms"]) + dumps["measured"]["failed"] == 5
    assert all(700 <= ms <= 1100 for ms in dumps["measured"]["ms"])
    assert dumps["measured"]["windows"] == 3


GUARDS = ("xiaomi", "vivo", "oppo", "realme", "samsung")


@pytest.mark.parametrize("guard", GUARDS)
def test_a_refused_tap_is_told_by_both_ways_with_the_vendors_words(guard):
    rig = rig_of(input_guard=guard)
    rows = rows_of(rig)
    words = known_switch(rig.driver(rig.serials[0]).properties()[0])
    assert words
    for name in ("input_shell", "input_automation"):
        assert rows[name].grade is Grade.FAULT
        assert words in str(rows[name].sentence)
        assert rows[name].measured == {"code": "input_not_allowed"}
    assert words in str(rows["vendor"].sentence)
    assert rows["dumps"].grade is rows["file"].grade is rows["put_back"].grade is Grade.OK


BREAKS = {
    "a PIN": ({"facts": {}, "pin": True}, "keyguard", Grade.WARNING, "Remove the screen lock"),
    "before the first unlock": ({"before_first_unlock": True}, "started", Grade.FAULT, "Unlock it once"),
    "a second user": ({"other_user": 150}, "users", Grade.WARNING, "150 (Secure Folder)"),
    "no physical keys": ({"physical_keys": False}, f"launcher {TIKTOK}", Grade.OK, "needs no physical keys"),
    "slow dumps": ({"dump_s": 3}, "dumps", Grade.WARNING, "task_timeout_s"),
    "dumps that fail now and then": ({"dump_fails": 0.5}, "dumps", Grade.WARNING, "failed or were empty"),
    "dumps that are empty now and then": ({"dump_empty": 0.5}, "dumps", Grade.WARNING, "failed or were empty"),
    "dumps that always fail": ({"dump_fails": 1.0}, "dumps", Grade.FAULT, "restart it"),
    "UiAutomation held by another": ({"automation_taken": True}, "automation", Grade.FAULT, "Appium"),
    "a card after a copy": ({"clipboard_card_s": 6}, "clipboard_card", Grade.WARNING, "waits until it is gone"),
    "a short screen timeout": ({"screen_timeout_s": 30}, "screen_timeout", Grade.WARNING, "to its longest"),
    "a scan that indexes nothing": ({"scan_call_ignored": True}, "file", Grade.WARNING, "second way"),
    "a clock that is ahead": ({"facts": {"clock_ahead_s": 3600.0}}, "clock", Grade.WARNING, "Set automatically"),
    "a clock that is behind": ({"facts": {"clock_ahead_s": -90.0}}, "clock", Grade.WARNING, "Set automatically"),
    "little room": ({"facts": {"storage_bytes": 900 << 20}}, "storage", Grade.WARNING, "may not fit"),
    "hardly any room": ({"facts": {"storage_bytes": 100 << 20}}, "storage", Grade.FAULT, "Delete something"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_on_real_phones_is_named_with_its_cure(what):
    given, name, grade, cure = BREAKS[what]
    row = rows_of(rig_of(**given))[name]
    assert row.grade is grade, str(row.sentence)
    assert cure in str(row.sentence)


def test_a_pin_is_told_from_a_swipe():
    for pin, grade in ((True, Grade.FAULT), (False, Grade.OK)):
        rig = rig_of(pin=pin)
        phone_of(rig).locked = True
        row = rows_of(rig)["keyguard"]
        assert row.grade is grade
        assert row.measured == {"showing": True, "secure": pin}


def test_an_emoji_that_a_tree_shows_as_dots_is_read_whole():
    rows = rows_of(rig_of(dump_dots=True, clipboard_card_s=6))
    assert rows["emoji"].grade is Grade.OK
    assert rows["emoji"].measured == {"dots": True, "whole_by_json": True}
    assert "🎉" not in str(rows["emoji"].value)
    assert rows["clipboard"].measured == {"whole": True}


def test_a_text_that_does_not_come_whole_is_a_fault():
    rig = rig_of(dump_dots=True, clipboard_card_s=6)
    driver = rig.driver(rig.serials[0])
    driver.whole_text = lambda node: node.label
    rows = rows_of(rig, driver)
    assert rows["emoji"].grade is Grade.FAULT
    assert "captions with an emoji" in str(rows["emoji"].sentence)


def test_a_clipboard_that_gives_nothing_back_is_named():
    rig = rig_of()
    driver = rig.driver(rig.serials[0])
    driver.copy = lambda text: None
    assert rows_of(rig, driver)["clipboard"].grade is Grade.WARNING


def test_a_clipboard_that_could_not_be_put_back_is_not_touched():
    rig = rig_of()
    phone_of(rig).clipboard = "content://media/external/images/media/7"
    rows = rows_of(rig)
    assert rows["clipboard"].grade is Grade.NOT_TRIED
    assert rows["emoji"].grade is Grade.OK
    assert phone_of(rig).clipboard == "content://media/external/images/media/7"


@pytest.mark.parametrize(("version", "grade"), [("48.1.0", "warning"), ("42.0.0", "warning"), ("46.0.0", "ok")])
def test_a_version_that_no_recording_shows_is_named(version, grade):
    rig = rig_of()
    app = phone_of(rig).apps[TIKTOK]
    app.package = replace(app.package, version=version)
    row = rows_of(rig)[f"app {TIKTOK}"]
    assert row.grade == grade
    assert "43.1.4" in str(row.sentence)


def test_an_app_that_is_not_there_is_named_and_none_at_all_is_a_fault():
    rig = rig_of()
    phone_of(rig).uninstall(TIKTOK)
    assert rows_of(rig)["app TikTok"].grade is Grade.WARNING
    for package in list(phone_of(rig).apps):
        phone_of(rig).uninstall(package)
    rows = rows_of(rig)
    assert rows["app TikTok"].grade is rows["app Instagram"].grade is Grade.FAULT
    assert "for the user in front" in str(rows["app TikTok"].sentence)


def test_permissions_that_are_missing_are_named():
    rig = rig_of()
    assert "CAMERA" in str(rows_of(rig)[f"permissions {TIKTOK}"].sentence)
    phone_of(rig).permissions.granted[TIKTOK] = {
        f"android.permission.{name}" for name in ("READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES", "CAMERA", "RECORD_AUDIO")
    }
    assert rows_of(rig)[f"permissions {TIKTOK}"].measured == {"missing": []}


def test_a_keyboard_that_was_left_behind_is_named():
    rig = rig_of()
    phone = phone_of(rig)
    phone.settings[("sim", "adb_keyboard")] = "1"
    phone.settings[("secure", "default_input_method")] = "com.github.uiautomator/.AdbKeyboard"
    assert rows_of(rig)["keyboards"].grade is Grade.WARNING
    phone.settings[("secure", "default_input_method")] = "com.gone/.Keyboard"
    assert "Choose one" in str(rows_of(rig)["keyboards"].sentence)


def test_an_empty_battery_is_named():
    rig = rig_of()
    phone_of(rig).battery_percent = 9
    row = rows_of(rig)["battery"]
    assert row.grade is Grade.WARNING
    assert row.measured == {"percent": 9, "deg_c": 27.0, "powered": True}


def test_a_picture_that_shows_nothing_is_named():
    rig = rig_of()
    driver = rig.driver(rig.serials[0])
    black = io.BytesIO()
    Image.new("RGB", (36, 80)).save(black, "JPEG")
    driver.screenshot = lambda width: black.getvalue()
    row = rows_of(rig, driver)["picture"]
    assert row.grade is Grade.WARNING
    assert "forbids pictures" in str(row.sentence)


def test_a_checkup_ends_after_three_minutes():
    rig = rig_of(dump_s=19, jvm_command_s=19)
    start_s = rig.clock.monotonic_s()
    rows = rows_of(rig)
    assert "had taken 180 s" in str(rows["file"].sentence)
    assert rows["put_back"].grade is Grade.OK
    assert rig.clock.monotonic_s() - start_s < 300


def test_a_gallery_that_sees_nothing_is_a_fault():
    rig = rig_of()
    phone_of(rig).faults.scan_ignored = True
    row = rows_of(rig)["file"]
    assert row.grade is Grade.FAULT
    assert "gallery_timeout" in str(row.sentence)


def test_battery_managers_that_end_the_automation_are_named():
    row = rows_of(rig_of(facts={"brand": "vivo"}))["vendor"]
    assert row.grade is Grade.WARNING
    assert "vivo" in str(row.sentence)


def test_a_phone_that_goes_away_is_a_row_and_the_rest_is_not_tried():
    rig = rig_of()
    link = rig.fleet.link(rig.serials[0])
    link.call_listeners.append(lambda name: link.unplug(None) if "ime" in name else None)
    rows = rows_of(rig)
    assert rows["dumps"].grade is Grade.NOT_TRIED
    assert "went away" in str(rows["dumps"].sentence)


def test_a_phone_that_does_not_answer_ends_the_checkup():
    rig = rig_of()
    link = rig.fleet.link(rig.serials[0])
    link.hang(hanging=True)
    start_s = rig.clock.monotonic_s()
    rows = rows_of(rig)
    assert rows["phone"].grade is Grade.FAULT
    assert "does not answer" in str(rows["file"].sentence)
    assert rig.clock.monotonic_s() - start_s < 60


# -- nothing is left changed --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ideal", "real", "slow"])
def test_a_phone_is_left_as_it_was(name):
    rig = rig_of(name, screen_timeout_s=0)
    phone_of(rig).clipboard = "what its owner had copied"
    before = state(rig)
    rows = rows_of(rig)
    assert state(rig) == before
    assert rows["put_back"].grade is Grade.OK
    assert rows["put_back"].measured["left"] == []


def test_a_screen_that_was_off_is_off_again():
    rig = rig_of()
    phone_of(rig).press("sleep")
    before = state(rig)
    rows = rows_of(rig)
    assert rows["screen"].measured == {"on": False}
    assert rows["picture"].grade is Grade.OK
    assert state(rig) == before


def test_a_gallery_that_does_not_index_by_call_forgets_the_file_all_the_same():
    rig = rig_of(scan_call_ignored=True)
    before = state(rig)
    rows_of(rig)
    assert state(rig) == before


class Faulty:
    """A driver whose n-th call fails, after it has done what it was to do."""

    def __init__(self, driver: Driver, number: int, error: DeviceError | None) -> None:
        self._driver, self.left, self._error = driver, number, error

    def __getattr__(self, name):
        found = getattr(self._driver, name)
        if not callable(found) or name in ("reset", "close", "abort"):
            return found

        def call(*args, **named):
            answer = found(*args, **named)
            self.left -= 1
            if self.left == 0:
                if self._error is None:
                    self._driver.abort()  # as when the server stops
                else:
                    raise self._error
            return answer

        return call


def sleeping():
    rig = rig_of()
    phone_of(rig).clipboard = "what its owner had copied"
    phone_of(rig).press("sleep")
    return rig


def calls_of_a_checkup():
    rig = sleeping()
    counted = Faulty(rig.driver(rig.serials[0]), 0, None)
    rows_of(rig, counted)
    return -counted.left


WAYS = (CallLostError("lost"), DeviceError("no"), None)


@pytest.mark.parametrize("first", range(len(WAYS)), ids=["lost first", "failed first", "stopped first"])
def test_whatever_call_fails_midway_the_phone_is_left_as_it_was(first):
    """Each call of a checkup fails in one of three ways: over the three tests a third of them in each."""
    for number in range(first + 1, calls_of_a_checkup() + 1, len(WAYS)):
        error = WAYS[number // len(WAYS) % len(WAYS)]
        rig = sleeping()
        before = state(rig)
        try:
            rows_of(rig, Faulty(rig.driver(rig.serials[0]), number, error))
        except TaskStoppedError:
            assert error is None
        assert state(rig) == before, (number, error)


def test_what_cannot_be_put_back_is_named():
    rig = rig_of()
    driver = rig.driver(rig.serials[0])
    given = driver.copy

    def copy_once(text):
        if text != TEXT:
            raise CallLostError("lost")
        given(text)

    driver.copy = copy_once
    row = rows_of(rig, driver)["put_back"]
    assert row.grade is Grade.FAULT
    assert row.measured["left"] == ["clipboard (lost)"]
    assert "by hand" in str(row.sentence)
