"""Puts the packs of this computer in force: those that come with Fleetlane, and its user's own."""

from __future__ import annotations

from pathlib import Path

from fleetlane.scripts.packs import PACKS, InForce
from fleetlane.settings import Settings


def use_packs(settings: Settings, folder: Path | None = None) -> InForce:
    """Put the packs in force, and return them.

    Args:
        settings: those that hold.
        folder: of the user's own packs; that of the data directory when not given.
    """
    return PACKS.use(folder or settings.packs_dir)
