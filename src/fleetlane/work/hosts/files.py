"""Files for hosts: the media that their attempts publish, and the traces that they bring.

A path of a task means the server's folders whichever computer the phone hangs on: what may be read is decided here.
"""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Callable, Collection
from io import BufferedReader
from typing import TypeVar

from fleetlane.core.errors import NotFoundError, ServerBusyError, StoreFullError
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.library import MaterialReader
from fleetlane.core.ports.report import TraceWriter
from fleetlane.core.ports.sources import FolderListing, LookedAt
from fleetlane.core.ports.store import Store
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.work.preflight.inspection import Inspection

_MATERIAL = re.compile(r"([0-9a-f]{64})\.[a-z0-9]{1,5}")
T = TypeVar("T")


class HostFiles:
    """Gives files to hosts, and takes theirs.

    Args:
        store: knows which attempts there are.
        media: the files that tasks name. Its looks must be bounded in time.
        looks: runs what reads folders, so that one that hangs holds up nothing else.
        library: the files of the library.
        traces: keeps traces.
    """

    def __init__(
        self, store: Store, media: LocalMedia, looks: Inspection, library: MaterialReader, traces: TraceWriter
    ) -> None:
        self._store = store
        self._media = media
        self._looks = looks
        self._library = library
        self._traces = traces

    async def listing(self, folder: str, beginning: str, endings: Collection[str]) -> FolderListing:
        """Return what lies in a folder (`core.ports.sources.MediaFiles`).

        Raises (this and what follows): TaskFailedError, as there; ServerBusyError: it takes long, ask again.
        """
        return await self._read(lambda: self._media.listing(folder, beginning=beginning, endings=endings))

    async def look(self, path: str, endings: Collection[str]) -> LookedAt:
        """Look at a file. Who asks again gets the answer of a look that went on."""
        return await self._read(lambda: self._media.look(path, endings))

    async def text(self, folder: str, name: str, most_bytes: int) -> bytes | None:
        """Return how a file of a folder begins; None when there is none of that name."""
        return await self._read(lambda: self._media.text(folder, name, most_bytes))

    async def opened(self, path: str) -> BufferedReader:
        """Open a file. The caller closes it."""
        return await self._read(lambda: self._media.opened(path))

    async def material(self, name: str) -> tuple[BufferedReader, str]:
        """Open a file of the library, and return with it the hash of its content. The caller closes it.

        Raises:
            NotFoundError: there is none of that name.
        """
        found = _MATERIAL.fullmatch(name)
        if found is None:
            raise NotFoundError("material", name[:100])
        try:
            return await asyncio.to_thread(open_regular, self._library.path(name)), found[1]
        except OSError as error:
            raise NotFoundError("material", name) from error

    async def keep_trace(self, task_id: int, attempt: int, name: str, content: bytes) -> None:
        """Keep a file of an attempt's trace, in the place of one of that name.

        Raises:
            NotFoundError: there is no such attempt, or no more: the file is wanted by nobody.
            StoreFullError: the disk is full.
        """
        attempts = await self._store.read(lambda repositories: repositories.attempts.attempts(task_id))
        if not any(one.number == attempt for one in attempts):
            raise NotFoundError("attempt", f"{attempt} of task {task_id}")
        try:
            await asyncio.to_thread(self._traces.write, task_id, attempt, name, content)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise StoreFullError("The disk is full; the file was not kept.") from error
            raise

    async def _read(self, work: Callable[[], T]) -> T:
        try:
            done = await self._looks.call(lambda: (work(),))
        except TimeoutError:
            done = None
        if done is None:
            raise ServerBusyError("The file is still looked at. Ask again.")
        return done[0]
