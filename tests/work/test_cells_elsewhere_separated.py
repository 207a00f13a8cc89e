"""Cells of CSV files in programs that separate them elsewhere than we do: by `;`, a tab, or at each line."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.work.content.sheets.cells import marked, neutral, read_again, text_cell

HOSTILE = [
    "a;=cmd()",
    "a; =cmd()",
    "a\t=cmd()",
    "a;+1",
    "a;-1",
    "a;@x",
    "a|=x",
    "a\n=x",
    "=a;=b",
    "a;'=x",
    "a;;=x",
    ";=x",
    'a;"=x',
    'a\t""=x',
    'a; "\xa0=x',
    "a;\xa0=x",
    "＝x",
    "a;＠x",
]
BEGINS_A_FORMULA = re.compile(r"(^|[;\t|\r\n])[ \xa0]*[=+\-@＝＋－＠]")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_a_formula_wherever_a_program_separates(text):
    assert not BEGINS_A_FORMULA.search(neutral(text))
    assert not BEGINS_A_FORMULA.search(marked(text))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("written", [neutral, marked])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_file_is_a_formula_whatever_separates_its_cells(text, written, separator):
    file = io.StringIO()
    csv.writer(file).writerow(["name", written(text)])
    rows = csv.reader(io.StringIO(file.getvalue()), delimiter=separator)
    assert not [cell for row in rows for cell in row if BEGINS_A_FORMULA.match(cell)]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_marked_is_read_as_it_was(text):
    assert text_cell(marked(text)).text == text


@pytest.mark.parametrize("text", ["plain", "a; b", "tom & jerry; it's", "2-3", "a=b", "x;'y"])
def test_a_text_without_such_a_place_stays_as_it_is(text):
    assert (neutral(text), marked(text)) == (text, text)


@given(st.text(alphabet="a;\t|\n '\"=+-@", max_size=12))
def test_every_text_of_such_characters_is_safe_and_read_as_it_was(text):
    trimmed = text.strip()
    assert not BEGINS_A_FORMULA.search(marked(text))
    assert read_again(trimmed) == text_cell(marked(trimmed)).text
    assert text_cell(marked(trimmed)).text == trimmed
