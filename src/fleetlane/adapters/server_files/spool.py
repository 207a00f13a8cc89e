"""Traces on a host: written to its own disk, and brought to the server behind the attempts."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from fleetlane.adapters.files import TraceFolder, is_trace_path
from fleetlane.adapters.private_files import make_private
from fleetlane.adapters.server_files.client import ServerFiles, ServerRefusedError
from fleetlane.core.errors import FleetlaneError

log = structlog.get_logger(__name__)

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 60.0
_NEVER = frozenset({400, 404, 409, 413, 415})
"""Answers by which a file is wanted by nobody: its task was deleted, or it is too large. Others may change."""


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """One writing of a file."""

    size_bytes: int


class SpooledTraces:
    """Takes the files of traces (`core.ports.report.TraceWriter`), and brings them to the server, oldest first.

    What a former run has left in the folder is brought as well. A server that is away is asked again, ever more
    rarely; meanwhile no more is kept than there is room for, and the oldest go first.

    Args:
        server: where they are brought.
        folder: made where it is not there.
        max_bytes: how much to keep.
    """

    def __init__(self, server: ServerFiles, folder: Path, max_bytes: int) -> None:
        make_private(folder)
        self._folder = TraceFolder(folder)
        self._server = server
        self._max_bytes = max_bytes
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, _Written] = OrderedDict()
        """What is to be brought, by path, oldest first."""
        self._bytes = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._bring_all, name="traces", daemon=True)
        self._find()

    def start(self) -> None:
        """Begin to bring them."""
        self._thread.start()

    def write(self, task_id: int, attempt: int, name: str, content: bytes) -> str:
        """Keep a file until the server has it, and return its path there."""
        with self._changed:
            relative = self._folder.write(task_id, attempt, name, content)
            self._note(relative, len(content))
            self._make_room()
            self._changed.notify_all()
        return relative

    def drained(self, timeout_s: float) -> bool:
        """Wait until the server has all of them, and return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def close(self) -> None:
        """Bring no more; what is left is brought after the next start."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _find(self) -> None:
        """Note what is there already, and remove what was half written."""
        found: list[tuple[int, str, int]] = []
        for folder, _, names in os.walk(self._folder.root):
            for path in (Path(folder, name) for name in names):
                relative = path.relative_to(self._folder.root).as_posix()
                if is_trace_path(relative):
                    about = path.stat()
                    found.append((about.st_mtime_ns, relative, about.st_size))
                else:
                    path.unlink()
        for _, relative, size in sorted(found):
            self._note(relative, size)
        self._make_room()

    def _note(self, relative: str, size: int) -> None:
        if (former := self._waiting.pop(relative, None)) is not None:
            self._bytes -= former.size_bytes
        self._waiting[relative] = _Written(size)
        self._bytes += size

    def _make_room(self) -> None:
        dropped = 0
        while self._bytes > self._max_bytes and self._waiting:
            self._forget(next(iter(self._waiting)))
            dropped += 1
        if dropped:
            log.warning("trace_files_dropped", files=dropped, max_bytes=self._max_bytes)

    def _forget(self, relative: str) -> None:
        self._bytes -= self._waiting.pop(relative).size_bytes
        path = self._folder.root / relative
        path.unlink(missing_ok=True)
        with suppress(OSError):  # other files are in them
            path.parent.rmdir()
            path.parent.parent.rmdir()

    def _bring_all(self) -> None:
        delay_s = _FIRST_DELAY_S
        while (relative := self._next()) is not None:
            try:
                self._bring(relative)
                delay_s = _FIRST_DELAY_S
            except (FleetlaneError, OSError) as error:
                log.warning("trace_files_wait", error=str(error), files=len(self._waiting), again_in_s=delay_s)
                self._closing.wait(delay_s)
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)

    def _next(self) -> str | None:
        """Return the oldest file as soon as there is one, None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            return None if self._closing.is_set() else next(iter(self._waiting))

    def _bring(self, relative: str) -> None:
        with self._changed:
            written = self._waiting.get(relative)
            content = self._folder.read(relative)
        if written is None:
            return  # there was no room for it
        if content is None:
            log.warning("trace_file_gone", file=relative)
        else:
            self._put(relative, content)
        with self._changed:
            if self._waiting.get(relative) is written:  # else another has taken its place meanwhile
                self._forget(relative)
            self._changed.notify_all()

    def _put(self, relative: str, content: bytes) -> None:
        try:
            self._server.put(f"/traces/{relative}", content)
        except ServerRefusedError as error:
            if error.status not in _NEVER:
                raise
            log.warning("trace_file_refused", file=relative, error=str(error))
