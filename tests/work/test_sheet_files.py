"""Files of sheets: encodings and separators of CSV, broken and hostile workbooks, and what is written is read again."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from fleetlane.core.account import Account
from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.names import is_name
from fleetlane.core.task import username_key
from fleetlane.work.content.sheets.account_sheet import read_sheet, write_csv, write_xlsx
from fleetlane.work.content.sheets.cells import Cell, neutral, read_again, text_cell
from fleetlane.work.content.sheets.csv_file import Encoding
from fleetlane.work.content.sheets.sheet_cells import escaped, unescaped
from support.sheets import HEADER, book, inline, raw_book

T = "tiktok"
NAMES = {
    Encoding.WINDOWS_1252: "café_ñandú",
    Encoding.WINDOWS_1250: "żółw_řeka",
    Encoding.WINDOWS_1251: "магазин",
    Encoding.GB18030: "我的小店",
    Encoding.BIG5: "我的商店",
    Encoding.SHIFT_JIS: "お店①",
    Encoding.EUC_KR: "가게",
}


def read(content, encoding=None):
    return read_sheet(content if isinstance(content, bytes) else content.encode(), T, encoding)


def pairs(content, encoding=None):
    return [(row.username, row.serial) for row in read(content, encoding).rows]


def refused(content, encoding=None):
    with pytest.raises(InvalidParametersError) as raised:
        read(content, encoding)
    return [(error.field, error.message) for error in raised.value.errors]


# -- encodings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("encoding", [None, "utf-16", "utf-8"])
def test_utf_8_and_utf_16_are_found(codec, encoding):
    content = "username,device\né店😀,R1\n".encode(codec)
    if encoding == "utf-8" and codec in ("utf-16-le", "utf-16-be"):
        assert refused(content, Encoding(encoding))
    elif encoding != "utf-16" or codec != "utf-8":
        assert pairs(content, Encoding(encoding) if encoding else None) == [("é店😀", "R1")]


def test_utf_16_with_the_other_mark_is_read_by_its_mark():
    assert pairs(b"\xfe\xff" + "username\né\n".encode("utf-16-be")) == [("é", None)]


@pytest.mark.parametrize("encoding", NAMES)
def test_other_encodings_are_asked_for_and_then_read(encoding):
    content = f"username;device\r\n{NAMES[encoding]};R1\r\n".encode(encoding.codec)
    [(field, message)] = refused(content)
    assert field == "encoding"
    assert "encoding=windows-1252" in message
    assert all(one in message for one in Encoding)
    sheet = read(content, encoding)
    assert [(row.username, row.serial) for row in sheet.rows] == [(NAMES[encoding], "R1")]
    assert sheet.warnings == []


def test_a_file_without_other_letters_needs_no_encoding():
    assert pairs(b"username;device\r\nshop;R1\r\n") == [("shop", "R1")]
    assert pairs(b"username;device\r\nshop;R1\r\n", Encoding.WINDOWS_1252) == [("shop", "R1")]


def test_an_encoding_that_does_not_fit_is_an_error():
    assert refused(b"username\n\x81\n", Encoding.WINDOWS_1252)[0][0] == "encoding"
    assert "is not gb18030" in refused(b"username\n\xff\xff\n", Encoding.GB18030)[0][1]
    assert "begins as utf-8" in refused(b"\xef\xbb\xbfusername\n\xff\n", Encoding.WINDOWS_1252)[0][1]
    assert "begins as utf-16" in refused(b"\xff\xfe" + "username\n".encode("utf-16-le") + b"\x00")[0][1]


def test_a_file_that_is_utf_8_as_well_is_read_as_asked_for_and_told():
    sheet = read("username\né\n".encode(), Encoding.WINDOWS_1252)
    assert [row.username for row in sheet.rows] == ["Ã©"]
    assert "might be UTF-8 as well; it was read as windows-1252" in str(sheet.warnings[0])
    assert read(b"\xef\xbb\xbf" + "username\né\n".encode(), Encoding.WINDOWS_1252).rows[0].username == "é"


# -- separators and quotes -----------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("named", [True, False])
def test_every_separator_and_line_end_is_read(separator, line, named):
    rows = [["username", "device", "note"], ["a", "R1", '"x,y;z|w"'], ["b", "", '"1 ""2"""']]
    text = line.join([*([f"sep={separator}"] if named else []), *(separator.join(row) for row in rows)]) + line
    sheet = read(text)
    assert [(row.username, row.serial, row.note) for row in sheet.rows] == [("a", "R1", "x,y;z|w"), ("b", "", '1 "2"')]


