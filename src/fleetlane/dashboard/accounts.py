"""The accounts: the table, switching one on or off, and sheets with their differences before they count."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.account import NewAccount, Platform
from fleetlane.core.ports.library import AccountFilter
from fleetlane.dashboard.page import N_, PageRoute, render, told, translated
from fleetlane.http.accounts import SHEETS, AccountId
from fleetlane.http.services import Wired
from fleetlane.work.sheets import read_sheet, write_xlsx

_PAGE_SIZE = 100

router = APIRouter(prefix="/accounts", route_class=PageRoute)


@router.get("")
async def list_accounts(
    request: Request,
    services: Wired,
    q: Annotated[str | None, Query(max_length=200)] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show the accounts."""
    found = await services.accounts.page(AccountFilter(text=q), page, _PAGE_SIZE)
    pages = max(1, -(-found.total // _PAGE_SIZE))
    return render(request, "accounts.html", found=found, q=q or "", page=page, pages=pages, platforms=list(Platform))


@router.post("")
async def add_account(
    request: Request,
    services: Wired,
    username: Annotated[str, Form()] = "",
    platform: Annotated[Platform, Form()] = Platform.TIKTOK,
    device: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Add an account."""
    await services.accounts.add(NewAccount(username.strip(), platform, device.strip() or None))
    return told(request, translated(request, N_("The account was added.")), changed=True)


@router.get("/export")
async def export_accounts(services: Wired) -> Response:
    """Return all accounts as a sheet, which can be imported again."""
    content = await asyncio.to_thread(write_xlsx, await services.accounts.export())
    headers = {"Content-Disposition": 'attachment; filename="accounts.xlsx"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=SHEETS["xlsx"], headers=headers)


@router.post("/import")
async def import_accounts(
    request: Request,
    services: Wired,
    file: Annotated[UploadFile, File()],
    platform: Annotated[Platform, Form()] = Platform.TIKTOK,
    apply: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Show what a sheet would change, or do it."""
    sheet = await asyncio.to_thread(read_sheet, await file.read(), platform)
    plan = await services.accounts.import_sheet(sheet, dry_run=not apply)
    headers = {"HX-Trigger": "changed"} if apply else {}
    return render(request, "import.html", headers=headers, plan=plan, applied=apply)


@router.post("/{account_id}/enabled")
async def enable_account(
    request: Request, services: Wired, account_id: AccountId, enabled: Annotated[bool, Form()]
) -> HTMLResponse:
    """Switch an account on or off."""
    await services.accounts.update(account_id, lambda before: replace(before, enabled=enabled))
    sentence = N_("The account is enabled.") if enabled else N_("The account is disabled: its tasks wait.")
    return told(request, translated(request, sentence), changed=True)


@router.post("/{account_id}/delete")
async def delete_account(request: Request, services: Wired, account_id: AccountId) -> HTMLResponse:
    """Delete an account."""
    await services.accounts.delete(account_id)
    return told(request, translated(request, N_("The account was deleted.")), changed=True)
