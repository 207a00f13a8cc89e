"""The trace of an attempt: its steps in the store, pictures and trees beside them.

A trace never fails a task: what cannot be kept is logged and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import structlog

from fleetlane.core.ports.attempts import Step
from fleetlane.core.ports.report import TraceWriter
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.storable import said_by, text
from fleetlane.core.task import Task

log = structlog.get_logger(__name__)
_LONGEST_NAME = 200


class AttemptTrace:
    """Keeps the steps of one attempt (`core.ports.report.Trace`). Writes are not waited for until `close`.

    `on_picture` is called with the serial and every picture.
    """

    def __init__(self, store: Store, files: TraceWriter, task: Task, on_picture: Callable[[str, bytes], None]) -> None:
        self._store = store
        self._files = files
        self._task = task
        self._on_picture = on_picture
        self._number = 0
        self._pending: list[Future[Any]] = []

    def add(
        self,
        name: str,
        detail: str,
        screen: str,
        started_ms: int,
        duration_ms: int,
        *,
        ok: bool,
        screenshot: bytes | None,
        tree: str | None,
        selectors: Sequence[str],
    ) -> None:
        """Keep one step."""
        self._number += 1
        if screenshot is not None and self._task.serial is not None:
            self._on_picture(self._task.serial, screenshot)
        step = Step(
            task_id=self._task.id,
            attempt=self._task.attempt,
            number=self._number,
            name=text(name, _LONGEST_NAME),
            detail=text(detail),
            screen=screen,
            started_ms=started_ms,
            duration_ms=duration_ms,
            ok=ok,
            screenshot=self._keep(f"{self._number:02d}.jpg", screenshot),
            tree=self._keep(f"{self._number:02d}.xml", text(tree, len(tree)).encode() if tree else None),
            selectors=tuple(selectors),
        )

        def store(repositories: Repositories) -> None:
            repositories.attempts.add_step(step)

        self._pending.append(self._store.submit(store))

    def _keep(self, name: str, content: bytes | None) -> str:
        if content is None:
            return ""
        try:
            return self._files.write(self._task.id, self._task.attempt, name, content)
        except OSError as error:
            log.warning("trace_file_not_kept", name=name, error=str(error))
            return ""

    def close(self) -> None:
        """Wait until every step is stored."""
        for pending in [*self._pending]:
            try:
                pending.result()
            except Exception as error:  # noqa: BLE001 - a trace never fails a task
                log.warning("trace_step_not_kept", error=said_by(error))
