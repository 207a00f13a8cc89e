"""Sessions recorded on simulated phones, in virtual time, and done again without them."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.cli.sessions import Wish, compare, phone_like, record, replay
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.errors import DeviceError, FleetlaneError, ShellFailedError, UnknownRequestError
from fleetlane.core.transcript import read, write
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.virtual.recorded_answers import RecordedAnswers
from fleetlane.simulator.virtual.replay import SERIAL, ReplayAdb
from support.rig import INSPECTOR, ROOT, VIDEO
from support.virtual import A_POST_S, VirtualRig, like

CAPTION = "看看我的新视频！#热门 my wonderful_day 😀 𝐁𝐨𝐥𝐝 𠮷野家.. for Anna"
HANDLE = "secret.shop_7"
SHIPPED = ("second-user", "no-physical-keys", "input-guard")


def rehearsed(app, way="share", base="real", **traits):
    """Record a rehearsal with a caption and a handle of a person."""
    rig = VirtualRig(FleetSettings(phones=1, traits=like(base, **traits), accounts=[HANDLE]))
    [serial] = rig.serials
    config = {"platform": app, "post_way": way, "captions": CAPTION, "material_list": [str(VIDEO)]}
    wish = Wish(serial, config, HANDLE, time_zone="Europe/Rome")
    transcript, outcome = record(rig.fleet.adb, rig.control(A_POST_S), wish, INSPECTOR)
    assert rig.ledger == []
    return SimpleNamespace(transcript=transcript, outcome=outcome, serial=serial)


@pytest.fixture(scope="module")
def tiktok():
    return rehearsed("tiktok", "addButton")


@pytest.mark.parametrize(("app", "way"), [("tiktok", "share"), ("instagram", "addButton"), ("instagram", "share")])
def test_a_recorded_session_goes_the_same_way_without_its_phone(tmp_path, app, way):
    session = rehearsed(app, way)
    assert session.outcome.ok, session.outcome.remark
    write(tmp_path / "a.jsonl.gz", session.transcript)
    again = replay(read(tmp_path / "a.jsonl.gz"))
    assert (again.differences, again.ending) == ([], session.transcript.ending)
    assert len(again.ending.steps) > 8


def test_a_session_on_a_slow_phone_and_one_that_fails_go_the_same_way(tiktok):
    for session in (rehearsed("tiktok", base="slow"), rehearsed("instagram", before_first_unlock=True), tiktok):
        again = replay(session.transcript)
        assert (again.differences, again.outcome.error_code) == ([], session.outcome.error_code)


def test_a_session_that_is_stopped_is_kept_until_then():
    rig = VirtualRig(FleetSettings(phones=1, traits=like("ideal")))
    [serial], control = rig.serials, rig.control(A_POST_S)
    [link] = rig.fleet.links
    link.call_listeners.append(lambda call: control.stop() if call == "rpc:click" else None)
    wish = Wish(serial, {"platform": "tiktok", "material_list": [str(VIDEO)]})
    transcript, outcome = record(rig.fleet.adb, control, wish, INSPECTOR)
    assert (outcome.error_code, transcript.ending.error_code) == ("stopped", "stopped")
    assert transcript.exchanges[-1].kind
    assert any(one.asked == "click" for one in transcript.exchanges)


def test_no_word_of_its_owner_is_in_a_file_and_those_of_the_app_are(tmp_path, tiktok):
    write(tmp_path / "a.jsonl", tiktok.transcript)
    content = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    for word in [
        "看看我的新视频",
        "热门",
        "wonderful",
        "Anna",
        "𝐁𝐨𝐥𝐝",
        "𠮷",
        "野家",
        "secret",
        "shop",
        tiktok.serial,
        "SIM",
        "video1",
    ]:
        assert word not in content, word
    assert "😀" in content
    for word in ['text=\\"Post\\"', 'text=\\"Next\\"', "Drafts", "Profile", "Add description"]:
        assert word in content, word
    assert json.loads(content.partition("\n")[0])["script"]["config"]["captions"].count("#") == 1


def test_a_simulated_phone_of_the_same_kind_answers_the_same_way(tiktok):
    same = phone_like(tiktok.transcript, like("real"))
    assert compare(tiktok.transcript, same).differences == []


def test_a_simulated_phone_is_like_the_recorded_one_and_one_that_cannot_be_is_told(tiktok):
    header = tiktok.transcript.header
    changed = replace(
        header, phone={**header.phone, "android": "15", "language": "zh-CN"}, apps={"com.instagram.android": "1"}
    )
    settings = phone_like(replace(tiktok.transcript, header=changed), like("real"), seed=3)
    assert (settings.android, settings.language, settings.seed) == (15, "zh", 3)
    [app] = VirtualRig(replace(settings, phones=1)).fleet.links[0].phone.apps.values()
    assert app.model.app == "instagram"
    old = replace(tiktok.transcript, header=replace(header, phone={"android": "7"}))
    with pytest.raises(FleetlaneError, match="no simulated phone with Android 7; known: 9, "):
        phone_like(old, like("real"))


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"dump_attributes": False}, "attributes with no more, recorded was with display-id, drawing-order, hint"),
        ({"before_first_unlock": True}, "exit codes"),
        ({"input_guard": "xiaomi"}, "error 'java.lang.SecurityException', recorded was nothing"),
        ({"splash": False, "launch_s": 1}, "screen 'android perm_notifications', recorded was"),
        ({"dump_windows": False}, "windows of with no more, recorded was with com.android.systemui"),
    ],
)
def test_a_phone_with_another_trait_is_shown_to_answer_otherwise(tiktok, traits, words):
    other = phone_like(tiktok.transcript, like("real", **traits))
    found = compare(tiktok.transcript, other).differences
    assert any(words in str(one) for one in found), [str(one) for one in found]


def test_the_times_of_both_phones_are_told(tiktok):
    times = compare(tiktok.transcript, phone_like(tiktok.transcript, like("real", dump_s=3))).times_s
    recorded, simulated = times["tree"]
    assert (recorded < 1.1, simulated >= 3) == (True, True)


# -- what was not recorded --------------------------------------------------------------------------------


def driver_of(transcript):
    at = Transport(SERIAL, DeviceState.ONLINE, 0)
    return AndroidDriver(ReplayAdb(transcript), SERIAL, lambda _check: at)


def test_a_request_that_was_never_recorded_is_named(tiktok):
    with pytest.raises(UnknownRequestError, match="never recorded: shell input swipe 1 2 3 4"):
        driver_of(tiktok.transcript).shell("input", "swipe", "1", "2", "3", "4")


def test_a_script_that_asks_something_else_is_told_and_not_failed(tiktok):
    header = replace(
        tiktok.transcript.header, script={**tiktok.transcript.header.script, "config": {"platform": "instagram"}}
    )
    with pytest.raises(UnknownRequestError, match=r"never recorded: .*com\.instagram"):
        replay(replace(tiktok.transcript, header=header))


def test_a_step_that_goes_otherwise_is_a_difference(tiktok):
    ending = replace(tiktok.transcript.ending, steps=[("something else", True)], publish_state="published")
    first, second = replay(replace(tiktok.transcript, ending=ending)).differences
    assert first == "It ended as dry_run (no error); recorded was published (no error)."
    assert second == "Step 1 is 'check the media'; recorded was 'something else'."


def test_what_looks_may_come_more_often_and_what_acts_is_told(tiktok):
    answers = RecordedAnswers(tiktok.transcript.exchanges)
    trees = [answers.to("rpc", "dumpWindowHierarchy", [False, 50]) for _ in range(9)]
    assert trees[-1] == trees[-2]
    home = [one for one in tiktok.transcript.exchanges if one.params == ["home"]]
    assert answers.to("rpc", "pressKey", ["home"]) == home[-1]
    assert answers.skipped, "what came before it in the recording was passed over"
    answers.to("rpc", "pressKey", ["home"])
    assert answers.repeated == ['rpc pressKey ["home"]']


# -- those that ship --------------------------------------------------------------------------------------


def shipped(name):
    return read(ROOT / "tests" / "transcripts" / f"{name}.jsonl.gz")


def maker():
    spec = importlib.util.spec_from_file_location("made_transcripts", ROOT / "tools" / "transcripts.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_session_goes_the_same_way_and_says_where_it_is_from(name):
    transcript = shipped(name)
    assert "Not recorded from a real phone" in transcript.header.source
    remake = "the driver asks something else: run `make transcripts`"
    try:
        again = replay(transcript)
    except UnknownRequestError as error:
        raise AssertionError(f"{remake}. {error}") from error
    assert again.differences == [], remake


@pytest.mark.parametrize("name", SHIPPED)
def test_a_simulated_phone_conforms_with_a_shipped_session_and_without_its_trait_does_not(name):
    cases = maker().CASES
    transcript, phone = shipped(name), cases[name].phone
    assert compare(transcript, phone_like(transcript, phone)).differences == []
    usual = replace(phone, **{cases[name].trait: getattr(like("ideal"), cases[name].trait)})
    found = [str(one) for one in compare(transcript, phone_like(transcript, usual)).differences]
    assert any(re.search(r"exit codes \[0\], recorded was \[2\d\d\]", one) for one in found), found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("second-user", "does not have permission to access user 150"),
        ("no-physical-keys", "no physical keys"),
        ("input-guard", "USB debugging (Security settings)"),
    ],
)
def test_a_driver_that_asks_as_such_phones_cannot_bear_is_refused_as_they_do(name, words):
    with pytest.raises(DeviceError) as error:
        driver_of(shipped(name)).shell(*maker().CASES[name].beside)
    said = error.value.output if isinstance(error.value, ShellFailedError) else str(error.value)
    assert words in said
