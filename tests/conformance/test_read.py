"""The contract's part on reading tasks."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

FIELDS = {
    "id", "script_name", "script_config", "serial", "username", "status", "status_text", "source", "remark",
    "error_code", "retry_count", "start_time", "end_time", "created_at", "scheduled_at", "waiting_for",
    "stop_requested", "batch_id", "outcome", "result", "needs_person", "held_since",
}  # fmt: skip
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")


def ids(page):
    return [task["id"] for task in page["tasks"]]


@pytest.fixture
def five(api):
    """Five tasks of one device, oldest first, and the device."""
    serial = api.name()
    return serial, [api.tasks(serials=[serial])[0]["id"] for _ in range(5)]


# -- the list ------------------------------------------------------------------------------------------


def test_the_list_has_total_page_page_size_and_tasks(api, five):
    """`data.total` is what documented clients read."""
    serial, made = five
    page = api.listed(serial=serial)
    assert set(page) == {"total", "page", "page_size", "tasks"}
    assert page["total"] == len(made)


def test_page_is_1_and_page_size_20_unless_given(api):
    """The documented defaults."""
    page = api.listed()
    assert (page["page"], page["page_size"]) == (1, 20)


def test_the_newest_id_is_first(api, five):
    """Unless `sort` says otherwise."""
    serial, made = five
    assert ids(api.listed(serial=serial)) == made[::-1]


def test_pages_follow_each_other_without_gap_or_overlap(api, five):
    """And after the last one there is nothing."""
    serial, made = five
    pages = [ids(api.listed(serial=serial, page=number, page_size=2)) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [task_id for page in pages for task_id in page] == made[::-1]


@pytest.mark.parametrize("size", [101, 0, -1, "x"])
def test_a_page_size_over_100_or_under_1_is_40001(api, size):
    """It is not cut silently."""
    assert api.get("/task", page_size=size).refused(40001)["errors"][0]["field"] == "page_size"


def test_a_page_size_of_100_is_taken(api):
    """The documented maximum."""
    assert api.listed(page_size=100)["page_size"] == 100


@pytest.mark.parametrize(("field", "value"), [("status", 4), ("status", "done"), ("source", "robot")])
def test_an_unknown_status_or_source_is_40001(api, field, value):
    """A slip must not look like an empty list."""
    assert api.get("/task", **{field: value}).refused(40001)["errors"][0]["field"] == field


def test_status_filters(api, five):
    """By the number."""
    serial, made = five
    api.post(f"/task/{made[0]}/stop").good()
    assert ids(api.listed(serial=serial, status=0)) == made[:0:-1]
    assert ids(api.listed(serial=serial, status=3)) == made[:1]


def test_serial_filters(api, five):
    """By the whole serial."""
    serial, made = five
    assert set(ids(api.listed(serial=serial))) == set(made)
    assert api.listed(serial=serial[:-1])["total"] == 0


def test_script_name_filters(api, five):
    """By the whole name."""
    serial, made = five
    assert api.listed(serial=serial, script_name="post")["total"] == len(made)
    assert api.listed(serial=serial, script_name="pos")["total"] == 0


def test_source_filters(api, five):
    """Tasks made here are "api"."""
    serial, made = five
    assert api.listed(serial=serial, source="api")["total"] == len(made)
    assert api.listed(serial=serial, source="ui")["total"] == 0


def test_username_filters_without_at_and_without_case(api):
    """As usernames compare everywhere."""
    name = api.name()
    [task] = api.tasks(usernames=[name])
    assert ids(api.listed(username="@" + name.upper())) == [task["id"]]


def test_batch_id_filters(api):
    """The tasks of one request."""
    made = api.tasks(serials=[api.name(), api.name()])
    [batch] = {task["batch_id"] for task in made}
    assert sorted(ids(api.listed(batch_id=batch))) == [task["id"] for task in made]


def test_sort_turns_the_order(api, five):
    """By a name from a fixed list; another is refused."""
    serial, made = five
    assert ids(api.listed(serial=serial, sort="id")) == made
    api.get("/task", sort="remark; drop table").refused(40001)


def test_q_searches_text(api):
    """Part of a name is enough, and nothing in it is a pattern."""
    [task] = api.tasks()
    assert ids(api.listed(q=task["serial"][3:].upper())) == [task["id"]]
    assert api.listed(q="%" + task["serial"][3:])["total"] == 0


def test_unknown_query_parameters_are_ignored(api, five):
    """Old clients must not break."""
    serial, made = five
    assert api.listed(serial=serial, colour="blue")["total"] == len(made)


# -- one task, and the numbers -------------------------------------------------------------------------


def test_one_task_is_the_same_as_in_the_list(api):
    """One shape everywhere."""
    [task] = api.tasks()
    [listed] = api.listed(serial=task["serial"])["tasks"]
    assert listed == task


def test_a_task_has_every_field_of_the_contract(api):
    """These, and no others."""
    [task] = api.tasks()
    assert set(task) == FIELDS


@pytest.mark.parametrize("field", ["start_time", "created_at", "scheduled_at"])
def test_times_are_rfc_3339_with_an_offset(api, field):
    """So that nobody has to guess the zone."""
    [task] = api.tasks()
    assert RFC3339.fullmatch(task[field])


def test_start_time_is_when_it_is_due_until_it_began(api):
    """The same instant as `scheduled_at`."""
    [task] = api.tasks(start_at="2099-02-03T04:05:06Z")
    assert datetime.fromisoformat(task["start_time"]) == datetime.fromisoformat("2099-02-03T04:05:06+00:00")
    assert task["start_time"] == task["scheduled_at"]


def test_a_new_task_is_status_0_pending_from_the_api(api):
    """Its first state."""
    [task] = api.tasks()
    assert (task["status"], task["status_text"], task["source"], task["retry_count"]) == (0, "pending", "api", 0)
    assert (task["end_time"], task["error_code"], task["outcome"]) == (None, None, None)
    assert task["stop_requested"] is False


def test_status_3_is_failed(api):
    """And it has an end."""
    [task] = api.tasks()
    ended = api.post(f"/task/{task['id']}/stop").good()
    assert (ended["status"], ended["status_text"]) == (3, "failed")
    assert RFC3339.fullmatch(ended["end_time"])


def test_stats_count_each_state_and_all(api):
    """Five numbers that add up."""
    before = api.get("/task/stats").good()
    assert set(before) == {"total", "pending", "running", "completed", "failed"}
    assert before["total"] == sum(before[name] for name in ("pending", "running", "completed", "failed"))
    [task] = api.tasks()
    api.post(f"/task/{task['id']}/stop").good()
    after = api.get("/task/stats").good()
    assert after["total"] >= before["total"] + 1
    assert after["failed"] >= before["failed"] + 1


@pytest.mark.parametrize(("method", "path"), [("GET", "/task/stats"), ("DELETE", "/task/batch")])
def test_names_are_matched_before_ids(api, method, path):
    """`stats` and `batch` are no ids that are wrong."""
    answer = api.call(method, path, json={"task_ids": [999_999_999_999]} if method == "DELETE" else None)
    assert answer.code == 0


@pytest.mark.parametrize("task_id", ["abc", "1.5", "0", "-1", "1e3", "99999999999999999999", "%00"])
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/retry")])
def test_an_id_that_is_not_numeric_is_40001(api, method, tail, task_id):
    """It cannot be any task's."""
    api.call(method, f"/task/{task_id}{tail}").refused(40001)


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/retry")])
def test_an_unknown_id_is_40401(api, method, tail):
    """It could be a task's, and is not."""
    api.call(method, f"/task/999999999999{tail}").refused(40401)
