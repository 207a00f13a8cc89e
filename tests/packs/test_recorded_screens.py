"""Recognition of recorded screens of the real apps."""

from __future__ import annotations

import re

import pytest

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.looks import near_edge
from fleetlane.scripts.packs import load_packs
from support.recorded import FOLDER, LATER, LATER_ROWS, ROWS, needs_recordings, view_of_file


def name_of(row, change=lambda xml: xml):
    xml = change((FOLDER / row["file"]).read_text(encoding="utf-8"))
    return str(recognise(load_packs(), View(parse_tree(xml))))


@needs_recordings
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_recorded_screen_gets_its_name(row):
    assert name_of(row) == f"{row['app']} {row['screen']}"


@needs_recordings
@pytest.mark.parametrize("row", LATER_ROWS, ids=lambda row: row["file"])
def test_a_screen_recorded_later_gets_its_name(row):
    view = View(parse_tree((LATER / row["file"]).read_text(encoding="utf-8")))
    assert str(recognise(load_packs(), view)) in {f"{row['app']} {screen}" for screen in row["screen"].split("/")}


@needs_recordings
@pytest.mark.parametrize("row", [row for row in ROWS if row["app"] == "tiktok"], ids=lambda row: row["file"])
def test_tiktoks_screens_get_their_names_in_a_build_whose_ids_are_all_different(row):
    changed = r'resource-id="com.any:id/zz"'
    assert name_of(row, lambda xml: re.sub(r'resource-id="com[^"]*"', changed, xml)) == f"tiktok {row['screen']}"


@needs_recordings
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_dump_without_classes_is_enough(row):
    assert name_of(row, lambda xml: re.sub(r' class="[^"]*"', "", xml)) == f"{row['app']} {row['screen']}"


@needs_recordings
@pytest.mark.parametrize("row", [row for row in ROWS if row["app"] != "android"], ids=lambda row: row["file"])
def test_the_same_nodes_in_another_app_are_unknown(row):
    other = name_of(row, lambda xml: re.sub(r' package="[^"]*"', ' package="com.example.other"', xml))
    assert other == "com.example.other unknown"


# Recordings of a page and of the next one, made on one phone; and the next page's button that publishes.
NEXT_PAGES = [
    ("tiktok-editor-id-2026-08-1.xml", "tiktok-post-id-2026-08-1.xml", "post_button"),
    ("tiktok-editor_photo-en-43.1.4-1.xml", "tiktok-post_photo-en-43.1.4-1.xml", "post_button"),
    ("instagram-reel_editor-en-2025-12-1.xml", "instagram-share_reel_empty-en-2025-12-1.xml", "share_button"),
]


@needs_recordings
@pytest.mark.parametrize(("page", "next_page", "publishing"), NEXT_PAGES)
def test_a_careful_tap_goes_where_the_next_page_was_not_recorded_to_publish(page, next_page, publishing):
    view = view_of_file(page)
    seen = recognise(load_packs(), view)
    action = seen.rule.action_for("create")
    node = view.find(action.element)
    pack = next(pack for pack in load_packs() if pack.app == seen.app)
    post = view_of_file(next_page).find(pack.elements[publishing])
    for x, y in near_edge(node, action.careful):
        assert node.button.bounds.contains(x, y)
        assert not post.bounds.contains(x, y)
