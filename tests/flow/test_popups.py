"""Each popup that is known from recordings, over each screen of the flow: it goes away, and the post goes out once."""

from __future__ import annotations

import itertools

import pytest

from support.carriers import EACH_CARRIER, rig_of
from support.phones import app_on
from support.rig import CAPTION

ANDROID = ("perm_notifications", "not_responding", "lock_screen")
POPUPS = {
    "tiktok": (
        "popup_notifications", "popup_contacts", "popup_widget", "popup_phone", "popup_resume_edit", "popup_save_login",
        "popup_business_inbox", "popup_commercial_sounds", "popup_update", "popup_notice",
    ),
    "instagram": (
        "popup_draft", "popup_download_privacy", "popup_threads", "popup_meta_verified", "popup_rate",
        "popup_swipe_nav", "popup_location",
    ),
}  # fmt: skip
PLACES = {
    ("tiktok", "share"): ("home_feed", "own_profile", "own_post", "editor_loading", "editor", "post"),
    ("tiktok", "addButton"): ("camera", "gallery", "editor_loading", "editor", "post"),
    ("instagram", "share"): ("home_feed", "own_profile", "own_post", "reel_editor", "share"),
    ("instagram", "addButton"): ("create_sheet", "gallery_reel", "reel_editor", "share"),
}


@EACH_CARRIER
@pytest.mark.parametrize(("app", "way"), list(PLACES))
def test_each_recorded_popup_over_each_screen_is_dismissed(app, way, carrier):
    popups, places = (*POPUPS[app], *ANDROID), PLACES[app, way]
    cases = list(itertools.product(popups, places))
    # Each popup over each place once: over one of them on the wire, over the others in virtual time.
    on_the_wire = {(popup, places[number % len(places)]) for number, popup in enumerate(popups)}
    cases = [case for case in cases if (case in on_the_wire) == (carrier == "wire")]
    config = {"platform": app, "post_way": way}
    with rig_of(carrier, phones=len(cases), first_port=22300) as rig:
        for serial, (popup, place) in zip(rig.serials, cases, strict=True):
            rig.on(serial, lambda s, p=popup, at=place: app_on(s, app).faults.popups.append((at, p)))
        results = rig.post_all([(serial, config) for serial in rig.serials])
        ends = {
            case: (result.outcome.error_code, [post["caption"] for post in rig.posts(serial)])
            for serial, result, case in zip(rig.serials, results, cases, strict=True)
        }
    assert {case: end for case, end in ends.items() if end != (None, [CAPTION])} == {}
