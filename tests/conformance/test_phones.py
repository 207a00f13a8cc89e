"""What needs a phone. Nothing is published, save on simulated phones of the tests' own."""

from __future__ import annotations

from datetime import datetime

import pytest

from conformance.client import wait_until


def start(api, serial, **config):
    """Start a dry run on a phone and return its id once it runs."""
    task_id = waiting(api, serial, **config)
    wait_until(lambda: api.task(task_id)["status"] == 1)
    return task_id


def waiting(api, serial, **config):
    whole = {"material_list": [api.material], "captions": "conformance", "dry_run": True, **config}
    [task_id] = api.request(serials=[serial], script_config=whole, start_at=...).good()["task_ids"]
    return task_id


def ended(api, task_id):
    return wait_until(lambda: (task := api.task(task_id))["status"] in (2, 3) and task, 120)


@pytest.fixture(scope="module", autouse=True)
def stuck(server):
    """Real posts on the last three own phones, whose uploads never end; they run while the other tests do."""
    if not server.is_own:
        return None
    config = {"material_list": [server.material], "captions": "conformance", "upload_wait_time": 2}
    body = {"serials": server.phones()[2:5], "script_name": "post", "script_config": config, "allow_repeat": True}
    return server.post("/task", body).good()["task_ids"]


def test_a_running_task_is_status_1_and_a_completed_one_2(api, phone):
    """With the times of its beginning and its end; a dry run publishes nothing."""
    task_id = start(api, phone)
    running = api.task(task_id)
    assert (running["status_text"], running["end_time"], running["waiting_for"]) == ("running", None, None)
    done = ended(api, task_id)
    assert (done["status"], done["status_text"], done["outcome"]) == (2, "completed", "dry_run"), done["remark"]
    assert datetime.fromisoformat(done["start_time"]) < datetime.fromisoformat(done["end_time"])


def test_a_phone_does_one_task_at_a_time_in_order(api, phone):
    """The second waits for the first, and says so."""
    first = start(api, phone)
    second = waiting(api, phone)
    assert phone in api.task(second)["waiting_for"]
    one, two = ended(api, first), ended(api, second)
    assert datetime.fromisoformat(one["end_time"]) <= datetime.fromisoformat(two["start_time"])


def test_two_phones_work_at_the_same_time(api, phone, other_phone):
    """Each phone is a lane of its own."""
    one, two = waiting(api, phone), waiting(api, other_phone)
    wait_until(lambda: [api.task(one)["status"], api.task(two)["status"]] == [1, 1])


def test_stopping_a_running_task_ends_it_within_a_second(api, phone):
    """Status 3, remark "stopped": nothing had been sent yet."""
    task_id = start(api, phone)
    asked = wait_until(lambda: api.get(f"/task/{task_id}/trace").good()["steps"])[-1]
    assert asked["ok"]
    before = datetime.fromisoformat(api.tasks()[0]["created_at"])
    stopped = api.post(f"/task/{task_id}/stop").good()
    assert (stopped["status"], stopped["remark"], stopped["error_code"]) == (3, "stopped", "stopped")
    assert (datetime.fromisoformat(stopped["end_time"]) - before).total_seconds() < 1.0


def test_a_stopped_task_is_never_retried_by_itself(api, phone):
    """Although the own server retries by itself at once: the next task has come and gone meanwhile."""
    task_id = start(api, phone)
    api.post(f"/task/{task_id}/stop").good()
    ended(api, waiting(api, phone))
    assert (api.task(task_id)["status"], api.task(task_id)["retry_count"]) == (3, 0)


def test_deleting_a_running_task_stops_it_first(api, phone):
    """Then it is gone, and its phone is free for the next."""
    task_id = start(api, phone)
    assert api.call("DELETE", f"/task/{task_id}").good() == {"task_id": task_id, "deleted": True}
    api.get(f"/task/{task_id}").refused(40401)
    assert ended(api, waiting(api, phone))["status"] == 2


def test_a_batch_delete_stops_running_tasks_first(api, phone):
    """Together with those that wait."""
    made = [start(api, phone), waiting(api, phone)]
    assert api.call("DELETE", "/task/batch", json={"task_ids": made}).good()["deleted_ids"] == made


def test_a_task_of_an_account_starts_when_the_account_is_bound_to_a_phone(api, phone):
    """Late binding, to the end. Nobody of that name is signed in there, so how it ends is another matter."""
    name = api.name()
    config = {"material_list": [api.material], "dry_run": True}
    [task_id] = api.request(usernames=[name], script_config=config, start_at=...).good()["task_ids"]
    assert api.task(task_id)["status"] == 0
    api.account(name, device=phone)
    assert ended(api, task_id)["serial"] == phone


