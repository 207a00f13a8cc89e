"""Sheets of accounts: each cell is a text, a number that is surely whole, or an error that says where."""

from __future__ import annotations

import datetime as dt

import pytest

from fleetlane.core.errors import InvalidParametersError
from fleetlane.work.content.sheets.account_sheet import AccountRow, read_sheet
from support.sheets import HEADER, book, inline, raw_book

T = "tiktok"


def read(content, encoding=None):
    return read_sheet(content if isinstance(content, bytes) else content.encode(), T, encoding)


def refused(content, encoding=None):
    with pytest.raises(InvalidParametersError) as raised:
        read(content, encoding)
    return [(error.field, error.message) for error in raised.value.errors]


def devices(content):
    return {row.username: row.serial for row in read(content).rows}


# -- one cell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.2345e71, "keeps 15 digits"),
        (12345678901234567, "keeps 15 digits"),
        (1_000_000_000_000_000, "keeps 15 digits"),
        (1.5, "not whole"),
        (1e-7, "not whole"),
        (True, "truth value"),
        (False, "truth value"),
        (dt.date(2024, 5, 1), "date or a time"),
        (dt.datetime(2024, 5, 1, 12, 30), "date or a time"),
        (dt.time(12, 30), "date or a time"),
        (dt.timedelta(hours=30), "date or a time"),
        ("#N/A", "the error #N/A"),
        ("#REF!", "the error #REF!"),
        ("#NAME?", "the error #NAME?"),
        ("#DIV/0!", "the error #DIV/0!"),
        ("#BEZUG!", "the error #BEZUG!"),
        ("########", "the error ####"),
        ("=A1", "formula without a stored value"),
        ("1.23457E+16", "digits a spreadsheet program left out"),
        ("1,2E+20", "digits a spreadsheet program left out"),
        ("two\nlines", "several lines"),
        ("# mine", "begins with #"),
        ("#YOK", "begins with #"),
        ("#HIÁNYZIK", "begins with #"),
        ("-x", "printable characters"),
        ("a\u200bb", "printable characters"),
        ("x" * 300, "printable characters"),
    ],
)
@pytest.mark.parametrize("column", ["username", "device"])
def test_a_cell_that_is_no_name_is_an_error_with_its_place(value, words, column):
    row = [value, "tiktok", "R1"] if column == "username" else ["shop", "tiktok", value]
    [(field, message)] = refused(book([HEADER, ["first", "tiktok", "R0"], row]))
    assert field == "row 3"
    assert message.startswith(f"column {column} of Sheet1: ")
    assert words in message


@pytest.mark.parametrize(
    ("value", "code", "read_as"),
    [
        (123, "General", "123"),
        (123.0, "General", "123"),
        (0, "0", "0"),
        (123, "00000", "00123"),
        (123456789012345, "@", "123456789012345"),
        (999_999_999_999_999, "0", "999999999999999"),
        (12, "[Red]0_ ;[Red]-0 ", "12"),
        (" \u00a0R58M1\u00a0\n", "General", "R58M1"),
        ("0012", "General", "0012"),
        ("12345678901234567", "General", "12345678901234567"),
        ("2024-05-01", "General", "2024-05-01"),
        ("'=x", "General", "=x"),
        ("'#x", "General", "#x"),
        ("'0012", "General", "0012"),
        ("''0012", "General", "'0012"),
        ("_x0041_", "General", "A"),
    ],
)
def test_a_text_and_a_whole_number_are_what_they_show(value, code, read_as):
    assert devices(book([HEADER, ["shop", "tiktok", value]], formats=[("C2", code)])) == {"shop": read_as}


@pytest.mark.parametrize(
    "code", ["0.00", "#,##0", "0%", "0.00E+00", "# ?/?", "000\\-000", "000 000", "0;;", '"#"0', "[>5]0"]
)
def test_a_number_that_is_shown_otherwise_is_an_error(code):
    [(_, message)] = refused(book([HEADER, ["shop", "tiktok", 123]], formats=[("C2", code)]))
    assert "in a format that shows something else" in message


@pytest.mark.parametrize("code", ["yyyy-mm-dd", "d/m/yy", "[h]:mm", "[$-F800]dddd, mmmm dd, yyyy"])
def test_a_number_that_is_shown_as_a_date_is_an_error(code):
    [(_, message)] = refused(book([HEADER, [45413, "tiktok", "R1"]], formats=[("A2", code)]))
    assert "date or a time" in message


def test_truth_values_are_taken_where_they_say_whether_an_account_is_enabled():
    content = book([["username", "enabled"], ["a", True], ["b", False], ["c", None], ["d", "VERO"], ["e", 0]])
    assert [row.enabled for row in read(content).rows] == [True, False, None, True, False]


