"""Phones that wait for the first post with a new version are listed, say so on their page, and are let go."""

from __future__ import annotations

import html
import json
import re

import pytest

from support.server import ServerThread

OURS = {"HX-Request": "true"}
PACKAGE, VERSION = "com.zhiliaoapp.musically", "99.1"
NEW = {"package": PACKAGE, "version": VERSION}


@pytest.fixture
def server(tmp_path):
    """A server on which task 1 of phone a goes first, and that of phone b waits."""
    with ServerThread(tmp_path, canary=True) as server:
        for serial in ("a", "b"):
            server.store.submit(lambda r, s=serial: r.devices.seen(s, 1000, {"apps": {PACKAGE: VERSION}})).result(10)
        asked = [withholds(server, task, serial) for task, serial in zip(server.create(["a", "b"]), "ab", strict=True)]
        assert asked == [False, True]
        yield server


def withholds(server, task, serial):
    canary = server.services.canary
    return server.store.submit(lambda r: canary.withholds(r, task, serial)).result(10)


def test_a_phone_that_waits_says_so_and_is_let_go(server):
    page = server.http.get("/phones/b").text
    assert "device a to publish first with TikTok 99.1" in page
    assert 'id="canary"' not in server.http.get("/phones/a").text
    [button] = re.findall(r"hx-post=\"/phones/let-go\" hx-vals='([^']+)'", page)
    told = server.http.post("/phones/let-go", data=json.loads(html.unescape(button)), headers=OURS).text
    assert "Nothing waits any more for a first post with this version." in told
    assert 'id="canary"' not in server.http.get("/phones/b").text
    assert withholds(server, 2, "b") is False
    again = server.http.post("/phones/let-go", data=NEW, headers=OURS).text
    assert f"There is no wait for a first post with {PACKAGE} {VERSION}." in again


def test_the_api_lists_what_waits_and_lets_it_go_once(server):
    listed = server.call("GET", "/canary")["data"]
    assert listed == {"total": 1, "versions": [{"app": "tiktok", **NEW, "canary": "a", "waiting": ["b"]}]}
    for other in ({**NEW, "version": "99.2"}, {**NEW, "package": "com.instagram.android"}):
        assert server.call("POST", "/canary/let-go", json=other)["code"] == 40401
    wrong = server.call("POST", "/canary/let-go", json={"package": PACKAGE})
    assert (wrong["code"], wrong["data"]["errors"][0]["field"]) == (40001, "version")
    assert server.call("POST", "/canary/let-go", json=NEW)["data"] == {**NEW, "let_go": True}
    assert server.call("GET", "/canary")["data"] == {"total": 0, "versions": []}
    assert withholds(server, 2, "b") is False
    answer = server.call("POST", "/canary/let-go", json=NEW)
    assert (answer["code"], answer["message"]) == (
        40401,
        f"There is no wait for a first post with {PACKAGE} {VERSION}.",
    )
    assert 'id="canary"' not in server.http.get("/phones/b").text, "the page says the same"


def test_without_the_setting_nothing_waits(tmp_path):
    with ServerThread(tmp_path) as server:
        assert server.call("GET", "/canary")["data"] == {"total": 0, "versions": []}
        assert server.call("POST", "/canary/let-go", json=NEW)["code"] == 40401
