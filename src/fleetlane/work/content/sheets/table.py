"""Tables of sheets: rows under a first row that names the columns, whatever file they came from.

It knows which columns are wanted and what merged cells mean; it does not know what accounts are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.work.content.sheets.cells import EMPTY, Cell

MOST_ROWS = 50_000
MOST_COLUMNS = 64
_ALIKE = 0.75
_LONGEST_HEADER = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its number as a spreadsheet program shows it, and its cells by column, from 0."""

    number: int
    cells: Mapping[int, Cell]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """Cells that are merged into one: rows from 1, columns from 0, the last ones included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(slots=True)
class Source:
    """The rows of one sheet, each read when it is asked for. What is beside them is complete after the last.

    Attributes:
        sheet: its name; "" where the file has none.
        rows: those that hold something or nothing, in order.
        missing_is_empty: whether a cell that a row does not have is an empty one.
        merged: cells that are merged.
        hidden_columns: from 0.
        unread: names of other sheets that hold something.
    """

    sheet: str
    rows: Iterator[Row]
    missing_is_empty: bool
    merged: list[Area] = field(default_factory=list[Area])
    hidden_columns: set[int] = field(default_factory=set[int])
    unread: Sequence[str] = ()


@dataclass(slots=True)
class Table:
    """What a sheet holds in the columns that are wanted.

    Attributes:
        place: how the sheet is called in sentences, such as " of Sheet1".
        rows: number -> column -> cell. A column is missing where the row says nothing of it.
        ignored: columns that are not wanted.
        hidden: what is hidden and was read, such as "row 4".
        errors: what is wrong with the table itself.
    """

    place: str
    rows: dict[int, dict[str, Cell]]
    ignored: Sequence[str]
    hidden: Sequence[str]
    errors: list[FieldError]


def letters(column: int) -> str:
    """Return the letters of a column, from 0: A, B, ... Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def column_name(header: str, aliases: Mapping[str, str]) -> str:
    """Return what a column is called that has this header: no case, blanks as underscores, aliases resolved."""
    name = re.sub(r"\s+", "_", header.strip().casefold())
    return aliases.get(name, name)


def read_table(source: Source, wanted: Sequence[str], aliases: Mapping[str, str]) -> Table:
    """Return the table of a sheet.

    Args:
        source: the sheet.
        wanted: names of columns; the first must be there.
        aliases: other names of them.

    Raises:
        InvalidParametersError: there is nothing in it, more than can be imported, or the first row is wrong.
    """
    place = f" of {source.sheet}" if source.sheet else ""
    rows = iter(_filled(source.rows))
    head = next(rows, None)
    if head is None:
        raise InvalidParametersError.one("file", f"the sheet{source.sheet and ' '}{source.sheet} is empty")
    names = {column: column_name(cell.text, aliases) for column, cell in head.cells.items() if cell.holds_something}
    _check_header(head, names, [*wanted, *aliases], wanted)
    columns = {column: name for column, name in names.items() if name in wanted}
    table = Table(place, {}, [name for name in names.values() if name not in wanted], [], [])
    hidden_rows = _take(rows, table, columns, names, missing_is_empty=source.missing_is_empty)
    hidden = [f"column {letters(column)}" for column in sorted(source.hidden_columns & columns.keys())]
    table.hidden = [*hidden, *hidden_rows]
    _spread(source.merged, table, columns, head)
    return table


