"""The cells of one sheet of a workbook, heard from its XML: what each shows, or why that cannot be known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleetlane.core.errors import InvalidParametersError
from fleetlane.work.content.sheets.cells import Cell, boolean_cell, date_cell, error_cell, number_cell, text_cell
from fleetlane.work.content.sheets.office_archive import BrokenOfficeFileError
from fleetlane.work.content.sheets.table import MOST_COLUMNS, MOST_ROWS, Area, Row

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
LONGEST_TEXT = 100_000
"""Characters of a text as it is kept; a spreadsheet program takes 32,767."""
_MOST_MERGED = 65_536
_MOST_CELLS = (MOST_ROWS + 1) * MOST_COLUMNS
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_STORED = "is a formula without a stored value; open it in a spreadsheet program, save it there, and import it then"

DATE = -1
"""Instead of a number of digits: the format shows a date or a time."""


def unescaped(text: str) -> str:
    """Return a text of a workbook as it is shown: _x000D_ stands for a carriage return, _x005F_ for an underscore."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """Return a text as a workbook keeps it, so that no program takes a part of it for such an escape."""
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text) if "_x" in text else text


def position(reference: str) -> tuple[int, int]:
    """Return the row, from 1, and the column, from 0, of a reference such as C5."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise BrokenOfficeFileError(f"a cell called {reference[:20]}")
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    row = int(match[2])
    if row > _LAST_ROW or column > _LAST_COLUMN:
        raise BrokenOfficeFileError(f"a cell called {reference[:20]}")
    return row, column - 1


class SheetCells:
    """Hears a sheet; `finished` gives the rows that are complete.

    Args:
        texts: the workbook's shared texts.
        digits: what each style shows of a number (see `number_cell`), or DATE.
    """

    def __init__(self, texts: Sequence[str], digits: Sequence[int | None]) -> None:
        self._texts = texts
        self._shared: dict[int, Cell] = {}
        self._digits = digits
        self.merged: list[Area] = []
        self.hidden_columns: set[int] = set()
        self._rows: list[Row] = []
        self._row = 0
        self._row_is_hidden = False
        self._column = -1
        self._count = 0
        self._cells: dict[int, Cell] = {}
        self._attributes: dict[str, str] | None = None
        self._value: list[str] | None = None
        self._said: list[str] | None = None
        self._has_formula = False
        self._size = 0
        self._phonetic = 0

    def finished(self) -> list[Row]:
        """Return the rows that became complete since this was asked last."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins."""
        if self._attributes is not None:
            self._start_inside(name)
        elif name == "c":
            self._start_cell(attributes)
        elif name == "row":
            self._start_row(attributes)
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = _number(attributes.get("min", "")), _number(attributes.get("max", ""))
            self.hidden_columns.update(range(max(first, 1) - 1, min(last, MOST_COLUMNS)))

    def _merge(self, reference: str) -> None:
        self.merged.append(_area(reference))
        if len(self.merged) > _MOST_MERGED:
            raise InvalidParametersError.one("file", f"has more than {_MOST_MERGED} merged cells; unmerge them")

    def _start_inside(self, name: str) -> None:
        if name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._phonetic += 1
        elif name in ("v", "t") and not self._phonetic:
            self._said = self._value = self._value or []

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = _number(attributes["r"]) if "r" in attributes else self._row + 1
        if not self._row < number <= _LAST_ROW:
            raise BrokenOfficeFileError(f"row {number} behind row {self._row}")
        self._row, self._column, self._cells = number, -1, {}
        self._row_is_hidden = attributes.get("hidden") in ("1", "true")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        row, column = position(attributes["r"]) if "r" in attributes else (self._row, self._column + 1)
        if row != self._row or not self._column < column < _LAST_COLUMN:
            raise BrokenOfficeFileError(f"cell {column} of row {row} behind cell {self._column} of row {self._row}")
        self._count += 1
        if self._count > _MOST_CELLS:
            sentence = (
                f"the sheet has more than {_MOST_CELLS} cells; delete empty rows and columns that only have a format"
            )
            raise InvalidParametersError.one("file", sentence)
        self._column, self._attributes = column, attributes
        self._value, self._has_formula, self._size = None, False, 0

    def say(self, text: str) -> None:
        """Hear a text."""
        if self._said is not None:
            self._said.append(text)
            self._size += len(text)
            if self._size > LONGEST_TEXT:
                raise BrokenOfficeFileError("a text without end")

    def end(self, name: str) -> None:
        """Hear that an element ends."""
        if name in ("v", "t") and self._said is not None:
            self._said = None
        elif name == "rPh" and self._phonetic:
            self._phonetic -= 1
        elif name == "c" and self._attributes is not None:
            cell = self._cell(self._attributes, None if self._value is None else "".join(self._value))
            if cell is not None and cell.holds_something:
                self._cells[self._column] = cell
            self._attributes = None
        elif name == "row" and self._cells:
            self._rows.append(Row(self._row, self._cells, self._row_is_hidden))

    def _cell(self, attributes: dict[str, str], value: str | None) -> Cell | None:
        kind = attributes.get("t", "n")
        if not value:
            # A formula whose result is no text at all is kept as an empty `v` of the kind `str`.
            return Cell("", _NOT_STORED) if self._has_formula and (kind != "str" or value is None) else None
        match kind:
            case "s":
                return self._shared_text(value)
            case "inlineStr" | "str":
                return text_cell(unescaped(value))
            case "n":
                return self._numeral(value.strip(), attributes.get("s"))
            case "b":
                return boolean_cell(value=value.strip() in ("1", "true"))
            case "e":
                return error_cell(value)
            case "d":
                return date_cell(value)
            case _:
                raise BrokenOfficeFileError(f"a cell of the kind {kind[:20]}")

    def _shared_text(self, index: str) -> Cell:
        """Return the cell of a shared text: made once, however many cells share it."""
        number = _number(index.strip())
        if number >= len(self._texts):
            raise BrokenOfficeFileError("a text that is not there")
        if number not in self._shared:
            self._shared[number] = text_cell(self._texts[number])
        return self._shared[number]

    def _numeral(self, value: str, style: str | None) -> Cell:
        number = _number(style) if style else 0
        digits: int | None = 1
        if self._digits:
            if number >= len(self._digits):
                raise BrokenOfficeFileError("a style that is not there")
            digits = self._digits[number]
        if digits == DATE:
            return date_cell(value)
        try:
            return number_cell(value, digits)
        except ValueError as error:
            raise BrokenOfficeFileError(str(error)) from error


def _area(reference: str) -> Area:
    first, _, last = reference.partition(":")
    first_row, first_column = position(first)
    last_row, last_column = position(last or first)
    if last_row < first_row or last_column < first_column:
        raise BrokenOfficeFileError(f"merged cells {reference[:20]}")
    return Area(first_row, first_column, last_row, last_column)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BrokenOfficeFileError(f"no number: {text[:20]}")
    return int(text)
