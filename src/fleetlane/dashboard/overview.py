"""The first page: how many tasks, which phones, what runs, what failed, what comes next."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import Status
from fleetlane.dashboard.page import PageRoute, render
from fleetlane.web.wiring import Wired

_ROWS = 8
_NEEDING = 3

router = APIRouter(route_class=PageRoute)


@router.get("/")
async def overview(request: Request, services: Wired) -> HTMLResponse:
    """Show the overview."""
    queries = services.queries
    return render(
        request,
        "overview.html",
        counts=await queries.counts(),
        devices=await services.devices.all(),
        needing=(await queries.page(TaskFilter(needs_person=True), 1, _NEEDING)).tasks,
        zone=str(services.zone),
        running=(await queries.page(TaskFilter(Status.RUNNING), 1, _ROWS)).tasks,
        failed=(await queries.page(TaskFilter(Status.FAILED), 1, _ROWS, TaskOrder.ENDED_LAST)).tasks,
        next_due=(
            await queries.page(TaskFilter(Status.PENDING, needs_person=False), 1, _ROWS, TaskOrder.DUE_FIRST)
        ).tasks,
        health=services.health(),
    )
