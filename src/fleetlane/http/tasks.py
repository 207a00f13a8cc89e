"""Routes of tasks: create, list, get, stats."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.ports.store import TaskFilter
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import Source, Status
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.services import Services, Wired
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.work.desk import Shown
from fleetlane.work.intake import TaskRequest

LARGEST_ID = 2**63 - 1
TaskId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The task's id")]


class CreateTask(BaseModel):
    """A request for tasks: one for each device, or one for each account."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "serials": ["device_serial_1"],
                    "script_name": "post",
                    "script_config": {
                        "content_type": 0,
                        "captions": "看看我的新视频！#热门 #推荐",
                        "material_list": ["C:/Videos/video1.mp4"],
                        "upload_wait_time": 60,
                    },
                }
            ]
        },
    )

    serials: list[str] | None = Field(None, description="Device serials; needed unless usernames is given")
    usernames: list[str] | None = Field(None, description="Account names; win when serials is given too")
    script_name: str = Field("", description="The script to run, such as post")
    script_config: dict[str, Any] = Field(description="The script's settings; see its JSON Schema")
    enable_multi_account: bool = Field(
        False, description="Device mode: one task for each enabled account of the device"
    )
    start_time: str | None = Field(
        None, description='Time of day "HH:MM" in the server\'s time zone; earlier than now: tomorrow'
    )


class CreatedTasks(BaseModel):
    """What was created."""

    task_ids: list[int] = Field(description="Ids, in the order of the request")
    created_count: int
    scheduled_at: str | None = Field(None, description="When they start, RFC 3339; null: as soon as they can")
    warnings: list[str] = Field(default_factory=list, description="What the caller should know, in sentences")


class TaskView(BaseModel):
    """A task."""

    id: int
    script_name: str
    script_config: dict[str, Any]
    serial: str | None = Field(description="The device; null until an account is bound to one")
    username: str | None
    status: int = Field(description="0 pending, 1 running, 2 completed, 3 failed")
    status_text: str
    source: str = Field(description="api or ui")
    remark: str = Field(description="How it ended, in a sentence")
    error_code: str | None = Field(description="Why it failed, as a stable word")
    retry_count: int
    start_time: str | None = Field(description="When it began, or is due; RFC 3339")
    end_time: str | None
    created_at: str
    scheduled_at: str | None
    waiting_for: str | None = Field(description="Pending: what it waits for, in words")
    stop_requested: bool
    batch_id: str = Field(description="Shared by the tasks of one request")
    outcome: str | None = Field(description="What is known of the post: published, not_published, unknown, dry_run")
    result: dict[str, Any]


class TaskPage(BaseModel):
    """One page of the list."""

    total: int = Field(description="How many tasks the whole list has")
    page: int
    page_size: int
    tasks: list[TaskView]


class TaskStats(BaseModel):
    """How many tasks there are in each state."""

    total: int
    pending: int
    running: int
    completed: int
    failed: int


class StepView(BaseModel):
    """One thing an attempt did."""

    attempt: int = Field(description="Number of the attempt, from 1")
    number: int = Field(description="Number of the step in its attempt, from 1")
    name: str
    detail: str
    screen: str = Field(description="App and screen at the end of the step")
    started_at: str
    duration_ms: int
    ok: bool
    screenshot: str = Field(description="File of the picture below the traces folder; empty: none")
    tree: str = Field(description="File of the UI tree when the step failed; empty: none")


class TraceView(BaseModel):
    """What a task did."""

    task_id: int
    steps: list[StepView]


router = APIRouter(prefix="/task", tags=["tasks"], route_class=StrictJsonRoute)


