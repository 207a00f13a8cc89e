"""What holds on this server, to look at: licence, health, time zone, and where each is changed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from fleetlane.dashboard.page import PageRoute, render
from fleetlane.http.services import Wired

router = APIRouter(prefix="/settings", route_class=PageRoute)


@router.get("")
async def show_settings(request: Request, services: Wired) -> HTMLResponse:
    """Show them."""
    return render(
        request, "settings.html", license=services.license(), health=services.health(), zone=str(services.zone)
    )
