"""axe finds nothing serious on any page, light and dark, wide and narrow (WCAG 2.2 A and AA)."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from support.browser import Watched
from support.hosts import join
from support.page_states import scenes
from support.postgres import bare_database
from support.server import ServerThread

pytestmark = [pytest.mark.phone, pytest.mark.timeout(900)]  # each test looks at all pages
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
EVERYTHING = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    """A server that shares its store with a host that lives, one that drains, one that is gone and one to come."""
    folder = tmp_path_factory.mktemp("sharing")
    with bare_database() as url, ServerThread(folder, store_url=url, host_name="main") as server:
        join(server, "rack2", "there")
        join(server, "rack3", "gone", lives=False)
        join(server, "rack4")
        server.call("POST", "/hosts/rack4/drain", json={"drain": True})
        server.call("POST", "/hosts", json={"name": "rack5"})
        yield server


def violations(page, options):
    """Return what axe finds that is serious or against WCAG, in lines for people."""
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:200]}: {node['failureSummary'][:300]}"
        for found in Axe().run(page, options=options).response["violations"]
        for node in found["nodes"]
        if found["impact"] in ("serious", "critical") or "best-practice" not in found["tags"]
    ]


@pytest.mark.parametrize(
    ("scheme", "width", "rules"), [("light", 1280, EVERYTHING), ("dark", 1280, COLOURS), ("light", 375, EVERYTHING)]
)
def test_nobody_is_shut_out_of_any_page(browser, told, scheme, width, rules):
    server, story, _ = told
    looks = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "reduced_motion": "reduce"}
    watched = Watched(browser, f"http://localhost:{server.settings.port}", bypass_csp=True, **looks)
    page, seen = watched.page, []
    for name, (place, act) in scenes(story).items():
        page.goto(place)
        act(page, story)
        seen += [f"{name}: {line}" for line in violations(page, rules)]
    assert seen == []
    watched.expect_problems("404 (Not Found)")
    watched.close()


def test_what_shuts_people_out_is_found(page):
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another one is not what is looked at
    page.goto("/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><p lang=xx>.</p>')")
    assert {line.partition(" ")[0] for line in violations(page, EVERYTHING)} == {"label", "valid-lang"}
    page.emulate_media(color_scheme="dark")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<font color=#333>dark on dark</font>')"
    )
    assert [line.partition(" ")[0] for line in violations(page, COLOURS)] == ["color-contrast"]


# The last of the file: while its server is there no adb can be started, which the phones of the others need.
@pytest.mark.postgres
@pytest.mark.parametrize(
    ("scheme", "width", "rules"), [("light", 1280, EVERYTHING), ("dark", 1280, COLOURS), ("light", 375, EVERYTHING)]
)
def test_nobody_is_shut_out_of_the_hosts(browser, sharing, scheme, width, rules):
    looks = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "reduced_motion": "reduce"}
    watched = Watched(browser, f"http://localhost:{sharing.settings.port}", bypass_csp=True, **looks)
    seen = []
    for place in ("/hosts", "/phones", "/phones/gone"):
        watched.page.goto(place)
        seen += [f"{place}: {line}" for line in violations(watched.page, rules)]
    assert seen == []
    watched.page.goto("/hosts")
    watched.page.locator("#drain-rack2").focus()
    watched.page.keyboard.press("Enter")
    watched.page.locator("#undrain-rack2").click()
    watched.page.locator("#drain-rack2").wait_for()
    assert violations(watched.page, rules) == []
    watched.close()