def _filled(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that hold something, none of them wider or further down than any table of this kind."""
    for count, row in enumerate(row for row in rows if any(cell.holds_something for cell in row.cells.values())):
        if count > MOST_ROWS:
            raise InvalidParametersError.one("file", f"at most {MOST_ROWS} rows can be imported at once")
        last = max(column for column, cell in row.cells.items() if cell.holds_something)
        if last >= MOST_COLUMNS:
            sentence = f"at most {MOST_COLUMNS} columns can be imported, and column {letters(last)} holds something"
            raise InvalidParametersError.one(f"row {row.number}", sentence)
        yield row


def _check_header(head: Row, names: Mapping[int, str], known: Sequence[str], wanted: Sequence[str]) -> None:
    field_name = f"row {head.number}"
    errors = [
        FieldError(
            field_name, f"the column {name[:_LONGEST_HEADER]!r} is unknown: is {meant!r} meant? Rename or delete it"
        )
        for name in names.values()
        if name not in wanted and (meant := _meant(name, known))
    ]
    errors += [
        FieldError(field_name, f"{count} columns are called {name}, by this name or another: keep one of them")
        for name, count in Counter(names.values()).items()
        if count > 1 and name in wanted
    ]
    if wanted[0] not in names.values():
        errors.insert(0, FieldError("file", f"the first row must name the columns, `{wanted[0]}` among them"))
    if errors:
        raise InvalidParametersError(errors)


def _meant(name: str, known: Sequence[str]) -> str | None:
    """Return the name that another is a misspelling of. A name with a whole known word in it says something else."""
    if len(name) > _LONGEST_HEADER:
        return None
    bare = re.sub(r"[\W_]+", "", name)
    for one in known:
        if bare == one.replace("_", ""):
            return one
    if set(re.split(r"[\W_]+", name)) & set(known):
        return None
    alike = {one: SequenceMatcher(None, bare, one.replace("_", "")).ratio() for one in known}
    best = max(alike, key=lambda one: alike[one])
    return best if alike[best] >= _ALIKE else None


def _take(
    rows: Iterable[Row], table: Table, columns: Mapping[int, str], names: Mapping[int, str], *, missing_is_empty: bool
) -> list[str]:
    """Keep what rows hold in the wanted columns; return those that are hidden."""
    hidden: list[str] = []
    for row in rows:
        stray = next((c for c, cell in row.cells.items() if cell.holds_something and c not in names), None)
        if stray is not None:
            sentence = f"column {letters(stray)}{table.place} holds something, but the first row does not name it"
            table.errors.append(FieldError(f"row {row.number}", sentence))
        if row.is_hidden:
            hidden.append(f"row {row.number}")
        table.rows[row.number] = {
            name: row.cells.get(column, EMPTY)
            for column, name in columns.items()
            if missing_is_empty or column in row.cells
        }
    return hidden


def _spread(merged: Sequence[Area], table: Table, columns: Mapping[int, str], head: Row) -> None:
    """Let every cell of a merged area hold what the area shows; a row with nothing of its own stays no row."""
    numbers = list(table.rows)
    done: dict[int, int] = {}
    for area in sorted(merged, key=lambda area: area.first_row):
        touched = [column for column in columns if area.first_column <= column <= area.last_column]
        first, behind = bisect_left(numbers, area.first_row), bisect_left(numbers, area.last_row + 1)
        on_head = area.first_row <= head.number <= area.last_row
        if not touched or not (first < behind or on_head):
            continue
        if why := _ambiguous(area, touched[0], done, on_head=on_head and first < behind):
            number = head.number if on_head else numbers[first]
            table.errors.append(FieldError(f"row {number}", f"column {columns[touched[0]]}{table.place}: {why}"))
            continue
        done[touched[0]] = area.last_row
        inside = numbers[first:behind]  # areas that lie over each other have gone: no row is taken twice for a column
        _fill(area, columns[touched[0]], inside, table)


def _ambiguous(area: Area, column: int, done: Mapping[int, int], *, on_head: bool) -> str | None:
    if area.first_column != area.last_column:
        return "is merged with the column beside it, so that nobody can tell whose value it is; unmerge the cells"
    if on_head:
        return "the name of the column is merged with cells below it; unmerge them"
    if done.get(column, 0) >= area.first_row:
        return "two merged areas lie over each other; unmerge them"
    return None


def _fill(area: Area, column: str, inside: Sequence[int], table: Table) -> None:
    if not inside:
        return
    first = table.rows.get(area.first_row, {}).get(column, EMPTY)
    for number in inside:
        if number == area.first_row:
            continue
        own = table.rows[number].get(column, EMPTY)
        if own.holds_something and own != first:
            why = "another value lies hidden below the merged cells; unmerge them and delete what is wrong"
            table.errors.append(FieldError(f"row {number}", f"column {column}{table.place}: {why}"))
        table.rows[number][column] = first
