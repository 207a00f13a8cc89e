"""The list of tasks: the API's filters, changes of many at once, and the list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.retrying import RetryWish
from fleetlane.core.task import Source, Status
from fleetlane.dashboard.calendar import Day, day_of
from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.dashboard.retry_all import retry_summary
from fleetlane.scripts.registry import scripts
from fleetlane.web.parameters import LARGEST_ID
from fleetlane.web.task_view import task_view
from fleetlane.web.wiring import Wired
from fleetlane.work.content.sheets.cells import neutral
from fleetlane.work.services import Services
from fleetlane.work.tasks.changes import Undoable

PAGE_SIZE = 50
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
_CSV_PAGE = 1000
_COLUMNS = (
    "id", "status_text", "script_name", "serial", "username", "source", "remark", "error_code", "outcome",
    "retry_count", "created_at", "scheduled_at", "start_time", "end_time", "waiting_for", "batch_id",
)  # fmt: skip

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tasks somebody asks for: the filter, and the parameters of the address that said so."""

    filter: TaskFilter
    given: Mapping[str, str | int]


def _asked(
    services: Wired,
    status: Status | None = None,
    serial: Annotated[str | None, Query(max_length=255)] = None,
    script_name: Annotated[str | None, Query(max_length=255)] = None,
    source: Source | None = None,
    username: Annotated[str | None, Query(max_length=255)] = None,
    batch_id: Annotated[str | None, Query(max_length=255)] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    due_on: Day | None = None,
) -> Asked:
    begin, end = day_of(due_on, services.zone) if due_on else (None, None)
    given: dict[str, str | int | None] = {
        "status": None if status is None else int(status),
        "serial": serial,
        "script_name": script_name,
        "source": source and source.value,
        "username": username,
        "batch_id": batch_id,
        "q": q,
        "due_on": due_on and due_on.isoformat(),
    }
    wanted = TaskFilter(status, serial, script_name, source, username, batch_id, q, begin, end)
    return Asked(wanted, {name: value for name, value in given.items() if value not in (None, "")})


Wanted = Annotated[Asked, Depends(_asked)]


@router.get("/tasks")
async def list_tasks(
    request: Request,
    services: Wired,
    wanted: Wanted,
    sort: TaskOrder = TaskOrder.NEWEST,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 1000)] = 1,
) -> HTMLResponse:
    """Show a page of the list."""
    found = await services.queries.page(wanted.filter, page, PAGE_SIZE, sort)
    return render(
        request,
        "tasks.html",
        tasks=found.tasks,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        given=wanted.given,
        sort=sort,
        query=urlencode({**wanted.given, "sort": sort.value}),
        script_names=list(scripts()),
    )


@router.get("/tasks.csv")
async def export_tasks(services: Wired, wanted: Wanted, sort: TaskOrder = TaskOrder.NEWEST) -> StreamingResponse:
    """Return the whole filtered list as CSV."""
    headers = {"Content-Disposition": 'attachment; filename="tasks.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_csv(services, wanted.filter, sort), media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(services: Services, wanted: TaskFilter, sort: TaskOrder) -> AsyncGenerator[bytes]:
    yield b"\xef\xbb\xbf" + _csv_line(_COLUMNS)
    number = 1
    while tasks := (await services.queries.page(wanted, number, _CSV_PAGE, sort)).tasks:
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
        return toast(request, translate_text(request, N_("Choose tasks first: tick them in the list.")), failed=True)
    if action == "retry":
        done = await services.retry_all(RetryWish(task_ids=ids))
        undo = services.undo.keep(done.retried)
        sentence = retry_summary(request, len(done.retried), done.skipped)
        return toast(request, sentence, failed=bool(done.skipped), changed=True, undo=undo)
    problems: list[str] = []
    undoable: list[Undoable] = []
    done = 0
    for task_id in ids:
        try:
            change = await _change(services, action, task_id)
            undoable += [change] if change else []
            done += 1
        except (ConflictError, NotFoundError) as error:
            problems.append(str(error))
    sentences = {
        "stop": N_("%(n)s tasks were stopped."),
        "delete": N_("%(n)s tasks were deleted."),
    }
    sentence = " ".join([translate_text(request, sentences[action]) % {"n": done}, *problems[:5]])
    return toast(request, sentence, failed=bool(problems), changed=True, undo=services.undo.keep(undoable))


async def _change(services: Services, action: str, task_id: int) -> Undoable | None:
    """Stop or delete a task. Returns what can be taken back, None when nothing can."""
    if action == "stop":
        return await services.changes.stop(task_id)
    await services.changes.delete(task_id)
    return None


@router.post("/tasks/undo/{key}")
async def undo(request: Request, services: Wired, key: Annotated[str, Path(max_length=100)]) -> HTMLResponse:
    """Take back what was stopped or retried, as far as nothing happened since."""
    undone = await services.undo.undo(key)
    sentence = translate_text(request, N_("%(n)s tasks are what they were.")) % {"n": undone.count}
    sentence = " ".join([sentence, *undone.problems[:5]])
    return toast(request, sentence, failed=bool(undone.problems), changed=True)
