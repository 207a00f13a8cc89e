"""A person at the phones: sees them live, takes one over, uses it, and gives it back to its tasks."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from fleetlane.simulator.faults import Fault
from support.browser import Watched
from support.phones import app_on, change, posts
from support.rig import wait_for

pytestmark = pytest.mark.phone
OURS = {"HX-Request": "true"}
LOADED = "image => image.complete && image.naturalWidth > 100"


def foreground(phones, serial):
    return change(phones, serial, lambda server: server.phone.foreground.package.name)


def home(phones, serial):
    change(phones, serial, lambda server: server.phone.press("home"))


def node(phones, serial, label):
    """Wait for a node that shows a label, and return its middle."""

    def find(server):
        nodes = [node for root in server.phone.windows() for node in root.walk()]
        return [node.bounds for node in nodes if label in (node.text, node.desc, node.role)]

    wait_for(lambda: change(phones, serial, find))
    left, top, right, bottom = change(phones, serial, find)[-1]
    return (left + right) / 2, (top + bottom) / 2


def figure(page, serial):
    return page.locator(f"[data-picture='{serial}']")


def take_over(page, serial):
    page.goto(f"/phones/{serial}")
    page.click("#take-over")
    expect(page.locator(".toast")).to_contain_text("No task starts on this phone")
    expect(page.locator("#live[data-held]")).to_have_count(1)
    expect(figure(page, serial)).to_have_class(re.compile("live"))


def tap(page, serial, x, y, **options):
    """Tap a point of the phone (1080 x 2400) on its picture."""
    picture = figure(page, serial).locator("img")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    picture.click(position={"x": x / 1080 * box["width"], "y": y / 2400 * box["height"]}, **options)


@pytest.fixture
def serial(phones, server):
    serial = phones.fleet.serials[0]
    wait_for(lambda: server.call("GET", f"/device/{serial}")["data"]["model"])
    for package, app in phones.fleet.server(serial).phone.apps.items():
        app.data["first_run"] = False
        change(phones, serial, lambda server, package=package: server.phone.stop_app(package))
    home(phones, serial)
    yield serial
    server.http.post(f"/phones/{serial}/give-back", headers=OURS)


def test_the_list_shows_every_phone_live(page, phones, serial):
    page.goto("/phones")
    for one in phones.fleet.serials:
        expect(figure(page, one)).to_have_class(re.compile("live"))
        page.wait_for_function(LOADED, arg=figure(page, one).locator("img").element_handle())
    card = page.locator(f"section[data-serial='{serial}']")
    expect(card).to_contain_text("free")
    expect(card).to_contain_text("com.zhiliaoapp.musically")
    expect(card).to_contain_text("battery")
    picture = figure(page, serial).locator("img")
    before = picture.get_attribute("src")
    change(phones, serial, lambda server: server.phone.start_app("com.zhiliaoapp.musically"))
    expect(picture).not_to_have_attribute("src", before)


def test_only_phones_in_view_are_watched(browser, server, phones):
    watched = []

    def note(request):
        if "/live/pictures?" in request.url:
            watched.append(parse_qs(urlsplit(request.url).query)["serial"])

    small = Watched(browser, f"http://localhost:{server.settings.port}", viewport={"width": 390, "height": 320})
    small.page.on("request", note)
    small.page.goto("/phones")
    first, last = phones.fleet.serials[0], phones.fleet.serials[-1]
    expect(figure(small.page, first)).to_have_class(re.compile("live"))
    assert last not in watched[-1]
    figure(small.page, last).scroll_into_view_if_needed()
    expect(figure(small.page, last)).to_have_class(re.compile("live"))
    assert last in watched[-1]
    assert first not in watched[-1]
    small.close()


def test_a_person_takes_a_phone_over_uses_it_and_its_task_then_starts(page, server, phones, serial):
    former = posts(phones, serial)
    take_over(page, serial)
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"^(5:00|4:5\d)$"))
    [task_id] = server.create([serial])
    expect(page.locator("#live")).to_contain_text("a person has taken it over")
    picture = figure(page, serial).locator("img")
    before = picture.get_attribute("src")
    tap(page, serial, *node(phones, serial, "TikTok"))
    wait_for(lambda: foreground(phones, serial) == "com.zhiliaoapp.musically")
    expect(picture).not_to_have_attribute("src", before)
    page.click("button[value=home]")
    wait_for(lambda: "launcher" in foreground(phones, serial))
    page.click("button[value=recent]")
    wait_for(lambda: change(phones, serial, lambda s: s.phone.launcher.stack) == ["recents"])
    assert server.task(task_id)["status"] == 0
    assert posts(phones, serial) == former
    page.click("#give-back")
    assert server.ended(task_id)["status"] == 2
    assert len(posts(phones, serial)) == len(former) + 1


def test_text_is_typed_into_the_field_that_has_the_cursor(page, phones, serial):
    app = change(phones, serial, app_on)
    take_over(page, serial)
    tap(page, serial, *node(phones, serial, "TikTok"))
    tap(page, serial, *node(phones, serial, "Search"))
    wait_for(lambda: app.screen.startswith("search"))
    tap(page, serial, *node(phones, serial, "search_field"))
    wait_for(lambda: app.focused == "search")
    page.fill("#text", "你好 <b>by hand</b>")
    page.click("#typing button")
    wait_for(lambda: app.fields.get("search") == "你好 <b>by hand</b>")
    expect(page.locator("#text")).to_have_value("")
    page.click("button[value=enter]")
    wait_for(lambda: app.screen == "search_results")
    page.click("button[value=back]")
    wait_for(lambda: app.screen != "search_results")


def test_the_tree_names_what_the_packs_know_and_its_buttons_tap(page, phones, serial):
    change(phones, serial, lambda server: server.phone.start_app("com.zhiliaoapp.musically"))
    take_over(page, serial)
    page.click("summary")
    expect(page.locator("#tree")).to_contain_text(re.compile(r"App (tiktok|android), screen (?!unknown)\w+"))
    expect(page.locator("#tree .badge.s2").first).to_be_visible()
    home(phones, serial)
    page.click("#tree > button")
    row = page.locator("#tree li", has_text="Instagram")
    row.get_by_role("button").click()
    wait_for(lambda: foreground(phones, serial) == "com.instagram.android")


def test_while_a_task_runs_its_steps_are_seen_and_the_phone_is_the_persons_afterwards(page, server, phones, serial):
    [task_id] = server.create([serial])
    page.goto(f"/phones/{serial}")
    expect(page.locator("#stop")).to_be_visible()
    page.click("#take-over")
    expect(page.locator("#hold")).to_contain_text("goes on to its end")
    [second] = server.create([serial])
    refused = server.http.post(f"/phones/{serial}/key", data={"key": "home"}, headers=OURS)
    assert "still runs" in refused.text
    assert server.ended(task_id)["status"] == 2
    expect(page.locator("#live[data-held]")).to_have_count(1)
    assert server.task(second)["status"] == 0
    page.click("#give-back")
    assert server.ended(second)["status"] == 2


def test_a_picture_is_sent_once(page, server, serial):
    page.goto(f"/phones/{serial}")
    expect(figure(page, serial)).to_have_class(re.compile("live"))
    place = f"/phones/{serial}/picture.jpg"

    def is_known():
        first = server.http.get(place)
        assert first.content.startswith(b"\xff\xd8")
        again = server.http.get(place, headers={"If-None-Match": first.headers["etag"]})
        return (again.status_code, again.content) == (304, b"")

    wait_for(is_known)  # a picture may be new in between


def test_a_phone_that_hangs_does_not_hold_up_the_page(page, server, phones):
    hung, other = phones.fleet.serials[1], phones.fleet.serials[2]
    change(phones, hung, lambda server: server.inject(Fault("hang", for_s=10)))
    page.goto("/phones")
    expect(figure(page, other)).to_have_class(re.compile("live"))
    assert server.http.get(f"/phones/{hung}", timeout=5).status_code == 200
    expect(figure(page, hung)).to_have_class(re.compile("live"))


def test_a_phone_that_is_away_says_so_and_cannot_be_taken_over(page, server, phones):
    away = phones.fleet.serials[2]
    change(phones, away, lambda server: server.inject(Fault("unplug")))
    page.goto(f"/phones/{away}")
    expect(page.locator("h1 .badge")).to_have_text("not connected")
    expect(figure(page, away)).to_contain_text("is not connected")
    expect(page.locator("#take-over")).to_have_count(0)
    refused = server.http.post(f"/phones/{away}/take-over", headers=OURS)
    assert "is not connected" in refused.text
    change(phones, away, lambda server: server.plug_in())
    expect(page.locator("#take-over")).to_be_visible()
    expect(figure(page, away)).to_have_class(re.compile("live"))
