"""Recognition of recorded screens of the real apps."""

from __future__ import annotations

import pytest

from fleetlane.core.recognition import recognise
from fleetlane.scripts.packs import load_packs
from support.recorded import ROWS, needs_recordings, view_of_file


@needs_recordings
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_a_recorded_screen_gets_its_name(row):
    assert str(recognise(load_packs(), view_of_file(row["file"]))) == f"{row['app']} {row['screen']}"
