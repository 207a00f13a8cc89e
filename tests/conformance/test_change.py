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


def test_retry_all_passes_over_what_a_person_stopped_and_says_so(own):
    """On an own server only: it would start the failed tasks of others."""
    made = [task["id"] for task in own.tasks(serials=[own.name(), own.name()])]
    for task_id in made:
        own.post(f"/task/{task_id}/stop").good()
    done = own.post("/task/retry-all").good()
    assert set(done) == {"retried_count", "task_ids", "skipped_count", "skipped"}
    assert set(made).isdisjoint(done["task_ids"])
    reasons = {one["task_id"]: one["reason"] for one in done["skipped"]}
    assert all(reasons[task_id] for task_id in made)
    assert [own.task(task_id)["status"] for task_id in made] == [3, 3]


def test_include_stopped_takes_stopped_ones_too(api):
    """Those that are named."""
    made = [task["id"] for task in api.tasks(serials=[api.name(), api.name()])]
    for task_id in made:
        api.post(f"/task/{task_id}/stop").good()
    done = api.post("/task/retry-all", {"task_ids": made, "include_stopped": True}).good()
    assert (done["retried_count"], sorted(done["task_ids"])) == (2, made)
    assert (done["skipped_count"], done["skipped"]) == (0, [])
    assert [api.task(task_id)["status"] for task_id in made] == [0, 0]


def test_a_dry_run_of_retry_all_says_what_would_be_retried_and_changes_nothing(api, failed):
    """The same answer as the retry's own."""
    wish = {"task_ids": [failed["id"]], "include_stopped": True}
    would = api.post("/task/retry-all", {**wish, "dry_run": True}).good()
    assert would["task_ids"] == [failed["id"]]
    assert api.task(failed["id"]) == failed
    assert api.post("/task/retry-all", wish).good() == would


def test_ids_batch_codes_and_time_narrow_retry_all(api, failed):
    """Each alone, and together."""
    ended = failed["end_time"]
    [other] = api.tasks()
    api.post(f"/task/{other['id']}/stop").good()

    def taken(**wish):
        body = {"include_stopped": True, "dry_run": True, **wish}
        return api.post("/task/retry-all", body).good()["task_ids"]

    both = sorted([failed["id"], other["id"]])
    assert taken(task_ids=[failed["id"]]) == [failed["id"]]
    assert taken(batch_id=failed["batch_id"]) == [failed["id"]]
    assert sorted(taken(task_ids=both, error_codes=["stopped"])) == both
    assert taken(task_ids=both, error_codes=["app_crashed"]) == []
    assert failed["id"] in taken(ended_since=ended)
    assert taken(task_ids=both, ended_since="2099-01-01T00:00:00Z") == []
    assert taken(task_ids=both, batch_id=other["batch_id"]) == [other["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"all": True}, {"task_ids": "1"}, {"task_ids": []}, {"task_ids": [1.5]}, {"batch_id": 5}, {"error_codes": "x"},
        {"ended_since": "today"}, {"ended_since": 5}, {"include_stopped": "true"}, {"dry_run": 1}, [],
    ],
)  # fmt: skip
def test_a_body_of_retry_all_that_is_not_understood_is_40001(own, body):
    """Nothing is retried by a slip."""
    own.post("/task/retry-all", body).refused(40001)


def test_a_retried_task_whose_start_time_still_lies_ahead_keeps_it(api, failed):
    """Its own retry, and retry-all."""
    again = api.post(f"/task/{failed['id']}/retry").good()
    assert (again["status"], again["start_time"]) == (0, failed["scheduled_at"])
    api.post(f"/task/{failed['id']}/stop").good()
    api.post("/task/retry-all", {"task_ids": [failed["id"]], "include_stopped": True}).good()
    again = api.task(failed["id"])
    assert (again["status"], again["start_time"], again["scheduled_at"]) == (
        0,
        failed["scheduled_at"],
        failed["scheduled_at"],
    )


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
