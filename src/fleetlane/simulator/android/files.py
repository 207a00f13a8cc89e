"""The file system of a simulated phone. Contents are shared between phones by hash."""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
import weakref
from dataclasses import dataclass
from typing import ClassVar

S_IFDIR = 0o040000
S_IFREG = 0o100000


class Blob:
    """Immutable file content, one object for equal bytes however many phones hold it."""

    __slots__ = ("__weakref__", "data", "md5", "sha256")
    _known: ClassVar[weakref.WeakValueDictionary[str, Blob]] = weakref.WeakValueDictionary()

    def __init__(self, data: bytes, sha256: str) -> None:
        self.data = data
        self.sha256 = sha256
        self.md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """Return the blob for `data`."""
        sha256 = hashlib.sha256(data).hexdigest()
        blob = cls._known.get(sha256)
        if blob is None:
            blob = cls._known[sha256] = cls(data, sha256)
        return blob


@dataclass(slots=True)
class File:
    """A file or folder. `mtime_s` is seconds since the epoch."""

    mode: int
    mtime_s: int
    blob: Blob

    @property
    def size_bytes(self) -> int:
        """Return the size of the content."""
        return len(self.blob.data)


class NoSpaceError(OSError):
    """The phone's storage is full."""


_EMPTY = Blob.of(b"")
_ALIASES = ("/sdcard", "/mnt/sdcard", "/storage/self/primary")


def canonical(path: str) -> str:
    """Return the path as the media store knows it: `/sdcard/x` is `/storage/emulated/0/x`."""
    path = posixpath.normpath(path)
    for alias in _ALIASES:
        if path == alias or path.startswith(alias + "/"):
            return "/storage/emulated/0" + path[len(alias) :]
    return path


class FileSystem:
    """Files by canonical path. Folders come into being with their first file."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.sealed = False
        """Whether the shared storage is shut, as after a restart before the first unlock."""
        self._files: dict[str, File] = {}
        for folder in (
            "/",
            "/sdcard",
            "/data/local/tmp",
            "/sdcard/DCIM",
            "/sdcard/Movies",
            "/sdcard/Pictures",
        ):
            self.make_folder(folder, 0)

    @property
    def used_bytes(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size_bytes for file in self._files.values())

    @property
    def free_bytes(self) -> int:
        """Return how much still fits."""
        return max(self.capacity_bytes - self.used_bytes, 0)

    def get(self, path: str) -> File | None:
        """Return the file or folder, or None."""
        target = canonical(path)
        return None if self._is_shut(target) else self._files.get(target)

    def _is_shut(self, target: str) -> bool:
        return self.sealed and target.startswith("/storage/emulated/0")

    def write(self, path: str, data: bytes, mode: int, mtime_s: int) -> None:
        """Write a whole file.

        Raises:
            NoSpaceError: it does not fit.
            IsADirectoryError: there is a folder of that name.
            FileNotFoundError: the shared storage is shut.
        """
        target = canonical(path)
        if self._is_shut(target):
            raise FileNotFoundError(f"couldn't create file: No such file or directory: {path}")
        old = self._files.get(target)
        if old and old.mode & S_IFDIR:
            raise IsADirectoryError(f"{path}: Is a directory")
        if len(data) - (old.size_bytes if old else 0) > self.free_bytes:
            raise NoSpaceError(f"{path}: No space left on device")
        self.make_folder(posixpath.dirname(target), mtime_s)
        self._files[target] = File(S_IFREG | (mode & 0o777), mtime_s, Blob.of(data))

    def make_folder(self, path: str, mtime_s: int) -> None:
        """Make a folder and those above it."""
        target = canonical(path)
        while target not in self._files:
            self._files[target] = File(S_IFDIR | 0o771, mtime_s, _EMPTY)
            target = posixpath.dirname(target)

    def remove(self, path: str, *, recursive: bool = False) -> bool:
        """Remove a file, or a folder with all in it. Return whether it was there."""
        target = canonical(path)
        file = self._files.get(target)
        if file is None or (file.mode & S_IFDIR and not recursive):
            return False
        for name in [n for n in self._files if n == target or n.startswith(target + "/")]:
            del self._files[name]
        return True

    def listing(self, path: str) -> list[tuple[str, File]]:
        """Return (name, file) of what lies directly in a folder, by name."""
        prefix = canonical(path).rstrip("/") + "/"
        return sorted(
            (name[len(prefix) :], file)
            for name, file in self._files.items()
            if name.startswith(prefix) and name != prefix and "/" not in name[len(prefix) :]
        )

    def matches(self, pattern: str) -> bool:
        """Return whether a shell pattern fits the name of anything."""
        wanted = canonical(pattern)
        return any(fnmatch.fnmatchcase(name, wanted) for name in self._files)

    def paths(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder."""
        prefix = canonical(folder).rstrip("/") + "/"
        return [n for n, f in self._files.items() if n.startswith(prefix) and f.mode & S_IFREG]
