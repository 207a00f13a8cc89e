"""Which folders of this computer tasks may read."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

WINDOWS, MAC = "Windows", "Darwin"
_DRIVE_FOLDERS = ("Videos", "Images")
_NAMES = frozenset({"videos", "images", "movies", "pictures"})
_MOST_ABOVE = 2
"""How many folders may lie between where drives are mounted and a folder of media: the user's, and the drive's."""


@dataclass(frozen=True, slots=True)
class AllowedFolders:
    """Where files may be opened: below one of `roots`, never below `forbidden`.

    `mounts` are where drives are mounted: their folders named Videos, Images, Movies or Pictures are roots, too.
    `materials`, the library's own folder, may always be opened.
    """

    roots: tuple[Path, ...] = ()
    forbidden: tuple[Path, ...] = ()
    materials: Path | None = None
    mounts: tuple[Path, ...] = ()

    def allow(self, path: Path) -> bool:
        """Return whether a path, links resolved, may be opened."""
        return self.hold(path) and not self.forbid(path)

    def hold(self, path: Path) -> bool:
        """Return whether a path lies in a folder whose files may be opened."""
        return (
            self._is_material(path)
            or any(path.is_relative_to(root) for root in self.roots)
            or any(on_drive(path, mount) for mount in self.mounts)
        )

    def forbid(self, path: Path) -> bool:
        """Return whether a path lies where no task may read, whatever folders are allowed."""
        return not self._is_material(path) and any(path.is_relative_to(folder) for folder in self.forbidden)

    def _is_material(self, path: Path) -> bool:
        return self.materials is not None and path.is_relative_to(self.materials)


def on_drive(path: PurePath, mount: PurePath) -> bool:
    """Return whether a path lies in a folder of media on a drive that is mounted below `mount`."""
    if not path.is_relative_to(mount):
        return False
    names = path.relative_to(mount).parts
    return any(name.casefold() in _NAMES for name in names[: _MOST_ABOVE + 1])


@dataclass(frozen=True, slots=True)
class Computer:
    """What is asked of a computer to know where people keep media.

    Attributes:
        system: as `platform.system()` says.
        own: the user's own folders of media.
        system_drive: on Windows, such as "C:".
    """

    system: str
    own: tuple[Path, ...]
    system_drive: str = "C:"

    def drives(self) -> Sequence[PureWindowsPath]:
        """Return folders of drives that may be opened: `Videos` and `Images` on C: and on all but the system's drive.

        The documented examples have them. No drive is asked: one that is a share may take long to answer.
        """
        if self.system != WINDOWS:
            return ()
        letters = [letter for letter in string.ascii_uppercase if letter == "C" or not self._is_systems(letter)]
        return [PureWindowsPath(f"{letter}:/{name}") for letter in letters for name in _DRIVE_FOLDERS]

    def mounts(self) -> Sequence[Path]:
        """Return where drives are mounted (see `AllowedFolders`)."""
        if self.system == WINDOWS:
            return ()
        return (Path("/Volumes"),) if self.system == MAC else (Path("/media"), Path("/run/media"), Path("/mnt"))

    def _is_systems(self, letter: str) -> bool:
        return self.system_drive[:1].upper() == letter
