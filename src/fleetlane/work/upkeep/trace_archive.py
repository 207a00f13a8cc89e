"""The files of traces: each picture and tree, or all of a task as one zip to hand to somebody."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fleetlane import __version__
from fleetlane.core.errors import NotFoundError
from fleetlane.core.ports.report import TraceFiles
from fleetlane.core.screens.redaction import redacted_tree
from fleetlane.work.tasks.queries import TaskQueries, Trace

# Fields that never hold what a person wrote, or who he is; all others are left out when redacting.
_TASK = (
    "id",
    "script_name",
    "status",
    "created_ms",
    "due_ms",
    "scheduled_ms",
    "started_ms",
    "ended_ms",
    "attempt",
    "retry_count",
    "stop_requested",
    "error_code",
    "outcome",
    "platform",
)
_ATTEMPT = ["number", "phase", "reached", "started_ms", "ended_ms", "error_code"]
_STEP = ["attempt", "number", "name", "screen", "started_ms", "duration_ms", "ok", "tree", "selectors"]


class Traces:
    """Hands out the files of traces: one of them, or all of a task as a bundle.

    Args:
        desk: for the trace.
        files: the pictures and trees.
    """

    def __init__(self, desk: TaskQueries, files: TraceFiles) -> None:
        self._desk = desk
        self._files = files

    async def bundle(self, task_id: int, *, redact: bool) -> bytes:
        """Return a task's trace as a zip: `trace.json`, and the files as `ATTEMPT/NAME`.

        Redacted, it has no pictures, no captions, no names of accounts, files or devices, and trees without texts.

        Raises:
            NotFoundError: there is no such task.
        """
        trace = await self._desk.trace(task_id)
        return await asyncio.to_thread(self._pack, trace, redact=redact)

    async def file(self, task_id: int, attempt: int, name: str) -> bytes:
        """Return a picture or tree that a step of the task names. Only what the store names is ever looked for.

        Raises:
            NotFoundError: there is no such task, no step names it, or it is not kept any more.
        """
        wanted = f"{task_id}/{attempt}/{name}"
        trace = await self._desk.trace(task_id)
        named = any(wanted in (step.screenshot, step.tree) for step in trace.steps)
        content = await asyncio.to_thread(self._files.read, wanted) if named else None
        if content is None:
            raise NotFoundError("trace file", wanted)
        return content

    def _pack(self, trace: Trace, *, redact: bool) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
            described = json.dumps(_described(trace, redact=redact), indent=1, ensure_ascii=False)
            bundle.writestr("trace.json", described)
            for step in trace.steps:
                for file in (step.screenshot, step.tree):
                    kept = self._content(file, redact=redact) if file else None
                    if kept is not None:
                        bundle.writestr(file.partition("/")[2], kept)
        return content.getvalue()

    def _content(self, file: str, *, redact: bool) -> bytes | None:
        """Return what a file adds to a bundle, None when it is to be left out."""
        content = self._files.read(file)
        if content is None or not redact:
            return content
        if not file.endswith(".xml"):
            return None
        try:
            return redacted_tree(content.decode()).encode()
        except ValueError:
            return None  # what cannot be read cannot be redacted


def _described(trace: Trace, *, redact: bool) -> dict[str, Any]:
    task, attempts, steps = asdict(trace.task), map(asdict, trace.attempts), map(asdict, trace.steps)
    return {
        "fleetlane": __version__,
        "redacted": redact,
        "task": _only(task, _TASK) if redact else task,
        "attempts": [_only(attempt, _ATTEMPT) if redact else attempt for attempt in attempts],
        "steps": [_only(step, _STEP) if redact else step for step in steps],
    }


def _only(fields: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names}
