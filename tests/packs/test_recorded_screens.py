"""Recognition of recorded screens of the real apps. They lie beside the checkout, not in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fleetlane.core.recognition import View, recognise
from fleetlane.core.screen import parse_tree
from fleetlane.scripts.packs import load_packs

FOLDER = Path(__file__).parents[3] / "shared" / "screens"
INDEX = FOLDER / "INDEX.tsv"
LINES = INDEX.read_text(encoding="utf-8").splitlines() if INDEX.exists() else []
ROWS = list(csv.DictReader(LINES, delimiter="\t"))


@pytest.mark.skipif(not ROWS, reason=f"the recorded screens are not here: {FOLDER} is missing")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_recorded_screen_gets_its_name(row):
    view = View(parse_tree((FOLDER / row["file"]).read_text(encoding="utf-8")))
    assert str(recognise(load_packs(), view)) == f"{row['app']} {row['screen']}"
