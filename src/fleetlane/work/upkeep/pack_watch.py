"""Keeps the packs in force up to date with the folder of the user's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from fleetlane.scripts.packs import InForce
from fleetlane.scripts.packs.in_force import PackFolder

log = structlog.get_logger(__name__)
_EVERY_S = 2.0


class PackWatch:
    """Takes what changes in a folder of packs without a restart. An attempt that runs keeps the packs it began with.

    Args:
        packs: the packs in force, with the folder laid over them.
        folder: where the user's own packs and patches lie; it need not be there.
    """

    def __init__(self, packs: PackFolder, folder: Path) -> None:
        self._packs = packs
        self._folder = folder
        _log(packs.now)

    @property
    def now(self) -> InForce:
        """Return the packs in force."""
        return self._packs.now

    def packages(self) -> Sequence[str]:
        """Return the packages of all apps that a pack is in force for."""
        return [package for pack in self.now.packs for package in pack.packages]

    async def run(self) -> None:
        """Look for changes every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                changed = await asyncio.to_thread(self._packs.refresh)
            except OSError as error:
                log.warning("packs_not_read", folder=str(self._folder), error=str(error))
                continue
            if changed:
                _log(self.now)


def _log(packs: InForce) -> None:
    for problem in packs.problems:
        log.warning("pack_refused", problem=problem)
    for problem in packs.misnamed:
        log.warning("app_packages_refused", problem=problem)
    if packs.files:
        log.info("packs_in_force", files=dict(packs.files))
