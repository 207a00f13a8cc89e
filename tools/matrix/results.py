"""What was found so far, kept in a file while the matrix runs: a run that was stopped can go on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cells import Cell
from checkpoints import JOURNEYS
from rows import ROWS, Row
from stops import STOP_ROWS, Stop

ROOT = Path(__file__).resolve().parents[2]
_FILE = ROOT / "build" / "fault-matrix.jsonl"

Found = Cell | Stop


def commit() -> str:
    """Return the commit that is checked out."""
    run = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def today() -> str:
    """Return the date (UTC)."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


class Results:
    """The newest result of each cell and stop, with the commit and the date it was found at."""

    def __init__(self, *, go_on: bool) -> None:
        """Keep what there is when the run goes on, else begin anew."""
        _FILE.parent.mkdir(exist_ok=True)
        self.found: dict[tuple[str, str, str, str], Found] = {}
        self._at: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        self._now = commit(), today()
        if not go_on:
            _FILE.write_text("", encoding="utf-8")
        elif _FILE.exists():
            for line in _FILE.read_text(encoding="utf-8").splitlines():
                raw = json.loads(line)
                self._take((raw["commit"], raw["date"]), _restored(raw))

    def commits(self, kind: type[Found]) -> list[str]:
        """Return the commits of cells or stops, in the order in which they came."""
        return list(dict.fromkeys(commit for key, (commit, _) in self._at.items() if key[0] == kind.__name__))

    def dates(self, kind: type[Found]) -> list[str]:
        """Return the dates of cells or stops, likewise."""
        return list(dict.fromkeys(date for key, (_, date) in self._at.items() if key[0] == kind.__name__))

    @property
    def cells(self) -> list[Cell]:
        """Return the cells, in the order of the rows."""
        return [found for found in self._in_order(ROWS) if isinstance(found, Cell)]

    @property
    def stops(self) -> list[Stop]:
        """Return the stops, in the order of the rows."""
        return [found for found in self._in_order(STOP_ROWS) if isinstance(found, Stop)]

    def _in_order(self, rows: Sequence[Row]) -> list[Found]:
        order = [row.name for row in rows]
        mine = [found for found in self.found.values() if found.row.name in order]
        return sorted(mine, key=lambda found: order.index(found.row.name))

    def is_right(self, kind: type[Found], row: str, journey: str, place: str) -> bool:
        """Return whether there is a result, and nothing wrong with it."""
        found = self.found.get((kind.__name__, row, journey, place))
        return found is not None and not found.problems

    def add(self, found: Found) -> None:
        """Keep a result."""
        self._take(self._now, found)
        with _FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"commit": self._now[0], "date": self._now[1], **_saved(found)}) + "\n")

    def _take(self, at: tuple[str, str], found: Found) -> None:
        key = (type(found).__name__, found.row.name, found.journey.name, found.place.name)
        self.found[key] = found
        self._at[key] = at


def _saved(found: Found) -> dict[str, Any]:
    names = {"row": found.row.name, "journey": found.journey.name, "place": found.place.name}
    values = {name: getattr(found, name) for name in found.__slots__ if name not in names}
    return {"kind": type(found).__name__, **names, "values": values}


def _restored(raw: dict[str, Any]) -> Found:
    made = Cell if raw["kind"] == "Cell" else Stop
    row = next(row for row in (ROWS if made is Cell else STOP_ROWS) if row.name == raw["row"])
    journey = next(journey for journey in JOURNEYS if journey.name == raw["journey"])
    place = next(place for place in journey.places if place.name == raw["place"])
    values = {**raw["values"], "problems": tuple(raw["values"]["problems"])}
    return made(row=row, journey=journey, place=place, **values)