def test_the_separator_is_the_one_that_finds_columns():
    assert pairs('username;"device";a,b,c,d,e\nx;R1;\n') == [("x", "R1")]
    assert pairs("\n;;\nusername;device\nx;R1\n") == [("x", "R1")]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ('username,device\na,R1\nb,"R2\nc,R3\n', "row 3", "never closed"),
        ('username,device\na,"R"1\n', "row 2", "behind a closing quotation mark"),
        ('username,device\na, "R1"\n', "row 2", "a blank stands before the quotation mark"),
        ('username,device\na,"=""0012"""\n', "row 2", "begins with =, as a formula does"),
        ("username,device\n=B2,R1\n", "row 2", "begins with =, as a formula does"),
        ("username,device\na,R\x001\n", "file", "NUL"),
        ("username,device\na;R1\n", "row 2", "separated by a semicolon here, but by a comma"),
        ("username\na;R1\n", "row 2", "separated by a semicolon here"),
        ("username\na,R1\n", "row 2", "column B holds something"),
        ("sep=^\nusername^device\na^b\n", "file", "only a comma, a semicolon, a tab or a vertical bar"),
        ("username,note\na," + "x" * 200_000 + "\n", "row 2", "field larger"),
        ("username,note\na," + "x" * 10_001 + "\n", "row 2", "10000 characters"),
    ],
)
def test_a_csv_file_that_means_several_things_is_an_error(text, field, words):
    errors = refused(text)
    assert errors[0][0] == field
    assert words in errors[0][1]


# -- workbooks that are none, and large ones -----------------------------------------------------------


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04nonsense", "no xlsx file that can be read"),
        (archive(**{"a.txt": "x"}), "no xlsx file that can be read"),
        (archive(**{"mimetype": "x", "content.xml": "<x/>"}), "an OpenDocument file"),
        (archive(**{"xl/workbook.bin": "x"}), "a binary workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old workbook (xls), or one with a password"),
        (raw_book("<sheetData>"), "no xlsx file"),
        (raw_book("<sheetData/>"), "Sheet1 is empty"),
        (raw_book("<sheetData/>", head='<!DOCTYPE a [<!ENTITY b "c">]>'), "no xlsx file"),
        (raw_book("<sheetData/>", head='<?xml version="1.0" encoding="no-such"?>'), "no xlsx file"),
        (raw_book('<sheetData><row r="0"/></sheetData>'), "no xlsx file"),
        (raw_book('<sheetData><row r="2"/><row r="2"/></sheetData>'), "no xlsx file"),
        (raw_book(f"<sheetData><row>{inline(('A1', 'x'), ('A1', 'y'))}</row></sheetData>"), "no xlsx file"),
        (raw_book(f"<sheetData><row>{inline(('A2', 'x'))}</row></sheetData>"), "no xlsx file"),
        (raw_book('<sheetData><row><c t="s"><v>0</v></c></row></sheetData>'), "no xlsx file"),
        (raw_book("<sheetData><row><c><v>twelve</v></c></row></sheetData>"), "no xlsx file"),
        (raw_book('<sheetData><row><c t="x"><v>1</v></c></row></sheetData>'), "no xlsx file"),
    ],
)
def test_a_file_that_is_no_workbook_says_what_to_do(content, words):
    [(field, message)] = refused(content)
    assert field == "file"
    assert words in message


def test_a_workbook_whose_sheets_are_all_hidden_is_an_error():
    content = archive(**{
        name: entry.replace(b'state="visible"', b'state="veryHidden"')
        for name, entry in entries(book([HEADER])).items()
    })  # fmt: skip
    assert "no sheet of this workbook is visible" in str(refused(content))


def entries(content):
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_a_small_file_that_claims_a_large_sheet_costs_little():
    far = f'<row r="1048576">{inline(("XFD1048576", "far"))}</row>'
    head = f"<row>{inline(('A1', 'username'), ('B1', 'device'))}</row><row>{inline(('A2', 'a'))}</row>"
    content = raw_book(f'<dimension ref="A1:XFD1048576"/><sheetData>{head}{far}</sheetData>')
    empty = raw_book(f'<sheetData>{head}<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')
    merged = raw_book(f'<sheetData>{head}</sheetData><mergeCells><mergeCell ref="B2:B1048576"/></mergeCells>')
    tracemalloc.start()
    errors = refused(content)
    assert pairs(empty) == [("a", "")]
    assert pairs(merged) == [("a", "")]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert errors == [("row 1048576", "at most 64 columns can be imported, and column XFD holds something")]
    assert peak_bytes < 8 * 1024 * 1024


