"""Recorded UI trees on the command line: reading one, and what to say when it is none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.core.errors import FleetlaneError
from fleetlane.core.screens.screen import Tree, parse_tree

TreeFile = Annotated[Path, typer.Argument(help="A UI tree (XML), as `uiautomator dump` writes it.")]


def tree_in(file: Path, size: tuple[int, int] | None = None) -> Tree:
    """Return the UI tree in a file. `size` of the screen in pixels: guessed from the tree unless given.

    Raises:
        FleetlaneError: it cannot be read, or is no UI tree.
    """
    try:
        return parse_tree(file.read_text(encoding="utf-8-sig"), size)
    except OSError as error:
        raise FleetlaneError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FleetlaneError(f"{file} is no text in UTF-8, so it is no UI tree.") from error
    except ValueError as error:
        raise FleetlaneError(f"{file}: {error}. Record one with `adb exec-out uiautomator dump /dev/tty`.") from error