def test_what_stands_in_columns_that_are_not_read_is_no_error():
    content = book([[*HEADER, "followers", "since"], ["a", None, "R1", 1.5, dt.date(2024, 5, 1)]])
    sheet = read(content)
    assert sheet.rows == [AccountRow("a", T, "R1")]
    assert sheet.ignored_columns == ["followers", "since"]


def test_every_error_of_every_row_is_listed_and_many_are_counted():
    content = book([HEADER, *([1.5, "myspace", True] for _ in range(70))])
    errors = refused(content)
    assert [field for field, _ in errors[:4]] == ["row 2", "row 2", "row 2", "row 3"]
    assert len(errors) == 201
    assert errors[-1] == ("file", "210 errors in all, of which the first 200 are listed; nothing was imported")


def test_an_empty_cell_takes_away_and_a_missing_one_says_nothing():
    assert read(book([[*HEADER, "enabled", "note"], ["a"]])).rows == [AccountRow("a", T, "", None, "")]
    assert read("username,device,note\na,,\n").rows == [AccountRow("a", T, "", None, "")]
    assert read("username,device,note\na\n").rows == [AccountRow("a", T)]
    assert read("username\na\n").rows == [AccountRow("a", T)]


def test_a_formula_counts_with_its_stored_value():
    cells = '<c r="C2" t="str"><f>A1</f><v>R7</v></c>'
    empty = '<c r="C3" t="str"><f>""</f><v></v></c>'
    rows = f"<row>{_names()}</row><row>{inline(('A2', 'a'))}{cells}</row><row>{inline(('A3', 'b'))}{empty}</row>"
    assert devices(raw_book(f"<sheetData>{rows}</sheetData>")) == {"a": "R7", "b": ""}


@pytest.mark.parametrize("cell", ["<f>A1</f>", "<f>A1</f><v></v>", "<f>A1</f><v/>"])
def test_a_formula_without_a_stored_value_is_an_error(cell):
    rows = f'<row>{_names()}</row><row>{inline(("A2", "a"))}<c r="C2">{cell}</c></row>'
    assert "formula without a stored value" in str(refused(raw_book(f"<sheetData>{rows}</sheetData>")))


def test_texts_in_several_pieces_are_one_and_how_they_are_said_is_left_out():
    texts = "<si><r><t>sh</t></r><r><t>op</t></r><rPh><t>SHOP</t></rPh></si><si><t>a_x005F_x0041_</t></si>"
    rows = f'<row>{_names()}</row><row><c t="s"><v>0</v></c><c/><c t="s"><v>1</v></c></row>'
    assert devices(raw_book(f"<sheetData>{rows}</sheetData>", texts=texts)) == {"shop": "a_x0041_"}


def _names():
    return inline(("A1", "username"), ("B1", "platform"), ("C1", "device"))


# -- rows ----------------------------------------------------------------------------------------------


def test_rows_are_called_by_the_numbers_that_are_seen():
    assert [f for f, _ in refused("username,device\r\n\r\n\r\nok1,R1\r\n-bad,R1\r\n")] == ["row 5"]
    assert [f for f, _ in refused(book([[], HEADER, [], ["ok"], [], ["-bad"]]))] == ["row 6"]
    assert [f for f, _ in refused('username,note\na,"one\ntwo\n\nthree"\n-bad,x\n')] == ["row 3"]
    assert [f for f, _ in refused("sep=;\nusername;note\n-bad;x\n")] == ["row 2"]


@pytest.mark.parametrize("other", ["@D1", "d1", "D1", " @d1 "])
def test_two_rows_of_one_account_are_an_error_whatever_they_say(other):
    [(field, message)] = refused(f"username,device,enabled\nd1,R1,true\n{other},R2,false\n")
    assert field == "row 3"
    assert "is in row 2" in message
    assert "with another device and enabled" in message
    [(_, same)] = refused(f"username,device\nd1,R1\n{other},R1\n")
    assert "delete one of the two rows" in same or "another" not in same


def test_one_name_on_two_platforms_is_two_accounts():
    assert len(read("username,platform\na,tiktok\n@A,instagram\n").rows) == 2
    assert len(refused("username,platform\na,\n@A,TikTok\n")) == 1


def test_a_status_that_contradicts_enabled_is_an_error():
    assert "something else than the column enabled" in str(refused("username,enabled,status\na,true,1\n"))
    assert read("username,enabled,status\na,true,0\n").rows[0].enabled is True


# -- columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["devcie", "Devices", "device-serial", "serail", "Serials", "divice", "deviceserial"])
def test_a_column_that_looks_misspelt_is_an_error(name):
    [(field, message)] = refused(f"username,{name}\na,R1\n")
    assert field == "row 1"
    assert "Rename or delete it" in message


