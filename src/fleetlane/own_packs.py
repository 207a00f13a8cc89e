"""Puts the packs of this computer in force: those that come with Fleetlane, its user's own, and what settings name."""

from __future__ import annotations

from pathlib import Path

from fleetlane.scripts.packs import PACKS, InForce
from fleetlane.settings import Settings, SettingsError


def use_packs(settings: Settings, folder: Path | None = None) -> InForce:
    """Put the packs in force, and return them.

    Args:
        settings: those that hold.
        folder: of the user's own packs; that of the data directory when not given.

    Raises:
        SettingsError: `app_packages` does not fit the packs of the data directory. While a file of them is refused
            this is a problem beside that: the app may be the one that the file is for.
    """
    packs = PACKS.use(folder or settings.packs_dir, settings.app_packages)
    if packs.misnamed and not packs.problems and folder is None:
        raise SettingsError.of([f"{fault}. Correct it in the settings, or take it out." for fault in packs.misnamed])
    return packs
