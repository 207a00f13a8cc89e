"""Routes of tasks. `stats`, `batch` and `retry-all` stand before `{task_id}`: the first that matches wins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Query, Request

from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.retrying import REASONS
from fleetlane.core.task import Source, Status
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.http.task_models import (
    CreatedTasks,
    CreateTask,
    DeletedTask,
    DeletedTasks,
    DeleteTasks,
    PatchedTask,
    PatchTask,
    ResolveTask,
    RetriedTasks,
    RetryTask,
    RetryTasks,
    SkippedTask,
    StartTask,
    TaskPage,
    TaskStats,
)
from fleetlane.http.task_views import created_view, patched_view, would_create_view
from fleetlane.web.parameters import LARGEST_ID, TaskId
from fleetlane.web.task_view import TaskView, task_view
from fleetlane.web.wiring import Wired
from fleetlane.work.tasks.options import unknown_parameters
from fleetlane.work.tasks.patching import Patch
from fleetlane.work.tasks.request import FIELDS, TaskRequest

router = api_router("/task", "tasks", StrictJsonRoute)


@router.post(
    "",
    response_model=Envelope[CreatedTasks],
    responses=documented(40001, 40002, 40003, 40004, 40901, 41501, 50301, 50701),
    summary="Create tasks",
)
async def create_tasks(
    body: CreateTask,
    services: Wired,
    call: Request,
    dry_run: Annotated[bool, Query(description="Answer everything and create nothing")] = False,
    idempotency_key: Annotated[
        str | None,
        Header(description="A repeated request with the same key gets the first answer, for idempotency_keep_h hours"),
    ] = None,
) -> dict[str, Any]:
    """Create one task for each target: all of them, or none when anything in the request is wrong."""
    _no_lost_parameter(call, "dry_run")
    request = TaskRequest(
        serials=body.serials or [],
        usernames=body.usernames or [],
        script_name=body.script_name or "",
        script_config=body.script_config,
        enable_multi_account=body.enable_multi_account,
        start_time=body.start_time,
        start_at=body.start_at,
        min_interval=body.min_interval,
        max_interval=body.max_interval,
        source=Source.API,
        unknown_fields=body.model_extra or {},
        late_after_min=body.late_after_min,
        late_policy=body.late_policy,
        strict=body.strict,
        allow_repeat=body.allow_repeat,
    )
    if dry_run or body.dry_run:
        return success(would_create_view(await services.intake.preview(request), services))
    return success(created_view(await services.intake.create(request, idempotency_key), services))


def _no_lost_parameter(call: Request, *known: str) -> None:
    """Refuse parameters of an address that say what must not be lost, and those that are given twice."""
    names = [name for name, _ in call.query_params.multi_items()]
    errors = [FieldError(name, "is given more than once") for name in known if names.count(name) > 1]
    errors += unknown_parameters({*names} - {*known}, known, FIELDS)
    if errors:
        raise InvalidParametersError(errors)


@router.get("", response_model=Envelope[TaskPage], responses=documented(40001, 50301), summary="List tasks")
async def list_tasks(
    services: Wired,
    status: Annotated[Status | None, Query(description="0 pending, 1 running, 2 completed, 3 failed")] = None,
    serial: Annotated[str | None, Query(description="Only tasks of this device")] = None,
    script_name: Annotated[str | None, Query(description="Only tasks of this script")] = None,
    source: Annotated[Source | None, Query(description="Only tasks made by the API or by the page")] = None,
    username: Annotated[str | None, Query(description="Only tasks of this account, with or without @")] = None,
    batch_id: Annotated[str | None, Query(description="Only tasks of this request")] = None,
    needs_person: Annotated[bool | None, Query(description="Only tasks that need a person, or only the others")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Only tasks with this text in names or remark")] = None,
    sort: Annotated[TaskOrder, Query(description="Order; a leading - turns it round")] = TaskOrder.NEWEST,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 100, description="Page number, from 1")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="Tasks on a page")] = 20,
) -> dict[str, Any]:
    """List tasks, newest id first unless `sort` says otherwise."""
    wanted = TaskFilter(status, serial, script_name, source, username, batch_id, q or None, needs_person=needs_person)
    found = await services.queries.page(wanted, page, page_size, sort)
    tasks = [task_view(shown, services) for shown in found.tasks]
    return success({"total": found.total, "page": page, "page_size": page_size, "tasks": tasks})


@router.get("/stats", response_model=Envelope[TaskStats], responses=documented(50301), summary="Count tasks")
async def task_stats(services: Wired) -> dict[str, Any]:
    """Return how many tasks there are in each state."""
    counts = await services.queries.counts()
    return success(
        {
            "total": counts.total,
            "pending": counts.pending,
            "running": counts.running,
            "completed": counts.completed,
            "failed": counts.failed,
        }
    )


@router.delete(
    "/batch",
    response_model=Envelope[DeletedTasks],
    responses=documented(40001, 40901, 41501, 50301, 50701),
    summary="Delete tasks",
)
async def delete_tasks(body: DeleteTasks, services: Wired) -> dict[str, Any]:
    """Delete many tasks; running ones are stopped first. Unknown ids are not fatal."""
    deleted = await services.changes.delete_many(body.task_ids)
    return success(
        {
            "deleted_count": len(deleted.task_ids),
            "deleted_ids": list(deleted.task_ids),
            "not_found_ids": list(deleted.not_found),
        }
    )


@router.post(
    "/retry-all",
    response_model=Envelope[RetriedTasks],
    responses=documented(40001, 41501, 50301, 50701),
    summary="Retry all failed tasks",
)
async def retry_all(services: Wired, body: RetryTasks | None = None) -> dict[str, Any]:
    """Let the tasks that failed by themselves wait again; a start time that still lies ahead is kept.

    Passed over, each with a reason: what a person stopped (unless `include_stopped`), what nobody knows the outcome of,
    and, while auto_retry is on, what was retried max_retry_count times already.
    """
    done = await services.retry_all(body and body.wish(), dry_run=body is not None and body.dry_run)
    return success(
        {
            "retried_count": len(done.retried),
            "task_ids": done.task_ids,
            "skipped_count": len(done.skipped),
            "skipped": [
                SkippedTask(task_id=one.task_id, reason=REASONS[one.why], code=one.why.value) for one in done.skipped
            ],
        }
    )


@router.get(
    "/{task_id}",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 50301),
    summary="Get a task",
)
async def get_task(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Return one task."""
    return success(task_view(await services.queries.task(task_id), services))