@pytest.mark.parametrize(
    "name",
    ["id", "email", "pwd", "device_index", "account_id", "logined", "nickname", "followers", "colour", "phone", "name",
     "country", "created", "设备", "proxy", "tags", "group", "region", "password", "brand", "model", "x" * 5000],
)  # fmt: skip
def test_a_column_of_another_kind_is_left_out_and_told(name):
    assert read(f"username,{name}\na,R1\n").ignored_columns == [name]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("device\nR1\n", "`username` among them"),
        ("usernmae,device\na,R1\n", "'usernmae' is unknown: is 'username' meant"),
        ("username,device,serial\na,R1,R2\n", "2 columns are called device"),
        ("username,User\na,b\n", "2 columns are called username"),
        ("username,,device\na,x,R1\n", "column B holds something, but the first row does not name it"),
        ("username,device\na,R1,more\n", "column C holds something"),
        ("", "empty"),
        ("\n\n,,\n", "empty"),
        ("username\n" + "x\n" * 50_001, "at most 50000 rows"),
        (",".join(f"c{n}" for n in range(64)) + ",username\n", "at most 64 columns"),
    ],
)
def test_a_first_row_that_names_no_columns_is_an_error(content, words):
    assert words in str(refused(content))


def test_cells_without_a_value_may_lie_beside_the_table():
    assert devices("username,device,,\na,R1,,\n") == {"a": "R1"}


# -- merged and hidden ---------------------------------------------------------------------------------


def test_merged_cells_mean_what_they_show_in_each_row():
    rows = [HEADER, ["a", "tiktok", "R1"], ["b", None, None], ["c", None, None], ["d", "instagram", "R2"]]
    sheet = read(book(rows, merged=["C2:C4", "B2:B4"]))
    assert [(row.username, row.platform, row.serial) for row in sheet.rows] == [
        ("a", "tiktok", "R1"), ("b", "tiktok", "R1"), ("c", "tiktok", "R1"), ("d", "instagram", "R2"),
    ]  # fmt: skip


def test_merged_cells_over_rows_that_hold_nothing_else_are_one_row():
    assert devices(book([HEADER, ["a", "tiktok", "R1"], [], ["b", None, "R2"]], merged=["A2:A3", "C2:C3"])) == {
        "a": "R1",
        "b": "R2",
    }


@pytest.mark.parametrize(
    ("merged", "words"),
    [
        ("B2:C2", "merged with the column beside it"),
        ("C1:C2", "name of the column is merged"),
        ("A1:B1", "merged with the column beside it"),
        ("A2:A3", "is in row 2 as well"),
    ],
)
def test_merged_cells_whose_meaning_is_open_are_an_error(merged, words):
    rows = [HEADER, ["a", None, "R1"], [None, None, "R2"]]
    assert words in str(refused(book(rows, merged=[merged])))


def test_values_hidden_below_merged_cells_are_an_error():
    first, second = inline(("A2", "a"), ("C2", "R1")), inline(("A3", "b"), ("C3", "R2"))
    rows = f"<row>{_names()}</row><row>{first}</row><row>{second}</row>"
    content = raw_book(f'<sheetData>{rows}</sheetData><mergeCells><mergeCell ref="C2:C3"/></mergeCells>')
    assert "row 3" in str(refused(content))
    assert "lies hidden below the merged cells" in str(refused(content))
    twice = content_of_two_areas(rows)
    assert "two merged areas" in str(refused(twice))


def content_of_two_areas(rows):
    rows = rows.replace(inline(("C3", "R2")), "")
    return raw_book(
        f'<sheetData>{rows}</sheetData><mergeCells><mergeCell ref="C2:C3"/><mergeCell ref="C3:C4"/></mergeCells>'
    )


def test_merged_cells_beside_the_table_and_below_it_do_not_matter():
    rows = [[*HEADER, "x", "y"], ["a", None, "R1", "wide", None], [], [], []]
    assert devices(book(rows, merged=["D2:E2", "A4:E5", "H1:H9"])) == {"a": "R1"}


def test_what_is_hidden_is_read_and_told():
    rows = [HEADER, ["a", None, "R1"], ["b", None, "R2"]]
    sheet = read(book(rows, hidden_rows=[3], hidden_columns=["C"]))
    assert [row.serial for row in sheet.rows] == ["R1", "R2"]
    assert [str(warning) for warning in sheet.warnings] == ["hidden, and read like the rest: column C, row 3"]


def test_the_first_visible_sheet_is_read_and_the_others_are_told():
    more = [("Old", "hidden", [["x"]]), ("Empty", "visible", []), ("2025", "visible", [["username"], ["z"]])]
    sheet = read(book([HEADER, ["a"]], title="Now", more=more))
    assert [row.username for row in sheet.rows] == ["a"]
    assert [str(warning) for warning in sheet.warnings] == [
        "only the sheet Now was read; these hold something, too: Old, 2025"
    ]
