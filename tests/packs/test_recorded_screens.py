"""Recognition of recorded screens of the real apps."""

from __future__ import annotations

import re

import pytest

from fleetlane.core.recognition import View, recognise
from fleetlane.core.screen import parse_tree
from fleetlane.scripts.packs import load_packs
from support.recorded import FOLDER, ROWS, needs_recordings


def name_of(row, change=lambda xml: xml):
    xml = change((FOLDER / row["file"]).read_text(encoding="utf-8"))
    return str(recognise(load_packs(), View(parse_tree(xml))))


@needs_recordings
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_recorded_screen_gets_its_name(row):
    assert name_of(row) == f"{row['app']} {row['screen']}"


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
