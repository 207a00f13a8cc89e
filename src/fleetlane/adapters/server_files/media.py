"""Media of the server for attempts on a host (`core.ports.sources`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from fleetlane.adapters.server_files.cache import CacheHold, FileCache
from fleetlane.adapters.server_files.client import Params, ServerAwayError, ServerFiles, ServerRefusedError
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.leftovers import Leftover
from fleetlane.core.media.files import KIND_OF_ENDING, MediaKind
from fleetlane.core.ports.media import Inspected
from fleetlane.core.ports.sources import AttemptMedia, FolderEntry, FolderListing, LookedAt

_NOT_FOUND = 404
_MATERIAL = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,5}")
T = TypeVar("T")


class ServerMedia:
    """The files of a server that tasks name (`core.ports.sources.MediaFiles`), for one attempt.

    Args:
        server: has them.
        hold: keeps what is fetched of them.
    """

    def __init__(self, server: ServerFiles, hold: CacheHold) -> None:
        self._server = server
        self._hold = hold

    def listing(self, folder: str, *, beginning: str = "", endings: Collection[str] = ()) -> FolderListing:
        """Return what lies in a folder."""
        found = self._ask("/listing", {"folder": folder, "beginning": beginning, "ending": list(endings)})
        with _understood():
            return FolderListing(found["path"], [_entry(entry) for entry in found["entries"]])

    def text(self, folder: str, name: str, most_bytes: int) -> bytes | None:
        """Return how a file of a folder begins."""
        params: Params = {"folder": folder, "name": name, "most": most_bytes}
        try:
            return self._patiently(lambda: self._server.read("/text", params))
        except _NotThereError:
            return None

    def look(self, path: str, endings: Collection[str] = ()) -> LookedAt:
        """Look at a file."""
        found = self._ask("/look", {"path": path, "ending": list(endings)})
        with _understood():
            return LookedAt(found["path"], found["name"], _inspected(found["found"]) if found["found"] else None)

    def local(self, looked_at: LookedAt) -> Path:
        """Return where the content of a file is, after it was fetched."""
        assert looked_at.found is not None
        digest, ending = looked_at.found.sha256, PurePosixPath(looked_at.name).suffix.lower()
        if ending not in KIND_OF_ENDING or not _MATERIAL.fullmatch(key := f"{digest}{ending}"):
            raise TaskFailedError("media_invalid", f"{looked_at.name} is no media that can be fetched.")
        fetch = partial(self._server.download, "/content", {"path": looked_at.path})
        with _reached():
            return self._hold.get(self._server, key, digest, fetch)

    def _ask(self, path: str, params: Params) -> Any:
        return self._patiently(lambda: self._server.ask(path, params))

    def _patiently(self, call: Callable[[], T]) -> T:
        with _reached():
            return self._server.patiently(call, self._hold.must_go_on)


class CachedMaterials:
    """The files of a server's library (`core.ports.library.MaterialReader`), for one attempt.

    Args:
        server: has them.
        hold: keeps what is fetched of them.
    """

    def __init__(self, server: ServerFiles, hold: CacheHold) -> None:
        self._server = server
        self._hold = hold

    def path(self, file: str) -> Path:
        """Return where a file of the library is, after it was fetched. Nothing is there when the server has none."""
        found = _MATERIAL.fullmatch(file)
        if found is None:
            raise TaskFailedError("media_missing", f"{file[:100]!r} is no file of the library.")
        fetch = partial(self._server.download, f"/materials/{file}", None)
        try:
            with _reached():
                return self._hold.get(self._server, file, found[1], fetch)
        except _NotThereError:
            return self._hold.place(file)


class ServerMediaAccess:
    """Lets attempts on a host read media of its server (`core.ports.sources.MediaAccess`)."""

    def __init__(self, server: ServerFiles, cache: FileCache) -> None:
        self._server = server
        self._cache = cache

    @contextmanager
    def attempt(self, must_go_on: Callable[[], None]) -> Generator[AttemptMedia]:
        """Return what an attempt reads; it stays in the cache until the block ends."""
        with self._cache.held(must_go_on) as hold:
            yield AttemptMedia(ServerMedia(self._server, hold), CachedMaterials(self._server, hold))


class _NotThereError(TaskFailedError):
    """The server has no such file."""


@contextmanager
def _reached() -> Generator[None]:
    """Say with an error code of tasks why something was not got from the server."""
    try:
        yield
    except ServerAwayError as error:
        raise TaskFailedError("material_not_reached", str(error)) from error
    except ServerRefusedError as error:
        if error.error_code is not None:
            raise TaskFailedError(error.error_code, str(error)) from error
        kind = _NotThereError if error.status == _NOT_FOUND else TaskFailedError
        raise kind("material_not_reached", str(error)) from error


@contextmanager
def _understood() -> Generator[None]:
    """Read an answer; a server of another version may say something else."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise TaskFailedError("material_not_reached", "The server's answer is none that this version knows.") from error


def _entry(said: dict[str, Any]) -> FolderEntry:
    passed_over = said["passed_over"]
    over = None if passed_over is None else Leftover(passed_over)
    return FolderEntry(str(said["name"]), str(said["path"]), bool(said["is_folder"]), over)


def _inspected(said: dict[str, Any]) -> Inspected:
    kind = said["kind"]
    fields: dict[str, Any] = {**said, "kind": None if kind is None else MediaKind(kind)}
    return Inspected(**fields)
