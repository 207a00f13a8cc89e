"""Cases: recorded UI trees, each with the screen that the packs must name, kept beside the user's own packs.

`cases/APP/SCREEN/ANY_NAME.xml` is a tree that shows SCREEN of APP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetlane.core.document import text_of
from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import Pack, View, recognise
from fleetlane.core.screens.screen import parse_tree

CASES = "cases"
"""The folder of cases, in the folder of packs."""


@dataclass(frozen=True, slots=True)
class Case:
    """A recorded tree. `shows` is what it must be named: `APP SCREEN`."""

    path: Path
    shows: str

    def shown_by(self, packs: Sequence[Pack]) -> str:
        """Return what packs name it.

        Raises:
            PackError: it cannot be read, or is no UI tree.
        """
        return name_of(text_of(self.path), packs, str(self.path))


def cases_in(folder: Path) -> list[Case]:
    """Return the cases of a folder, by their paths; none when there is no folder."""
    return [Case(path, f"{path.parent.parent.name} {path.parent.name}") for path in sorted(folder.glob("*/*/*.xml"))]


def name_of(xml: str, packs: Sequence[Pack], file: str) -> str:
    """Return what packs name a UI tree: `APP SCREEN`.

    Raises:
        PackError: it is no UI tree; `file` is what it is called there.
    """
    try:
        return str(recognise(packs, View(parse_tree(xml))))
    except ValueError as error:
        raise PackError(file, str(error)) from error
