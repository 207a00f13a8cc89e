"""The pages of phones that are not there: whole pages, and sentences that say why nothing can be seen or done."""

from __future__ import annotations

import json

import pytest

from fleetlane.adapters.db.sqlite.store import SqliteStore
from support.server import ServerThread
from support.stores import new_store

OURS = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    new_store(folder / "fleetlane.db")
    store = SqliteStore(folder / "fleetlane.db")
    store.start()
    for serial in ("away 1", "away-2"):
        store.submit(lambda repositories, serial=serial: repositories.devices.seen(serial, 1000, None)).result()
    store.close()
    with ServerThread(folder) as server:
        yield server


def test_a_phone_that_was_never_asked_has_its_pages(server):
    server.create(["away 1"])
    for path in ("/phones", "/phones/away%201"):
        answer = server.http.get(path)
        assert answer.status_code == 200
        assert "away 1" in answer.text
    assert "Not asked yet" in server.http.get("/phones").text
    assert server.http.get("/phones/nobody").status_code == 404


def test_watching_says_why_there_is_no_picture(server):
    with server.http.stream("GET", "/live/pictures?serial=away%201") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: picture"
        told = json.loads(next(lines).removeprefix("data: "))
    assert told == {
        "serial": "away 1",
        "tag": "",
        "problem": "device away 1 is not connected",
    }
    assert server.http.get("/phones/away%201/picture.jpg").status_code == 404
    assert server.http.get("/live/pictures").status_code == 400


def test_why_is_said_in_the_language_of_the_page(server):
    italian = {"Accept-Language": "it"}
    with server.http.stream("GET", "/live/pictures?serial=away-2", headers=italian) as stream:
        told = next(line for line in stream.iter_lines() if line.startswith("data: "))
    why = "il telefono away-2 non è collegato"
    assert json.loads(told.removeprefix("data: "))["problem"] == why
    assert why in server.http.get("/phones", headers=italian).text


def test_its_tree_and_its_hands_say_why(server):
    assert "is not connected" in server.http.get("/phones/away%201/tree", headers=OURS).text
    for path, data in (
        ("check", {}),
        ("take-over", {}),
        ("key", {"key": "home"}),
        ("key", {"key": "power"}),
        ("touch", {"kind": "tap", "x": "0.5", "y": "nan"}),
        ("touch", {"kind": "push", "x": "0.5", "y": "0.5"}),
        ("text", {"text": ""}),
        ("text", {"text": "x"}),
    ):
        answer = server.http.post(f"/phones/away%201/{path}", data=data, headers=OURS)
        assert (answer.status_code, 'role="alert"' in answer.text) == (200, True), (path, data)
    assert "given back" in server.http.post("/phones/away%201/give-back", headers=OURS).text
