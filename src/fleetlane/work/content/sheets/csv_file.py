"""CSV files: their encoding, their separator, and their rows by the numbers that a spreadsheet program shows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.work.content.sheets.budget import Budget
from fleetlane.work.content.sheets.cells import EMPTY, Cell, text_cell
from fleetlane.work.content.sheets.table import MOST_COLUMNS, Row, Source

SEPARATORS = ",;\t|"
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_LISTED = "only a comma, a semicolon, a tab or a vertical bar"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n|$)", re.IGNORECASE)
_MOST_LINES = 1_048_576
_LONGEST_LINE = 256 * 1024


class Encoding(StrEnum):
    """Encodings of CSV files that a caller can name. UTF-8 and UTF-16 are found without."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    WINDOWS_1252 = "windows-1252"
    WINDOWS_1250 = "windows-1250"
    WINDOWS_1251 = "windows-1251"
    GB18030 = "gb18030"
    BIG5 = "big5"
    SHIFT_JIS = "shift_jis"
    EUC_KR = "euc-kr"

    @property
    def codec(self) -> str:
        """Return Python's name of it: of what spreadsheet programs write under that name."""
        return _CODECS.get(self, self.value)


_CODECS = {
    Encoding.WINDOWS_1252: "cp1252",
    Encoding.WINDOWS_1250: "cp1250",
    Encoding.WINDOWS_1251: "cp1251",
    Encoding.BIG5: "cp950",
    Encoding.SHIFT_JIS: "cp932",
    Encoding.EUC_KR: "cp949",
}


def decode(content: bytes, encoding: Encoding | None) -> str:
    """Return the text of a CSV file.

    A byte order mark says what the file is, whatever `encoding` says.

    Raises:
        InvalidParametersError: it is in another encoding, or no text; says what to send.
    """
    codec, start = _codec(content, encoding)
    try:
        text = content[start:].decode(codec)
    except UnicodeDecodeError as error:
        raise _undecodable(codec, encoding, marked=start > 0) from error
    if "\0" in text:
        raise InvalidParametersError.one("file", "holds NUL characters: it is neither a CSV nor an xlsx file")
    return text


def _codec(content: bytes, encoding: Encoding | None) -> tuple[str, int]:
    """Return the codec of a file, and how long its mark is."""
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return codec, len(mark)
    if encoding in (None, Encoding.UTF_16) and len(content) > 1 and (content[0] == 0) != (content[1] == 0):
        return ("utf-16-be" if content[0] == 0 else "utf-16-le"), 0
    if encoding is Encoding.UTF_16:
        return "utf-16-le", 0
    return (encoding.codec if encoding else "utf-8"), 0


def _undecodable(codec: str, encoding: Encoding | None, *, marked: bool) -> InvalidParametersError:
    if marked or (encoding is None and codec != "utf-8"):
        name = codec.removesuffix("-le").removesuffix("-be")
        sentence = f"begins as {name} and does not go on so; save it again as “CSV UTF-8” or xlsx"
        return InvalidParametersError.one("file", sentence)
    if encoding is None:
        names = ", ".join(Encoding)
        return InvalidParametersError.one(
            "encoding",
            "this CSV file is not UTF-8: say which encoding it has, such as encoding=windows-1252 for Excel in Western "
            f"Europe (one of {names}), or save it as “CSV UTF-8” or xlsx",
        )
    return InvalidParametersError.one(
        "encoding", f"this CSV file is not {encoding}: send another encoding, or save it as “CSV UTF-8” or xlsx"
    )


def reads_as_utf8(content: bytes, encoding: Encoding | None) -> bool:
    """Return whether a file that is to be read in a single-country encoding might as well be UTF-8."""
    if encoding in (None, Encoding.UTF_8, Encoding.UTF_16) or content.isascii():
        return False
    if any(content.startswith(mark) for mark, _ in _MARKS):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_csv(text: str, is_column: Callable[[str], bool], budget: Budget) -> Source:
    """Return the rows of a CSV text.

    Args:
        text: the file.
        is_column: whether a name is one of a column that is wanted; the separator is the one that finds most.
        budget: how long it may be read.

    Raises:
        InvalidParametersError: while the rows are read: it is no CSV; says where.
        OverBudgetError: while the rows are read: it takes too long.
    """
    separator, text = _separator(text, is_column)
    return Source("", _rows(text, separator, budget), missing_is_empty=False)


def _separator(text: str, is_column: Callable[[str], bool]) -> tuple[str, str]:
    """Return the separator, and the text without Excel's line that names it."""
    if named := _SEPARATOR_LINE.match(text):
        if named[1] not in SEPARATORS:
            raise InvalidParametersError.one("file", f"sep={named[1]!r}: {_LISTED} can separate the cells")
        return named[1], text[named.end() :]
    names = re.sub(rf"\A[\s{SEPARATORS}]+", "", text)

    def score(separator: str) -> tuple[int, int]:
        first = _first(names, separator)
        return sum(is_column(name) for name in first), len(first)

    return max(SEPARATORS, key=score), text  # of equals the first: a comma


def _first(text: str, separator: str) -> Sequence[str]:
    try:
        for record in csv.reader(_lines(text), delimiter=separator, strict=True):
            return record
    except csv.Error:
        pass  # told when the rows are read
    return ()


def _lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > _LONGEST_LINE:
            raise csv.Error(f"the line has more than {_LONGEST_LINE} characters")
        yield line


def _rows(text: str, separator: str, budget: Budget) -> Iterator[Row]:
    """Yield the rows; a row whose cells have line breaks is one row, as in a spreadsheet program."""
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            budget.check()
            if number > _MOST_LINES:
                raise InvalidParametersError.one("file", f"has more than {_MOST_LINES} lines")
            yield Row(number, _cells(record, separator))
    except csv.Error as error:
        raise InvalidParametersError([FieldError(f"row {number + 1}", _why(error, reader.line_num))]) from error


def _cells(record: Sequence[str], separator: str) -> dict[int, Cell]:
    if len(record) == 1:
        for other in SEPARATORS:
            if other != separator and other in record[0]:
                why = f"the cells seem separated by {_NAMES[other]} here, but by {_NAMES[separator]} in the first row"
                return {0: Cell(record[0], why)}
    return {
        column: _cell(value) if value else EMPTY
        for column, value in enumerate(record)
        if column < MOST_COLUMNS or (value and not value.isspace())
    }


def _cell(value: str) -> Cell:
    bare = value.strip()
    if value[0].isspace() and len(bare) > 1 and bare[0] == bare[-1] == '"':
        return Cell(
            bare, "a blank stands before the quotation mark, which then is a part of the text; delete the blank"
        )
    return text_cell(value)


def _why(error: csv.Error, line: int) -> str:
    words = str(error)
    if "unexpected end of data" in words:
        return "a quotation mark is opened here and never closed; a quotation mark inside a cell is written twice"
    if "expected after" in words:
        return f"line {line}: text stands behind a closing quotation mark; one inside a cell is written twice"
    return f"line {line}: {words}"
