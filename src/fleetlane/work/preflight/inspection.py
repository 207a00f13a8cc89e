"""Looking at the files of tasks beforehand: off the event loop, bounded in time, only where files may be opened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fleetlane.core.folders import AllowedFolders
from fleetlane.core.message import Message
from fleetlane.core.ports.media import Inspected, MediaInspector
from fleetlane.scripts.local_media import LocalMedia

MISSING = "%(file)s is not there, or cannot be read"
OUTSIDE = (
    "%(file)s lies outside the folders that media may be opened in; to allow its folder, run: "
    "fleetlane config allow FOLDER (setting material_roots)"
)
SENTENCES = (MISSING, OUTSIDE)
_AT_ONCE = 4
_ALL_OF_IT = 6
"""How many times the limit of one file all files of a request may take."""
_GRACE_S = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one file: what it is, or why it cannot be used; neither when there was no time to find out."""

    found: Inspected | None = None
    problem: Message | None = None


class Inspection:
    """Looks at files.

    Args:
        inspector: knows what a file is.
        folders: where files may be opened.
        limit_s: how long a first look at one file may last.
    """

    def __init__(self, inspector: MediaInspector, folders: AllowedFolders, limit_s: float) -> None:
        self._inspector = inspector
        self.folders = folders
        self.media = LocalMedia(folders, inspector)
        self.limit_s = limit_s
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="file look")

    async def look(self, paths: Collection[str]) -> Mapping[str, Look]:
        """Look at files, by their paths as they are written."""
        until_s = time.monotonic() + _ALL_OF_IT * self.limit_s
        distinct = list(dict.fromkeys(paths))
        looks = await asyncio.gather(*(self._within(self.at, path, until_s=until_s) for path in distinct))
        return {path: look or Look() for path, look in zip(distinct, looks, strict=True)}

    async def call(self, work: Callable[[], T]) -> T | None:
        """Run something that reads folders; None when it takes too long."""
        return await self._within(lambda _text: work(), "", until_s=time.monotonic() + _ALL_OF_IT * self.limit_s)

    async def _within(self, work: Callable[[str], T], text: str, *, until_s: float) -> T | None:
        """Run blocking work off the event loop; None when the time is over, though its thread may still go on."""
        slot = asyncio.get_running_loop().run_in_executor(self._threads, work, text)
        try:
            return await asyncio.wait_for(slot, max(0.0, until_s - time.monotonic()) + _GRACE_S)
        except TimeoutError:
            return None

    def at(self, text: str) -> Look:
        """Look at one file. Blocking."""
        try:
            real = self.real_path(text)
            if real is None:
                return Look(problem=Message(OUTSIDE, {"file": shown(text)}))
            if not real.is_file():
                raise FileNotFoundError(text)
            return Look(found=self._inspector.inspect(real, self.limit_s))
        except TimeoutError:
            return Look()
        except (OSError, ValueError, RuntimeError):
            return Look(problem=Message(MISSING, {"file": shown(text)}))

    def real_path(self, text: str) -> Path | None:
        """Return what a path means, links resolved; None when it lies outside, whether or not it is there.

        Raises:
            OSError, ValueError, RuntimeError: it means nothing.
        """
        real = Path(text).expanduser().resolve()
        return real if self.folders.allow(real) else None

    def close(self) -> None:
        """Look no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def shown(text: str) -> str:
    """Return a path as sentences show it."""
    return text if len(text) <= 200 else f"{text[:100]}…{text[-99:]}"
