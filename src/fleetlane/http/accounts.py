"""Routes of accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import File, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.account import USUAL_PLATFORM, Account, NewAccount
from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.ports.library import AccountFilter
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import Source
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import MultipartRoute, StrictJsonRoute
from fleetlane.http.task_models import CreatedTasks
from fleetlane.http.task_views import created_view
from fleetlane.scripts.platforms import platform_named, platform_rule
from fleetlane.web.downloads import SHEET_MEDIA_TYPES
from fleetlane.web.parameters import LARGEST_ID, AccountId
from fleetlane.web.wiring import Wired
from fleetlane.work.content.accounts import AccountChange
from fleetlane.work.content.sheets.account_sheet import read_sheet, write_csv, write_xlsx
from fleetlane.work.content.sheets.csv_file import Encoding
from fleetlane.work.services import Services
from fleetlane.work.tasks.request import TaskRequest

LARGEST_SHEET_BYTES = 16 * 1024 * 1024
_LONGEST_NOTE = 2000


class CreateAccount(BaseModel):
    """A new account."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"username": "shop_one", "platform": "tiktok", "device": "device_serial_1"}]},
    )

    username: str = Field(description="Its name, with or without @")
    platform: str = Field("tiktok", description="tiktok, instagram, or another that a screen pack is for")
    device: str | None = Field(None, description="Serial of the device it is signed in on; null: none yet")
    enabled: bool = Field(True, description="Whether tasks may use it")
    note: str = Field("", max_length=_LONGEST_NOTE, description="For people")


class ChangeAccount(BaseModel):
    """What to change of an account; what is absent stays."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"examples": [{"device": "device_serial_2"}, {"enabled": False}]}
    )

    username: str = Field("", description="Its name")
    platform: str = Field("", description="tiktok, instagram, or another that a screen pack is for")
    device: str | None = Field(None, description="Serial of its device; null takes it away")
    enabled: bool = Field(True, description="Whether tasks may use it")
    note: str = Field("", max_length=_LONGEST_NOTE, description="For people")


class AccountView(BaseModel):
    """An account."""

    id: int = Field(description="Its id", examples=[7])
    username: str = Field(description="Its name, as given", examples=["@shop_one"])
    platform: str = Field(description="tiktok, instagram, or another that a screen pack is for", examples=["tiktok"])
    device: str | None = Field(description="Serial of the device it is signed in on", examples=["device_serial_1"])
    enabled: bool = Field(description="Whether tasks may use it", examples=[True])
    note: str = Field(description="For people", examples=["main shop"])
    created_at: str = Field(description="When it was added; RFC 3339", examples=["2026-11-21T09:00:00.000+08:00"])
    updated_at: str = Field(
        description="When it was last changed; RFC 3339", examples=["2026-11-21T10:00:00.000+08:00"]
    )


class AccountPageView(BaseModel):
    """One page of accounts."""

    total: int = Field(description="How many accounts the whole list has", examples=[1])
    page: int = Field(description="Number of this page, from 1", examples=[1])
    page_size: int = Field(description="Accounts on a page", examples=[20])
    accounts: list[AccountView] = Field(description="The accounts, by name")


class DeletedAccount(BaseModel):
    """An account that was deleted."""

    account_id: int = Field(description="Its id", examples=[7])
    deleted: bool = Field(description="True", examples=[True])


class FieldChange(BaseModel):
    """One field that an import changes."""

    field: str = Field(description="Name of the field", examples=["device"])
    before: Any = Field(description="What it is now", examples=[None])
    after: Any = Field(description="What it becomes", examples=["device_serial_1"])


class ImportedAccount(BaseModel):
    """An account that an import adds or changes."""

    username: str = Field(description="Its name", examples=["shop_one"])
    platform: str = Field(description="tiktok, instagram, or another that a screen pack is for", examples=["tiktok"])
    changes: list[FieldChange] = Field(description="What changes; empty for a new account")


class ImportResult(BaseModel):
    """What an import did, or would do."""

    dry_run: bool = Field(description="True: nothing was done", examples=[False])
    added_count: int = Field(description="How many accounts are new", examples=[0])
    changed_count: int = Field(description="How many accounts change", examples=[1])
    unchanged_count: int = Field(description="How many rows say what is known already", examples=[12])
    added: list[ImportedAccount] = Field(description="The new accounts", examples=[[]])
    changed: list[ImportedAccount] = Field(description="The accounts that change")
    warnings: list[str] = Field(description="What the caller should know", examples=[["the column phone is not used"]])


class ScanDevice(BaseModel):
    """Which device to scan."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"serial": "device_serial_1"}]})

    serial: str = Field(description="Serial of the device")
    platform: str | None = Field(
        None, description="A platform that a screen pack is for; absent: every app that is installed"
    )


