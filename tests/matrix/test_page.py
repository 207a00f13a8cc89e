"""docs/reference/fault-matrix.md has every fault, and every screen of the packs: it cannot go stale in silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleetlane.scripts.packs import load_packs
from fleetlane.simulator.faults import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "fault-matrix.md").read_text(encoding="utf-8")
PACKS = {pack.app: [rule.name for rule in pack.screens] for pack in load_packs()}


def _tables(app):
    """Yield the heads and rows of the tables of an app's journeys."""
    for section in re.split(r"^### ", PAGE.partition("\n## What the remarks say")[0], flags=re.MULTILINE)[1:]:
        if section.startswith(app):
            lines = [line for line in section.splitlines() if line.startswith("| ")]
            cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
            yield cells[0], cells[2:]


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_every_kind_of_fault_has_a_cell_at_every_place(app):
    tables = list(_tables(app))
    assert tables
    for head, rows in tables:
        assert {row[0].strip("`").split(" ")[0] for row in rows} == set(KINDS), "run `make matrix`"
        for row in rows:
            assert len(row) == len(head)
            assert "-" not in row[1:] or row[0] == "`ignore_tap`", row


@pytest.mark.parametrize("app", PACKS)
def test_every_screen_of_a_pack_is_a_column_or_said_to_be_tried_elsewhere(app):
    columns = {name.strip("`").removesuffix(" after Post") for head, _ in _tables(app) for name in head[1:]}
    elsewhere = PAGE.partition("## Screens of the packs that no column names")[2]
    said = set(re.findall(r"`(\w+)`", "".join(re.findall(rf"^\| {app}: ([^|]*)\|", elsewhere, flags=re.MULTILINE))))
    assert set(PACKS[app]) <= columns | said, "give it a place in tools/matrix, or say there where it is tried"
    assert said <= set(PACKS[app]), "tools/matrix/elsewhere.py names screens that are gone"


def test_nothing_in_the_page_is_wrong_or_stuck():
    assert re.search(r"^\*\*\d{3,} cells, 0 wrong, 0 stuck\.\*\*", PAGE, flags=re.MULTILINE)
    assert re.search(
        r"^`outcome_unknown`: \d+ of \d+ .*; 0 of these posts are out\.\nIn 0 of them", PAGE, flags=re.MULTILINE
    )
    assert "**wrong**" not in PAGE
    stops = re.search(
        r"^\*\*(\d+) stops of running tasks: p50 [\d.]+ s, p95 ([\d.]+) s.*; 0 wrong\.\*\*", PAGE, re.MULTILINE
    )
    assert int(stops[1]) > 100
    assert float(stops[2]) < 1.0
