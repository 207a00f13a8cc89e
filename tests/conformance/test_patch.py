"""The contract's part on changing a task that has not begun: `PATCH /task/{id}`."""

from __future__ import annotations

import pytest

LATER = "2099-06-01T12:00:00+00:00"


def patched(api, task, **fields):
    return api.call("PATCH", f"/task/{task['id']}", json=fields)


def test_patch_changes_the_start(api):
    """By an instant, and by a time of day; null takes it away."""
    [task] = api.tasks()
    assert patched(api, task, start_at=LATER).good()["scheduled_at"].startswith("2099-06-01")
    assert ":30:00" in patched(api, task, start_time="10:30").good()["scheduled_at"]
    [other] = api.tasks(serials=[api.name()])
    assert patched(api, other, start_at=None).good()["scheduled_at"] is None


def test_patch_replaces_script_config_and_changes_the_device(api):
    """What is not named stays."""
    [task], name = api.tasks(), api.name()
    after = patched(api, task, script_config={"dry_run": True, "captions": "new"}, serial=name).good()
    assert (after["script_config"], after["serial"]) == ({"dry_run": True, "captions": "new"}, name)
    assert after["scheduled_at"] == task["scheduled_at"]
    assert api.task(task["id"])["serial"] == name


def test_patch_gives_a_task_to_an_account_on_its_device(api):
    """And takes it away again."""
    [task], account = api.tasks(), api.account(device=api.name())
    after = patched(api, task, username=account["username"]).good()
    assert (after["username"], after["serial"]) == (account["username"], account["device"])
    assert patched(api, task, serial=api.name()).refused(40001)["errors"][0]["field"] == "serial"
    assert patched(api, task, username=None).good()["username"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"script_config": {"ai_label": 1}},
        {"script_config": None},
        {"start_at": "tomorrow"},
        {"start_at": LATER, "start_time": "10:00"},
        {"start_at": "2020-01-01T00:00:00Z"},
        {"serial": None},
        {"serial": "-x"},
        {"publish_time": "10:00"},
        {"script_config": {"platform": "instagram", "add_sound": 1}},
    ],
    ids=str,
)
def test_patch_has_the_checks_of_a_creation(api, fields):
    """And changes nothing when one of them fails."""
    [task] = api.tasks()
    patched(api, task, **fields).refused(40001)
    assert api.task(task["id"]) == task


def test_patch_answers_issues_and_strict_refuses_them(api):
    """As a creation does."""
    [task], config = api.tasks(), {"dry_run": True, "material_list": ["/nowhere/a.mp4"]}
    refused = patched(api, task, script_config=config, strict=True).refused(40001)
    assert [error["code"] for error in refused["errors"]] == ["media_missing"]
    found = patched(api, task, script_config=config).good()["issues"]
    assert [issue["code"] for issue in found if issue["severity"] == "error"] == ["media_missing"]


def test_patch_asks_for_repeats(api):
    """A task that is moved may meet its like."""
    if api.material is None:
        pytest.skip("CONFORMANCE_MATERIAL names no video on the server's computer")
    config, serial = {"material_list": [api.material], "captions": api.name()}, api.name()
    [first] = api.tasks(script_config=config, serials=[serial])
    [second] = api.tasks(script_config=config, serials=[api.name()])
    assert patched(api, second, serial=serial).refused(40901)["task_id"] == first["id"]
    assert patched(api, second, serial=serial, allow_repeat=True).good()["serial"] == serial


def test_patch_of_a_task_that_has_ended_is_40901(api):
    """It cannot be changed any more."""
    [task] = api.tasks()
    api.post(f"/task/{task['id']}/stop").good()
    patched(api, task, start_at=LATER).refused(40901)


def test_patch_with_dry_run_changes_nothing(api):
    """It only answers."""
    [task] = api.tasks()
    assert patched(api, task, start_at=LATER, dry_run=True).good()["scheduled_at"].startswith("2099-06-01")
    assert api.task(task["id"]) == task
