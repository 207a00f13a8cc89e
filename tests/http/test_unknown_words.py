"""Rows with words that this version does not know, of an older or newer one or of a guest that is gone, are shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from support.server import ServerThread

FACTS = '{"reached": {"of_mine": 1, "armed": "x", "prepared": 5}, "media_sha256": 5}'


def test_they_are_listed_shown_retried_and_deleted_like_any_other(tmp_path):
    with ServerThread(tmp_path) as server:
        one, two = server.create(["a", "b"])
        for task_id in (one, two):
            assert server.call("POST", f"/task/{task_id}/stop")["code"] == 0
        with closing(sqlite3.connect(server.settings.store_path, timeout=10)) as store, store:
            store.execute(
                "UPDATE tasks SET error_code='of_mine', outcome='of_mine', source='of_mine', remark='Odd.', attempt=1"
            )
            store.execute(
                "INSERT INTO attempts (task_id, number, serial, phase, facts, started_ms, changed_ms, ended_ms, "
                "error_code) VALUES (?, 1, 'a', 'of_mine', ?, 1, 1, 1, 'of_mine')",
                (one, FACTS),
            )
        found = server.call("GET", "/task")["data"]["tasks"]
        assert {(task["error_code"], task["source"]) for task in found} == {("of_mine", "api")}
        trace = server.call("GET", f"/task/{one}/trace")["data"]["attempts"][0]
        assert (trace["phase"], [reached["phase"] for reached in trace["phases"]]) == ("unknown", ["prepared"])
        for path in ("/tasks", "/tasks.csv", f"/tasks/{one}", "/", "/metrics", f"/api/v1/task/{one}/trace/bundle"):
            answer = server.http.get(path, headers={"Accept-Language": "it"})
            assert answer.status_code == 200, (path, answer.text)
        assert server.call("POST", "/task/retry-all")["code"] == 0
        assert server.call("POST", f"/task/{one}/retry")["code"] in (0, 40901)
        assert server.call("DELETE", f"/task/{one}")["code"] == 0
