"""The page that makes tasks: targets, the script's own settings, time; all of it shown before it is sent."""

from __future__ import annotations

import re
from datetime import date

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import FieldError, FleetlaneError, InvalidParametersError
from fleetlane.core.issue import NOT_CHECKED, REPEAT
from fleetlane.core.lines import names_of
from fleetlane.core.ports.library import AccountFilter
from fleetlane.core.schedule import instant_on, parse_hhmm
from fleetlane.core.task import Source
from fleetlane.dashboard import schema_form
from fleetlane.dashboard.material_picker import can_choose, with_chosen
from fleetlane.dashboard.page import PageRoute, redirect, render
from fleetlane.scripts.registry import script, scripts
from fleetlane.web.wiring import Wired
from fleetlane.work.services import Services
from fleetlane.work.tasks.request import TaskRequest

_SHOWN = 50
_ACCOUNTS = 1000
_MOST_FIELDS = 20_000
_ID = re.compile(r"[0-9]{1,18}")

router = APIRouter(prefix="/new", route_class=PageRoute)


@router.get("")
async def new_task(
    request: Request, services: Wired, script_name: str = "post", serial: str = "", on: date | None = None
) -> HTMLResponse:
    """Show the form, for a phone and a day if they are given."""
    chosen = script(script_name, listed_only=True)
    accounts = await services.accounts.page(AccountFilter(), 1, _ACCOUNTS)
    return render(
        request,
        "new_task.html",
        script=chosen,
        listed=[known for known in scripts().values() if known.listed],
        fields=schema_form.fields(chosen.schema()),
        devices=await services.devices.all(),
        accounts=accounts.accounts,
        serial=serial,
        on=on.isoformat() if on else "",
        zone=str(services.zone),
        can_choose=can_choose(chosen),
    )


@router.post("/preview")
async def preview(request: Request, services: Wired) -> HTMLResponse:
    """Show what would be created, or what is wrong."""
    try:
        found = await services.intake.preview(await _wanted(request, services))
    except FleetlaneError as error:
        return _wrong(request, error)
    return render(
        request,
        "preview.html",
        preview=found,
        issues=found.issues,
        shown=found.tasks[:_SHOWN],
        errors=[],
        zone=str(services.zone),
    )


@router.post("")
async def create(request: Request, services: Wired) -> Response:
    """Create the tasks, and show them."""
    try:
        created = await services.intake.create(await _wanted(request, services))
    except FleetlaneError as error:
        return _wrong(request, error)
    if any(issue.is_error or issue.code in (NOT_CHECKED, REPEAT) for issue in created.issues):
        instead = {"HX-Retarget": "#new", "HX-Reswap": "outerHTML"}  # of the form: nobody presses its button twice
        return render(request, "created.html", headers=instead, created=created, issues=created.issues)
    first = await services.queries.task(created.task_ids[0])
    if len(created.task_ids) == 1:
        return redirect(f"/tasks/{first.task.id}")
    return redirect(f"/tasks?batch_id={first.task.batch_id}")


def _wrong(request: Request, error: FleetlaneError) -> HTMLResponse:
    errors = error.errors if isinstance(error, InvalidParametersError) else [FieldError("", str(error))]
    return render(request, "preview.html", errors=errors)


async def _wanted(request: Request, services: Services) -> TaskRequest:
    form = await request.form(max_fields=_MOST_FIELDS)
    name = _text(form, "script_name")
    chosen = script(name, listed_only=True)
    files = await services.library.some([int(value) for value in _all(form, "materials") if _ID.fullmatch(value)])
    time, day = _text(form, "start_time"), _text(form, "start_date")
    to_accounts = _text(form, "targets") == "accounts"
    return TaskRequest(
        serials=[] if to_accounts else _all(form, "serials"),
        usernames=_all(form, "usernames") if to_accounts else [],
        script_name=name,
        script_config=with_chosen(services, chosen.media_settings, schema_form.settings(chosen.schema(), form), files),
        enable_multi_account=not to_accounts and "enable_multi_account" in form,
        start_time=None if day else time or None,
        start_at=instant_of(day, time, services) if day else None,
        min_interval=_minutes(form, "min_interval"),
        max_interval=_minutes(form, "max_interval"),
        source=Source.UI,
        allow_repeat="allow_repeat" in form,
    )


def instant_of(day: str, time: str, services: Services) -> str:
    """Return the instant of a day and a time in the server's zone, by the same rules as `start_time`."""
    if not time:
        raise InvalidParametersError.one("start_time", "is needed for a day")
    try:
        return instant_on(date.fromisoformat(day), parse_hhmm(time), services.zone).isoformat()
    except (ValueError, OverflowError) as error:
        raise InvalidParametersError.one(
            "start_date", "must be a day such as 2026-03-01, with a time such as 14:30"
        ) from error


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _all(form: FormData, name: str) -> list[str]:
    """Return what is ticked, then what is written, one a line."""
    ticked = [value for value in form.getlist(name) if isinstance(value, str)]
    return [*ticked, *names_of(_text(form, f"more_{name}"))]


def _minutes(form: FormData, name: str) -> float | None:
    written = _text(form, name)
    if not written:
        return None
    try:
        return float(written)
    except ValueError as error:
        raise InvalidParametersError.one(name, "must be a number of minutes") from error
