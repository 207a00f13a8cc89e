"""A person at the pages: makes a task, watches it, looks at its steps, stops one, retries one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from support.browser import Watched
from support.rig import CAPTION, VIDEO

pytestmark = pytest.mark.phone
PAGES = ("/", "/tasks", "/calendar", "/phones", "/new", "/accounts", "/materials", "/settings")


def make(page, serial, caption=CAPTION, **fields):
    page.goto("/new")
    page.check(f"input[name=serials][value='{serial}']")
    values = {"captions": caption, "material_list": str(VIDEO), **fields}
    for name, value in values.items():
        page.fill(f"[name='config.{name}']", str(value))
    page.select_option("[name='config.platform']", "tiktok")
    expect(page.locator("#preview tbody tr")).to_have_count(1)


def test_a_person_makes_a_task_and_watches_it_to_its_end(page, server, phones):
    serial = phones.fleet.serials[0]
    make(page, serial)
    expect(page.locator("#preview")).to_contain_text(CAPTION)
    page.click("#create")
    page.wait_for_url("**/tasks/*")
    expect(page.locator("h1 .badge")).to_have_text("completed", timeout=60_000)
    expect(page.locator("#remark")).to_contain_text("Published on")
    expect(page.locator("ol.steps > li")).to_have_count(11)
    task = server.task(int(page.url.rpartition("/")[2]))
    assert (task["status"], task["source"]) == (2, "ui")
    assert [e["caption"] for e in phones.fleet.ledger.entries if e["serial"] == serial] == [CAPTION]
    picture = page.locator("ol.steps img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=picture.element_handle())


def test_what_will_happen_is_shown_before_it_is_sent(page, server, phones):
    serial = phones.fleet.serials[1]
    make(page, serial, "{one|one} <b>text</b>")
    page.fill("[name=more_serials]", "never-seen")
    page.fill("[name=start_time]", "03:15")
    preview = page.locator("#preview")
    expect(preview.locator("tbody tr")).to_have_count(2)
    expect(preview).to_contain_text("one <b>text</b>")
    expect(preview).to_contain_text("03:15:00 (Asia/Shanghai)")
    expect(preview).to_contain_text("device never-seen has never been seen")
    before = server.call("GET", "/task/stats")["data"]["total"]
    page.fill("[name='config.upload_wait_time']", "99999")
    expect(preview.get_by_role("alert")).to_contain_text("upload_wait_time")
    assert server.call("GET", "/task/stats")["data"]["total"] == before


def test_what_was_written_last_is_shown_however_slow_the_server_is(page, phones):
    make(page, phones.fleet.serials[1], "first")
    held = []
    page.route("**/new/preview", lambda route: held.append(route), times=1)  # noqa: PLW0108
    caption, preview = page.locator("[name='config.captions']"), page.locator("#preview")
    with page.expect_request("**/new/preview"):
        caption.fill("second")
    page.evaluate(
        """() => {
            window.again = new Promise((done) => {
                document.addEventListener("htmx:trigger", () => done(), { once: true });
            });
        }"""
    )
    caption.fill("third")
    page.evaluate("() => window.again")
    [first] = held
    first.continue_()
    expect(preview).to_contain_text("third")


def test_stop_retry_and_delete_on_the_page_of_a_task(page, server):
    [task_id] = server.create(["absent-1"])
    page.goto(f"/tasks/{task_id}")
    page.click("#stop")
    expect(page.locator(".toast")).to_contain_text("The task is stopped.")
    expect(page.locator("h1 .badge")).to_have_text("failed")
    expect(page.locator("#remark")).to_have_text("stopped")
    page.click("#retry")
    expect(page.locator("h1 .badge")).to_have_text("pending")
    assert server.task(task_id)["retry_count"] == 1
    page.click("#delete")
    page.wait_for_url("**/tasks")
    assert server.call("GET", f"/task/{task_id}")["code"] == 40401


def test_the_list_lives_and_changes_many_at_once(page, server):
    page.goto("/tasks?serial=absent-2")
    expect(page.get_by_text("No task fits this filter.")).to_be_visible()
    one, two = server.create(["absent-2"]) + server.create(["absent-2"])
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.check(f"#pick-{one}")
    server.call("POST", f"/task/{two}/stop")
    expect(page.locator(f"tr[data-task='{two}'] .badge")).to_have_text("failed")
    expect(page.locator(f"#pick-{one}")).to_be_checked()
    page.click("button[value=stop]")
    expect(page.locator(f"tr[data-task='{one}'] .badge")).to_have_text("failed")
    page.check("#pick-all")
    page.click("button[value=retry]")
    expect(page.locator("#toasts")).to_contain_text("2 were passed over: a person stopped them.")
    page.click("button[value=delete]")
    expect(rows).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("2 tasks were deleted.")


def test_a_phone_that_goes_and_comes_is_seen_at_once(page, phones):
    from fleetlane.simulator.faults import Fault

    serial = phones.fleet.serials[2]
    page.goto("/phones")
    state = page.locator(f"section[data-serial='{serial}'] .badge").first
    expect(state).to_have_text("online")
    phones.call(lambda: phones.fleet.server(serial).inject(Fault("unplug")))
    expect(state).to_have_text("not connected")
    phones.call(lambda: phones.fleet.server(serial).plug_in())
    expect(state).to_have_text("online")


def test_the_keyboard_leads_everywhere(page):
    page.goto("/")
    page.keyboard.press("n")
    page.wait_for_url("**/new")
    page.keyboard.press("/")
    page.wait_for_url("**/tasks#search")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("?n")
    expect(page.locator("#search")).to_have_value("?n")
    page.keyboard.press("Tab")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_the_theme_and_the_language_are_remembered(page):
    page.goto("/tasks?q=x")
    page.click("[data-do=theme]")
    page.click("a[lang=it]")
    page.wait_for_url("**/tasks?q=x")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["it", "dark"]
    page.goto("/")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["it", "dark"]


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_its_screen_and_has_a_heading(browser, server, phones, width, scheme):
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    watched = Watched(browser, f"http://localhost:{server.settings.port}", **options)
    for path in (*PAGES, "/calendar?span=week", f"/phones/{phones.fleet.serials[0]}"):
        watched.page.goto(path)
        assert watched.page.locator("h1").count() == 1, path
        assert watched.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    watched.close()
