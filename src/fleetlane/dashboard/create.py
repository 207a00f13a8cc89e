"""The page that makes tasks: targets, the script's own settings, time; all of it shown before it is sent."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import FieldError, FleetlaneError, InvalidParametersError
from fleetlane.core.ports.library import AccountFilter
from fleetlane.core.task import Source
from fleetlane.dashboard import schema_form
from fleetlane.dashboard.page import PageRoute, render, sent_to
from fleetlane.http.services import Wired
from fleetlane.scripts.script import script, scripts
from fleetlane.work.intake import TaskRequest

_SHOWN = 50
_ACCOUNTS = 1000

router = APIRouter(prefix="/new", route_class=PageRoute)


@router.get("")
async def new_task(request: Request, services: Wired, script_name: str = "post", serial: str = "") -> HTMLResponse:
    """Show the form."""
    chosen = script(script_name, offered_only=True)
    accounts = await services.accounts.page(AccountFilter(), 1, _ACCOUNTS)
    return render(
        request,
        "new.html",
        script=chosen,
        offered=[known for known in scripts().values() if known.offered],
        fields=schema_form.fields(chosen.schema()),
        devices=await services.devices.all(),
        accounts=accounts.accounts,
        serial=serial,
        zone=str(services.zone),
    )


@router.post("/preview")
async def preview(request: Request, services: Wired) -> HTMLResponse:
    """Show what would be created, or what is wrong."""
    try:
        found = await services.intake.preview(_wanted(await request.form()))
    except FleetlaneError as error:
        return _wrong(request, error)
    return render(
        request,
        "preview.html",
        preview=found,
        shown=found.tasks[:_SHOWN],
        errors=[],
        zone=str(services.zone),
    )


@router.post("")
async def create(request: Request, services: Wired) -> Response:
    """Create the tasks, and show them."""
    try:
        created = await services.intake.create(_wanted(await request.form()))
    except FleetlaneError as error:
        return _wrong(request, error)
    first = await services.desk.task(created.task_ids[0])
    if len(created.task_ids) == 1:
        return sent_to(f"/tasks/{first.task.id}")
    return sent_to(f"/tasks?batch_id={first.task.batch_id}")


def _wrong(request: Request, error: FleetlaneError) -> HTMLResponse:
    errors = error.errors if isinstance(error, InvalidParametersError) else [FieldError("", str(error))]
    return render(request, "preview.html", errors=errors)


def _wanted(form: FormData) -> TaskRequest:
    name = _text(form, "script_name")
    chosen = script(name, offered_only=True)
    to_accounts = _text(form, "targets") == "accounts"
    return TaskRequest(
        serials=[] if to_accounts else _all(form, "serials"),
        usernames=_all(form, "usernames") if to_accounts else [],
        script_name=name,
        script_config=schema_form.settings(chosen.schema(), form),
        enable_multi_account=not to_accounts and "enable_multi_account" in form,
        start_time=_text(form, "start_time") or None,
        min_interval=_minutes(form, "min_interval"),
        max_interval=_minutes(form, "max_interval"),
        source=Source.UI,
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _all(form: FormData, name: str) -> list[str]:
    """Return what is ticked, then what is written, one a line."""
    ticked = [value for value in form.getlist(name) if isinstance(value, str)]
    written = [line.strip() for line in _text(form, f"more_{name}").splitlines() if line.strip()]
    return [*ticked, *written]


def _minutes(form: FormData, name: str) -> float | None:
    written = _text(form, name)
    if not written:
        return None
    try:
        return float(written)
    except ValueError as error:
        raise InvalidParametersError.one(name, "must be a number of minutes") from error