router = api_router("/account", "accounts", StrictJsonRoute)
sheets = api_router("/account", "accounts", MultipartRoute)


@router.get("", response_model=Envelope[AccountPageView], responses=documented(40001, 50301), summary="List accounts")
async def list_accounts(
    services: Wired,
    platform: Annotated[str | None, Query(max_length=80, description="Only accounts of this platform")] = None,
    device: Annotated[str | None, Query(description="Only accounts of this device")] = None,
    enabled: Annotated[bool | None, Query(description="Only accounts that are enabled, or are not")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Only accounts with this text in name or note")] = None,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 1000, description="Page number, from 1")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="Accounts on a page")] = 20,
) -> dict[str, Any]:
    """List accounts by name."""
    found = await services.accounts.page(
        AccountFilter(_platform(platform) if platform else None, device, enabled, q or None), page, page_size
    )
    accounts = [_view(account, services) for account in found.accounts]
    return success({"total": found.total, "page": page, "page_size": page_size, "accounts": accounts})


@router.post(
    "",
    response_model=Envelope[AccountView],
    responses=documented(40001, 40901, 41501, 50301, 50701),
    summary="Add an account",
)
async def add_account(body: CreateAccount, services: Wired) -> dict[str, Any]:
    """Add an account. Tasks that wait for one of its name get its device."""
    new = NewAccount(body.username, _platform(body.platform), body.device or None, body.enabled, body.note)
    return success(_view(await services.accounts.add(new), services))


@router.get(
    "/export",
    responses={
        200: {
            "description": "The accounts as a file",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in SHEET_MEDIA_TYPES.values()
            },
        },
        **documented(40001, 50301),
    },
    summary="Export accounts",
    response_class=Response,
)
async def export_accounts(
    services: Wired,
    format: Annotated[Literal["xlsx", "csv"], Query(description="xlsx or csv")] = "xlsx",  # noqa: A002
) -> Response:
    """Return all accounts as a file, which can be imported again."""
    accounts = await services.accounts.export()
    content = await asyncio.to_thread(write_csv if format == "csv" else write_xlsx, accounts)
    headers = {"Content-Disposition": f'attachment; filename="accounts.{format}"'}
    return Response(content, media_type=SHEET_MEDIA_TYPES[format], headers=headers)


