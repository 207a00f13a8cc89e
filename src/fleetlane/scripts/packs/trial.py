"""Trying a patch before it is saved: what it names the screen it is for, and which other recordings it renames.

The recordings are the trees that the data folder keeps: the cases beside the packs, and the trees of failed steps
while their traces are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetlane.core.document import text_of
from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs.cases import CASES
from fleetlane.scripts.packs.in_force import InForce, PackFile
from fleetlane.scripts.packs.patches import PATCHES

_MOST = 500
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_DRAFT = "rule.yaml"


@dataclass(frozen=True, slots=True)
class Recordings:
    """Recorded trees of the data folder, as views by the name of their file."""

    views: Sequence[tuple[str, View]]

    @classmethod
    def kept(cls, packs_dir: Path, traces_dir: Path | None) -> Recordings:
        """Return the cases beside the packs, and the newest trees of failed steps; 500 of them at most. Blocking."""
        cases = sorted((packs_dir / CASES).glob("*/*/*.xml"))
        traces = sorted(traces_dir.glob("*/*/*.xml"), key=_age) if traces_dir is not None else []
        return cls(list(_views([*cases, *traces][:_MOST])))

    def __len__(self) -> int:
        return len(self.views)


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0  # its trace was forgotten meanwhile


def _views(paths: Sequence[Path]) -> Iterator[tuple[str, View]]:
    for path in paths:
        try:
            yield "/".join(path.parts[-3:]), View(parse_tree(text_of(path)))
        except (PackError, ValueError):
            continue  # gone, or no tree: it cannot be renamed


@dataclass(frozen=True, slots=True)
class Renamed:
    """A recording that a patch gives another name. `file` is its last three parts."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a patch does.

    Attributes:
        app: whose pack it patches.
        screen: the screen that it is about: the last one it has.
        shows: what the screen in question is named with it: `APP SCREEN`.
        tried: how many recordings were looked at.
        renamed: those that have another name with it.
        packs: what would be in force.
    """

    app: str
    screen: str
    shows: str
    tried: int
    renamed: Sequence[Renamed]
    packs: InForce

    @property
    def wanted(self) -> str:
        """Return what the screen in question should be named."""
        return f"{self.app} {self.screen}"

    @property
    def is_right(self) -> bool:
        """Return whether the screen in question is named as the patch wants."""
        return self.shows == self.wanted


def try_patch(packs: InForce, text: str, view: View, recordings: Recordings) -> Trial:
    """Return what a patch would do; nothing is changed.

    Args:
        packs: those in force.
        text: the patch, as YAML.
        view: the screen it is made for.
        recordings: what it should leave alone.

    Raises:
        PackError: it cannot be used; says where.
    """
    file = PackFile.of(_DRAFT, text)
    if PATCHES not in file.document or not file.document.get("screens"):
        raise PackError(_DRAFT, "a rule is a patch: it says what it `patches`, and has `screens`")
    new = packs.with_file(file)
    app, screen = str(file.document[PATCHES]), str(file.document["screens"][-1]["name"])
    for name in (app, screen):
        if not _NAME.fullmatch(name):
            raise PackError(_DRAFT, f"the name {name!r} must be small letters, digits and _, to name a file as well")
    named = (
        Renamed(file_, str(recognise(packs.packs, one)), str(recognise(new.packs, one)))
        for file_, one in recordings.views
    )
    renamed = [one for one in named if one.before != one.after]
    return Trial(app, screen, str(recognise(new.packs, view)), len(recordings), renamed, new)


def save_patch(folder: Path, trial: Trial, text: str, tree: str, case: str) -> tuple[Path, Path]:
    """Save a patch and its case in the folder of packs, and return where they are.

    Args:
        folder: of the user's own packs; made when there is none.
        trial: what became of the patch.
        text: the patch.
        tree: the recorded tree that it is for.
        case: what to call it there.

    Raises:
        PackError: the tree is not named as the patch wants, or there is such a patch already.
    """
    if not trial.is_right:
        raise PackError(_DRAFT, f"the screen shows {trial.shows} with it, not {trial.wanted}")
    patch = folder / f"{trial.app}-{trial.screen}.yaml"
    kept = folder / CASES / trial.app / trial.screen / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', case)}.xml"
    if patch.exists():
        raise PackError(patch.name, "there is such a file already; give the screen another name, or edit the file")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(tree, encoding="utf-8")
    draft = patch.with_suffix(".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(patch)  # at once: the server may look at any moment
    return patch, kept
