"""Sheets of accounts: read from xlsx or CSV, in our own columns or those of the vendor's sheet, and written.

Passwords and e-mail addresses in a vendor's sheet are not read: Fleetlane logs in nowhere.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import python_calamine
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from fleetlane.core.account import Account, Platform
from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.work.request import NAME_RULE, is_name

COLUMNS = ("username", "platform", "device", "enabled", "note")
_OTHER_NAMES = {
    "user": "username",
    "account": "username",
    "serial": "device",
    "device_serial": "device",
    "remark": "note",
    "app": "platform",
}
_TRUE = {"1", "true", "yes", "y", "on", "enabled", "是", "启用", "sì", "si"}
_FALSE = {"0", "false", "no", "n", "off", "disabled", "否", "禁用"}
_MOST_ROWS = 50_000
_MOST_UNPACKED_BYTES = 256 * 1024 * 1024
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row. None: the sheet has no such column; an empty `serial` unbinds the account."""

    username: str
    platform: Platform
    serial: str | None = None
    enabled: bool | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, and the columns that were not read."""

    rows: Sequence[AccountRow]
    ignored_columns: Sequence[str]


def read_sheet(content: bytes, platform: Platform) -> Sheet:
    """Return the accounts in an xlsx or CSV file.

    Args:
        content: the file; xlsx when it is a zip archive, else CSV in UTF-8 (comma, semicolon or tab).
        platform: of rows that name none.

    Raises:
        InvalidParametersError: it is no such file, has no `username` column, or rows are wrong; all are named.
    """
    table = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    rows = [row for row in table if any(_text(cell) for cell in row)]
    if not rows:
        raise InvalidParametersError.one("file", "the sheet is empty")
    header = [_column(_text(cell)) for cell in rows[0]]
    if "username" not in header:
        raise InvalidParametersError.one("file", "the first row must name the columns, `username` among them")
    if len(rows) - 1 > _MOST_ROWS:
        raise InvalidParametersError.one("file", f"at most {_MOST_ROWS} rows can be imported at once")
    known = {*COLUMNS, "status"}
    ignored = [name for name in header if name and name not in known]
    errors: list[FieldError] = []
    found: list[AccountRow] = []
    for number, row in enumerate(rows[1:], 2):
        cells = {name: _text(cell) for name, cell in zip(header, row, strict=False)}
        try:
            found.append(_row(cells, platform))
        except ValueError as error:
            errors.append(FieldError(f"row {number}", str(error)))
    if errors:
        raise InvalidParametersError(errors[:50])
    return Sheet(found, ignored)


def _row(cells: Mapping[str, str], platform: Platform) -> AccountRow:
    username = cells["username"]
    if not is_name(username):
        raise ValueError(f"username {NAME_RULE}")
    named = cells.get("platform", "").casefold()
    if named and named not in {p.value for p in Platform}:
        raise ValueError(f'platform must be "tiktok" or "instagram", not {named[:40]!r}')
    device = cells.get("device")
    if device and not is_name(device):
        raise ValueError(f"device {NAME_RULE}")
    return AccountRow(username, Platform(named) if named else platform, device, _enabled(cells), cells.get("note"))


def _enabled(cells: Mapping[str, str]) -> bool | None:
    if cells.get("enabled"):
        word = cells["enabled"].casefold()
        if word not in _TRUE | _FALSE:
            raise ValueError(f"enabled must be true or false, not {word[:40]!r}")
        return word in _TRUE
    if cells.get("status"):  # the vendor's column: 0 is enabled, 1 is disabled
        if cells["status"] not in ("0", "1"):
            raise ValueError(f"status must be 0 (enabled) or 1 (disabled), not {cells['status'][:40]!r}")
        return cells["status"] == "0"
    return None


def _column(name: str) -> str:
    name = name.strip().casefold().replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    return text[1:] if text.startswith("'") and text[1:2] in _FORMULA_STARTS else text


def _xlsx(content: bytes) -> list[list[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked_bytes = sum(part.file_size for part in parts.infolist())
        if unpacked_bytes > _MOST_UNPACKED_BYTES:
            raise InvalidParametersError.one("file", "this xlsx file unpacks to more than any sheet of accounts needs")
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return workbook.get_sheet_by_index(0).to_python()
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, IndexError) as error:
        raise InvalidParametersError.one("file", "this is no xlsx file that can be read") from error


def _csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidParametersError.one("file", "a CSV file must be UTF-8; or send an xlsx file") from error
    if "\0" in text:
        raise InvalidParametersError.one("file", "this is neither a CSV nor an xlsx file")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InvalidParametersError.one("file", f"this is no CSV file that can be read: {error}") from error


def write_csv(accounts: Iterable[Account]) -> bytes:
    """Return accounts as CSV in UTF-8 with a byte order mark, which spreadsheet programs want.

    Cells that such a program would take for a formula get an apostrophe in front.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([neutral(cell) for cell in _cells(account)] for account in accounts)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(accounts: Iterable[Account]) -> bytes:
    """Return accounts as an xlsx file; every cell is a text."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("accounts")
    sheet.append(list(COLUMNS))
    for account in accounts:
        sheet.append([neutral(cell) for cell in _cells(account)])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _cells(account: Account) -> list[str]:
    enabled = "true" if account.enabled else "false"
    return [account.username, account.platform.value, account.serial or "", enabled, account.note]


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula."""
    cell = ILLEGAL_CHARACTERS_RE.sub("", cell)
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
