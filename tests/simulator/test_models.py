from __future__ import annotations

import pytest

from fleetlane.core.errors import PackError
from fleetlane.simulator.faults import parse_faults
from fleetlane.simulator.fleets.fleet_settings import FleetSettings, load_plans
from fleetlane.simulator.fleets.phone_builder import PhoneBuilder
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.loader import BUILTIN_FOLDER, builtin_models, load_model, load_models, parse_model
from support.clock import ManualClock

APPS = builtin_models()
SMALL = """
app: notes
packages: {com.example.notes: {version: "1"}}
start: [{home: list}]
screens:
  list: {nodes: [{class: Button, text: $new, at: [0, 0, 100, 100], tap: [{push: list}]}]}
strings: {new: {en: New, zh: 新}}
"""


def test_anyone_can_describe_an_app(tmp_path):
    (tmp_path / "notes.yaml").write_text(SMALL, encoding="utf-8")
    [model] = load_models(tmp_path)
    assert model.app == "notes"
    assert model.string("new", "zh")({}) == "新"
    assert model.string("new", "id")({}) == "New"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("start: [{home: list}]", "start"),
        ("$new", "no string"),
        ("push: list", "no action 'shove'"),
        ("class: Button", "unknown key 'klass'"),
        ("at: [0, 0, 100, 100]", "at"),
    ],
)
def test_a_wrong_model_says_where_and_what(change, complaint):
    wrong = {
        "start: [{home: list}]": "",
        "$new": "$old",
        "push: list": "shove: list",
        "class: Button": "klass: Button",
        "at: [0, 0, 100, 100]": "at: [0, 0]",
    }[change]
    with pytest.raises(PackError, match=complaint.split("'")[0].strip()) as caught:
        parse_model(SMALL.replace(change, wrong), "notes.yaml")
    assert str(caught.value).startswith("notes.yaml")


def test_an_empty_folder_of_models_is_an_error(tmp_path):
    with pytest.raises(PackError, match="no app model"):
        load_models(tmp_path)


def test_faults_are_read_with_their_conditions():
    [fault] = parse_faults("- {phone: 2, when: {screen: editor, times: 3}, do: unplug, for_s: 5}", "f.yaml", APPS)
    assert (fault.kind, fault.screen, fault.times, fault.for_s) == ("unplug", "editor", 3, 5.0)
    assert fault.concerns("127.0.0.1:1", 2)
    assert not fault.concerns("127.0.0.1:1", 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("do: unplug", "holds a list of faults"),
        ("- {do: dance}", "there is no fault 'dance'; known: account_blocked, "),
        ("- {do: unplug, when: {moon: full}}", "unknown key 'moon'"),
        ("- {do: unplug, when: {after_s: abc}}", "`after_s` is a number from 0 on, not 'abc'"),
        ("- {do: hang, for_s: -1}", "`for_s` is a number from 0 on, not -1"),
        ("- {do: hang, when: {screen: editor, after_s: 3}}", "names one moment"),
        ("- {do: hang, when: {screen: moon}}", "there is no screen 'moon'; known: account_blocked, "),
        ("- {do: popup, popup: popup_moon}", "there is no popup 'popup_moon'; known: account_blocked, "),
        ("- {do: popup, popup: popup_rate, app: tiktok}", "there is no popup 'popup_rate'"),
        ("- {do: popup}", "there is no popup ''"),
        ("- {do: hang, popup: popup_rate}", "`popup` belongs to `do: popup`"),
        ("- {do: ignore_tap, role: moon}", "there is no role 'moon'; known: "),
        ("- {do: crash, app: moon}", "there is no app 'moon'; known: instagram, tiktok"),
        ("[", "not YAML: line 1, column 2: "),
    ],
)
def test_a_wrong_fault_file_says_where_and_what(text, complaint):
    with pytest.raises(PackError, match=r"f\.yaml") as caught:
        parse_faults(text, "f.yaml", APPS)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(("one", "other"), [("1", "1"), ("1", "'*'"), ("'*'", "2")])
def test_a_fault_given_twice_for_a_phone_and_a_moment_is_refused(one, other):
    twice = "- {phone: %s, when: {screen: editor}, do: hang}\n- {phone: %s, when: {screen: editor}, do: hang}"
    with pytest.raises(PackError, match=r"f\.yaml: fault 2: the same as fault 1, for the same phone and moment"):
        parse_faults(twice % (one, other), "f.yaml", APPS)


