"""One task: what it is, what it did step by step, and what can be done with it."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import RepeatError
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.attempts import Attempt, Step
from fleetlane.dashboard.new_task import instant_of
from fleetlane.dashboard.page import N_, PageRoute, redirect, render, toast, translate_text
from fleetlane.web.downloads import trace_file_response
from fleetlane.web.parameters import TaskId
from fleetlane.web.wiring import Wired
from fleetlane.work.tasks.patching import Patch
from fleetlane.work.tasks.queries import Trace

router = APIRouter(prefix="/tasks/{task_id}", route_class=PageRoute)


@router.get("")
async def show_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Show a task."""
    trace = await services.queries.trace(task_id)
    shown = await services.queries.shown(trace.task)
    return render(
        request,
        "task.html",
        shown=shown,
        task=shown.task,
        attempts=_attempts(trace),
        zone=str(services.zone),
        is_unknown=shown.task.outcome == PublishState.UNKNOWN.value,
    )


def _attempts(trace: Trace) -> list[tuple[Attempt, list[Step]]]:
    """Return the attempts with their steps, the latest attempt first."""
    steps: defaultdict[int, list[Step]] = defaultdict(list)
    for step in trace.steps:
        steps[step.attempt].append(step)
    return [(attempt, steps[attempt.number]) for attempt in reversed(trace.attempts)]


@router.get("/trace/files/{attempt}/{name}")
async def trace_file(task_id: TaskId, attempt: int, name: str, services: Wired) -> Response:
    """Return a picture or UI tree of the task's trace."""
    return trace_file_response(name, await services.traces.file(task_id, attempt, name))


@router.get("/trace.zip")
async def trace_bundle(task_id: TaskId, services: Wired, redact: Annotated[bool, Query()] = False) -> Response:
    """Return the trace as a file to hand to somebody, with or without personal text."""
    content = await services.traces.bundle(task_id, redact=redact)
    name = f"trace-{task_id}{'-redacted' if redact else ''}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/resolve")
async def resolve_task(
    request: Request, task_id: TaskId, services: Wired, published: Annotated[bool, Form()]
) -> HTMLResponse:
    """Take a person's word for what became of the post."""
    await services.changes.resolve(task_id, published=published)
    sentence = N_("Noted: it went out.") if published else N_("Noted: it did not go out. It can be retried.")
    return toast(request, translate_text(request, sentence), changed=True)


@router.post("/stop")
async def stop_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Stop the task."""
    done = await services.changes.stop(task_id)
    undo = services.undo.keep([done] if done else [])
    return toast(request, translate_text(request, N_("The task is stopped.")), changed=True, undo=undo)


@router.post("/retry")
async def retry_task(
    request: Request,
    task_id: TaskId,
    services: Wired,
    force: Annotated[bool, Form()] = False,
    allow_repeat: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Let the task wait again; what would be a repeat is asked about first."""
    try:
        done = await services.changes.retry(task_id, force=force, allow_repeat=allow_repeat)
    except RepeatError as error:
        sentence = translate_text(request, N_("Task %(id)s has published the same for this target, or will."))
        again = {"force": force, "allow_repeat": True}
        return toast(request, sentence % {"id": error.task_id}, failed=True, again=again)
    undo = services.undo.keep([done])
    return toast(request, translate_text(request, N_("The task waits again.")), changed=True, undo=undo)


@router.post("/start")
async def start_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Let the task begin now."""
    await services.decisions.start(task_id)
    return toast(
        request, translate_text(request, N_("It is due now, and begins as soon as its phone is free.")), changed=True
    )


@router.post("/move")
async def move_task(
    request: Request,
    task_id: TaskId,
    services: Wired,
    day: Annotated[str, Form(max_length=20)] = "",
    time: Annotated[str, Form(max_length=20)] = "",
) -> HTMLResponse:
    """Give the task another start time, in the server's zone."""
    start_at = instant_of(day, time, services)
    await services.patching.patch(task_id, Patch(given={"start_at"}, start_at=start_at))
    return toast(request, translate_text(request, N_("The task has a new start time.")), changed=True)


@router.post("/dismiss")
async def dismiss_task(request: Request, task_id: TaskId, services: Wired) -> HTMLResponse:
    """Take the task off the list of those that need a person."""
    await services.decisions.dismiss(task_id)
    return toast(request, translate_text(request, N_("It is off the list.")), changed=True)


@router.post("/delete")
async def delete_task(task_id: TaskId, services: Wired) -> Response:
    """Delete the task, and go back to the list."""
    await services.changes.delete(task_id)
    return redirect("/tasks")
