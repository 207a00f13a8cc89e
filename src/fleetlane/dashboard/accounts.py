"""The accounts: the table, switching one on or off, and sheets with their differences before they count."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.account import USUAL_PLATFORM, NewAccount
from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.ports.library import AccountFilter
from fleetlane.dashboard.page import N_, PageRoute, redirect, render, toast, translate, translate_text
from fleetlane.scripts.platforms import platform_named, platform_rule, platforms
from fleetlane.web.downloads import SHEET_MEDIA_TYPES
from fleetlane.web.parameters import AccountId
from fleetlane.web.wiring import Wired
from fleetlane.work.content.sheets.account_sheet import read_sheet, write_csv, write_xlsx
from fleetlane.work.content.sheets.csv_file import Encoding

_PAGE_SIZE = 100
_SHOWN_CHANGES = 50
_ENCODINGS = {
    Encoding.UTF_8: "UTF-8",
    Encoding.UTF_16: "UTF-16",
    Encoding.WINDOWS_1252: N_("Western Europe (windows-1252)"),
    Encoding.WINDOWS_1250: N_("Central Europe (windows-1250)"),
    Encoding.WINDOWS_1251: N_("Cyrillic (windows-1251)"),
    Encoding.GB18030: N_("Chinese, simplified (gb18030)"),
    Encoding.BIG5: N_("Chinese, traditional (big5)"),
    Encoding.SHIFT_JIS: N_("Japanese (shift_jis)"),
    Encoding.EUC_KR: N_("Korean (euc-kr)"),
}

router = APIRouter(prefix="/accounts", route_class=PageRoute)


@router.get("")
async def list_accounts(
    request: Request,
    services: Wired,
    q: Annotated[str | None, Query(max_length=200)] = None,
    platform: Annotated[str | None, Query(max_length=80)] = None,
    enabled: bool | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show the accounts."""
    found = await services.accounts.page(AccountFilter(platform or None, None, enabled, q), page, _PAGE_SIZE)
    state = {True: "true", False: "false", None: ""}[enabled]
    given = {"q": q or "", "platform": platform or "", "enabled": state}
    return render(
        request,
        "accounts.html",
        found=found,
        given=given,
        query=urlencode({name: value for name, value in given.items() if value}),
        page=page,
        pages=max(1, -(-found.total // _PAGE_SIZE)),
        platforms=platforms(),
        encodings=[(encoding, translate_text(request, name)) for encoding, name in _ENCODINGS.items()],
    )


@router.post("")
async def add_account(
    request: Request,
    services: Wired,
    username: Annotated[str, Form()] = "",
    platform: Annotated[str, Form(max_length=80)] = USUAL_PLATFORM,
    device: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Add an account."""
    await services.accounts.add(NewAccount(username.strip(), _known(platform), device.strip() or None))
    return toast(request, translate_text(request, N_("The account was added.")), changed=True)


def _known(platform: str) -> str:
    """Return a platform that a form names.

    Raises:
        InvalidParametersError: no pack is for it.
    """
    if (known := platform_named(platform)) is None:
        raise InvalidParametersError.one("platform", platform_rule())
    return known


@router.get("/export")
async def export_accounts(services: Wired, kind: Literal["xlsx", "csv"] = "xlsx") -> Response:
    """Return all accounts as a sheet, which can be imported again."""
    write = write_csv if kind == "csv" else write_xlsx
    content = await asyncio.to_thread(write, await services.accounts.export())
    headers = {"Content-Disposition": f'attachment; filename="accounts.{kind}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=SHEET_MEDIA_TYPES[kind], headers=headers)


@router.post("/import")
async def import_accounts(
    request: Request,
    services: Wired,
    file: Annotated[UploadFile, File()],
    platform: Annotated[str, Form(max_length=80)] = USUAL_PLATFORM,
    encoding: Annotated[Literal[""] | Encoding, Form()] = "",
    apply: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Show what a sheet would change, or do it; or everything that is wrong with it."""
    try:
        sheet = await asyncio.to_thread(read_sheet, await file.read(), _known(platform), encoding or None)
        plan = await services.accounts.import_sheet(sheet, dry_run=not apply)
    except InvalidParametersError as error:
        return render(request, "import.html", errors=error.errors)
    return render(
        request,
        "import.html",
        headers={"HX-Trigger": "changed"} if apply else {},
        errors=[],
        plan=plan,
        warnings=[translate(request, warning) for warning in plan.warnings],
        applied=apply,
        shown=_SHOWN_CHANGES,
    )


@router.get("/{account_id}")
async def show_account(request: Request, services: Wired, account_id: AccountId) -> HTMLResponse:
    """Show one account, and what can be changed of it."""
    return render(request, "account.html", account=await services.accounts.get(account_id))


@router.post("/{account_id}")
async def change_account(
    request: Request,
    services: Wired,
    account_id: AccountId,
    username: Annotated[str, Form()] = "",
    device: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> HTMLResponse:
    """Change what is known of an account; its waiting tasks go to the phone it is on now."""
    await services.accounts.update(
        account_id, lambda before: replace(before, username=username.strip(), serial=device.strip() or None, note=note)
    )
    return toast(request, translate_text(request, N_("The change is kept.")), changed=True)


@router.post("/{account_id}/enabled")
async def enable_account(
    request: Request, services: Wired, account_id: AccountId, enabled: Annotated[bool, Form()]
) -> HTMLResponse:
    """Switch an account on or off."""
    await services.accounts.update(account_id, lambda before: replace(before, enabled=enabled))
    sentence = N_("The account is enabled.") if enabled else N_("The account is disabled: its tasks wait.")
    return toast(request, translate_text(request, sentence), changed=True)


@router.post("/{account_id}/delete")
async def delete_account(services: Wired, account_id: AccountId) -> Response:
    """Delete an account, and go back to the list."""
    await services.accounts.delete(account_id)
    return redirect("/accounts")