@sheets.post(
    "/import",
    response_model=Envelope[ImportResult],
    responses=documented(40001, 41501, 50301, 50701),
    summary="Import accounts",
)
async def import_accounts(
    services: Wired,
    file: Annotated[UploadFile, File(description="xlsx, or CSV; the first row names the columns")],
    dry_run: Annotated[bool, Query(description="Only say what would change")] = False,
    platform: Annotated[str, Query(max_length=80, description="For rows that name none")] = USUAL_PLATFORM,
    encoding: Annotated[
        Encoding | None, Query(description="Of a CSV file; needed only where it is neither UTF-8 nor UTF-16")
    ] = None,
) -> dict[str, Any]:
    """Add and change accounts as a sheet says: all of it, or nothing. Accounts it does not name stay.

    Each cell must be a text or a whole number of at most 15 digits. Everything else is an error that names its row and
    column, and while there is one, nothing is imported. An empty cell of `device` or `note` takes away what the account
    had; of `enabled` and `platform` it changes nothing.
    """
    sheet = await asyncio.to_thread(read_sheet, await file.read(), _platform(platform), encoding)
    plan = await services.accounts.import_sheet(sheet, dry_run=dry_run)
    return success(
        {
            "dry_run": dry_run,
            "added_count": len(plan.added),
            "changed_count": len(plan.changed),
            "unchanged_count": plan.unchanged,
            "added": [_imported(change) for change in plan.added],
            "changed": [_imported(change) for change in plan.changed],
            "warnings": [
                *(f"the column {name} is not used" for name in plan.ignored_columns),
                *(str(warning) for warning in plan.warnings),
            ],
        }
    )


@router.post(
    "/scan",
    response_model=Envelope[CreatedTasks],
    responses=documented(40001, 41501, 50301, 50701),
    summary="Scan a device for accounts",
)
async def scan_device(body: ScanDevice, services: Wired) -> dict[str, Any]:
    """Create a task that reads the accounts signed in on a device; they are in its result."""
    config = {"platform": _platform(body.platform)} if body.platform else {}
    request = TaskRequest([body.serial], [], "accounts_scan", config, source=Source.API)
    return success(created_view(await services.intake.create(request, listed_only=False), services))


@router.get(
    "/{account_id}",
    response_model=Envelope[AccountView],
    responses=documented(40001, 40401, 50301),
    summary="Get an account",
)
async def get_account(account_id: AccountId, services: Wired) -> dict[str, Any]:
    """Return one account."""
    return success(_view(await services.accounts.get(account_id), services))


@router.patch(
    "/{account_id}",
    response_model=Envelope[AccountView],
    responses=documented(40001, 40401, 40901, 41501, 50301, 50701),
    summary="Change an account",
)
async def change_account(account_id: AccountId, body: ChangeAccount, services: Wired) -> dict[str, Any]:
    """Change an account. Its pending tasks move to its device; those of a disabled account wait."""
    given = body.model_dump(include=body.model_fields_set)

    def change(before: NewAccount) -> NewAccount:
        changes: dict[str, Any] = {name: given[name] for name in ("username", "enabled", "note") if name in given}
        if "platform" in given:
            changes["platform"] = _platform(body.platform)
        if "device" in given:
            changes["serial"] = body.device or None
        return replace(before, **changes)

    return success(_view(await services.accounts.update(account_id, change), services))


@router.delete(
    "/{account_id}",
    response_model=Envelope[DeletedAccount],
    responses=documented(40001, 40401, 50301, 50701),
    summary="Delete an account",
)
async def delete_account(account_id: AccountId, services: Wired) -> dict[str, Any]:
    """Delete an account. Its pending tasks wait until there is one of that name again."""
    await services.accounts.delete(account_id)
    return success({"account_id": account_id, "deleted": True})


def _platform(name: str) -> str:
    if (known := platform_named(name)) is None:
        raise InvalidParametersError.one("platform", platform_rule())
    return known


def _view(account: Account, services: Services) -> AccountView:
    return AccountView(
        id=account.id,
        username=account.username,
        platform=account.platform,
        device=account.serial,
        enabled=account.enabled,
        note=account.note,
        created_at=rfc3339(account.created_ms, services.zone),
        updated_at=rfc3339(account.updated_ms, services.zone),
    )


def _imported(change: AccountChange) -> ImportedAccount:
    return ImportedAccount(
        username=change.after.username,
        platform=change.after.platform,
        changes=[
            FieldChange(field="device" if name == "serial" else name, before=before, after=after)
            for name, (before, after) in change.fields().items()
        ],
    )
