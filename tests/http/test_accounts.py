"""Accounts over HTTP: changing them one by one, and by sheets."""

from __future__ import annotations

import io

import openpyxl
import pytest

from support.server import ServerThread
from support.sheets import HEADER, book


@pytest.fixture
def server(tmp_path):
    with ServerThread(tmp_path) as server:
        yield server


def upload(server, content, name="accounts.csv", **query):
    return server.call("POST", "/account/import", files={"file": (name, content)}, params=query)


def test_an_account_is_added_listed_changed_and_deleted(server):
    made = server.call("POST", "/account", json={"username": "@Shop", "device": "p1", "note": "main"})["data"]
    assert (made["username"], made["platform"], made["device"], made["enabled"]) == ("@Shop", "tiktok", "p1", True)
    assert server.call("POST", "/account", json={"username": "shop"})["code"] == 40901
    other = server.call("POST", "/account", json={"username": "shop", "platform": "instagram"})["data"]
    path = f"/account/{made['id']}"
    assert server.call("GET", path)["data"] == made
    changed = server.call("PATCH", path, json={"device": None, "enabled": False})["data"]
    assert (changed["device"], changed["enabled"], changed["note"]) == (None, False, "main")
    assert server.call("PATCH", path, json={"platform": "instagram"})["code"] == 40901
    listed = server.call("GET", "/account?platform=instagram&enabled=true&q=HO")["data"]
    assert (listed["total"], [a["id"] for a in listed["accounts"]]) == (1, [other["id"]])
    assert server.call("DELETE", path)["data"] == {"account_id": made["id"], "deleted": True}
    for method in ("GET", "DELETE"):
        assert server.call(method, path)["code"] == 40401
    assert server.call("PATCH", path, json={"note": "x"})["code"] == 40401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": ""}, "username"),
        ({"username": "@"}, "username"),
        ({"username": "a", "platform": "myspace"}, "platform"),
        ({"username": "a", "enabled": 1}, "enabled"),
        ({"username": "a", "device": "-x"}, "device"),
        ({"username": "a", "note": "x" * 3000}, "note"),
    ],
)
def test_a_wrong_account_is_named(server, body, field):
    answer = server.call("POST", "/account", json=body)
    assert answer["code"] == 40001
    assert field in [error["field"] for error in answer["data"]["errors"]]
    assert server.call("GET", "/account")["data"]["total"] == 0


def test_a_sheet_is_shown_first_and_then_imported(server):
    server.call("POST", "/account", json={"username": "one", "device": "p1"})
    sheet = "username,platform,device,enabled,note\none,tiktok,p2,true,\ntwo,instagram,,false,=1+1\n"
    dry = upload(server, sheet, dry_run=True)["data"]
    assert (dry["dry_run"], dry["added_count"], dry["changed_count"]) == (True, 1, 1)
    assert dry["changed"][0]["changes"] == [{"field": "device", "before": "p1", "after": "p2"}]
    assert server.call("GET", "/account")["data"]["total"] == 1
    assert upload(server, sheet)["data"]["added_count"] == 1
    again = upload(server, sheet)["data"]
    assert (again["added_count"], again["changed_count"], again["unchanged_count"]) == (0, 0, 2)


def test_the_vendors_sheet_is_understood_and_its_secrets_are_not_kept(server):
    header = ["id", "email", "pwd", "username", "device", "device_index", "logined", "status", "nickname", "followers"]
    rows = [header, [1, "a@b.c", "secret", "shop1", "SER1", 3, 1, 0, "Shop", 17], [2, "", "", "shop2", "", "", 0, 1]]
    answer = upload(server, book(rows), "accounts.xlsx")["data"]
    assert answer["added_count"] == 2
    assert any("pwd" in warning for warning in answer["warnings"])
    accounts = server.call("GET", "/account?page_size=10")["data"]["accounts"]
    assert [(a["username"], a["device"], a["enabled"]) for a in accounts] == [
        ("shop1", "SER1", True), ("shop2", None, False),
    ]  # fmt: skip
    for kind in ("csv", "xlsx"):
        assert b"secret" not in server.http.get(f"/api/v1/account/export?format={kind}").content


