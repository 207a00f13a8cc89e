"""What the script wants on a screen is found there: in the recorded trees and in our own."""

from __future__ import annotations

import pytest

from fleetlane.core.screens.recognition import recognise
from fleetlane.scripts.packs import load_packs
from support.recorded import ROWS, needs_recordings, view_of_file
from support.trees import LANGUAGES, cases_from_facts, cases_in_languages, cases_of_dialogs, view_of, view_of_case

PACKS = {pack.app: pack for pack in load_packs()}
# Elements that the script looks for by name, beside those of the packs' own actions.
BY_NAME = {
    ("tiktok", "gallery"): ["gallery_cells", "duration_labels", "chip_videos", "gallery_next"],
    ("tiktok", "editor"): ["editor_next", "your_story", "sound_chip", "sound_remove"],
    ("tiktok", "post"): ["caption_field", "post_button"],
    ("tiktok", "own_profile"): ["handle"],
    ("instagram", "gallery_reel"): ["gallery_cells", "gallery_cancel", "dest_reel"],
    ("instagram", "share"): ["caption_field", "share_button"],
    ("instagram", "share_editing"): ["caption_field", "caption_ok"],
    ("instagram", "own_profile"): ["handle", "handle_button", "post_count", "grid_cells", "profile_tab", "feed_tab"],
    ("instagram", "create_sheet"): ["row_reel", "row_post", "row_story"],
    ("instagram", "pending"): ["pending_sub", "pending_progress", "profile_tab"],
    ("instagram", "uploading"): ["snackbar_status", "snackbar_progress"],
}
OWN = [*cases_from_facts(), *cases_in_languages(), *cases_of_dialogs()]
MAY_BE_ABSENT = {"tap_or_back", "fail"}  # these two do without


def missing(view, rule):
    """Return "goal: element" for each action of a rule whose element is not on its screen.

    Unverified actions are for pages that no recording shows whole.
    """
    return [
        f"{goal}: {action.verb} {action.element.name or action.element}"
        for goal, action in rule.actions.items()
        if action.element and not action.unverified
        if action.verb not in MAY_BE_ABSENT and view.find(action.element) is None
    ]


@needs_recordings
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_recorded_screen_has_what_is_done_there(row):
    view = view_of_file(row["file"])
    found = recognise(load_packs(), view)
    assert found.rule is not None
    assert missing(view, found.rule) == []
    names = BY_NAME.get((row["app"], row["screen"]), [])
    assert [name for name in names if view.find(PACKS[row["app"]].elements[name]) is None] == []


@needs_recordings
def test_the_recorded_gallerys_first_cell_is_the_video_and_carries_its_length():
    view = view_of_file("tiktok-gallery-id-2026-08-1.xml")
    elements = PACKS["tiktok"].elements
    [cell] = view.find_all(elements["gallery_cells"])
    [length] = view.find_all(elements["duration_labels"])
    assert length.bounds.within(cell.bounds)
    assert length.text == "00:06"


@pytest.mark.parametrize(
    "case",
    [case for case in OWN if case["app"] in PACKS and case["screen"] != "unknown"],
    ids=lambda case: f"{case['app']}-{case['screen']}-{case.get('lang', '')}-{case['why']}",
)
def test_an_own_screen_has_what_is_done_there(case):
    assert missing(view_of_case(case), PACKS[case["app"]].screen(case["screen"])) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("app", "screen"), BY_NAME)
def test_an_own_screen_in_every_language_has_all_that_the_script_looks_for_by_name(app, screen, lang):
    elements = [PACKS[app].elements[name] for name in BY_NAME[app, screen]]
    views = [
        view_of_case(case)
        for case in cases_in_languages()
        if (case["app"], case["screen"]) == (app, screen) and case["lang"] in (lang, "")
    ]
    assert any(all(view.find(element) is not None for element in elements) for view in views)


@pytest.mark.parametrize(
    "case",
    [case for case in cases_in_languages() if (case["app"], case["screen"]) == ("tiktok", "gallery")],
    ids=lambda case: f"{case['lang']}-{case['why']}",
)
def test_the_own_galleries_first_cell_carries_the_length_of_a_video_and_a_photos_none(case):
    view, elements = view_of_case(case), PACKS["tiktok"].elements
    first = view.find_all(elements["gallery_cells"])[0]
    lengths = [node.text for node in view.find_all(elements["duration_labels"]) if node.bounds.within(first.bounds)]
    assert lengths == ([] if view.find(elements["multiple_on"]) else ["00:06"])


@pytest.mark.parametrize("word", ["Loading...", "Memuat…", "加载中", "加载中...", "正在加载…"])
def test_a_sound_that_is_still_loading_is_seen_with_or_without_dots(word):
    view = view_of(([{"text": word, "at": [400, 2090, 680, 2150]}], "com.zhiliaoapp.musically"))
    assert view.find(PACKS["tiktok"].elements["sound_loading"]) is not None
