"""The contract's part on changing tasks, as far as no phone is needed."""

from __future__ import annotations

import pytest


@pytest.fixture
def failed(api):
    """A task that has failed: it was stopped while it waited."""
    [task] = api.tasks()
    return api.post(f"/task/{task['id']}/stop").good()


def test_delete_removes_a_task(api):
    """It is gone from then on."""
    [task] = api.tasks()
    assert api.call("DELETE", f"/task/{task['id']}").good() == {"task_id": task["id"], "deleted": True}
    api.get(f"/task/{task['id']}").refused(40401)
    api.call("DELETE", f"/task/{task['id']}").refused(40401)


def test_batch_delete_removes_many(api):
    """And says which."""
    made = [task["id"] for task in api.tasks(serials=[api.name(), api.name(), api.name()])]
    done = api.call("DELETE", "/task/batch", json={"task_ids": made[:2]}).good()
    assert done == {"deleted_count": 2, "deleted_ids": made[:2], "not_found_ids": []}
    assert api.task(made[2])["status"] == 0


def test_unknown_ids_are_not_fatal_to_a_batch_delete(api):
    """They are told of."""
    [task] = api.tasks()
    done = api.call("DELETE", "/task/batch", json={"task_ids": [999_999_999_999, task["id"]]}).good()
    assert done == {"deleted_count": 1, "deleted_ids": [task["id"]], "not_found_ids": [999_999_999_999]}


@pytest.mark.parametrize("body", [{}, {"task_ids": []}, {"task_ids": "1"}, {"task_ids": ["1"]}, {"task_ids": [1.5]}])
def test_a_batch_delete_needs_a_list_of_ids(api, body):
    """Nothing is deleted by a slip."""
    api.call("DELETE", "/task/batch", json=body).refused(40001)


def test_stopping_a_pending_task_makes_it_3_without_running(api):
    """Its remark says so, and it never began."""
    [task] = api.tasks()
    stopped = api.post(f"/task/{task['id']}/stop").good()
    assert (stopped["id"], stopped["status"], stopped["remark"]) == (task["id"], 3, "stopped")
    assert stopped["error_code"] == "stopped"
    assert api.get(f"/task/{task['id']}/trace").good()["steps"] == []


def test_retry_makes_a_failed_task_pending_again_under_the_same_id(api, failed):
    """`retry_count` counts it, and what it failed of is forgotten."""
    again = api.post(f"/task/{failed['id']}/retry").good()
    assert (again["id"], again["status"], again["retry_count"]) == (failed["id"], 0, 1)
    assert (again["remark"], again["error_code"], again["end_time"]) == ("", None, None)


def test_only_a_failed_task_can_be_retried(api, failed):
    """After the first retry it waits, and a second is refused."""
    api.post(f"/task/{failed['id']}/retry").good()
    api.post(f"/task/{failed['id']}/retry").refused(40901)


def test_retry_all_makes_every_failed_task_pending_that_may_be_retried_safely(own):
    """On an own server only: it would start the failed tasks of others."""
    made = [task["id"] for task in own.tasks(serials=[own.name(), own.name()])]
    for task_id in made:
        own.post(f"/task/{task_id}/stop").good()
    done = own.post("/task/retry-all").good()
    assert set(done) == {"retried_count", "task_ids", "skipped_count", "skipped"}
    assert set(made) <= set(done["task_ids"])
    assert done["retried_count"] == len(done["task_ids"])
    assert [own.task(task_id)["status"] for task_id in made] == [0, 0]


@pytest.mark.parametrize("body", [{}, {"published": "yes"}, {"published": None}, {"published": 1}, []])
def test_resolving_needs_a_plain_yes_or_no(api, failed, body):
    """A slip must not say that a post went out."""
    api.post(f"/task/{failed['id']}/resolve", body).refused(40001)


@pytest.mark.parametrize("published", [True, False])
def test_only_a_failed_task_whose_outcome_is_unknown_can_be_resolved(api, failed, published):
    """Neither one that waits nor one whose end is known."""
    [waiting] = api.tasks()
    for task in (waiting, failed):
        api.post(f"/task/{task['id']}/resolve", {"published": published}).refused(40901)
        assert api.task(task["id"]) == task
    api.post("/task/999999999999/resolve", {"published": published}).refused(40401)
