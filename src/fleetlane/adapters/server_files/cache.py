"""Media of the server on a host: each once, under the hash of its content, and no more of it than there is room for."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from fleetlane.adapters.private_files import make_private
from fleetlane.adapters.server_files.client import Download, ServerAwayError, ServerFiles
from fleetlane.core.errors import TaskFailedError

log = structlog.get_logger(__name__)

Fetch = Callable[[int], AbstractContextManager[Download]]
"""Begins a download at a byte."""
_PART = ".part"
_CHUNK = 1024 * 1024
_MOST_WRONG = 2
_SLICE_S = 0.25


class FileCache:
    """Keeps files by content in a folder that is its own.

    Args:
        folder: made where it is not there; what a former run has kept counts.
        max_bytes: how much to keep. What attempts use is kept all the same.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        make_private(folder)
        self.folder = folder.resolve()
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._users: Counter[str] = Counter()
        self._fetching: dict[str, threading.Lock] = {}

    @contextmanager
    def held(self, must_go_on: Callable[[], None]) -> Generator[CacheHold]:
        """Return what fetches files for an attempt; they stay until the block ends (see `MediaAccess`)."""
        hold = CacheHold(self, must_go_on)
        try:
            yield hold
        finally:
            self._release(hold.keys)

    def use(self, key: str) -> threading.Lock:
        """Note that a file is used once more, until `held` ends, and return the lock under which it is fetched."""
        with self._lock:
            self._users[key] += 1
            return self._fetching.setdefault(key, threading.Lock())

    def trim(self) -> None:
        """Remove what was used longest ago, until the rest is no more than there is room for."""
        with self._lock:
            files = sorted(self._files(), key=lambda item: item[1].st_atime_ns)
            over = sum(about.st_size for _, about in files) - self._max_bytes
            for path, about in files:
                if over <= 0:
                    return
                if not self._users[path.name.removesuffix(_PART)]:
                    path.unlink(missing_ok=True)
                    over -= about.st_size
                    log.info("cached_file_removed", file=path.name, size_bytes=about.st_size)

    def _files(self) -> Generator[tuple[Path, os.stat_result]]:
        for entry in os.scandir(self.folder):
            try:
                yield Path(entry.path), os.lstat(entry.path)
            except FileNotFoundError:
                continue  # it was whole, and moved to its place

    def _release(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._users[key] -= 1
                if self._users[key] <= 0:
                    del self._users[key]
                    self._fetching.pop(key, None)
        self.trim()


class CacheHold:
    """Fetches files for one attempt, and holds them."""

    def __init__(self, cache: FileCache, must_go_on: Callable[[], None]) -> None:
        self._cache = cache
        self.must_go_on = must_go_on
        self.keys: list[str] = []
        """Which files it holds, each as often as it was asked for."""

    def place(self, key: str) -> Path:
        """Return where a file is, or would be."""
        return self._cache.folder / key

    def get(self, server: ServerFiles, key: str, digest: str, fetch: Fetch) -> Path:
        """Return a file, fetched when it is not there.

        Args:
            server: whose patience it is.
            key: its name: the hash of its content, and an ending.
            digest: that hash, SHA-256 in hex.
            fetch: begins to download it.

        Raises:
            ServerAwayError, ServerRefusedError: it cannot be fetched.
            TaskFailedError: `material_not_reached`: it cannot be kept on this computer.
        """
        path = self.place(key)
        with self._alone_with(key):
            try:
                if not path.is_file():
                    _Fetched(server, path, digest, fetch, self.must_go_on).fetch()
                os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            except OSError as error:
                why = error.strerror or str(error)
                raise TaskFailedError("material_not_reached", f"It cannot be kept on this computer: {why}.") from error
        self._cache.trim()
        return path

    @contextmanager
    def _alone_with(self, key: str) -> Generator[None]:
        """Hold a file, and wait until no other attempt fetches it."""
        self.keys.append(key)
        fetching = self._cache.use(key)
        while not fetching.acquire(timeout=_SLICE_S):
            self.must_go_on()
        try:
            yield
        finally:
            fetching.release()


class _Fetched:
    """One file on its way into the cache: written beside its place, checked, and moved there when it is whole."""

    def __init__(
        self, server: ServerFiles, path: Path, digest: str, fetch: Fetch, must_go_on: Callable[[], None]
    ) -> None:
        self._server = server
        self._path = path
        self._part = path.with_name(f"{path.name}{_PART}")
        self._digest = digest
        self._fetch = fetch
        self._sha = hashlib.sha256()
        self._must_go_on = must_go_on

    def fetch(self) -> None:
        """Bring it."""
        for _ in range(_MOST_WRONG):
            with self._part.open("a+b") as file:
                found = self._whole(file)
                file.flush()
                os.fsync(file.fileno())
            if found == self._digest:
                self._part.replace(self._path)
                return
            self._part.unlink()  # something else was begun there, or has come
        raise ServerAwayError("Its content is not the one that the server has named.")

    def _whole(self, file: BinaryIO) -> str:
        """Go on with what was written before until it is whole, and return the hash of all of it."""
        file.seek(0)
        self._sha = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            self._sha.update(chunk)
        if self._sha.hexdigest() != self._digest:
            self._server.patiently(lambda: self._pull(file), self._must_go_on)
        return self._sha.hexdigest()

    def _pull(self, file: BinaryIO) -> None:
        begin = file.seek(0, os.SEEK_END)
        has_come = False
        try:
            with self._fetch(begin) as download:
                if download.begin != begin:
                    file.truncate(0)
                    self._sha = hashlib.sha256()
                for chunk in download.chunks:
                    self._must_go_on()
                    file.write(chunk)
                    self._sha.update(chunk)
                    has_come = True
        except ServerAwayError as error:
            # A server that sends something, and breaks off, is not away: its patience begins anew.
            raise ServerAwayError(str(error), retry_after_s=error.retry_after_s, is_busy=has_come) from error
