"""The phones: their state, what they say of themselves, what they do; and using one by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.checkup import TITLES, Grade
from fleetlane.core.loopback import is_loopback
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import Status
from fleetlane.dashboard.page import N_, PageRoute, render, toast, translate_text
from fleetlane.web.parameters import Lane
from fleetlane.web.wiring import Wired, caller
from fleetlane.work.phones import gestures
from fleetlane.work.phones.gestures import Gesture, PicturePoint
from fleetlane.work.services import Services

_QUEUE = 20
_GRADES: Mapping[Grade, tuple[str, str]] = {
    Grade.OK: ("s2", N_("ok")),
    Grade.WARNING: ("s0", N_("warning")),
    Grade.FAULT: ("s3", N_("fault")),
    Grade.NOT_TRIED: ("", N_("not tried")),
}
"""Of each grade of a checkup the class of its badge, and its word."""

router = APIRouter(prefix="/phones", route_class=PageRoute)


@router.get("")
async def list_phones(request: Request, services: Wired) -> HTMLResponse:
    """Show every phone ever seen."""
    devices = await services.devices.all()
    return render(
        request,
        "phones.html",
        devices=devices,
        holds={d.device.serial: services.manual_control.of(d.device.serial) for d in devices},
        pictures={d.device.serial: services.live_pictures.of(d.device.serial) for d in devices},
    )


@router.get("/{serial}")
async def show_phone(request: Request, serial: Lane, services: Wired) -> HTMLResponse:
    """Show one phone, its queue, and the means to use it by hand."""
    queue = await services.queries.page(TaskFilter(Status.PENDING, serial=serial), 1, _QUEUE, TaskOrder.DUE_FIRST)
    ended = await services.queries.page(TaskFilter(serial=serial), 1, _QUEUE, TaskOrder.NEWEST)
    shown = await services.devices.get(serial)
    hold = services.manual_control.of(serial)
    return render(
        request,
        "phone.html",
        shown=shown,
        queue=queue,
        latest=ended,
        hold=hold,
        is_here=hold is not None and is_loopback(hold.by),
        left_s=_left_s(services, serial),
        live_picture=services.live_pictures.of(serial),
        checkup=services.checkups.of(shown.device.serial),
        grades=_GRADES,
        titles=TITLES,
        withheld=services.canary.withheld(serial) if services.canary else None,
        keys=gestures.KEYS,
        most_text=gestures.MOST_TEXT,
    )


@router.post("/connect")
async def connect_phone(
    request: Request, services: Wired, address: Annotated[str, Form(max_length=300)] = ""
) -> HTMLResponse:
    """Connect a phone by TCP."""
    await services.devices.connect(address.strip())
    return toast(request, translate_text(request, N_("The phone is connected.")), changed=True)


@router.post("/let-go")
async def let_go(
    request: Request,
    services: Wired,
    package: Annotated[str, Form(max_length=300)],
    version: Annotated[str, Form(max_length=300)],
) -> HTMLResponse:
    """Let no phone wait any more for a first post with a version of an app."""
    await services.let_go(package, version)
    return toast(
        request, translate_text(request, N_("Nothing waits any more for a first post with this version.")), changed=True
    )


@router.post("/{serial}/words")
async def describe_phone(
    request: Request,
    serial: Lane,
    services: Wired,
    name: Annotated[str, Form(max_length=300)] = "",
    tags: Annotated[str, Form(max_length=2000)] = "",
) -> HTMLResponse:
    """Give the phone a name and tags."""
    await services.devices.describe(serial, name, re.split(r"[,，、]", tags))
    return toast(request, translate_text(request, N_("The name and the tags are saved.")), changed=True)


@router.post("/{serial}/adopt")
async def adopt_phone(
    request: Request, serial: Lane, services: Wired, keep: Annotated[Literal["former", "present"], Form()]
) -> HTMLResponse:
    """Say which phone is meant where another one answers."""
    await services.devices.adopt(serial, keep_present=keep == "present")
    if keep == "present":
        return toast(request, translate_text(request, N_("The phone that answers has taken the place.")), changed=True)
    return toast(request, translate_text(request, N_("Its tasks go on waiting for it.")), changed=True)


@router.post("/{serial}/check")
async def check_phone(request: Request, serial: Lane, services: Wired) -> HTMLResponse:
    """Begin a checkup of the phone; the page shows what it finds when it has ended."""
    services.checkups.start(serial, caller(request))
    return toast(
        request,
        translate_text(request, N_("The phone is being checked. No task starts on it meanwhile.")),
        changed=True,
    )


@router.post("/{serial}/take-over")
async def take_over(request: Request, serial: Lane, services: Wired) -> HTMLResponse:
    """Take the phone over: no task starts on it until it is given back."""
    services.manual_control.take_over(serial, caller(request))
    services.live_pictures.soon(serial)
    return toast(
        request, translate_text(request, N_("No task starts on this phone until you give it back.")), changed=True
    )


@router.post("/{serial}/give-back")
async def give_back(request: Request, serial: Lane, services: Wired) -> HTMLResponse:
    """Give the phone back to its tasks."""
    await services.manual_control.give_back(serial, caller(request))
    return toast(request, translate_text(request, N_("The phone is given back: its tasks go on.")), changed=True)


@router.post("/{serial}/touch")
async def touch(
    request: Request,
    serial: Lane,
    services: Wired,
    kind: Annotated[Literal["tap", "long_tap", "swipe"], Form()],
    x: Annotated[float, Form()],
    y: Annotated[float, Form()],
    to_x: Annotated[float, Form()] = 0.0,
    to_y: Annotated[float, Form()] = 0.0,
    wide: Annotated[bool, Form()] = False,
) -> Response:
    """Touch the phone's screen. Places are fractions of the picture."""
    spot = PicturePoint(x, y, wide)
    match kind:
        case "tap":
            act = gestures.Tap(spot)
        case "long_tap":
            act = gestures.LongTap(spot)
        case "swipe":
            act = gestures.Swipe(spot, PicturePoint(to_x, to_y, wide))
    return await _do(request, serial, services, act)


@router.post("/{serial}/key")
async def press_key(request: Request, serial: Lane, services: Wired, key: Annotated[str, Form()]) -> Response:
    """Press a key of the phone."""
    return await _do(request, serial, services, gestures.Press(key))


@router.post("/{serial}/text")
async def type_text(request: Request, serial: Lane, services: Wired, text: Annotated[str, Form()] = "") -> Response:
    """Type into the field that has the cursor."""
    return await _do(request, serial, services, gestures.TypeText(text))


async def _do(request: Request, serial: str, services: Services, act: Gesture) -> Response:
    """Do an act, and let the page know the time that is left from now on."""
    await services.manual_control.act(serial, caller(request), act)
    services.live_pictures.soon(serial)
    done = {"touched": {"left": _left_s(services, serial)}}
    return Response(status_code=204, headers={"HX-Trigger": json.dumps(done)})


def _left_s(services: Services, serial: str) -> int | None:
    """Return the whole seconds until a phone is given back automatically; None when it will not be."""
    hold = services.manual_control.of(serial)
    return None if hold is None or hold.left_s is None else round(hold.left_s)
