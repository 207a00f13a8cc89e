"""Routes of traces: what a task did, step by step, with its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from fleetlane.core.ports.attempts import Attempt, Step
from fleetlane.core.schedule import rfc3339
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.web.downloads import trace_file_response
from fleetlane.web.parameters import LARGEST_ID, TaskId
from fleetlane.web.wiring import Wired
from fleetlane.work.tasks.queries import Trace

_ZIP = "application/zip"
_BINARY = {"schema": {"type": "string", "format": "binary"}}


class StepView(BaseModel):
    """One thing an attempt did."""

    attempt: int = Field(description="Number of the attempt, from 1", examples=[1])
    number: int = Field(description="Number of the step in its attempt, from 1", examples=[7])
    name: str = Field(description="What was done", examples=["press Post"])
    detail: str = Field(description="How, in words; may be empty", examples=[""])
    screen: str = Field(description="App and screen at the end of the step", examples=["tiktok post"])
    started_at: str = Field(description="When it began; RFC 3339", examples=["2026-11-21T14:30:20.100+08:00"])
    duration_ms: int = Field(description="How long it took", examples=[840])
    ok: bool = Field(description="False: it failed, and with it the attempt", examples=[True])
    screenshot: str = Field(
        description="Path of the picture on this server; empty: none",
        examples=["/api/v1/task/101/trace/files/1/07.jpg"],
    )
    selectors: list[str] = Field(
        description="By what the nodes that were tapped were found, in order: element of the screen pack, and how",
        examples=[["post_button by text (1 of 2)"]],
    )
    tree: str = Field(
        description="Path of the UI tree, when the step failed; empty: none",
        examples=[""],
    )


class ReachedView(BaseModel):
    """A phase of the publish journal."""

    phase: str = Field(description="Its name", examples=["armed"])
    at: str = Field(description="When it was reached; RFC 3339", examples=["2026-11-21T14:30:20.100+08:00"])


class AttemptView(BaseModel):
    """One run of a task, and its publish journal."""

    number: int = Field(description="Its number, from 1", examples=[1])
    serial: str = Field(description="The device it ran on", examples=["R58N12ABCDE"])
    started_at: str = Field(description="When it began; RFC 3339", examples=["2026-11-21T14:30:00.120+08:00"])
    ended_at: str | None = Field(
        description="When it ended; RFC 3339; null: it runs", examples=["2026-11-21T14:30:41.820+08:00"]
    )
    error_code: str | None = Field(description="Why it failed, as a stable word", examples=[None])
    phase: str = Field(
        description="How far it came with its post: none, at_risk, prepared, armed, tapped, published, not_published "
        "or unknown",
        examples=["published"],
    )
    phases: list[ReachedView] = Field(description="When it reached each phase, in order")
    facts: dict[str, Any] = Field(
        description="What the journal notes of the post; person_says is what a person answered",
        examples=[{"account": "shop_one", "evidence": "the profile shows it"}],
    )


class TraceView(BaseModel):
    """What a task did."""

    task_id: int = Field(description="Its id", examples=[101])
    attempts: list[AttemptView] = Field(description="Its runs, in order")
    steps: list[StepView] = Field(description="Its steps, in order")


router = api_router("/task", "tasks", StrictJsonRoute)


@router.get(
    "/{task_id}/trace",
    response_model=Envelope[TraceView],
    responses=documented(40001, 40401, 50301),
    summary="Get a task's trace",
)
async def get_trace(task_id: TaskId, services: Wired, request: Request) -> dict[str, Any]:
    """Return what the task did, step by step, attempt by attempt, with the journal of each attempt."""
    return success(_trace_view(await services.queries.trace(task_id), services.zone, request.app.url_path_for))


@router.get(
    "/{task_id}/trace/bundle",
    responses={
        200: {
            "description": "The trace as a zip: trace.json, pictures and UI trees",
            "content": {_ZIP: _BINARY},
        },
        **documented(40001, 40401, 50301),
    },
    summary="Get a task's trace as a file",
    response_class=Response,
)
async def get_trace_bundle(
    task_id: TaskId,
    services: Wired,
    redact: Annotated[
        bool, Query(description="Leave out pictures, captions, names and texts of trees, to hand it to others")
    ] = False,
) -> Response:
    """Return the trace as a file to hand to somebody."""
    content = await services.traces.bundle(task_id, redact=redact)
    headers = {"Content-Disposition": f'attachment; filename="trace-{task_id}.zip"'}
    return Response(content, media_type=_ZIP, headers=headers)


@router.get(
    "/{task_id}/trace/files/{attempt}/{name}",
    responses={
        200: {
            "description": "A picture as JPEG, or a UI tree as text",
            "content": {"image/jpeg": _BINARY, "text/plain": {"schema": {"type": "string"}}},
        },
        **documented(40001, 40401, 50301),
    },
    summary="Get a file of a task's trace",
    response_class=Response,
)
async def get_trace_file(
    task_id: TaskId,
    attempt: Annotated[int, Path(ge=1, le=LARGEST_ID, description="Number of the attempt, from 1")],
    name: Annotated[str, Path(description="Its name, as a step's screenshot or tree ends", examples=["07.jpg"])],
    services: Wired,
) -> Response:
    """Return a picture or tree that a step of the trace names, while it is kept."""
    return trace_file_response(name, await services.traces.file(task_id, attempt, name))


def _trace_view(trace: Trace, zone: tzinfo, path_for: Callable[..., str]) -> TraceView:
    return TraceView(
        task_id=trace.task.id,
        attempts=[_attempt_view(attempt, zone) for attempt in trace.attempts],
        steps=[_step_view(step, zone, path_for) for step in trace.steps],
    )


def _attempt_view(attempt: Attempt, zone: tzinfo) -> AttemptView:
    reached = sorted(attempt.reached.items(), key=lambda item: item[1])
    return AttemptView(
        number=attempt.number,
        serial=attempt.serial,
        started_at=rfc3339(attempt.started_ms, zone),
        ended_at=None if attempt.ended_ms is None else rfc3339(attempt.ended_ms, zone),
        error_code=attempt.error_code,
        phase=attempt.phase.value,
        phases=[ReachedView(phase=phase.value, at=rfc3339(at_ms, zone)) for phase, at_ms in reached],
        facts=dict(attempt.facts),
    )


def _step_view(step: Step, zone: tzinfo, path_for: Callable[..., str]) -> StepView:
    def path(file: str) -> str:
        if not file:
            return ""
        task_id, attempt, name = file.split("/")
        return path_for(get_trace_file.__name__, task_id=task_id, attempt=attempt, name=name)

    return StepView(
        attempt=step.attempt,
        number=step.number,
        name=step.name,
        detail=step.detail,
        screen=step.screen,
        started_at=rfc3339(step.started_ms, zone),
        duration_ms=step.duration_ms,
        ok=step.ok,
        selectors=list(step.selectors),
        screenshot=path(step.screenshot),
        tree=path(step.tree),
    )
