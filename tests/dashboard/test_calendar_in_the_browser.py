"""A person at the calendar: it lives, and leads to a new task on one of its days and to the tasks that are due."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.mark.phone
def test_the_calendar_lives_and_a_task_is_made_for_one_of_its_days(page, server):
    page.goto("/calendar?on=2032-02-10")
    expect(page.locator("#live")).to_contain_text("Nothing is due here.")
    page.get_by_role("link", name="New task on Thursday, 12 February 2032").or_(
        page.get_by_role("link", name="New task on Thursday, February 12, 2032")
    ).click()
    page.fill("[name=more_serials]", "absent-9")
    page.fill("[name=start_time]", "18:45")
    expect(page.locator("#preview")).to_contain_text("2032-02-12 18:45:00 (Asia/Shanghai)")
    page.goto("/calendar?on=2032-02-10")
    [task_id] = server.create(["absent-9"], start_at="2032-02-12T18:45:00+08:00")
    due = page.locator("[data-day='2032-02-12'] a.due")
    expect(due).to_contain_text("18:45 absent-9")
    due.click()
    page.wait_for_url(f"**/tasks/{task_id}")
    page.keyboard.press("c")
    page.wait_for_url("**/calendar")
    expect(page.locator(".day.today")).to_have_count(1)