@router.post(
    "",
    response_model=Envelope[CreatedTasks],
    responses=documented(40001, 40002, 40003, 40004, 40301, 41301, 41501, 50301, 50701),
    summary="Create tasks",
)
async def create_tasks(body: CreateTask, services: Wired) -> dict[str, Any]:
    """Create one task for each target: all of them, or none when anything in the request is wrong."""
    created = await services.intake.create(
        TaskRequest(
            serials=body.serials or [],
            usernames=body.usernames or [],
            script_name=body.script_name,
            script_config=body.script_config,
            enable_multi_account=body.enable_multi_account,
            start_time=body.start_time,
            source=Source.API,
            unknown_fields=sorted(body.model_extra or {}),
        )
    )
    scheduled = None if created.scheduled_ms is None else rfc3339(created.scheduled_ms, services.zone)
    return success(
        {
            "task_ids": list(created.task_ids),
            "created_count": len(created.task_ids),
            "scheduled_at": scheduled,
            "warnings": list(created.warnings),
        }
    )


@router.get("", response_model=Envelope[TaskPage], responses=documented(40001, 40301, 50301), summary="List tasks")
async def list_tasks(
    services: Wired,
    status: Annotated[Status | None, Query(description="0 pending, 1 running, 2 completed, 3 failed")] = None,
    serial: Annotated[str | None, Query(description="Only tasks of this device")] = None,
    script_name: Annotated[str | None, Query(description="Only tasks of this script")] = None,
    source: Annotated[Source | None, Query(description="Only tasks made by the API or by the page")] = None,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 100, description="Page number, from 1")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="Tasks on a page")] = 20,
) -> dict[str, Any]:
    """List tasks, newest id first."""
    found = await services.desk.page(TaskFilter(status, serial, script_name, source), page, page_size)
    tasks = [view(shown, services) for shown in found.tasks]
    return success({"total": found.total, "page": page, "page_size": page_size, "tasks": tasks})


@router.get("/stats", response_model=Envelope[TaskStats], responses=documented(40301, 50301), summary="Count tasks")
async def task_stats(services: Wired) -> dict[str, Any]:
    """Return how many tasks there are in each state."""
    counts = await services.desk.counts()
    return success(
        {
            "total": counts.total,
            "pending": counts.pending,
            "running": counts.running,
            "completed": counts.completed,
            "failed": counts.failed,
        }
    )


@router.get(
    "/{task_id}",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40301, 40401, 50301),
    summary="Get a task",
)
async def get_task(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Return one task."""
    return success(view(await services.desk.task(task_id), services))


@router.get(
    "/{task_id}/trace",
    response_model=Envelope[TraceView],
    responses=documented(40001, 40301, 40401, 50301),
    summary="Get a task's trace",
)
async def get_trace(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Return what the task did, step by step, attempt by attempt."""
    steps = [
        StepView(
            attempt=step.attempt,
            number=step.number,
            name=step.name,
            detail=step.detail,
            screen=step.screen,
            started_at=rfc3339(step.started_ms, services.zone),
            duration_ms=step.duration_ms,
            ok=step.ok,
            screenshot=step.screenshot,
            tree=step.tree,
        )
        for step in await services.desk.steps(task_id)
    ]
    return success({"task_id": task_id, "steps": steps})


def view(shown: Shown, services: Services) -> TaskView:
    """Return a task as the API shows it."""
    task = shown.task

    def when(instant_ms: int | None) -> str | None:
        return None if instant_ms is None else rfc3339(instant_ms, services.zone)

    return TaskView(
        id=task.id,
        script_name=task.script_name,
        script_config=dict(task.script_config),
        serial=task.serial,
        username=task.username,
        status=int(task.status),
        status_text=task.status.text,
        source=task.source.value,
        remark=task.remark,
        error_code=task.error_code,
        retry_count=task.retry_count,
        start_time=when(task.started_ms if task.started_ms is not None else task.due_ms),
        end_time=when(task.ended_ms),
        created_at=rfc3339(task.created_ms, services.zone),
        scheduled_at=when(task.scheduled_ms),
        waiting_for=shown.waiting_for,
        stop_requested=task.stop_requested,
        batch_id=task.batch_id,
        outcome=task.outcome,
        result=dict(task.result),
    )
