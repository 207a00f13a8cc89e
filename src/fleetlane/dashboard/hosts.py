"""The hosts that share the store: how they are, and draining and forgetting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse

from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.web.wiring import Wired
from fleetlane.work.hosts.service import HostState

_STATES: Mapping[HostState, tuple[str, str]] = {
    HostState.WORKING: ("online", N_("working")),
    HostState.DRAINING: ("s0", N_("takes no new tasks")),
    HostState.AWAY: ("s3", N_("does not answer")),
    HostState.EXPECTED: ("absent", N_("not begun yet")),
}
"""Of each state the class of its badge, and its words."""

_Name = Annotated[str, Path(max_length=255)]

router = APIRouter(prefix="/hosts", route_class=PageRoute)


@router.get("")
async def list_hosts(request: Request, services: Wired) -> HTMLResponse:
    """Show every host."""
    return render(
        request,
        "hosts.html",
        hosts=await services.hosts.all(),
        states=_STATES,
        server_url=str(request.base_url).rstrip("/"),
    )


@router.post("/{name}/drain")
async def drain_host(request: Request, name: _Name, services: Wired, drains: Annotated[bool, Form()]) -> HTMLResponse:
    """Let a host take no new tasks, or take tasks again."""
    await services.hosts.drain(name, drains=drains)
    sentence = (
        N_("The host takes no new tasks. What runs there goes on to its end.")
        if drains
        else N_("The host takes tasks again.")
    )
    return toast(request, translate_text(request, sentence), changed=True)


@router.post("/{name}/forget")
async def forget_host(request: Request, name: _Name, services: Wired) -> HTMLResponse:
    """Forget a host that does not live any more."""
    await services.hosts.forget(name)
    return toast(request, translate_text(request, N_("The host is forgotten.")), changed=True)
