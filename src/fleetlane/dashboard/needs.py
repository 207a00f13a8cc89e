"""What needs a person: the list, with what can be done about each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.web.parameters import LARGEST_ID
from fleetlane.web.wiring import Wired

PAGE_SIZE = 50
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]

router = APIRouter(prefix="/needs-you", route_class=PageRoute)


@router.get("")
async def show_needs(
    request: Request, services: Wired, page: Annotated[int, Query(ge=1, le=LARGEST_ID // 1000)] = 1
) -> HTMLResponse:
    """Show a page of the list."""
    found = await services.queries.page(TaskFilter(needs_person=True), page, PAGE_SIZE)
    return render(
        request,
        "needs.html",
        tasks=found.tasks,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        zone=str(services.zone),
    )


@router.post("/dismiss")
async def dismiss_many(
    request: Request, services: Wired, ids: Annotated[list[_Id] | None, Form(max_length=PAGE_SIZE)] = None
) -> HTMLResponse:
    """Take the chosen tasks off the list. Those that are held stay so."""
    if not ids:
        return toast(request, translate_text(request, N_("Choose tasks first: tick them in the list.")), failed=True)
    dismissed = await services.decisions.dismiss_many(ids)
    sentence = translate_text(request, N_("%(n)s tasks are off the list.")) % {"n": dismissed}
    return toast(request, sentence, changed=True)