def test_a_trace_shows_what_a_task_did(api, phone):
    """Step by step, with pictures that are got by their paths."""
    task_id = waiting(api, phone)
    ended(api, task_id)
    trace = api.get(f"/task/{task_id}/trace").good()
    assert trace["task_id"] == task_id
    assert [step["number"] for step in trace["steps"]] == list(range(1, len(trace["steps"]) + 1))
    pictures = [step["screenshot"] for step in trace["steps"] if step["screenshot"]]
    assert pictures
    picture = api.http.get(pictures[0])
    assert picture.status_code == 200
    assert picture.content.startswith(b"\xff\xd8\xff")


@pytest.fixture
def unknown(own, stuck):
    """A task whose outcome is unknown; each test gets another."""
    task = ended(own, stuck.pop())
    assert (task["status"], task["error_code"], task["outcome"]) == (3, "outcome_unknown", "unknown"), task
    return task["id"]


def test_a_person_says_what_became_of_a_post_and_the_journal_keeps_the_word(own, unknown):
    """It can be said once; what the machine saw stays as it was."""
    [*_, before] = own.get(f"/task/{unknown}/trace").good()["attempts"]
    assert before["phase"] == "unknown"
    told = own.post(f"/task/{unknown}/resolve", {"published": True}).good()
    assert (told["id"], told["status"], told["outcome"], told["error_code"]) == (unknown, 2, "published", None)
    assert told["remark"]
    [*_, after] = own.get(f"/task/{unknown}/trace").good()["attempts"]
    assert (after["phase"], after["facts"]["person_says"]) == ("unknown", "published")
    own.post(f"/task/{unknown}/resolve", {"published": False}).refused(40901)
    own.post(f"/task/{unknown}/retry", {"force": True}).refused(40901)


def missing_file(api, phone):
    """A task that has failed by itself, and will again."""
    config = {"material_list": [f"{api.material}.missing.mp4"], "captions": "conformance", "dry_run": True}
    [task_id] = api.request(serials=[phone], script_config=config, start_at=...).good()["task_ids"]
    task = ended(api, task_id)
    assert (task["status"], task["error_code"]) == (3, "media_missing"), task
    return task_id


def test_retry_all_makes_every_failed_task_pending_that_may_be_retried_safely(own, phone):
    """Without a body: those that failed by themselves. On an own server only: it would start those of others."""
    task_id = missing_file(own, phone)
    done = own.post("/task/retry-all").good()
    assert task_id in done["task_ids"]
    assert done["retried_count"] == len(done["task_ids"])
    assert ended(own, task_id)["retry_count"] == 1


def test_retry_all_passes_over_a_task_at_its_retry_limit(own, phone):
    """The own server is retried automatically, up to three times; its own retry is still taken."""
    task_id = missing_file(own, phone)
    for _ in range(3):
        done = own.post("/task/retry-all", {"task_ids": [task_id]}).good()
        assert done["task_ids"] == [task_id]
        ended(own, task_id)
    done = own.post("/task/retry-all", {"task_ids": [task_id]}).good()
    assert (done["task_ids"], [one["task_id"] for one in done["skipped"]]) == ([], [task_id])
    assert own.post(f"/task/{task_id}/retry").good()["retry_count"] == 4


def test_an_unknown_outcome_needs_a_person_until_it_is_resolved(own, unknown):
    """And leaves the list then."""
    need = own.task(unknown)["needs_person"]
    assert (need["reason"], need["code"]) == ("outcome_unknown", "outcome_unknown")
    assert need["message"]
    assert unknown in [task["id"] for task in own.listed(needs_person="true", page_size=100)["tasks"]]
    assert own.post(f"/task/{unknown}/resolve", {"published": False}).good()["needs_person"] is None
    assert unknown not in [task["id"] for task in own.listed(needs_person="true", page_size=100)["tasks"]]


def test_a_task_whose_outcome_is_unknown_is_not_in_retry_all_and_its_own_retry_needs_force(own, unknown):
    """It may have been published: only a person may post it again."""
    done = own.post("/task/retry-all").good()
    assert unknown not in done["task_ids"]
    assert unknown in [skipped["task_id"] for skipped in done["skipped"]]
    assert done["skipped_count"] == len(done["skipped"])
    own.post(f"/task/{unknown}/retry").refused(40901)
    own.post(f"/task/{unknown}/retry", {"force": False}).refused(40901)
    assert own.task(unknown)["status"] == 3
    again = own.post(f"/task/{unknown}/retry", {"force": True}).good()
    assert (again["id"], again["retry_count"]) == (unknown, 1)
