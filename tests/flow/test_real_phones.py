"""Each way in which a real phone is known to break a post, in virtual time. The evidence is in `likeness.traits`."""

from __future__ import annotations

import pytest

from fleetlane.core.journal import Phase
from fleetlane.core.outcome import FAILURES, FailureClass
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.rig import CAPTION
from support.virtual import A_POST_S, PATIENT, VirtualRig, like, one_post

ADD = {"post_way": "addButton"}
WAYS = [(app, way) for app in ("tiktok", "instagram") for way in ("addButton", "share")]
UNUSUAL = ["go 😀", "family 👨‍👩‍👧 here", "𝐁𝐨𝐥𝐝 words", "𠮷野家 lunch", "😀.. and ..😀"]


def publishes(config=None, *, base="ideal", caption=CAPTION, fleet=None, **traits):
    """Publish on a phone with some traits, and check that exactly what was asked is out and known to be."""
    result, rig = one_post({"captions": caption, **(config or {})}, traits=like(base, **traits), **(fleet or {}))
    out = [entry["caption"] for entry in rig.ledger]
    assert (result.outcome.error_code, out) == (None, [caption]), result.outcome.remark
    assert result.phases.phase is Phase.PUBLISHED
    return result, rig


def needs_a_person(code=None, **traits):
    """Check that a phone with some traits is not driven, publishes nothing, and that a person is asked to help."""
    result, rig = one_post(traits=like("ideal", **traits))
    assert rig.ledger == []
    failure = FAILURES[result.outcome.error_code]
    assert failure.failure_class is FailureClass.NEEDS_PERSON, (result.outcome.error_code, result.outcome.remark)
    assert code in (None, result.outcome.error_code)
    return str(result.outcome.remark)


# -- text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caption", UNUSUAL)
def test_a_caption_with_what_a_tree_shows_as_dots_is_published(caption):
    publishes(caption=caption, dump_dots=True)


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_a_caption_with_an_emoji_is_published_by_both_apps(app):
    publishes({"platform": app}, caption="go 😀", dump_dots=True)


def test_a_caption_that_has_dots_of_its_own_is_published():
    publishes(caption="wait.. what", dump_dots=True)


# -- what is in a UI tree ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("app", "way"), WAYS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_windows_in_any_order_mislead_nobody(app, way, seed):
    traits = {"dump_windows": True, "dump_hash_order": True, "dump_attributes": True, "clipboard_card_s": 6}
    publishes({"platform": app, "post_way": way}, fleet={"seed": seed}, **traits)


def test_one_tree_in_three_may_fail():
    publishes(dump_fails=0.33)


def test_one_tree_in_twenty_may_fail():
    publishes(dump_fails=0.05)


def test_an_automation_server_that_is_killed_now_and_then_is_started_again():
    publishes(automation_lives_s=[3, 8], automation_start_s=[1, 3])


# -- time -------------------------------------------------------------------------------------------------


def test_an_upload_of_41_s_is_waited_for():
    publishes(upload_s=41, grid_s=54)


def test_the_longest_upload_on_record_is_waited_for():
    publishes(upload_s=224, grid_s=54)


def test_a_splash_of_14_s_is_waited_for():
    publishes(launch_s=14, splash=True)


def test_trees_of_1_2_s_and_a_dwell_of_4_s_do_not_hold_an_editor():
    publishes(ADD, dump_s=1.2, editor_dwell_s=4)


def test_a_keyguard_that_takes_0_6_s_is_waited_for():
    rig = VirtualRig(FleetSettings(phones=1, traits=like("ideal", keyguard_s=0.6)))
    [serial] = rig.serials
    rig.on(serial, lambda link: (link.phone.press("sleep"), link.phone.press("wakeup")))
    result = rig.post(serial, settings=PATIENT, timeout_s=A_POST_S)
    assert (result.outcome.error_code, len(rig.ledger)) == (None, 1)


# -- the shape of phones ----------------------------------------------------------------------------------


def test_a_second_user_the_shell_may_not_see_is_no_hindrance():
    publishes(other_user=150)


def test_an_app_that_only_another_user_has_is_not_installed_here():
    fleet = {"package": lambda _number, model: "" if model.app == "tiktok" else "com.instagram.android"}
    result, _ = one_post(
        {"platform": "tiktok"}, traits=like("ideal", other_user_apps="com.zhiliaoapp.musically"), **fleet
    )
    assert result.outcome.error_code == "app_not_installed"


def test_a_phone_without_physical_keys_starts_apps():
    publishes(physical_keys=False)


@pytest.mark.parametrize(
    ("vendor", "word"),
    [
        ("xiaomi", "Security settings"),
        ("vivo", "USB"),
        ("oppo", "permission monitoring"),
        ("realme", "permission monitoring"),
        ("samsung", "Auto Blocker"),
    ],
)
def test_a_guard_before_input_is_told_in_its_vendors_words(vendor, word):
    assert word.lower() in needs_a_person("input_not_allowed", input_guard=vendor).lower()


def test_the_screen_stays_on_while_a_task_runs_and_is_as_it_was_afterwards():
    traits = {"screen_timeout_s": 30, "locks_after_s": 5, "pin": True, "upload_s": 60}
    _, rig = publishes({"upload_wait_time": 90}, **traits)
    [link] = rig.fleet.links
    assert link.phone.settings.get(("global", "stay_on_while_plugged_in"), "0") == "0"
    assert not link.phone.screen_on


def test_before_its_first_unlock_a_phone_says_what_it_waits_for():
    assert "unlock" in needs_a_person(before_first_unlock=True).lower()


def test_an_automation_server_that_another_tool_holds_is_told_as_such():
    result, _ = one_post(traits=like("ideal", automation_taken=True))
    assert "another" in str(result.outcome.remark)


# -- files and gallery --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["modified", "taken"])
@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_a_gallery_that_is_sorted_otherwise_gives_the_right_file(app, order):
    publishes({**ADD, "platform": app}, gallery_order=order)


def test_a_row_from_the_start_of_the_push_is_the_right_one():
    publishes(ADD, row_from_push=True)


def test_a_share_that_only_brought_the_app_to_the_front_is_done_once_more():
    publishes({"post_way": "share"}, share_answer="front")


def test_a_share_that_was_delivered_to_the_running_app_is_no_error():
    publishes({"post_way": "share"}, share_answer="delivered")


def test_instagram_runs_before_something_is_shared_with_it():
    publishes({"platform": "instagram", "post_way": "share"}, loses_first_share=True)


# -- all of it together -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh", "id"])
@pytest.mark.parametrize(("app", "way"), WAYS)
@pytest.mark.parametrize("base", ["real", "slow"])
def test_a_post_goes_out_on_a_phone_as_it_is(base, app, way, language):
    config = {"platform": app, "post_way": way}
    publishes(config, base=base, caption=f"{CAPTION} 😀", fleet={"language": language})