def test_a_file_that_unpacks_to_too_much_is_not_unpacked():
    bomb = raw_book("<sheetData/>", more=[("xl/media/a.bin", bytes(257 * 1024 * 1024))])
    assert len(bomb) < 1024 * 1024
    assert "unpacks to more" in str(refused(bomb))


def test_more_rows_than_can_be_imported_are_an_error():
    rows = "".join(f'<row><c t="inlineStr"><is><t>u{n}</t></is></c></row>' for n in range(50_001))
    names = f"<row>{inline(('A1', 'username'))}</row>"
    assert "at most 50000 rows" in str(refused(raw_book(f"<sheetData>{names}{rows}</sheetData>")))


def test_a_broken_byte_never_breaks_the_reader():
    good = book([HEADER, ["a", "tiktok", "R1"], ["b", None, 12]], merged=["B2:B3"])
    draw = random.Random(7)
    for _ in range(400):
        content = bytearray(good)
        for _ in range(draw.randrange(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        with contextlib.suppress(InvalidParametersError):
            read(bytes(content))


def test_a_broken_byte_in_the_xml_never_breaks_the_reader():
    good = entries(book([HEADER, ["a", "tiktok", "R1"], ["b", None, 12]], merged=["B2:B3"], formats=[("C3", "00")]))
    draw = random.Random(8)
    for _ in range(400):
        name = draw.choice(
            ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"]
        )
        content = bytearray(good[name])
        content[draw.randrange(len(content))] = draw.randrange(32, 127)
        with contextlib.suppress(InvalidParametersError):
            read(archive(**{**good, name: bytes(content)}))


# -- there and back ------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(str.strip).filter(is_name)
notes = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
accounts = st.lists(
    st.tuples(names, st.sampled_from(["tiktok", "instagram"]), st.none() | names, st.booleans(), notes),
    max_size=8,
    unique_by=lambda drawn: (drawn[1], username_key(drawn[0])),
)


@pytest.mark.slow
@given(accounts)
@example([("=x", T, "'=x", True, "''-x"), ("1E+16", T, "#REF!", False, "#N/A"), ("@a", T, "@b", True, "\ta\r\n\x01b ")])
@example(
    [
        ("a_x0041_", T, "_x005F_x0041_", True, "_x000D_\ufffe"),
        ("sep=;", T, "'", False, "'"),
        ("001", T, "1.0", True, "TRUE"),
        ("'001", T, "''001", True, "# it = mine"),
        ("#x", T, "'#x", True, "=== it ==="),
    ]
)
def test_what_is_written_is_read_as_the_same(drawn):
    stored = [Account(n, *fields, 0, 0) for n, fields in enumerate(drawn)]
    expected = [
        (name, platform, read_again(serial or ""), enabled, read_again(note))
        for name, platform, serial, enabled, note in drawn
    ]
    for content in (write_csv(stored), write_xlsx(stored)):
        if not drawn:
            assert read(content).rows == []
            continue
        rows = read(content).rows
        assert [(row.username, row.platform, row.serial, row.enabled, row.note) for row in rows] == expected


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(names, names, st.sampled_from(Encoding), st.sampled_from(",;\t|"))
def test_any_name_comes_through_every_encoding_and_separator(username, serial, encoding, separator):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([["username", "device", "note"], [username, serial, "x"]])
    try:
        content = out.getvalue().encode(encoding.codec)
    except UnicodeEncodeError:
        content = b""
    assume(content.decode(encoding.codec) == out.getvalue())
    assume(all(text_cell(name) == Cell(name) for name in (username, serial)))  # no mark, no rest of a value
    assert pairs(content, encoding) == [(username, serial)]


@given(st.text())
def test_escapes_of_workbooks_go_there_and_back(text):
    assert unescaped(escaped(text)) == text
    assert unescaped(escaped(f"_x0041_{text}_x005F_")) == f"_x0041_{text}_x005F_"


def test_what_openpyxl_writes_into_no_cell_is_left_out():
    signs = [chr(code) for code in range(0x300) if chr(code) not in "\t\r=+-@"]  # these get an apostrophe
    assert [neutral(sign) for sign in signs] == [ILLEGAL_CHARACTERS_RE.sub("", sign) for sign in signs]
