"""Creating and reading tasks over HTTP, without phones."""

from __future__ import annotations

import re

import pytest

from fleetlane.data_directory import DataDirectoryInUseError
from support.server import ServerThread

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


def test_one_task_for_each_serial_in_the_order_of_the_request(server):
    answer = server.call(
        "POST", "/task", json={"serials": ["x1", "x2", "x1"], "script_name": "post", "script_config": {}}
    )
    data = answer["data"]
    assert data["created_count"] == 2
    assert data["task_ids"] == sorted(data["task_ids"])
    assert [server.task(i)["serial"] for i in data["task_ids"]] == ["x1", "x2"]
    assert any("x1 is given more than once" in warning for warning in data["warnings"])


def test_a_task_shows_every_documented_field(server):
    [task_id] = server.create(["x1"], {"captions": "看看我的新视频！#热门 #推荐"})
    task = server.task(task_id)
    assert set(task) == {
        "id", "script_name", "script_config", "serial", "username", "status", "status_text", "source", "remark",
        "error_code",
        "retry_count", "start_time", "end_time", "created_at", "scheduled_at", "waiting_for", "stop_requested",
        "batch_id",
        "outcome", "result", "needs_person", "held_since",
    }  # fmt: skip
    assert (task["status"], task["status_text"], task["source"], task["retry_count"]) == (0, "pending", "api", 0)
    assert task["script_config"]["captions"] == "看看我的新视频！#热门 #推荐"
    assert RFC3339.fullmatch(task["created_at"])
    assert task["created_at"].endswith("+08:00")


def test_a_phone_never_seen_is_accepted_and_the_task_says_that_it_waits(server):
    answer = server.call("POST", "/task", json={"serials": ["new-phone"], "script_name": "post", "script_config": {}})
    assert any("new-phone has never been seen" in warning for warning in answer["data"]["warnings"])
    assert "new-phone has never been seen" in server.task(answer["data"]["task_ids"][0])["waiting_for"]


def test_unknown_fields_without_a_value_are_warnings_not_errors(server):
    body = {"serials": ["x"], "script_name": "post", "script_config": {"shiny": 0}, "priority": 5}
    warnings = server.call("POST", "/task", json=body)["data"]["warnings"]
    assert any("priority" in warning for warning in warnings)
    assert any("script_config.shiny" in warning for warning in warnings)


def test_a_start_time_is_in_the_servers_zone(server):
    answer = server.call(
        "POST", "/task", json={"serials": ["x"], "script_name": "post", "script_config": {}, "start_time": "14:30"}
    )
    data = answer["data"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT14:30:\d\d\.\d{3}\+08:00", data["scheduled_at"])
    task = server.task(data["task_ids"][0])
    assert task["scheduled_at"] == data["scheduled_at"] == task["start_time"]


def test_lists_are_filtered_paged_and_newest_first(server):
    ids = server.create([f"list-{n}" for n in range(5)])
    page = server.call("GET", "/task?page_size=2&page=1")["data"]
    assert [task["id"] for task in page["tasks"]] == ids[:-3:-1]
    assert page["total"] == server.call("GET", "/task/stats")["data"]["total"]
    assert (page["page"], page["page_size"]) == (1, 2)
    only = server.call("GET", "/task?serial=list-3&status=0&script_name=post&source=api")["data"]
    assert (only["total"], [task["serial"] for task in only["tasks"]]) == (1, ["list-3"])
    assert server.call("GET", "/task?status=2")["data"]["total"] == 0
    assert server.call("GET", "/task?page=100000")["data"]["tasks"] == []


def test_stats_count_each_state(server):
    stats = server.call("GET", "/task/stats")["data"]
    assert set(stats) == {"total", "pending", "running", "completed", "failed"}
    assert stats["total"] == stats["pending"]


def test_a_task_that_did_nothing_has_an_empty_trace(server):
    [task_id] = server.create(["x1"])
    assert server.call("GET", f"/task/{task_id}/trace")["data"] == {"task_id": task_id, "attempts": [], "steps": []}


def test_tasks_survive_a_restart(tmp_path):
    with ServerThread(tmp_path) as server:
        [task_id] = server.create(["x1"])
    with ServerThread(tmp_path) as server:
        assert server.task(task_id)["status"] == 0


def test_a_second_server_on_the_same_data_is_refused_with_a_sentence(tmp_path):
    with ServerThread(tmp_path), pytest.raises(DataDirectoryInUseError, match="Another"), ServerThread(tmp_path):
        pytest.fail("a second server started")
