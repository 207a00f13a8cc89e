"""Sheets of accounts: read from xlsx or CSV, in our own columns or those of the vendor's sheet, and written.

Nothing is guessed: a cell is a text, a number that is surely whole, or an error that names its place. Passwords and
e-mail addresses in a vendor's sheet are not read: Fleetlane logs in nowhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from fleetlane.core.account import Account
from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.core.message import Message
from fleetlane.core.names import NAME_RULE, is_name
from fleetlane.core.task import username_key
from fleetlane.scripts.platforms import platform_named, platform_rule
from fleetlane.work.content.sheets.budget import Budget, OverBudgetError
from fleetlane.work.content.sheets.cells import Cell, marked
from fleetlane.work.content.sheets.csv_file import Encoding, decode, read_csv, reads_as_utf8
from fleetlane.work.content.sheets.office_archive import refuse_old_workbook
from fleetlane.work.content.sheets.sheet_cells import escaped
from fleetlane.work.content.sheets.table import Source, Table, column_name, read_table
from fleetlane.work.content.sheets.workbook import read_xlsx

COLUMNS = ("username", "platform", "device", "enabled", "note")
_WANTED = (*COLUMNS, "status")
_OTHER_NAMES = {
    "user": "username",
    "account": "username",
    "serial": "device",
    "device_serial": "device",
    "remark": "note",
    "app": "platform",
}
_TRUE = {"1", "true", "yes", "y", "on", "enabled", "是", "启用", "sì", "si", "wahr", "vero", "vrai", "verdadero"}
_FALSE = {"0", "false", "no", "n", "off", "disabled", "否", "禁用", "falsch", "falso", "faux"}
_LONGEST_NOTE = 10_000
_MOST_ERRORS = 200
_MOST_NAMED = 10
_LONGEST_READING_S = 20.0

_UNREAD = "only the sheet %(sheet)s was read; these hold something, too: %(others)s"
_HIDDEN = "hidden, and read like the rest: %(places)s"
_MIGHT_BE_UTF8 = "this file might be UTF-8 as well; it was read as %(encoding)s, as was asked for"
CLEARED = "empty cells take something away: %(places)s"
WARNINGS = (_UNREAD, _HIDDEN, _MIGHT_BE_UTF8, CLEARED)
"""What somebody should know of a sheet that is imported."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row. None: the sheet says nothing of it; an empty `serial` unbinds the account, an empty `note` clears it."""

    username: str
    platform: str
    serial: str | None = None
    enabled: bool | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, the columns that were not read, and what else somebody should know."""

    rows: Sequence[AccountRow]
    ignored_columns: Sequence[str]
    warnings: Sequence[Message] = ()


def read_sheet(
    content: bytes, platform: str, encoding: Encoding | None = None, longest_s: float = _LONGEST_READING_S
) -> Sheet:
    """Return the accounts in an xlsx or CSV file.

    Args:
        content: the file; xlsx when it is a zip archive, else CSV separated by comma, semicolon, tab or vertical bar.
        platform: of rows that name none.
        encoding: of a CSV file; None: UTF-8, or UTF-16 where its first bytes show it.
        longest_s: how long its reading may compute, in seconds.

    Raises:
        InvalidParametersError: it is no such file, has no `username` column, or rows are wrong; all are named.
    """
    refuse_old_workbook(content)
    try:
        return _sheet(content, platform, encoding, Budget(longest_s))
    except OverBudgetError as error:
        sentence = f"takes more than {longest_s:g} seconds to read; import it in parts"
        raise InvalidParametersError.one("file", sentence) from error


def _sheet(content: bytes, platform: str, encoding: Encoding | None, budget: Budget) -> Sheet:
    warnings: list[Message] = []
    if content.startswith(b"PK\x03\x04"):
        source = read_xlsx(content, budget)
    else:
        text = decode(content, encoding)
        source = read_csv(text, lambda name: column_name(name, _OTHER_NAMES) in _WANTED, budget)
        if encoding and reads_as_utf8(content, encoding):
            warnings.append(Message(_MIGHT_BE_UTF8, {"encoding": encoding}))
    table = read_table(source, _WANTED, _OTHER_NAMES)
    rows = _accounts(table, platform)
    return Sheet(rows, table.ignored, [*warnings, *_warnings(source, table)])


def named(places: Sequence[str]) -> str:
    """Return a list for people, with no more of it than they read."""
    more = f", … (+{len(places) - _MOST_NAMED})" if len(places) > _MOST_NAMED else ""
    return ", ".join(places[:_MOST_NAMED]) + more


def _warnings(source: Source, table: Table) -> Iterator[Message]:
    if source.unread:
        yield Message(_UNREAD, {"sheet": source.sheet, "others": named(source.unread)})
    if table.hidden:
        yield Message(_HIDDEN, {"places": named(table.hidden)})


def _accounts(table: Table, platform: str) -> list[AccountRow]:
    """Return the accounts of a table.

    Raises:
        InvalidParametersError: with everything that is wrong, by row; of very much the first, and how much there is.
    """
    found: dict[tuple[str, str], tuple[int, AccountRow]] = {}
    errors = list(table.errors)
    for number, cells in table.rows.items():
        reading = _Reading(cells)
        row = reading.account(platform)
        key = (row.platform, username_key(row.username))
        if not reading.errors and key in found:
            reading.errors.append(("username", _again(row, *found[key])))
        if not reading.errors:
            found.setdefault(key, (number, row))
        errors += [FieldError(f"row {number}", f"column {name}{table.place}: {why}") for name, why in reading.errors]
    if errors:
        errors.sort(key=lambda error: int(error.field.removeprefix("row ")))
        if len(errors) > _MOST_ERRORS:
            left = f"{len(errors)} errors in all, of which the first {_MOST_ERRORS} are listed; nothing was imported"
            errors = [*errors[:_MOST_ERRORS], FieldError("file", left)]
        raise InvalidParametersError(errors)
    return [row for _, row in found.values()]


def _again(row: AccountRow, number: int, former: AccountRow) -> str:
    told = [field.name for field in fields(row) if getattr(row, field.name) != getattr(former, field.name)]
    told = ["device" if name == "serial" else name for name in told if name != "username"]
    spelt = f" (there {former.username})" if former.username != row.username else ""
    if told:
        differs = " and ".join(told)
        return f"{row.username} is in row {number}{spelt} as well, with another {differs}; delete the row that is wrong"
    return f"{row.username} is in row {number}{spelt} as well; delete one of the two rows"


class _Reading:
    """Reads the cells of one row, and keeps what is wrong with them: column and sentence."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells
        self.errors: list[tuple[str, str]] = []

    def account(self, platform: str) -> AccountRow:
        """Return what the row says; not to be used where there are errors."""
        username = self._name("username") or ""
        if not username and not self.errors:
            self.errors.append(("username", f"is empty; {NAME_RULE}"))
        return AccountRow(username, self._platform(platform), self._name("device"), self._enabled(), self._note())

    def _text(self, column: str) -> str | None:
        cell = self._cells.get(column)
        if cell is None:
            return None
        if cell.why and not (cell.is_boolean and column == "enabled"):
            self.errors.append((column, cell.why))
            return None
        return cell.text

    def _name(self, column: str) -> str | None:
        name = self._text(column)
        if name:
            if why := self._cells[column].no_name:
                self.errors.append((column, why))
            elif "\n" in name:
                self.errors.append((column, "holds several lines; one name belongs into a cell"))
            elif not is_name(name):
                self.errors.append((column, NAME_RULE))
        return name

    def _platform(self, platform: str) -> str:
        named_so = (self._text("platform") or "").casefold()
        if not named_so:
            return platform
        if (known := platform_named(named_so)) is None:
            self.errors.append(("platform", f"{platform_rule()}, not {named_so[:40]!r}"))
        return known or platform

    def _note(self) -> str | None:
        note = self._text("note")
        if note and len(note) > _LONGEST_NOTE:
            self.errors.append(("note", f"holds more than {_LONGEST_NOTE} characters"))
        return note

    def _enabled(self) -> bool | None:
        enabled = status = None
        if word := (self._text("enabled") or "").casefold():
            if word not in _TRUE | _FALSE:
                self.errors.append(("enabled", f"enabled must be true or false, not {word[:40]!r}"))
            enabled = word in _TRUE
        if word := self._text("status"):  # the vendor's column: 0 is enabled, 1 is disabled
            if word not in ("0", "1"):
                self.errors.append(("status", f"status must be 0 (enabled) or 1 (disabled), not {word[:40]!r}"))
            status = word == "0"
        if enabled is not None and status is not None and enabled is not status:
            self.errors.append(("status", "says something else than the column enabled"))
        return status if enabled is None else enabled


def write_csv(accounts: Iterable[Account]) -> bytes:
    """Return accounts as CSV in UTF-8 with a byte order mark, which spreadsheet programs want.

    Cells that such a program would take for a formula get an apostrophe in front.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([marked(cell) for cell in _cells(account)] for account in accounts)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(accounts: Iterable[Account]) -> bytes:
    """Return accounts as an xlsx file; every cell is a text."""
    import openpyxl  # noqa: PLC0415 - it is slow to import, and most servers never see a workbook

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("accounts")
    sheet.append(list(COLUMNS))
    for account in accounts:
        sheet.append([escaped(marked(cell)) for cell in _cells(account)])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _cells(account: Account) -> list[str]:
    enabled = "true" if account.enabled else "false"
    return [account.username, account.platform, account.serial or "", enabled, account.note]
