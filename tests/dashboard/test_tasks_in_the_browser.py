"""A person at the page of a task and at the list: the trace, an unknown outcome, and what can be undone."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from playwright.sync_api import expect

from fleetlane.simulator.faults import Fault
from support.phones import app_on, change
from support.rig import CAPTION

pytestmark = pytest.mark.phone


def test_the_trace_of_a_task_is_opened_and_taken_away_with_and_without_personal_text(page, server, phones):
    [task_id] = server.create([phones.fleet.serials[1]], {"captions": CAPTION, "dry_run": True})
    server.ended(task_id)
    page.goto(f"/tasks/{task_id}")
    expect(page.locator("#attempt-1 ol.steps > li")).not_to_have_count(0)
    bundles = []
    for words in ("Trace as a file", "without personal text"):
        with page.expect_download() as download:
            page.get_by_role("link", name=words).click()
        with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as bundle:
            bundles.append((download.value.suggested_filename, bundle.read("trace.json").decode(), bundle.namelist()))
    whole, redacted = bundles
    assert [whole[0], redacted[0]] == [f"trace-{task_id}.zip", f"trace-{task_id}-redacted.zip"]
    assert CAPTION in json.loads(whole[1])["task"]["script_config"]["captions"]
    assert CAPTION not in redacted[1]
    assert any(name.endswith(".jpg") for name in whole[2])
    assert not any(name.endswith(".jpg") for name in redacted[2])


def test_a_failed_step_shows_what_was_on_the_screen_as_text(page, server, phones):
    serial = phones.fleet.serials[1]
    change(phones, serial, lambda phone: app_on(phone).faults.popups.append(("editor", "security_check")))
    [task_id] = server.create([serial])
    assert server.ended(task_id)["error_code"] == "security_check"
    page.goto(f"/tasks/{task_id}")
    link = page.get_by_role("link", name="what was on the screen")
    expect(link).to_have_count(1)
    answer = page.request.get(link.get_attribute("href"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "<hierarchy" in answer.text()


@pytest.mark.parametrize(("button", "state"), [("#went-out", "completed"), ("#did-not", "failed")])
def test_a_person_says_what_became_of_a_post_nobody_saw(page, server, phones, button, state):
    serial = phones.fleet.serials[2]
    change(phones, serial, lambda phone: phone.faults.append(Fault("upload_stuck", screen="post")))
    [task_id] = server.create([serial], {"upload_wait_time": 3})
    page.goto(f"/tasks/{task_id}")
    expect(page.locator("#unknown")).to_be_visible(timeout=60_000)
    expect(page.locator("#retry")).to_have_text("Retry all the same")
    page.get_by_text("Journal: how far it came").click()
    journal = page.locator("dl.journal dt")
    expect(journal).to_have_text(
        ["the last page is ready", "about to press Post", "Post was pressed", "nobody can tell"]
    )
    page.click(button)
    expect(page.locator("h1 .badge")).to_have_text(state)
    expect(page.locator("#unknown")).to_have_count(0)
    expect(journal.first).to_be_visible()  # what was unfolded stays so
    expect(page.locator("#remark")).to_contain_text("said so")
    assert server.task(task_id)["outcome"] == ("published" if state == "completed" else "not_published")


def test_pictures_that_come_late_move_nothing_under_the_hands_of_a_person(page, server, phones):
    [task_id] = server.create([phones.fleet.serials[1]], {"dry_run": True})
    server.ended(task_id)
    held = []
    page.route("**/trace/files/**", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it calls
    with page.expect_request("**/trace/files/**"):
        page.goto(f"/tasks/{task_id}", wait_until="domcontentloaded")
    where = "document.querySelector('#attempt-1 summary').offsetTop"
    before = page.evaluate(where)
    page.route("**/trace/files/**", lambda route: route.continue_())
    for route in held:
        route.continue_()
    page.evaluate("document.querySelectorAll('ol.steps img').forEach((one) => one.loading = 'eager')")
    page.wait_for_function("() => [...document.querySelectorAll('ol.steps img')].every((one) => one.naturalWidth)")
    assert page.evaluate(where) == before


def test_nothing_is_lost_when_a_page_is_read_again_under_the_hands_of_a_person(page, server, phones):
    [task_id] = server.create([phones.fleet.serials[1]], {"dry_run": True})
    server.ended(task_id)
    page.goto(f"/tasks/{task_id}")
    summary = page.locator("#attempt-1 summary")

    def read_again():
        page.evaluate(
            """() => new Promise((done) => {
                document.addEventListener("htmx:afterSettle", () => done(), { once: true });
                document.dispatchEvent(new Event("changed"));
            })"""
        )

    summary.hover()
    page.mouse.down()
    read_again()
    page.mouse.up()
    phases = page.locator("dl.journal dt")
    expect(phases.first).to_be_visible()  # the press was not lost
    link = page.get_by_role("link", name="Trace as a file")
    link.focus()
    read_again()
    expect(link).to_be_focused()
    expect(phases.first).to_be_visible()
    summary.click()
    expect(phases.first).to_be_hidden()
    read_again()
    expect(phases.first).to_be_hidden()


def test_a_stop_and_a_retry_are_undone_on_the_page_of_a_task(page, server):
    [task_id] = server.create(["absent-3"], start_time="03:15")
    before = server.task(task_id)
    page.goto(f"/tasks/{task_id}")
    expect(page.locator("#waits")).to_contain_text("its start at")
    page.click("#stop")
    state = page.locator("h1 .badge")
    expect(state).to_have_text("failed")
    page.get_by_role("button", name="Undo").click()
    expect(state).to_have_text("pending")
    assert server.task(task_id) == before
    page.click("#stop")
    expect(state).to_have_text("failed")
    page.click("#retry")
    expect(state).to_have_text("pending")
    page.locator(".toast", has_text="waits again").get_by_role("button", name="Undo").click()
    expect(state).to_have_text("failed")
    assert (server.task(task_id)["retry_count"], server.task(task_id)["remark"]) == (0, "stopped")


def test_what_many_tasks_went_through_is_undone_at_once_and_only_once(page, server):
    ids = server.create(["absent-4", "absent-5"], start_time="03:15")
    due = [server.task(task_id)["scheduled_at"] for task_id in ids]
    page.goto(f"/tasks?batch_id={server.task(ids[0])['batch_id']}")
    page.check("#pick-all")
    page.click("button[value=stop]")
    expect(page.locator("tbody .badge.s3")).to_have_count(2)
    toast = page.locator(".toast", has_text="2 tasks were stopped.")
    place = toast.get_by_role("button", name="Undo").get_attribute("hx-post")
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("2 tasks are what they were.")
    expect(toast).to_have_count(0)
    expect(page.locator("tbody .badge.s0")).to_have_count(2)
    assert [server.task(task_id)["start_time"] for task_id in ids] == due
    again = server.http.post(place, headers={"HX-Request": "true"})
    assert 'role="alert"' in again.text
    assert "can no longer be undone" in again.text
