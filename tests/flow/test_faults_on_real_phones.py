"""Faults on phones as the evidence says, and looks for what is in doubt: none wrong, none stuck, few unknown."""

from __future__ import annotations

from collections import Counter

import pytest

from fleetlane.core.outcome import FAILURES, FailureClass
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.budget import IS_THOROUGH
from support.virtual import PATIENT, VirtualRig, like, post_until_known

WAYS = [(app, way) for app in ("tiktok", "instagram") for way in ("addButton", "share")]
PLACES = {
    "tiktok": ("home_feed", "own_profile", "editor", "post", "uploading"),
    "instagram": ("home_feed", "own_profile", "reel_editor", "share", "pending"),
}
FAULTS = (
    {"kind": "unplug", "for_s": 8.0},
    {"kind": "reboot", "for_s": 20.0},
    {"kind": "offline", "for_s": 8.0},
    {"kind": "drop"},
    {"kind": "hang", "for_s": 15.0},
    {"kind": "hang", "for_s": 60.0},
    {"kind": "kill_adb_server"},
    {"kind": "kill_ui_server"},
    {"kind": "crash"},
    {"kind": "not_responding"},
    {"kind": "lock"},
    {"kind": "slow", "for_s": 20.0},
    {"kind": "update_ids"},
    {"kind": "upload_fail"},
    {"kind": "popup"},
    {"kind": "ignore_tap"},
)
POPUP = {"tiktok": "popup_notifications", "instagram": "popup_rate"}
PUBLISHES = {"tiktok": "post", "instagram": "share_button"}
ENDS = {
    None,
    "outcome_unknown",
    "device_disconnected",
    "device_timeout",
    "app_crashed",
    "upload_failed",
    "not_published",
}
NUMBERS = range(0, 200, 1 if IS_THOROUGH else 3)
"""Two hundred posts, or each third of them: still each fault, each app and each way."""


def meets(number: int):
    """Publish on a phone that meets a fault; return the fault, how it ended, what is out and what was asked for."""
    app, way = WAYS[number % 4]
    given = FAULTS[number // 4 % len(FAULTS)]
    place = PLACES[app][(number // 4 + number // 64) % 5]
    fault = Fault(screen=place, app=app, **given)
    fault.popup = POPUP[app] if fault.kind == "popup" else ""
    fault.role = PUBLISHES[app] if fault.kind == "ignore_tap" else ""
    rig = VirtualRig(FleetSettings(phones=1, traits=like("real"), seed=number, faults=[fault]))
    caption = f"caption {number} 😀"
    result = post_until_known(rig, {"platform": app, "post_way": way, "captions": caption})
    return f"{number}: {fault.kind} at {app} {place}", result, [entry["caption"] for entry in rig.ledger], caption


@pytest.mark.timeout(1200)
def test_of_many_posts_that_meet_a_fault_none_is_wrong_and_few_are_unknown():
    ends = Counter[str]()
    for number in NUMBERS:
        what, result, out, caption = meets(number)
        code = result.outcome.error_code
        ends[code or "published"] += 1
        assert code in ENDS or "update_ids" in what, (what, result.outcome)
        assert len(out) <= 1, what
        assert out == [caption] if code is None else code == "outcome_unknown" or not out, (what, code, out)
    assert ends["outcome_unknown"] <= 0.03 * len(NUMBERS), ends
    assert ends["published"] >= 0.6 * len(NUMBERS), ends


@pytest.mark.parametrize("base", ["ideal", "real"])
@pytest.mark.parametrize(
    ("code", "traits"),
    [
        ("screen_locked", {"pin": True}),
        ("first_unlock", {"before_first_unlock": True}),
        ("input_not_allowed", {"input_guard": "xiaomi"}),
        ("input_not_allowed", {"input_guard": "vivo"}),
        ("input_not_allowed", {"input_guard": "oppo"}),
        ("input_not_allowed", {"input_guard": "samsung"}),
    ],
)
def test_what_only_a_person_can_mend_is_told_and_nothing_is_published(base, code, traits):
    rig = VirtualRig(FleetSettings(phones=1, traits=like(base, **traits)))
    [serial] = rig.serials
    if "pin" in traits:
        rig.on(serial, lambda link: setattr(link.phone, "locked", True))
    result = rig.post(serial, settings=PATIENT, timeout_s=600.0)
    assert (result.outcome.error_code, rig.ledger) == (code, [])
    assert FAILURES[code].failure_class is FailureClass.NEEDS_PERSON
    assert result.phases.seen == []