def test_faults_that_differ_in_phone_moment_or_kind_are_kept():
    text = """
    - {phone: 1, when: {screen: editor}, do: hang}
    - {phone: 2, when: {screen: editor}, do: hang}
    - {phone: 1, when: {screen: post}, do: hang}
    - {phone: 1, when: {screen: editor, times: 2}, do: hang}
    - {phone: 1, when: {screen: editor}, do: eat_text}
    """
    assert len(parse_faults(text, "f.yaml", APPS)) == 5


@pytest.mark.parametrize(
    ("change", "wrong", "complaint"),
    [
        ("push: list", "push: moon", "there is no screen 'moon'; known: list"),
        ("tap: [{push: list}]", "grid: {columns: 3}", "something has the wrong form"),
        ("tap: [{push: list}]", "each: {as: n}", "`of` is missing"),
        ("tap: [{push: list}]", "tap: [{after: {do: []}}]", "`time` is missing"),
        ('version: "1"', "code: abc", "something has the wrong form"),
        ("strings:", "links: {open: [{pattern: '('}]}\nstrings:", "missing )"),
        ("strings:", "design: [1]\nstrings:", "something has the wrong form"),
    ],
)
def test_a_model_of_the_wrong_form_says_where(change, wrong, complaint):
    assert change in SMALL
    with pytest.raises(PackError, match=r"notes\.yaml") as caught:
        parse_model(SMALL.replace(change, wrong), "notes.yaml")
    assert complaint in str(caught.value)


def test_a_plan_says_what_single_phones_have(tmp_path):
    (tmp_path / "fleet.yaml").write_text(
        """
        - {accounts: {tiktok: [shop, shop_two]}, language: id}
        - {phone: 2, packages: {tiktok: com.ss.android.ugc.trill, instagram: ""}, clock_ahead_s: 60}
        - {phone: 2, data: {tiktok: {switch_by: settings, drafts: 2}}, android: 9}
        """,
        encoding="utf-8",
    )
    settings = FleetSettings(plans=load_plans(tmp_path / "fleet.yaml", APPS))
    clock = ManualClock()
    builder = PhoneBuilder(settings, load_model(BUILTIN_FOLDER / "_system.yaml"), clock, Ledger())
    one, two = builder.build(1, "a"), builder.build(2, "b")
    assert list(one.apps) == ["com.zhiliaoapp.musically", "com.instagram.android"]
    assert [account.handle for account in one.apps["com.zhiliaoapp.musically"].accounts] == ["shop", "shop_two"]
    assert [account.handle for account in one.apps["com.instagram.android"].accounts] == ["lane01"]
    assert (one.language, two.language, one.android, two.android) == ("id", "id", 13, 9)
    assert list(two.apps) == ["com.ss.android.ugc.trill"]
    assert two.apps["com.ss.android.ugc.trill"].data["drafts"] == 2
    assert two.wall_s() - one.wall_s() == 60


def test_an_app_without_accounts_is_signed_out(tmp_path):
    (tmp_path / "fleet.yaml").write_text("- {accounts: []}", encoding="utf-8")
    settings = FleetSettings(plans=load_plans(tmp_path / "fleet.yaml", APPS))
    phone = PhoneBuilder(settings, load_model(BUILTIN_FOLDER / "_system.yaml"), ManualClock(), Ledger()).build(1, "a")
    assert not any(app.logged_in for app in phone.apps.values())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: b", "holds a list of phones"),
        ("- {colour: red}", "unknown key 'colour'"),
        ("- {accounts: {moon: [a]}}", "there is no 'moon'; known: instagram, tiktok"),
        ("- {data: {tiktok: {moon: 1}}}", "there is no 'moon'; known: after_post, "),
        ("- {packages: {tiktok: com.example}}", "there is no 'com.example'; known: , com.ss.android.ugc.trill"),
        ("- {language: xx}", "there is no 'xx'; known: en, id, zh"),
        ("- {android: 8}", "there is no 8; known: 10, "),
        ("- {clock_ahead_s: soon}", "is a number of seconds"),
    ],
)
def test_a_wrong_plan_says_where_and_what(tmp_path, text, complaint):
    (tmp_path / "fleet.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=r"fleet\.yaml") as caught:
        load_plans(tmp_path / "fleet.yaml", APPS)
    assert complaint in str(caught.value)
