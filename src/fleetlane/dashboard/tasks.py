"""The list of tasks: the API's filters, changes of many at once, and the list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Iterable
from dataclasses import asdict
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import Source, Status
from fleetlane.dashboard.page import N_, PageRoute, render, told, translated
from fleetlane.http.services import Services, Wired
from fleetlane.http.task_models import LARGEST_ID, task_view
from fleetlane.scripts.script import scripts
from fleetlane.work.sheets import neutral

PAGE_SIZE = 50
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
_CSV_PAGE = 1000
_COLUMNS = (
    "id", "status_text", "script_name", "serial", "username", "source", "remark", "error_code", "outcome",
    "retry_count", "created_at", "scheduled_at", "start_time", "end_time", "waiting_for", "batch_id",
)  # fmt: skip

router = APIRouter(route_class=PageRoute)


def _filter(
    status: Status | None = None,
    serial: Annotated[str | None, Query(max_length=255)] = None,
    script_name: Annotated[str | None, Query(max_length=255)] = None,
    source: Source | None = None,
    username: Annotated[str | None, Query(max_length=255)] = None,
    batch_id: Annotated[str | None, Query(max_length=255)] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
) -> TaskFilter:
    return TaskFilter(status, serial, script_name, source, username, batch_id, q)


Wanted = Annotated[TaskFilter, Depends(_filter)]


@router.get("/tasks")
async def list_tasks(
    request: Request,
    services: Wired,
    wanted: Wanted,
    sort: TaskOrder = TaskOrder.NEWEST,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 1000)] = 1,
) -> HTMLResponse:
    """Show a page of the list."""
    found = await services.desk.page(wanted, page, PAGE_SIZE, sort)
    given = {
        ("q" if name == "text" else name): "" if value is None else value for name, value in asdict(wanted).items()
    }
    filtered = {name: int(value) if name == "status" else value for name, value in given.items() if value != ""}
    return render(
        request,
        "tasks.html",
        tasks=found.tasks,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        given=given,
        filtered=filtered,
        sort=sort,
        orders=list(TaskOrder),
        query=urlencode({**filtered, "sort": sort.value}),
        script_names=list(scripts()),
        statuses=list(Status),
    )


@router.get("/tasks.csv")
async def export_tasks(services: Wired, wanted: Wanted, sort: TaskOrder = TaskOrder.NEWEST) -> StreamingResponse:
    """Return the whole filtered list as CSV."""
    headers = {"Content-Disposition": 'attachment; filename="tasks.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_csv(services, wanted, sort), media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(services: Services, wanted: TaskFilter, sort: TaskOrder) -> AsyncGenerator[bytes]:
    yield b"\xef\xbb\xbf" + _csv_line(_COLUMNS)
    number = 1
    while tasks := (await services.desk.page(wanted, number, _CSV_PAGE, sort)).tasks:
        for shown in tasks:
            view = task_view(shown, services)
            values = (getattr(view, name) for name in _COLUMNS)
            yield _csv_line("" if value is None else neutral(str(value)) for value in values)
        number += 1


def _csv_line(cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


@router.post("/tasks/bulk")
async def change_many(
    request: Request,
    services: Wired,
    action: Annotated[str, Form(pattern="^(stop|retry|delete)$")],
    ids: Annotated[list[_Id] | None, Form(max_length=PAGE_SIZE)] = None,
) -> HTMLResponse:
    """Stop, retry or delete the chosen tasks, and say what became of each that could not be."""
    if not ids:
        return told(request, translated(request, N_("Choose tasks first: tick them in the list.")), failed=True)
    problems: list[str] = []
    done = 0
    for task_id in ids:
        try:
            await _change(services, action, task_id)
            done += 1
        except (ConflictError, NotFoundError) as error:
            problems.append(str(error))
    sentences = {
        "stop": N_("%(n)s tasks were stopped."),
        "retry": N_("%(n)s tasks wait again."),
        "delete": N_("%(n)s tasks were deleted."),
    }
    sentence = " ".join([translated(request, sentences[action]) % {"n": done}, *problems[:5]])
    return told(request, sentence, failed=bool(problems), changed=True)


async def _change(services: Services, action: str, task_id: int) -> None:
    match action:
        case "stop":
            await services.changes.stop(task_id)
        case "retry":
            await services.changes.retry(task_id, force=False)
        case _:
            await services.changes.delete(task_id)


@router.post("/tasks/retry-all")
async def retry_all(request: Request, services: Wired) -> HTMLResponse:
    """Let every failed task wait again that may be repeated safely."""
    done = await services.changes.retry_all()
    sentence = translated(request, N_("%(n)s tasks wait again.")) % {"n": len(done.task_ids)}
    if done.skipped:
        more = N_("%(n)s were passed over: nobody knows whether their posts went out.")
        sentence += " " + translated(request, more) % {"n": len(done.skipped)}
    return told(request, sentence, changed=True)