def test_what_is_exported_imports_as_the_same_and_runs_no_formula(server):
    rows = [
        ("a", "p1", "=HYPERLINK(1)"),
        ("b", None, "+1"),
        ("@c", "p2", " plain, with comma\r\n\u0007"),
        ("#N/A", "1E+16", "'="),
    ]
    for username, device, note in rows:
        server.call("POST", "/account", json={"username": username, "device": device, "note": note})
    for kind in ("csv", "xlsx"):
        answer = server.http.get(f"/api/v1/account/export?format={kind}")
        assert f'filename="accounts.{kind}"' in answer.headers["content-disposition"]
        result = upload(server, answer.content, f"a.{kind}")["data"]
        assert (result["added_count"], result["changed_count"], result["unchanged_count"]) == (0, 0, 4)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    notes = [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert all(not note.startswith(("=", "+", "-", "@")) for note in notes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"name,device\nx,y\n", "username"),
        (b"username,enabled\nx,maybe\n", "enabled must be true or false"),
        (b"username,status\nx,5\n", "status must be 0"),
        (b"username\n\xff\xfe\n", "UTF-8"),
        (b"PK\x03\x04nonsense", "xlsx"),
        (b"username\n" + b"x\n" * 50_001, "at most"),
    ],
)
def test_a_wrong_sheet_changes_nothing_and_says_why(server, content, words):
    answer = upload(server, content)
    assert answer["code"] == 40001
    assert words in str(answer["data"]["errors"])
    assert server.call("GET", "/account")["data"]["total"] == 0


def test_every_wrong_row_is_named(server):
    answer = upload(server, b"username,platform\nok,\n,tiktok\nx,myspace\n")
    assert [error["field"] for error in answer["data"]["errors"]] == ["row 3", "row 4"]
    assert server.call("GET", "/account")["data"]["total"] == 0


def test_nothing_is_imported_while_one_row_is_wrong_and_a_dry_run_says_the_same(server):
    sheet = book([HEADER, ["good", "tiktok", "R1"], ["bad", "tiktok", 1.2345e71], ["worse", "myspace", "#N/A"]])
    for dry_run in (True, False):
        answer = upload(server, sheet, "a.xlsx", dry_run=dry_run)
        assert answer["code"] == 40001
        assert [error["field"] for error in answer["data"]["errors"]] == ["row 3", "row 4", "row 4"]
        assert answer["data"]["errors"][0]["message"].startswith("column device of Sheet1: is the number 1.2345")
    assert server.call("GET", "/account")["data"]["total"] == 0


def test_excels_own_csv_of_europe_is_imported_once_its_encoding_is_named(server):
    sheet = "username;device\r\ncafé;R1\r\n".encode("cp1252")
    [error] = upload(server, sheet)["data"]["errors"]
    assert error["field"] == "encoding"
    assert "encoding=windows-1252" in error["message"]
    assert upload(server, sheet, encoding="klingon")["code"] == 40001
    assert upload(server, sheet, encoding="windows-1252")["data"]["added"][0]["username"] == "café"


def test_what_a_sheet_takes_away_leaves_out_or_hides_is_told(server):
    for name in ("one", "two"):
        server.call("POST", "/account", json={"username": name, "device": f"p-{name}", "note": "n"})
    rows = [["username", "device", "note", "colour"], ["one", None, "n"], ["two", "p-two", None]]
    answer = upload(server, book(rows, hidden_rows=[3], more=[("Old", "visible", [["x"]])]), "a.xlsx", dry_run=True)
    assert answer["data"]["warnings"] == [
        "the column colour is not used",
        "only the sheet Sheet1 was read; these hold something, too: Old",
        "hidden, and read like the rest: row 3",
        "empty cells take something away: one (device), two (note)",
    ]


def test_merged_cells_keep_accounts_on_the_phone_they_show(server):
    rows = [HEADER, ["a1", "tiktok", "R1"], ["a2", None, None], ["a3", None, None]]
    assert upload(server, book(rows, merged=["C2:C4"]), "a.xlsx")["data"]["added_count"] == 3
    accounts = server.call("GET", "/account")["data"]["accounts"]
    assert [account["device"] for account in accounts] == ["R1", "R1", "R1"]


def test_only_a_form_is_taken(server):
    assert server.call("POST", "/account/import", json={})["code"] == 41501
    assert server.call("POST", "/account/import", files={"other": b"x"})["code"] == 40001
