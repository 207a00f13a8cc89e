"""Opening a file that was checked by its path: what has been put in its place since is neither followed nor waited for.

Who may write in a folder of media could swap a file, or a folder above it, for a link to what he may not read, or for
a pipe that never answers. So links are not followed anywhere on the way, nothing is waited for, and only a regular
file is read, through the one descriptor that was looked at.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK_ANYWHERE = getattr(os, "O_NOFOLLOW_ANY", 0)  # macOS
_SEARCH_ONLY = getattr(os, "O_PATH", 0)  # Linux: a folder may be passed that cannot be listed


class SwappedFileError(OSError):
    """Something else is where a file was."""


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Args:
        path: absolute, its links resolved: none is followed any more.

    Raises:
        OSError: it is not there, or is no regular file; `SwappedFileError` where a link is on the way.
    """
    descriptor = _descriptor(path)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SwappedFileError(f"{path.name} is no regular file.")
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def _descriptor(path: Path) -> int:
    if _NO_LINK_ANYWHERE:
        return os.open(path, _FLAGS | _NO_LINK_ANYWHERE)
    if _SEARCH_ONLY:
        return _step_by_step(path)
    descriptor = os.open(path, _FLAGS)  # Windows: there is no other way than to look again
    if path.resolve() == path and os.path.samestat(path.lstat(), os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    raise SwappedFileError(f"{path.name} is not where it was.")


def _step_by_step(path: Path) -> int:
    folder = os.open(path.anchor, _SEARCH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in path.parts[1:-1]:
            flags = _SEARCH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
            inner = os.open(name, flags, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(path.name, _FLAGS | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
