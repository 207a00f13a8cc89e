"""Cells of sheets: a text, or the reason why none can be had; and texts written so that every program keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

AS_TEXT = "format the column as text and type it again"
_FORMULA_SIGNS = "=+-@＝＋－＠"
"""The wide ones for programs of East Asia."""
_FORMULA_STARTS = (*_FORMULA_SIGNS, "\t", "\r")
_ERROR = re.compile(r"#(N/[A-Z]|Н/Д|NV|GETTING_DATA|[^\s#]{2,16}[!?]|##+)|Err:[0-9]{3}")
"""What spreadsheet programs show in the place of a value, in any language: #N/A, #REF!, #BEZUG!, #¡VALOR!, ######."""
_SHORTENED = re.compile(r"[+-]?[0-9]([.,][0-9]+)?[Ee][+-][0-9]{2,3}")
"""How a spreadsheet program saves a long number as CSV: 1.23457E+16."""
_MOST_DIGITS = 15
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What openpyxl writes into no cell."""
_UNSAFE = re.compile(f"{_ILLEGAL.pattern}|[\ud800-\udfff\ufffe\uffff]")
_SHOWN = 40
_NO_NAMES = {
    "=": "begins with =, as a formula does; type the text itself, or an apostrophe in front if it is meant so",
    "#": "begins with #, as errors and comments do; type the text itself, or an apostrophe in front if it is meant so",
}
_AFTER_SEPARATOR = re.compile(rf"([;\t|\r\n][ \xa0\"]*)('*)(?=[{re.escape(_FORMULA_SIGNS)}])")
_MARKED_AFTER_SEPARATOR = re.compile(rf"([;\t|\r\n][ \xa0\"]*)'('*)(?=[{re.escape(_FORMULA_SIGNS)}])")
"""Where a program that separates cells elsewhere than we do would begin one, which is then taken for a formula.

Quotation marks before it are no part of such a cell: CSV writes them twice, and two are an empty text there.
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `text` without blanks around it; with `why`, the sentence that says why it is not to be taken.

    `is_boolean` says that `text` is "true" or "false" because the program keeps a truth value, not a text. `no_name` is
    the sentence that says why a text may be a note, but not the name of an account or a phone.
    """

    text: str
    why: str = ""
    is_boolean: bool = False
    no_name: str = ""

    @property
    def holds_something(self) -> bool:
        """Return whether a person sees something in it."""
        return bool(self.text or self.why)


EMPTY = Cell("")


def text_cell(text: str) -> Cell:
    """Return the cell of a text: trimmed, its line breaks LF, without the apostrophe that `marked` puts in front."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if is_error(text):
        return error_cell(text)
    if _SHORTENED.fullmatch(text):
        return Cell(text, f"{text} is a number whose digits a spreadsheet program left out; {AS_TEXT}")
    text = _MARKED_AFTER_SEPARATOR.sub(r"\1\2", text)
    if text.startswith("'") and (_needs_mark(text[1:]) or text[1:].isdecimal()):
        return Cell(text[1:])
    return Cell(text, no_name=_NO_NAMES.get(text[:1], ""))


def error_cell(shown: str) -> Cell:
    """Return the cell of a value such as #N/A."""
    return Cell(shown, f"holds the error {shown[:_SHOWN]}; fix its formula, or type the text itself")


def boolean_cell(*, value: bool) -> Cell:
    """Return the cell of a truth value."""
    why = f"is a truth value (TRUE or FALSE) for the spreadsheet program, not a text; {AS_TEXT}"
    return Cell("true" if value else "false", why, is_boolean=True)


def date_cell(shown: str) -> Cell:
    """Return the cell of a date or a time."""
    return Cell(shown, f"is a date or a time for the spreadsheet program, not a text; {AS_TEXT}")


@lru_cache(maxsize=4096)
def number_cell(stored: str, digits: int | None) -> Cell:
    """Return the cell of a number: its digits where it is surely whole and shown as such.

    Args:
        stored: the number, as the file has it.
        digits: how many digits its format shows at least; None: the format shows something else than a whole number.

    Raises:
        ValueError: it is no number.
    """
    try:
        number = Decimal(stored)
    except InvalidOperation as error:
        raise ValueError(f"no number: {stored[:_SHOWN]}") from error
    shown = stored[:_SHOWN]
    if not number.is_finite() or number.adjusted() >= _MOST_DIGITS:
        lost = f"a spreadsheet program keeps {_MOST_DIGITS} digits of a number, and the others are lost"
        return Cell(shown, f"is the number {shown}: {lost}; {AS_TEXT}")
    if number != number.to_integral_value():
        return Cell(shown, f"is the number {shown}, which is not whole; {AS_TEXT}")
    if digits is None:
        return Cell(shown, f"is the number {shown} in a format that shows something else; {AS_TEXT}")
    whole = int(number)
    return Cell(f"{'-' if whole < 0 else ''}{abs(whole):0{digits}d}")


def is_error(text: str) -> bool:
    """Return whether a text is what a spreadsheet program shows in the place of a value."""
    return (text == text.upper() or text.startswith("Err:")) and _ERROR.fullmatch(text) is not None


def _needs_mark(text: str) -> bool:
    """Return whether a text is written with an apostrophe in front, so that it stays one and can be read again.

    Digits are not, though people write one before them to keep leading zeros: a name with such an apostrophe of its own
    is.
    """
    bare = text.lstrip("'")
    if bare.isdecimal():
        return bare != text
    return bare.startswith((*_FORMULA_STARTS, *_NO_NAMES)) or is_error(bare) or _SHORTENED.fullmatch(bare) is not None


def marked(text: str) -> str:
    """Return a text as sheets of accounts hold it: no program takes it for a formula, `text_cell` reads it again."""
    text = _UNSAFE.sub("", text).strip()
    inner = _AFTER_SEPARATOR.sub(r"\1'\2", text)
    return f"'{inner}" if _needs_mark(text) else inner


def read_again(text: str) -> str:
    """Return what is read of a text that was written: without what no sheet can hold."""
    return text_cell(marked(text)).text


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula."""
    cell = _AFTER_SEPARATOR.sub(r"\1'\2", _ILLEGAL.sub("", cell))
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
