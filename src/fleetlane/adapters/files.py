"""Files under the data directory: traces, and the library's media by content."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from fleetlane.core.errors import StoreFullError
from fleetlane.core.names import TRACE_FILE_NAME
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.library import ReceivedFile
from fleetlane.core.ports.media import MediaInspector

_CHUNK = 1024 * 1024
_INCOMING = ".incoming-"
_OURS = re.compile(rf"[0-9]{{1,19}}/[0-9]{{1,9}}/{TRACE_FILE_NAME.pattern}")
_SUFFIXES = {"video/mp4": ".mp4", "image/jpeg": ".jpg", "image/png": ".png"}


def is_trace_path(relative: str) -> bool:
    """Return whether a path is one that the writing of a trace's file gives."""
    return _OURS.fullmatch(relative) is not None


class TraceFolder:
    """Keeps the files of traces below one folder: `TASK/ATTEMPT/NAME` (`core.ports.report.TraceFiles`)."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def write(self, task_id: int, attempt: int, name: str, content: bytes) -> str:
        """Keep a file, and return its path relative to the folder, with `/`."""
        relative = f"{task_id}/{attempt}/{name}"
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_INCOMING)
        with ExitStack() as undo:
            undo.callback(Path(temporary).unlink)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
            undo.pop_all()
        return relative

    def read(self, relative: str) -> bytes | None:
        """Return a file by the path that `write` gave; None when it is not there any more, or `write` gave no such."""
        if not is_trace_path(relative):  # the row may come from a backup that somebody else has made
            return None
        try:
            with open_regular(self.root / relative) as file:
                return file.read()
        except OSError:
            return None

    def sizes(self) -> dict[int, int]:
        """Return how many bytes the files of each task take."""
        found: dict[int, int] = {}
        for folder, _, names in os.walk(self.root):
            parts = Path(folder).relative_to(self.root).parts
            if parts and parts[0].isdecimal():
                sizes = (_size(Path(folder) / name) for name in names)
                found[int(parts[0])] = found.get(int(parts[0]), 0) + sum(sizes)
        return found

    def forget(self, task_id: int) -> None:
        """Remove the files of a task."""
        shutil.rmtree(self.root / str(task_id), ignore_errors=True)


class MaterialFolder:
    """Keeps media in one folder, each under the hash of its content (`core.ports.library.MaterialFiles`).

    Args:
        root: the folder.
        inspector: says what a file is.
    """

    def __init__(self, root: Path, inspector: MediaInspector) -> None:
        self._root = root.resolve()
        self._inspector = inspector

    def receive(self, source: BinaryIO) -> ReceivedFile:
        """Copy a stream beside the library and look at its content."""
        handle, name = tempfile.mkstemp(dir=self._root, prefix=_INCOMING)
        temporary = Path(name)
        with ExitStack() as undo:
            undo.callback(temporary.unlink)
            with _full_disk(), os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
            received = ReceivedFile(temporary, self._inspector.inspect(temporary))
            undo.pop_all()
        return received

    def sweep(self) -> int:
        """Remove what uploads left behind that were cut off with the server, and return how many files that were.

        To be called while nothing is received.
        """
        left = list(self._root.glob(f"{_INCOMING}*"))
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def keep(self, received: ReceivedFile) -> str:
        """Move a received file without a problem into the library, and return its name there."""
        name = f"{received.seen.sha256}{_SUFFIXES[received.seen.mime_type]}"
        received.temporary.replace(self._root / name)
        return name

    def drop(self, received: ReceivedFile) -> None:
        """Remove a received file that is not kept."""
        received.temporary.unlink(missing_ok=True)

    def forget(self, file: str) -> None:
        """Remove a file of the library."""
        self.path(file).unlink(missing_ok=True)

    def path(self, file: str) -> Path:
        """Return where a file of the library is."""
        return self._root / file


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it went while we looked


@contextmanager
def _full_disk() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFullError("The disk is full; the file was not kept.") from error
        raise
