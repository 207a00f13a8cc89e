"""The contract's part on what is late, and on what needs a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from conformance.client import wait_until

LATE_AFTER_MIN = 120


def ago(**time):
    """An instant so long ago."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def planned(api, **fields):
    """Tasks whose start time was almost as long ago as they may be late."""
    whole = {"start_at": ago(minutes=LATE_AFTER_MIN, seconds=-2), "late_after_min": LATE_AFTER_MIN, **fields}
    made = api.request(**whole).good()
    if any("late_after_min" in warning for warning in made["warnings"]):
        pytest.skip("this server does not know late_after_min yet")
    return made["task_ids"]


def held(api, task_id):
    return wait_until(lambda: (task := api.task(task_id))["held_since"] and task, 30)


def rehearsal(api):
    return {"material_list": [api.material], "captions": "conformance", "dry_run": True}


def ended(api, task_id):
    return wait_until(lambda: (task := api.task(task_id))["status"] in (2, 3) and task, 120)


def listed(api, **query):
    return {task["id"] for task in api.listed(needs_person="true", page_size=100, **query)["tasks"]}


@pytest.fixture
def late(api):
    """A task that is held, for a device that is not there."""
    [task_id] = planned(api)
    return held(api, task_id)


def test_a_task_that_could_not_begin_in_time_is_held(late):
    """Status 0, and it says how late it is and that a person decides."""
    assert (late["status"], late["status_text"], late["error_code"]) == (0, "pending", None)
    assert "2 h 0 min late" in late["waiting_for"]
    assert "person" in late["waiting_for"]


def test_a_task_made_by_intervals_is_held_as_well(api):
    """Each by its own start time."""
    first, second = planned(api, serials=[api.name(), api.name()], min_interval=0.02, max_interval=0.02)
    assert held(api, first)["scheduled_at"] < held(api, second)["scheduled_at"]


def test_a_late_policy_of_fail_fails_with_missed_start(api):
    """And its remark says how late it was."""
    [task_id] = planned(api, late_policy="fail")
    task = ended(api, task_id)
    assert (task["status"], task["error_code"]) == (3, "missed_start")
    assert "2 h 0 min late" in task["remark"]
    assert task["needs_person"] is None


def test_a_late_run_says_in_its_remark_how_late(api, phone):
    """Under the policy `run` a past start time is no obstacle."""
    [task_id] = planned(
        api, serials=[phone], script_config=rehearsal(api), late_policy="run", start_at=ago(days=3, hours=2)
    )
    task = ended(api, task_id)
    assert (task["status"], task["outcome"]) == (2, "dry_run"), task["remark"]
    assert "3 d 2 h late" in task["remark"]


def test_time_in_which_its_lane_worked_does_not_count(api, phone):
    """The second would be late by the clock alone."""
    config = rehearsal(api)
    [first] = api.request(serials=[phone], script_config=config, start_at=...).good()["task_ids"]
    wait_until(lambda: api.task(first)["status"] == 1)
    [second] = planned(api, serials=[phone], script_config=config)
    assert ended(api, first)["status"] == 2
    task = ended(api, second)
    assert (task["status"], task["held_since"]) == (2, None)
    assert "late" not in task["remark"]


def test_a_task_without_a_start_time_is_never_late(api):
    """However little it may be late."""
    [task_id] = planned(api, start_at=..., late_after_min=LATE_AFTER_MIN)
    [other] = planned(api)
    held(api, other)
    assert api.task(task_id)["held_since"] is None


def test_start_lets_a_held_task_wait_for_nothing_but_its_device(api, late):
    """Due now, held no more, and off the list."""
    started = api.post(f"/task/{late['id']}/start").good()
    assert (started["status"], started["held_since"], started["needs_person"]) == (0, None, None)
    assert "late" not in started["waiting_for"]
    assert datetime.fromisoformat(started["start_time"]) > datetime.fromisoformat(late["held_since"])


def test_start_lets_a_waiting_task_begin_now(api, phone):
    """Though its time lies ahead."""
    [task] = api.tasks(serials=[phone], script_config=rehearsal(api))
    assert "start" in task["waiting_for"]
    api.post(f"/task/{task['id']}/start").good()
    assert ended(api, task["id"])["status"] == 2


def test_only_a_task_that_waits_can_be_started(api):
    """Else 40901."""
    [task] = api.tasks()
    api.post(f"/task/{task['id']}/stop").good()
    api.post(f"/task/{task['id']}/start").refused(40901)
    api.post("/task/999999999999/start").refused(40401)


def test_a_retry_of_a_task_whose_time_is_over_is_due_now_and_not_late(api, late):
    """A person has said so."""
    api.post(f"/task/{late['id']}/stop").good()
    again = api.post(f"/task/{late['id']}/retry").good()
    assert (again["status"], again["held_since"], again["needs_person"]) == (0, None, None)
    [other] = planned(api)
    held(api, other)
    assert api.task(late["id"])["held_since"] is None


def test_what_is_held_needs_a_person(api, late):
    """In the list, in the task, with a reason, a code and a sentence."""
    assert late["needs_person"]["reason"] == "held"
    assert late["needs_person"]["code"] == "missed_start"
    assert "late" in late["needs_person"]["message"]
    assert late["id"] in listed(api, serial=late["serial"])
    assert [task["id"] for task in api.listed(serial=late["serial"], needs_person="false")["tasks"]] == []


def test_a_wrong_needs_person_is_40001(api):
    """It is true or false."""
    api.get("/task", needs_person="maybe").refused(40001)


@pytest.mark.parametrize("way", ["stop", "dismiss", "start"])
def test_a_held_entry_leaves_the_list_when_a_person_has_decided(api, late, way):
    """Dismissed it is still held."""
    done = api.post(f"/task/{late['id']}/{way}").good()
    assert done["needs_person"] is None
    assert (done["held_since"] is not None) == (way == "dismiss")
    assert listed(api, serial=late["serial"]) == set()


def test_an_entry_leaves_the_list_when_it_is_deleted(api, late):
    """With its task."""
    api.call("DELETE", f"/task/{late['id']}").good()
    assert listed(api, serial=late["serial"]) == set()


def test_dismiss_knows_its_tasks(api):
    """One that needs nobody stays as it is; an unknown one is 40401."""
    [task] = api.tasks()
    assert api.post(f"/task/{task['id']}/dismiss").good() == task
    api.post("/task/999999999999/dismiss").refused(40401)


def test_a_stopped_task_needs_nobody(api):
    """A person has seen it already."""
    [task] = api.tasks()
    assert api.post(f"/task/{task['id']}/stop").good()["needs_person"] is None
