"""One task: what it is, what it did step by step, and what can be done with it."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.outcome import PublishState
from fleetlane.dashboard.page import N_, PageRoute, render, sent_to, told, translated
from fleetlane.http.services import Wired
from fleetlane.http.task_models import TaskId
from fleetlane.http.traces import file_response

router = APIRouter(prefix="/tasks/{task_id}", route_class=PageRoute)


@router.get("")
async def show_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Show a task."""
    shown = await services.desk.task(task_id)
    steps = (await services.desk.trace(task_id)).steps
    attempts = [(number, list(of_attempt)) for number, of_attempt in groupby(steps, key=lambda step: step.attempt)]
    return render(
        request,
        "task.html",
        shown=shown,
        task=shown.task,
        attempts=attempts[::-1],
        is_unknown=shown.task.outcome == PublishState.UNKNOWN.value,
    )


@router.get("/trace/files/{attempt}/{name}")
async def trace_file(task_id: TaskId, attempt: int, name: str, services: Wired) -> Response:
    """Return a picture or UI tree of the task's trace."""
    return file_response(name, await services.traces.file(task_id, attempt, name))


@router.post("/stop")
async def stop_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Stop the task."""
    await services.changes.stop(task_id)
    return told(request, translated(request, N_("The task is stopped.")), changed=True)


@router.post("/retry")
async def retry_task(
    request: Request, task_id: TaskId, services: Wired, force: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """Let the task wait again."""
    await services.changes.retry(task_id, force=force)
    return told(request, translated(request, N_("The task waits again.")), changed=True)


@router.post("/delete")
async def delete_task(task_id: TaskId, services: Wired) -> Response:
    """Delete the task, and go back to the list."""
    await services.changes.delete(task_id)
    return sent_to("/tasks")
