"""A whole server whose store is a database of PostgreSQL."""

from __future__ import annotations

import sys

import pytest

from fleetlane.core.errors import StoreError
from support.postgres import bare_database
from support.rig import wait_for
from support.server import ServerThread

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url():
    with bare_database() as url:
        yield url


def create(server, *serials, **fields):
    body = {"serials": list(serials), "script_name": "post", "script_config": {"captions": "x"}, **fields}
    return server.call("POST", "/task", json=body)


def test_the_life_of_tasks_and_a_restart(url, tmp_path):
    with ServerThread(tmp_path, store_url=url) as server:
        first, second = create(server, "a", "b")["data"]["task_ids"]
        assert create(server, "a", allow_repeat=True)["code"] == 0
        assert server.call("POST", f"/task/{first}/stop")["code"] == 0
        assert server.call("POST", f"/task/{first}/retry")["code"] == 0
        assert server.call("PATCH", f"/task/{second}", json={"serial": "c"})["data"]["serial"] == "c"
        listed = server.call("GET", "/task?status=0&page_size=2")["data"]
        assert (listed["total"], [task["id"] for task in listed["tasks"]]) == (3, [3, 2])
        assert server.call("DELETE", "/task/3")["code"] == 0
    assert not (tmp_path / "fleetlane.db").exists()
    with ServerThread(tmp_path, store_url=url) as server:
        assert server.call("GET", "/task")["data"]["total"] == 2
        assert create(server, "d")["data"]["task_ids"] == [4]
        assert server.http.get("/readyz").status_code == 200


def test_an_idempotency_key_makes_one_task(url, tmp_path):
    with ServerThread(tmp_path, store_url=url) as server:
        body = {"serials": ["idem"], "script_name": "post", "script_config": {"captions": "once"}}
        answers = [
            server.call("POST", "/task", json=body, headers={"Idempotency-Key": "k1"})["data"]["task_ids"]
            for _ in range(3)
        ]
        assert answers[0] == answers[1] == answers[2]


def test_a_second_server_of_the_same_name_is_refused_with_a_sentence(url, tmp_path):
    with ServerThread(tmp_path / "one", store_url=url, host_name="main"):
        other = ServerThread(tmp_path / "other", store_url=url, host_name="main")
        with pytest.raises((StoreError, AssertionError)):
            other.__enter__()
        assert "Another host called main works on this store" in str(other._failure)
    with ServerThread(tmp_path / "other", store_url=url, host_name="main") as server:
        wait_for(lambda: server.http.get("/readyz").status_code == 200)


def test_without_its_driver_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fleetlane.adapters.db.postgres.place", None)
    with pytest.raises(StoreError, match=r"pip install 'fleetlane\[postgres\]'"):
        ServerThread(tmp_path, store_url="postgresql://u@127.0.0.1:1/d").__enter__()
