"""Filters, accounts as targets, intervals, idempotency, and changing tasks over HTTP, without phones."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.task import NeedsPerson, NewTask, Source
from support.rig import wait_for
from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


def create(server, headers=None, **body):
    whole = {"script_name": "post", "script_config": {}, **body}
    return server.call("POST", "/task", json=whole, headers=headers)


def account(server, username, **fields):
    answer = server.call("POST", "/account", json={"username": username, **fields})
    assert answer["code"] == 0, answer
    return answer["data"]


def test_accounts_are_targets_and_win_over_serials(server):
    account(server, "@First", device="p1")
    answer = create(server, usernames=["first", "@FIRST", "stranger"], serials=["other"])
    data = answer["data"]
    one, two = (server.task(i) for i in data["task_ids"])
    assert (one["username"], one["serial"]) == ("first", "p1")
    assert (two["username"], two["serial"]) == ("stranger", None)
    assert "stranger" in two["waiting_for"]
    told = " ".join(data["warnings"])
    assert "both serials and usernames" in told
    assert "@FIRST is given more than once" in told
    assert "stranger is not bound" in told


def test_a_task_gets_its_device_when_its_account_appears_and_follows_it(server):
    [task_id] = create(server, usernames=["late"])["data"]["task_ids"]
    known = account(server, "late", device="p2")
    assert server.task(task_id)["serial"] == "p2"
    server.call("PATCH", f"/account/{known['id']}", json={"device": "p3"})
    assert server.task(task_id)["serial"] == "p3"
    server.call("PATCH", f"/account/{known['id']}", json={"enabled": False})
    assert server.task(task_id)["serial"] is None
    assert "enabled" in server.task(task_id)["waiting_for"]
    server.call("DELETE", f"/account/{known['id']}")
    account(server, "Late", device="p4")
    assert server.task(task_id)["serial"] == "p4"


def test_disabled_accounts_are_skipped_and_none_left_is_40004(server):
    account(server, "off", device="p5", enabled=False)
    assert create(server, usernames=["off"])["code"] == 40004
    answer = create(server, usernames=["off", "unknown-one"])
    assert answer["data"]["created_count"] == 1
    assert any("off is disabled" in warning for warning in answer["data"]["warnings"])


def test_one_task_for_each_enabled_account_of_a_device(server):
    for name, enabled in (("m1", True), ("m2", False), ("m3", True)):
        account(server, name, device="multi", enabled=enabled)
    answer = create(server, serials=["multi", "fresh"], enable_multi_account=True)
    tasks = [server.task(i) for i in answer["data"]["task_ids"]]
    assert [(t["serial"], t["username"]) for t in tasks] == [("multi", "m1"), ("multi", "m3"), ("fresh", None)]
    assert any("fresh is on record" in warning for warning in answer["data"]["warnings"])
    account(server, "only", device="all-off", enabled=False)
    assert create(server, serials=["all-off"], enable_multi_account=True)["code"] == 40004


def test_start_at_is_an_instant_and_intervals_space_the_starts(server):
    answer = create(
        server, serials=["i1", "i2", "i3"], start_at="2030-01-01T00:00:00Z", min_interval=5, max_interval=10
    )
    assert answer["data"]["scheduled_at"] == "2030-01-01T08:00:00.000+08:00"
    starts = [datetime.fromisoformat(server.task(i)["scheduled_at"]) for i in answer["data"]["task_ids"]]
    gaps = [(b - a).total_seconds() / 60 for a, b in itertools.pairwise(starts)]
    assert all(5 <= gap <= 10 for gap in gaps)


def test_the_same_key_gets_the_first_answer_and_creates_nothing(server):
    key = {"Idempotency-Key": "once"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: create(server, key, serials=["idem"]), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert server.call("GET", "/task?serial=idem")["data"]["total"] == 1
    assert create(server, key, serials=["idem", "more"])["code"] == 40901
    assert create(server, {"Idempotency-Key": "x" * 300}, serials=["idem"])["code"] == 40001


def test_every_filter_of_the_list(server):
    made = create(server, serials=["f1", "f2"], script_config={"captions": "x"})["data"]["task_ids"]
    batch = server.task(made[0])["batch_id"]
    [other] = create(server, usernames=["@Filter_Name"])["data"]["task_ids"]

    def ids(query):
        data = server.call("GET", f"/task?{query}")["data"]
        assert data["total"] == len(data["tasks"])
        return [task["id"] for task in data["tasks"]]

    assert ids(f"batch_id={batch}") == made[::-1]
    assert ids(f"batch_id={batch}&sort=id") == made
    assert ids("username=filter_name") == [other]
    assert ids("username=%40FILTER_NAME&status=0&source=api") == [other]
    assert ids("q=FILTER_n") == [other]
    assert ids("q=100%25") == []
    assert server.call("GET", "/task?sort=serial")["code"] == 40001


def test_stop_retry_delete_answer_as_the_state_allows(server):
    [task_id] = create(server, serials=["s1"])["data"]["task_ids"]
    assert server.call("POST", f"/task/{task_id}/retry")["code"] == 40901
    stopped = server.call("POST", f"/task/{task_id}/stop")["data"]
    assert (stopped["status"], stopped["remark"], stopped["error_code"]) == (3, "stopped", "stopped")
    assert server.call("POST", f"/task/{task_id}/stop")["code"] == 40901
    again = server.call("POST", f"/task/{task_id}/retry")["data"]
    assert (again["id"], again["status"], again["retry_count"]) == (task_id, 0, 1)
    assert (again["remark"], again["error_code"], again["end_time"]) == ("", None, None)
    assert server.call("DELETE", f"/task/{task_id}")["data"] == {"task_id": task_id, "deleted": True}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/retry")):
        assert server.call(method, f"/task/{task_id}{path}")["code"] == 40401


def test_batch_delete_and_retry_all(server):
    ids = create(server, serials=["b1", "b2", "b3"])["data"]["task_ids"]
    for task_id in ids[:2]:
        server.call("POST", f"/task/{task_id}/stop")

    def retried(body=None):
        return server.call("POST", "/task/retry-all", json=body)["data"]

    passed = {one["task_id"]: one for one in retried()["skipped"]}
    assert {passed[task_id]["code"] for task_id in ids[:2]} == {"stopped"}
    assert passed[ids[0]]["reason"] == "A person stopped it; retry it alone, or send include_stopped."
    body = {"task_ids": ids, "include_stopped": True}
    would = retried({**body, "dry_run": True})
    assert [server.task(task_id)["status"] for task_id in ids] == [3, 3, 0]
    assert would == retried(body)
    assert would["task_ids"] == ids[:2]
    assert would["retried_count"] == 2
    assert [(one["task_id"], one["code"]) for one in would["skipped"]] == [(ids[2], "not_failed")]
    gone = server.call("DELETE", "/task/batch", json={"task_ids": [*ids, 999_999, -5]})["data"]
    assert gone == {"deleted_count": 3, "deleted_ids": ids, "not_found_ids": [999_999, -5]}


@pytest.mark.parametrize(
    "body",
    [
        [], {"all": True}, {"task_ids": []}, {"task_ids": ["1"]}, {"task_ids": [True]}, {"task_ids": 1},
        {"batch_id": 1},
        {"error_codes": "stopped"}, {"ended_since": "yesterday"}, {"ended_since": "2026-01-01T00:00:00"},
        {"include_stopped": "yes"}, {"include_stopped": 1}, {"dry_run": None},
    ],
)  # fmt: skip
def test_a_wrong_wish_retries_nothing(server, body):
    assert server.call("POST", "/task/retry-all", json=body)["code"] == 40001


def test_a_task_waits_for_a_person_is_started_and_dismissed(server):
    [far, soon] = create(server, serials=["w1", "w2"], start_at="2099-01-01T00:00:00Z")["data"]["task_ids"]
    note = {"message": "Another phone answers at w1."}
    server.store.submit(lambda r: r.tasks.flag([far], NeedsPerson.OTHER_PHONE, note)).result(10)
    assert server.task(far)["needs_person"] == {"reason": "other_phone", "code": None, **note}
    assert server.task(soon)["needs_person"] is None

    def listed(value):
        answer = server.call("GET", f"/task?needs_person={value}")["data"]
        assert answer["total"] == len(answer["tasks"]) or answer["total"] > 20
        return {task["id"] for task in answer["tasks"]}

    assert listed("true") == {far}
    assert soon in listed("false")
    assert far not in listed("false")
    assert server.call("GET", "/task?needs_person=maybe")["code"] == 40001
    assert server.call("POST", f"/task/{far}/dismiss")["data"]["needs_person"] is None
    assert server.call("POST", f"/task/{far}/dismiss")["code"] == 0
    assert listed("true") == set()
    started = server.call("POST", f"/task/{soon}/start")["data"]
    assert (started["status"], started["scheduled_at"], started["held_since"]) == (0, None, None)
    assert started["start_time"] < "2099"
    server.call("POST", f"/task/{soon}/stop")
    assert server.call("POST", f"/task/{soon}/start")["code"] == 40901
    server.call("DELETE", "/task/batch", json={"task_ids": [far, soon]})


@pytest.mark.slow
def test_a_task_that_could_not_begin_in_time_is_held_and_says_how_late(server):
    hours = 3 * 3600 * 1000
    now = SystemClock().now_ms()
    new = NewTask("held", 0, "post", "{}", "h1", None, Source.API, 1, now - hours, now - hours, now - hours)
    new = replace(new, late_after_ms=7_200_000)
    [task_id] = server.store.submit(lambda r: r.tasks.add([new])).result(10)
    wait_for(lambda: server.task(task_id)["held_since"])
    task = server.task(task_id)
    assert task["status"] == 0
    assert task["waiting_for"].startswith("a person to decide: it is 3 h 0 min late")
    assert task["needs_person"]["reason"] == "held"
    assert task["needs_person"]["code"] == "missed_start"
    assert task["needs_person"]["message"].startswith("It was 3 h 0 min late.")
    assert server.call("GET", "/task/stats")["data"]["pending"] >= 1
    server.call("DELETE", f"/task/{task_id}")


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("DELETE", "/task/batch", {}, 40001),
        ("DELETE", "/task/batch", {"task_ids": []}, 40001),
        ("DELETE", "/task/batch", {"task_ids": ["1"]}, 40001),
        ("DELETE", "/task/batch", {"task_ids": list(range(10_001))}, 40001),
        ("DELETE", "/task/batch", None, 40001),
        ("POST", "/task/1/retry", {"force": "yes"}, 40001),
        ("POST", "/task/abc/stop", None, 40001),
        ("POST", "/task/abc/retry", None, 40001),
        ("DELETE", "/task/abc", None, 40001),
    ],
)
def test_wrong_changes_are_40001(server, method, path, body, code):
    assert server.call(method, path, json=body)["code"] == code


def test_many_callers_at_once_get_true_answers(server):
    [task_id] = create(server, serials=["race"])["data"]["task_ids"]
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda _: server.call("POST", f"/task/{task_id}/stop")["code"], range(12)))
        assert sorted(codes) == [0] + [40901] * 11
        codes = list(pool.map(lambda _: server.call("POST", f"/task/{task_id}/retry")["code"], range(12)))
        assert sorted(codes) == [0] + [40901] * 11
        codes = list(pool.map(lambda _: server.call("DELETE", f"/task/{task_id}")["code"], range(12)))
        assert sorted(codes) == [0] + [40401] * 11
