"""Folders and files that only their owner may read.

By POSIX modes. On Windows modes mean nothing: there a folder has the access list of the folder it lies in, and the
user's own one (`%LOCALAPPDATA%`, the default) lets in nobody but the user, the system and administrators.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_OTHERS = 0o077
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def make_private(folder: Path) -> None:
    """Make a folder for its owner alone, those above it as ever; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner alone; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))


def open_to_others(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield those files and folders that other users of this computer may read or write; none on Windows."""
    for path in paths:
        if os.name == "posix" and _mode(path) & _OTHERS:
            yield path


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Let nobody but their owner read or write files and folders. Returns those that could not be changed."""
    stayed: list[Path] = []
    for path in open_to_others(paths):
        try:
            path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        except OSError:
            stayed.append(path)
    return stayed


def _mode(path: Path) -> int:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return 0  # nothing is there, or nothing that we could change
    return 0 if stat.S_ISLNK(mode) else stat.S_IMODE(mode)
