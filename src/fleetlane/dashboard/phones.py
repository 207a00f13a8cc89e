"""The phones: their state, what they say of themselves, and what they do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import Status
from fleetlane.dashboard.page import N_, PageRoute, render, told, translated
from fleetlane.http.services import Wired

_QUEUE = 20

router = APIRouter(prefix="/phones", route_class=PageRoute)


@router.get("")
async def list_phones(request: Request, services: Wired) -> HTMLResponse:
    """Show every phone ever seen."""
    return render(request, "phones.html", devices=await services.devices.all())


@router.get("/{serial}")
async def show_phone(request: Request, serial: str, services: Wired) -> HTMLResponse:
    """Show one phone and its queue."""
    queue = await services.desk.page(TaskFilter(Status.PENDING, serial=serial), 1, _QUEUE, TaskOrder.DUE_FIRST)
    ended = await services.desk.page(TaskFilter(serial=serial), 1, _QUEUE, TaskOrder.NEWEST)
    shown = await services.devices.get(serial)
    return render(request, "phone.html", shown=shown, queue=queue, latest=ended)


@router.post("/connect")
async def connect_phone(
    request: Request, services: Wired, address: Annotated[str, Form(max_length=300)] = ""
) -> HTMLResponse:
    """Connect a phone by TCP."""
    await services.devices.connect(address.strip())
    return told(request, translated(request, N_("The phone is connected.")), changed=True)
