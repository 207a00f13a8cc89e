"""The file in which a host remembers what it pressed (`core.ports.presses.PressLog`): a line of JSON for each phase."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import structlog

from fleetlane.adapters.private_files import make_private_file
from fleetlane.core.journal import Phase
from fleetlane.core.presses import Press

log = structlog.get_logger(__name__)

MOST_TASKS = 20_000
"""Of how many tasks it is remembered, those that pressed last."""
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)


class PressFile:
    """A press log in a file. `open` before use, `close` after.

    Args:
        path: the file; it is made when there is none.
        most: of how many tasks it is remembered.
    """

    def __init__(self, path: Path, most: int = MOST_TASKS) -> None:
        self._path = path
        self._most = most
        self._lock = threading.Lock()
        self._presses: dict[int, Press] = {}
        """By task, in the order in which they were noted."""
        self._lines = 0
        self._handle: int | None = None

    def open(self) -> None:
        """Read what is remembered. A line that was cut off with the computer tells of nothing that was pressed.

        Raises:
            OSError: the file cannot be read or written.
        """
        make_private_file(self._path)
        for press in self._read():
            self._keep(press)
        self._write_anew()

    def close(self) -> None:
        """Note nothing more."""
        with self._lock:
            self._let_go()

    def note(self, press: Press) -> None:
        """Remember how far an attempt has come; on the disk when it may be in doubt."""
        with self._lock:
            if self._handle is None:
                raise OSError("the press log is closed")
            self._append(self._handle, _line(press), to_disk=press.phase.in_doubt)
            self._keep(press)
            self._lines += 1
            if self._lines > 4 * self._most:
                self._tidy()

    @staticmethod
    def _append(handle: int, line: bytes, *, to_disk: bool) -> None:
        """Write a line whole, or leave the file as it was: what follows half a line could not be read, either."""
        end = os.fstat(handle).st_size
        try:
            _write_whole(handle, line)
            if to_disk:
                os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise

    def _tidy(self) -> None:
        """Leave out what is not remembered any more; a disk that has no room for that is asked again later."""
        try:
            self._write_anew()
        except OSError as error:
            log.warning("press_log_not_tidied", file=str(self._path), error=str(error))

    def of(self, task_id: int) -> Press | None:
        """Return how far the last attempt of a task came; None when it pressed nothing here."""
        return self._presses.get(task_id)

    def latest(self, most: int) -> Sequence[Press]:
        """Return what was noted last of so many tasks at most, oldest first."""
        with self._lock:
            return list(islice(self._presses.values(), max(len(self._presses) - most, 0), None))

    def _keep(self, press: Press) -> None:
        self._presses.pop(press.task_id, None)
        self._presses[press.task_id] = press
        if len(self._presses) > self._most:
            del self._presses[next(iter(self._presses))]

    def _read(self) -> Iterator[Press]:
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                self._lines += 1
                try:
                    yield _press(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    log.warning("press_line_not_read", file=str(self._path), line=self._lines)

    def _write_anew(self) -> None:
        """Leave out what is not remembered any more. When it fails, what there was goes on.

        Raises:
            OSError: the file cannot be written.
        """
        if self._lines > len(self._presses):
            fresh = self._path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            make_private_file(fresh)
            with fresh.open("wb") as file:
                file.writelines(map(_line, self._presses.values()))
                file.flush()
                os.fsync(file.fileno())
            self._let_go()  # on Windows no open file is replaced
            try:
                fresh.replace(self._path)
                self._lines = len(self._presses)
            finally:
                self._handle = os.open(self._path, _APPEND)
        elif self._handle is None:
            self._handle = os.open(self._path, _APPEND)

    def _let_go(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _write_whole(handle: int, line: bytes) -> None:
    if os.write(handle, line) != len(line):
        raise OSError(errno.ENOSPC, "there is no room for it")


def _line(press: Press) -> bytes:
    told = [press.task_id, press.attempt, press.batch_id, press.serial, press.phase.value, dict(press.facts)]
    return json.dumps(told, ensure_ascii=True).encode() + b"\n"


def _press(told: Any) -> Press:
    task_id, attempt, batch_id, serial, phase, facts = cast("list[Any]", told)
    return Press(int(task_id), int(attempt), str(batch_id), str(serial), Phase.of(phase), dict(facts))