@router.patch(
    "/{task_id}",
    response_model=Envelope[PatchedTask],
    responses=documented(40001, 40004, 40401, 40901, 41501, 50301, 50701),
    summary="Change a task that has not begun",
)
async def patch_task(task_id: TaskId, body: PatchTask, services: Wired, call: Request) -> dict[str, Any]:
    """Change when, what or where a task is to be, with the checks of a creation: all of it, or nothing."""
    _no_lost_parameter(call)
    patch = Patch(
        given=body.model_fields_set,
        script_config=body.script_config,
        serial=body.serial,
        username=body.username,
        start_time=body.start_time,
        start_at=body.start_at,
        late_after_min=body.late_after_min,
        late_policy=body.late_policy,
        strict=body.strict,
        allow_repeat=body.allow_repeat,
        dry_run=body.dry_run,
        unknown_fields=body.model_extra or {},
    )
    patched = await services.patching.patch(task_id, patch)
    return success(patched_view(await services.queries.shown(patched.task), patched, services))


@router.delete(
    "/{task_id}",
    response_model=Envelope[DeletedTask],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Delete a task",
)
async def delete_task(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Delete a task; a running one is stopped first."""
    await services.changes.delete(task_id)
    return success({"task_id": task_id, "deleted": True})


@router.post(
    "/{task_id}/stop",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Stop a task",
)
async def stop_task(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Stop a pending or running task. A post that was already sent cannot be taken back: the remark says so."""
    await services.changes.stop(task_id)
    return success(task_view(await services.queries.task(task_id), services))


@router.post(
    "/{task_id}/retry",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 40901, 41501, 50301, 50701),
    summary="Retry a task",
)
async def retry_task(task_id: TaskId, services: Wired, body: RetryTask | None = None) -> dict[str, Any]:
    """Let a failed task wait again, under the same id. One whose outcome is unknown needs `force`."""
    body = body or RetryTask.model_validate({})
    await services.changes.retry(task_id, force=body.force, allow_repeat=body.allow_repeat)
    return success(task_view(await services.queries.task(task_id), services))


@router.post(
    "/{task_id}/start",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Start a task now",
)
async def start_task(task_id: TaskId, services: Wired, body: StartTask | None = None) -> dict[str, Any]:
    """Let a task that waits begin now, as soon as its device is free: one that is held, or whose time lies ahead."""
    body = body or StartTask.model_validate({})
    await services.decisions.start(task_id, allow_repeat=body.allow_repeat)
    return success(task_view(await services.queries.task(task_id), services))


@router.post(
    "/{task_id}/dismiss",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 50301, 50701),
    summary="Dismiss a task",
)
async def dismiss_task(task_id: TaskId, services: Wired) -> dict[str, Any]:
    """Take a task off the list of those that need a person. One that is held stays so."""
    await services.decisions.dismiss(task_id)
    return success(task_view(await services.queries.task(task_id), services))


@router.post(
    "/{task_id}/resolve",
    response_model=Envelope[TaskView],
    responses=documented(40001, 40401, 40901, 41501, 50301, 50701),
    summary="Resolve a task",
)
async def resolve_task(task_id: TaskId, services: Wired, body: ResolveTask) -> dict[str, Any]:
    """Say what became of a post whose outcome is unknown: it went out, or it did not and may be retried."""
    await services.changes.resolve(task_id, published=body.published)
    return success(task_view(await services.queries.task(task_id), services))
