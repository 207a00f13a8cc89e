"""What keeps files: those of traces, and the library's. A new one is a line in each table."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.server_files.cache import FileCache
from fleetlane.adapters.server_files.client import nothing_ends
from fleetlane.adapters.server_files.media import ServerMediaAccess
from fleetlane.adapters.server_files.spool import SpooledTraces
from support.host_server import HostServer, server_files

_ROOM = 2**30


@contextmanager
def _traces_in_a_folder(folder: Path):
    yield TraceFolder(folder)


class _TracesOfAHost:
    """Written on a host, and read where the server keeps them."""

    def __init__(self, spool: SpooledTraces, kept: TraceFolder) -> None:
        self._spool = spool
        self.read, self.forget, self.sizes = kept.read, kept.forget, kept.sizes

    def write(self, task_id, attempt, name, content):
        relative = self._spool.write(task_id, attempt, name, content)
        assert self._spool.drained(30)
        return relative


@contextmanager
def _traces_of_a_host(folder: Path):
    with HostServer(folder / "server") as server, server_files(server) as files:
        spool = SpooledTraces(files, folder / "spool", _ROOM)
        spool.start()
        yield _TracesOfAHost(spool, server.traces)
        spool.close()


@contextmanager
def _materials_in_a_folder(folder: Path):
    yield MaterialFolder(folder, FileInspector())


class _LibraryOfAHost:
    """Filled on the server, and read on a host. Nobody tells a host what was forgotten: its cache is emptied here."""

    def __init__(self, kept: MaterialFolder, read, cache: Path) -> None:
        self.receive, self.keep, self.drop, self.sweep = kept.receive, kept.keep, kept.drop, kept.sweep
        self._kept = kept
        self.path = read.path
        self._cache = cache

    def forget(self, file):
        self._kept.forget(file)
        (self._cache / file).unlink(missing_ok=True)


@contextmanager
def _materials_of_a_host(folder: Path):
    cache = FileCache(folder / "cache", _ROOM)
    with (
        HostServer(folder / "server") as server,
        server_files(server) as files,
        ServerMediaAccess(files, cache).attempt(nothing_ends) as media,
    ):
        yield _LibraryOfAHost(server.library, media.library, cache.folder)


TRACE_FILES = {"folder": _traces_in_a_folder, "host": _traces_of_a_host}
MATERIAL_FILES = {"folder": _materials_in_a_folder, "host": _materials_of_a_host}
"""Each makes its own below an empty folder, for a block; made again there it is what is found after a restart."""
