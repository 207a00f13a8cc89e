"""Small sheets that would cost much: nothing of them is read longer, or kept, than a sheet of accounts can need."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from fleetlane.core.errors import InvalidParametersError
from fleetlane.work.content.sheets.account_sheet import read_sheet
from fleetlane.work.content.sheets.cells import Cell
from fleetlane.work.content.sheets.table import Area, Row, Source, read_table
from support.sheets import raw_book

pytestmark = pytest.mark.slow

HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>username</t></is></c></row>'
STYLES = "xl/styles.xml"


def sheet(rows: str, behind: str = "") -> str:
    return f"<sheetData>{HEAD}{rows}</sheetData>{behind}"


ATTACKS = {
    "far corner": lambda: raw_book(sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
    "a tag of 100 MB": lambda: raw_book(sheet(f'<row r="2" a="{"x" * 100_000_000}"/>')),
    "deep": lambda: raw_book("<a>" * 5_000_000),
    "a shared text of 100 MB": lambda: raw_book(sheet(""), texts=f"<si><t>{'a' * 100_000_000}</t></si>"),
    "signs one by one": lambda: raw_book(
        sheet(f'<row r="2"><c r="A2" t="inlineStr"><is><t>{"&lt;" * 20_000_000}</t></is></c></row>')
    ),
    "merged areas": lambda: raw_book(
        sheet("", "<mergeCells>" + '<mergeCell ref="A2:A3"/>' * 2_000_000 + "</mergeCells>")
    ),
    "a wide line": lambda: b"username" + b"," * 8_000_000,
    "a wide first line": lambda: b"username," + b",".join(b"c%d" % number for number in range(1_000_000)),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_sheet_made_to_cost_much_is_refused_at_once(attack):
    content = ATTACKS[attack]()
    began_s = time.thread_time()
    tracemalloc.start()
    try:
        with pytest.raises(InvalidParametersError):
            read_sheet(content, "tiktok")
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()
    assert time.thread_time() - began_s < 8


def test_merged_areas_over_each_other_cost_no_more_than_their_number():
    rows = [Row(number, {0: Cell(f"user{number}")}) for number in range(1, 50_001)]
    rows[0] = Row(1, {0: Cell("username")})
    began_s = time.thread_time()
    table = read_table(Source("", iter(rows), True, [Area(3, 0, 50_000, 0)] * 65_000), ["username"], {})
    assert time.thread_time() - began_s < 6
    assert sum("lie over each other" in error.message for error in table.errors) == 64_999


def test_hidden_columns_cost_no_more_than_there_can_be():
    hidden = '<col min="1" max="16384" hidden="1"/>' * 20_000
    began_s = time.thread_time()
    read_sheet(raw_book(f"<cols>{hidden}</cols>{sheet('')}"), "tiktok")
    assert time.thread_time() - began_s < 4


def test_a_text_that_many_cells_share_is_read_once():
    text = "\r\n".join("x" * 10 for _ in range(5000))
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(2, 5000))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidParametersError):
            read_sheet(raw_book(sheet(rows), texts=f"<si><t>{text}</t></si>"), "tiktok")
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [raw_book(sheet("".join(f'<row r="{row}"/>' for row in range(2, 20_000)))), b"username\n" + b"a\n" * 20_000],
)
def test_reading_that_takes_too_long_ends(content):
    with pytest.raises(InvalidParametersError, match=r"takes more than 0\.005 seconds to read"):
        read_sheet(content, "tiktok", longest_s=0.005)
