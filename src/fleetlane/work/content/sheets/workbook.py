"""Workbooks (xlsx): the first visible sheet, cell by cell, as far as a sheet of accounts can reach.

It is read as a stream and keeps only cells that hold something: a sheet that claims 17 thousand million cells costs no
more than those it has. Nothing is computed; what a cell shows is judged by what the file stores of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fleetlane.core.errors import InvalidParametersError
from fleetlane.work.content.sheets.budget import Budget
from fleetlane.work.content.sheets.office_archive import BrokenOfficeFileError, OfficeArchive, readable
from fleetlane.work.content.sheets.sheet_cells import DATE, LONGEST_TEXT, SheetCells, unescaped
from fleetlane.work.content.sheets.table import Row, Source

_MOST_TEXTS = 1_000_000
_MOST_PIECES = 100
_MOST_HEARD = 100_000
"""Of styles and formats; a spreadsheet program takes 65,490."""
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_LONGEST_FORMAT = 255
_PIECE = re.compile(r"(?P<unseen>[_*].|\\ |\s|\"\"|\[(?:[A-Za-z]{3,}|[Cc]olor ?[0-9]+|\$-[0-9A-Fa-f]+)\])|.", re.DOTALL)
"""Of a format: padding, blanks, colours and languages, or a sign that shows something."""


def read_xlsx(content: bytes, budget: Budget) -> Source:
    """Return the first visible sheet of an xlsx file.

    Raises:
        InvalidParametersError: also while the rows are read: it cannot be read; says what to do.
        OverBudgetError: also while the rows are read: it takes too long.
    """
    with readable():
        archive = OfficeArchive(content, budget)
        root = next((part for kind, part in archive.links("").values() if kind == "officeDocument"), None)
        if root is None:
            raise BrokenOfficeFileError("no workbook")
        links = archive.links(root)
        sheets = _sheets(archive, root, {key: part for key, (kind, part) in links.items() if kind == "worksheet"})
        first = next((sheet for sheet in sheets if sheet.is_visible), None)
        if first is None:
            raise InvalidParametersError.one("file", "no sheet of this workbook is visible")
        parts = dict(links.values())
        cells = SheetCells(
            _texts(archive, parts["sharedStrings"]) if "sharedStrings" in parts else (),
            _digits(archive, parts["styles"]) if "styles" in parts else (),
        )
        others = [sheet.name for sheet in sheets if sheet is not first and _holds_something(archive, sheet.part)]
    rows = _rows(archive, first.part, cells)
    return Source(first.name, rows, True, cells.merged, cells.hidden_columns, others)


def _rows(archive: OfficeArchive, part: str, cells: SheetCells) -> Iterator[Row]:
    with readable():
        for _ in archive.parse(part, cells):
            yield from cells.finished()


@dataclass(frozen=True, slots=True)
class _SheetPart:
    """A sheet of a workbook, and the part of the archive it is in."""

    name: str
    part: str
    is_visible: bool


def _sheets(archive: OfficeArchive, root: str, links: dict[str, str]) -> list[_SheetPart]:
    heard = _Heard("sheet")
    for _ in archive.parse(root, heard):
        pass
    return [
        _SheetPart(one.get("name", ""), links[one["id"]], one.get("state", "visible") == "visible")
        for one in heard.found
        if one.get("id") in links  # others are charts and dialogs
    ]


class _Heard:
    """Keeps the attributes of every element of some names, within an element or anywhere."""

    def __init__(self, *names: str, within: str = "") -> None:
        self._names = names
        self._within = within
        self._is_within = not within
        self.found: list[dict[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._within:
            self._is_within = True
        elif self._is_within and name in self._names:
            self.found.append(attributes)
            if len(self.found) > _MOST_HEARD:
                raise BrokenOfficeFileError(f"more than {_MOST_HEARD} of {name}")

    def end(self, name: str) -> None:
        if name == self._within:
            self._is_within = False

    def say(self, text: str) -> None:
        pass


def _holds_something(archive: OfficeArchive, part: str) -> bool:
    """Return whether a sheet has a cell that holds something, or is so large that it must."""
    heard = _Heard("v", "is", "f", within="sheetData")
    return any(heard.found or piece > _MOST_PIECES for piece, _ in enumerate(archive.parse(part, heard)))


class _SharedTexts:
    """Keeps the shared texts; how they are pronounced is left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._size = 0
        self._is_text = False
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        if name == "si":
            self._pieces, self._size = [], 0
        elif name == "rPh":
            self._phonetic += 1
        elif name == "t":
            self._is_text = not self._phonetic

    def say(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > LONGEST_TEXT:
                raise BrokenOfficeFileError("a text without end")

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.found.append(unescaped("".join(self._pieces)))
            if len(self.found) > _MOST_TEXTS:
                raise InvalidParametersError.one("file", f"has more than {_MOST_TEXTS} texts; import it in parts")


def _texts(archive: OfficeArchive, part: str) -> list[str]:
    heard = _SharedTexts()
    for _ in archive.parse(part, heard):
        pass
    return heard.found


def _digits(archive: OfficeArchive, part: str) -> list[int | None]:
    """Return for each style how many digits it shows of a whole number at least, None for other formats, or DATE."""
    formats, styles = _Heard("numFmt", within="numFmts"), _Heard("xf", within="cellXfs")
    for heard in (formats, styles):
        for _ in archive.parse(part, heard):
            pass
    codes = {one.get("numFmtId", ""): one.get("formatCode", "") for one in formats.found}
    numbers = [one.get("numFmtId", "0") for one in styles.found]
    shown = {number: _shown(number, codes) for number in set(numbers)}
    return [shown[number] for number in numbers]


def _shown(number: str, codes: dict[str, str]) -> int | None:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format  # noqa: PLC0415 - see `account_sheet`

    code = codes.get(number)
    if code is None:
        if not number.isdecimal():
            return None
        if int(number) in _DATE_FORMATS:
            return DATE
        code = BUILTIN_FORMATS.get(int(number), "")
    first, *others = [_seen(one).casefold() for one in code[:_LONGEST_FORMAT].split(";")[:3]]
    if any(other.removeprefix("-") != first for other in others):
        return DATE if is_date_format(code) else None  # what is below zero, or zero, is shown otherwise
    if first in ("general", "standard", "@"):
        return 1
    if re.fullmatch("#*0+", first):
        return first.count("0")
    return DATE if is_date_format(code) else None


def _seen(code: str) -> str:
    """Return a format without what shows nothing at its two ends."""
    seen = [piece for piece in _PIECE.finditer(code) if piece["unseen"] is None]
    return code[seen[0].start() : seen[-1].end()] if seen else ""
