"""`GET /events`: what is stored is told, over real HTTP."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import httpx2
import pytest

from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


@contextmanager
def following(server, query="", **headers):
    """Yield an iterator of (id, event, data); `ready` has come."""
    with server.http.stream("GET", f"/api/v1/events{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        messages = parsed(answer.iter_lines())
        assert next(messages)[1] == "ready"
        yield messages


def parsed(lines):
    fields = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def create(server, *serials):
    body = {"serials": list(serials), "script_name": "post", "script_config": {}}
    return server.call("POST", "/task", json=body)["data"]["task_ids"]


def test_the_life_of_a_task_is_told_with_ids_batch_and_state(server):
    with following(server, "?device=e1") as messages:
        [task_id] = create(server, "e1")
        task = server.task(task_id)
        server.call("POST", f"/task/{task_id}/stop")
        server.call("POST", f"/task/{task_id}/retry")
        server.call("DELETE", f"/task/{task_id}")
        told = [next(messages) for _ in range(4)]
    assert [event for _, event, _ in told] == ["task"] * 4
    assert [data["status_text"] for _, _, data in told] == ["pending", "failed", "pending", "pending"]
    assert told[-1][2]["deleted"] is True
    for _, _, data in told:
        assert (data["task_id"], data["batch_id"], data["device"]) == (task_id, task["batch_id"], "e1")
        assert data["at"].endswith("+08:00")
    assert len({place for place, _, _ in told}) == 4


def test_what_needs_a_person_is_told(server):
    with following(server, "?device=e-late") as messages:
        [task_id] = create(server, "e-late")
        note = {"code": "missed_start", "message": "It was 5 min late."}
        server.store.submit(lambda r: r.tasks.hold(task_id, 1_000, 5_000, note)).result(10)
        server.call("POST", f"/task/{task_id}/dismiss")
        told = [next(messages)[2] for _ in range(3)]
    assert [one.get("needs_person") for one in told] == [None, "held", None]


def test_it_goes_on_after_the_last_event_id(server):
    with following(server, "?device=e2") as messages:
        first, second = create(server, "e2", "e2b")[0], create(server, "e2")[0]
        place, _, data = next(messages)
        assert data["task_id"] == first
    with following(server, "?device=e2&for_s=0", **{"Last-Event-ID": place}) as messages:
        assert [data["task_id"] for _, _, data in messages] == [second]


def test_a_page_hears_what_came_after_it_was_made(server):
    page = server.http.get("/tasks").text
    place = page.partition('data-events="?after=')[2].partition('"')[0]
    [task_id] = create(server, "e5")
    with following(server, f"?for_s=0&device=e5&after={place}") as messages:
        assert [data["task_id"] for _, _, data in messages] == [task_id]


def test_a_filter_by_batch_and_by_task(server):
    one, two = create(server, "e3", "e3b")
    batch = server.task(one)["batch_id"]
    with following(server, f"?batch={batch}") as of_batch, following(server, f"?task={two}") as of_task:
        create(server, "e3")
        server.call("POST", f"/task/{one}/stop")
        server.call("POST", f"/task/{two}/stop")
        assert [next(of_batch)[2]["task_id"] for _ in range(2)] == [one, two]
        assert next(of_task)[2]["task_id"] == two


def test_who_cannot_follow_is_told_to_reload_and_hears_what_comes_then(server):
    with following(server) as messages:
        create(server, *(f"flood{n}" for n in range(9_000)))
        assert next(messages)[1] == "reload"
        [task_id] = create(server, "e4")
        assert next(messages)[2]["task_id"] == task_id
    with following(server, "?for_s=0", **{"Last-Event-ID": "0000-1"}) as messages:
        assert [event for _, event, _ in messages] == ["reload"]


def test_wrong_filters_are_40001_and_foreign_pages_are_refused(server):
    for query in ("task=x", "task=0", "for_s=-1", "for_s=nan"):
        assert server.call("GET", f"/events?{query}")["code"] == 40001, query
    assert server.call("GET", "/events", headers={"Origin": "http://evil.example"})["code"] == 40302


def test_a_server_with_followers_ends_at_once(tmp_path):
    server = ServerThread(tmp_path).__enter__()
    with httpx2.stream("GET", f"{server.http.base_url}/api/v1/events") as answer:
        messages = answer.iter_lines()
        assert "event: ready" in (next(messages) for _ in range(4))
        start = time.monotonic()
        server.__exit__()
        assert time.monotonic() - start < 8, "it waits for readers that never go"
        assert list(parsed(messages)) == []
