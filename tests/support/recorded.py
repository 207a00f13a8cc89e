"""Recorded screens of the real apps. They lie beside the checkout, not in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fleetlane.core.screens.recognition import View
from fleetlane.core.screens.screen import parse_tree

FOLDER = Path(__file__).parents[3] / "shared" / "screens"
_INDEX = FOLDER / "INDEX.tsv"
_LINES = _INDEX.read_text(encoding="utf-8").splitlines() if _INDEX.exists() else []
ROWS = list(csv.DictReader(_LINES, delimiter="\t"))

# Later ones, with the reason of each; `screen` may allow several names.
LATER = FOLDER.parent / "screens-2"
_LATER_INDEX = LATER / "INDEX.tsv"
LATER_ROWS = list(
    csv.DictReader(
        _LATER_INDEX.read_text(encoding="utf-8").splitlines() if _LATER_INDEX.exists() else [], delimiter="\t"
    )
)

needs_recordings = pytest.mark.skipif(not ROWS, reason=f"the recorded screens are not here: {FOLDER} is missing")


def view_of_file(name):
    return View(parse_tree((FOLDER / name).read_text(encoding="utf-8")))
