"""What a phone shows on its screen stays a text on the pages, too."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from support.browser import Watched
from support.payloads import FOREIGN, TEXTS
from support.phones import app_on, change

pytestmark = pytest.mark.phone


def test_what_a_phone_shows_runs_on_no_page(browser, told):
    """Its texts come to the page in the UI tree."""
    server, story, phones = told
    serial = story.phones["logged_out"]
    change(phones, serial, lambda phone: setattr(app_on(phone), "logged_in", True))
    change(phones, serial, lambda phone: phone.phone.start_app("com.zhiliaoapp.musically"))
    watched = Watched(browser, f"http://localhost:{server.settings.port}")
    for text in TEXTS:
        change(phones, serial, lambda phone, text=text: _show_a_text(app_on(phone), text))
        watched.page.goto(f"/phones/{quote(serial)}")
        watched.page.click("summary")
        expect(watched.page.locator("#tree .said", has_text="__xss").first).to_be_attached()
        assert watched.page.evaluate(FOREIGN) == []
    watched.close()


def _show_a_text(app, text):
    app.arrive("home", "search")
    app.fields["search"] = text
