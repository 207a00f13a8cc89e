"""The workshop of packs: from the tree of a failed step to a rule that is in force, with its case.

Reading, recognising and drawing block; all of it is done on a thread.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.screens.recognition import View
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs.drawing import picture_of
from fleetlane.scripts.packs.explain import Explanation, explain
from fleetlane.scripts.packs.in_force import PackFolder
from fleetlane.scripts.packs.suggest import suggest
from fleetlane.scripts.packs.trial import Recordings, Trial, save_patch, try_patch
from fleetlane.work.upkeep.trace_archive import Traces


@dataclass(frozen=True, slots=True)
class KeptTree:
    """A tree of a task's trace: the name of its file is that of the step's, such as `07.xml`."""

    task_id: int
    attempt: int
    name: str

    @property
    def case(self) -> str:
        """Return what it is called as a case."""
        return f"task-{self.task_id}-{self.attempt}-{self.name.removesuffix('.xml')}"


class Workshop:
    """Explains trees of traces, and makes rules of them.

    Args:
        traces: where they are read from.
        packs: those in force.
        packs_dir: the folder of the user's own packs.
        traces_dir: the folder of all traces: what else a rule is tried on.
    """

    def __init__(self, traces: Traces, packs: PackFolder, packs_dir: Path, traces_dir: Path) -> None:
        self._traces = traces
        self._packs = packs
        self._packs_dir = packs_dir
        self._traces_dir = traces_dir

    async def explain(self, kept: KeptTree) -> Explanation:
        """Return why the packs in force take a tree for what they take it for.

        Raises:
            NotFoundError: there is no such tree any more.
            ConflictError: it is no UI tree.
        """
        view = _view(await self._tree(kept))
        return await asyncio.to_thread(explain, self._packs.now.packs, view)

    async def picture(self, kept: KeptTree) -> bytes:
        """Return a picture (PNG) of that, drawn on the step's own picture while that is kept."""
        explanation = await self.explain(kept)
        try:
            name = f"{kept.name.removesuffix('.xml')}.jpg"
            shot = await self._traces.file(kept.task_id, kept.attempt, name)
        except NotFoundError:
            shot = None
        return await asyncio.to_thread(picture_of, explanation, shot)

    async def suggest(self, kept: KeptTree) -> str:
        """Return a rule for a tree, as a patch (YAML).

        Raises:
            PackError: there is nothing to make one of; says why.
        """
        view = _view(await self._tree(kept))

        def make() -> str:
            others = [one for _, one in self._recordings().views if one.tree.xml != view.tree.xml]
            return suggest(self._packs.now, view, others)

        return await asyncio.to_thread(make)

    async def attempt(self, kept: KeptTree, text: str) -> Trial:
        """Return what a patch would do to a tree and to all recordings; nothing is changed.

        Raises:
            PackError: it cannot be used; says where.
        """
        view = _view(await self._tree(kept))
        return await asyncio.to_thread(lambda: try_patch(self._packs.now, text, view, self._recordings()))

    async def save(self, kept: KeptTree, text: str) -> Path:
        """Save a patch and the tree as its case, put it in force, and return where the patch is.

        Raises:
            PackError: the tree is not named as the patch wants, or there is such a patch already.
        """
        xml = await self._tree(kept)
        trial = await self.attempt(kept, text)

        def save() -> Path:
            patch, _ = save_patch(self._packs_dir, trial, text, self._blanked(xml, trial), kept.case)
            self._packs.refresh()
            return patch

        return await asyncio.to_thread(save)

    async def collected(self, kept: KeptTree) -> bytes:
        """Return a tree without people's words: those of the apps stay, so that it can be handed to somebody."""
        xml = await self._tree(kept)
        return await asyncio.to_thread(lambda: blanked(xml, OwnWords.of(self._packs.now.packs)).encode())

    @staticmethod
    def _blanked(xml: str, trial: Trial) -> str:
        return blanked(xml, OwnWords.of(trial.packs.packs))

    async def _tree(self, kept: KeptTree) -> str:
        content = await self._traces.file(kept.task_id, kept.attempt, kept.name)
        return content.decode("utf-8", "replace")

    def _recordings(self) -> Recordings:
        return Recordings.kept(self._packs_dir, self._traces_dir)


def blanked(xml: str, own: OwnWords) -> str:
    """Return a tree without people's words.

    Raises:
        ConflictError: it is no UI tree.
    """
    try:
        return Blanking(own).tree(xml)
    except ValueError as error:
        raise ConflictError(f"The tree of this step cannot be read: {error}.") from error


def _view(xml: str) -> View:
    try:
        return View(parse_tree(xml))
    except ValueError as error:
        raise ConflictError(f"The tree of this step cannot be read: {error}.") from error
