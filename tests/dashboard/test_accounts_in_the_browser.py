"""A person at the accounts: a sheet with its differences before it counts, changes by hand, and the way back out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.phone


def sheet(folder, rows, name="accounts.csv"):
    file = folder / name
    file.write_text("username,device,colour\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def accounts(server, text):
    return [(a["username"], a["device"]) for a in server.call("GET", f"/account?q={text}")["data"]["accounts"]]


def test_a_sheet_shows_what_it_changes_before_it_is_imported(page, server, tmp_path):
    server.call("POST", "/account", json={"username": "imported_one", "device": "old"})
    page.goto("/accounts?q=imported")
    rows = page.locator("#live tbody tr")
    expect(rows).to_have_count(1)
    page.set_input_files("#sheet", sheet(tmp_path, ["imported_one,new", "imported_two,'=x"]))
    plan = page.locator("#plan")
    expect(plan).to_contain_text("Nothing was changed yet. New: 1. Changed: 1. As before: 0.")
    expect(plan).to_contain_text("serial old → new")
    expect(plan).to_contain_text("+ imported_two (tiktok)")
    expect(plan).to_contain_text("This column is not used: colour")
    assert accounts(server, "imported") == [("imported_one", "old")]
    plan.get_by_role("button", name="Import").click()
    expect(plan).to_contain_text("Done.")
    expect(rows).to_have_count(2)
    assert accounts(server, "imported") == [("imported_one", "new"), ("imported_two", "=x")]
    page.set_input_files("#sheet", sheet(tmp_path, ["imported_one,new"], "again.csv"))
    expect(plan).to_contain_text("There is nothing to import")
    expect(plan.get_by_role("button")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()
    assert "imported_two,tiktok,'=x,true," in download.value.path().read_text(encoding="utf-8-sig")


def test_a_sheet_that_is_wrong_says_in_which_row(page, tmp_path):
    page.goto("/accounts")
    page.set_input_files("#sheet", sheet(tmp_path, ["-bad,x"]))
    wrong = page.locator("#plan").get_by_role("alert")
    expect(wrong).to_contain_text("Nothing was imported.")
    expect(wrong).to_contain_text("row 2: column username: must be a text")
    expect(page.locator("#plan").get_by_role("button")).to_have_count(0)


def test_the_encoding_of_a_csv_file_is_chosen_where_it_cannot_be_found(page, server, tmp_path):
    file = tmp_path / "excel.csv"
    file.write_bytes("username;device\r\nencoding_café;R1\r\n".encode("cp1252"))
    page.goto("/accounts")
    page.set_input_files("#sheet", file)
    plan = page.locator("#plan")
    expect(plan.get_by_role("alert")).to_contain_text("encoding: this CSV file is not UTF-8")
    page.get_by_label("Encoding of a CSV file").select_option("windows-1252")
    expect(plan).to_contain_text("+ encoding_café (tiktok)")
    plan.get_by_role("button", name="Import").click()
    expect(plan).to_contain_text("Done.")
    assert accounts(server, "encoding_caf") == [("encoding_café", "R1")]


def test_an_account_is_added_switched_off_changed_and_deleted(page, server):
    page.goto("/accounts?q=by_hand")
    expect(page.locator("#live")).to_contain_text("No account fits this filter.")
    page.fill("#username", "by_hand")
    page.fill("#device", "p7")
    page.get_by_role("button", name="Add").click()
    row = page.locator("#live tbody tr")
    expect(row).to_contain_text("by_hand")
    row.get_by_role("button", name="Disable").click()
    expect(row.locator(".badge")).to_have_text("disabled")
    row.get_by_role("link", name="by_hand").click()
    page.fill("#device", "")
    page.fill("#note", "<b>mine</b>")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".toast")).to_contain_text("The change is kept.")
    assert accounts(server, "by_hand") == [("by_hand", None)]
    page.click("#delete")
    page.wait_for_url("**/accounts")
    assert accounts(server, "by_hand") == []
