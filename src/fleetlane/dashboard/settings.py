"""What holds on this server, to look at: health, licence, settings, and where each is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from fleetlane.core.device import why_not_ready
from fleetlane.dashboard.page import N_, PageRoute, render, translate, translate_text
from fleetlane.web.wiring import Wired
from fleetlane.work.services import Services

_LEAST_FREE_BYTES = 1 << 30

router = APIRouter(prefix="/settings", route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, and a sentence."""

    ok: bool
    what: str
    sentence: str


@router.get("")
async def show_settings(request: Request, services: Wired) -> HTMLResponse:
    """Show them."""
    reasons = [why_not_ready(shown.device.serial, shown.device) for shown in await services.devices.all()]
    phone = translate_text(request, N_("Phone"))
    absent = [Finding(False, phone, translate(request, reason)) for reason in reasons if reason]
    health = services.health()
    return render(
        request,
        "settings.html",
        license=services.license(),
        health=health,
        findings=[*_server(request, services), *absent],
        computer=services.server_info,
        zone=str(services.zone),
        packs=services.packs(),
    )


def _server(request: Request, services: Services) -> Iterator[Finding]:
    def text(sentence: str, **facts: object) -> str:
        return translate_text(request, sentence) % facts

    health = services.health()
    others = [problem for problem in health.problems if problem != health.store_problem]
    yield Finding(
        health.store_problem is None, text(N_("Store")), health.store_problem or text(N_("it can be written"))
    )
    yield Finding(not others, text(N_("adb server")), " ".join(others) or text(N_("it answers")))
    free = services.server_info.free_bytes()
    gigabytes = f"{free / 1e9:.1f}"
    if free < _LEAST_FREE_BYTES:
        low = N_("%(n)s GB free for %(name)s; free some space, or choose another data_dir")
        yield Finding(False, text(N_("Disk")), text(low, n=gigabytes, name=services.server_info.data_dir))
    else:
        enough = N_("%(n)s GB free for %(name)s")
        yield Finding(True, text(N_("Disk")), text(enough, n=gigabytes, name=services.server_info.data_dir))
    seen = N_("%(n)s of %(a)s are online")
    ready = health.devices_ready
    yield Finding(ready > 0, text(N_("Phones")), text(seen, n=ready, a=health.devices_known))
