"""A store that is held by another process or has no room: said clearly, and over as soon as it is over."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.bootstrap.server import build
from fleetlane.core.errors import StoreBusyError
from support.rig import wait_for
from support.server import ServerThread

BODY = {"serials": ["a"], "script_name": "post", "script_config": {"captions": "x"}}
HELD, FULL = "held by another process", "The disk is full"


@pytest.fixture
def server(tmp_path):
    with ServerThread(tmp_path) as server:
        yield server


def ready(server):
    answer = server.http.get("/readyz")
    return answer.status_code, answer.json()["message"]


@pytest.mark.slow
def test_a_store_held_by_another_process_is_waited_for_and_then_said_so(server):
    with closing(sqlite3.connect(server.settings.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = server.http.request("POST", "/api/v1/task", json=BODY)
        assert (answer.status_code, answer.json()["code"], "Retry-After" in answer.headers) == (503, 50301, True)
        assert HELD in answer.json()["message"]
        status, message = ready(server)
        assert (status, HELD in message) == (503, True)
        assert any(HELD in problem for problem in server.http.get("/healthz").json()["problems"])
        assert server.call("GET", "/task")["data"]["total"] == 0, "what is stored can still be read"
        other.execute("ROLLBACK")
    wait_for(lambda: ready(server)[0] == 200, 20)
    assert server.call("POST", "/task", json=BODY)["code"] == 0


def test_a_full_disk_refuses_what_does_not_fit_and_takes_it_when_there_is_room(server):
    limit = server.store.submit(lambda r: _pages(r, "PRAGMA max_page_count")).result(10)
    server.store.submit(lambda r: _pages(r, "PRAGMA max_page_count=1")).result(10)  # no less than there are now
    large = {**BODY, "script_config": {"captions": "x" * 4000}, "serials": [f"p{n}" for n in range(50)]}
    refused = server.http.request("POST", "/api/v1/task", json=large)
    assert (refused.status_code, refused.json()["code"]) == (507, 50701)
    assert FULL in refused.json()["message"]
    assert server.call("GET", "/task")["data"]["total"] == 0, "all of it or nothing"
    server.store.submit(lambda r: _pages(r, f"PRAGMA max_page_count={limit}")).result(10)
    assert server.call("POST", "/task", json=large)["data"]["created_count"] == 50
    assert ready(server)[0] == 200


def _pages(repositories, pragma):
    return repositories.tasks._connection.exec_driver_sql(pragma).scalar()


@pytest.mark.slow
def test_a_server_says_at_its_start_that_the_store_is_held(tmp_path):
    held = ServerThread(tmp_path).settings
    migrate(held.store_path)

    async def start():
        async with build(held).running():
            raise AssertionError("it began")

    with closing(sqlite3.connect(held.store_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusyError, match=HELD):
            asyncio.run(start())
