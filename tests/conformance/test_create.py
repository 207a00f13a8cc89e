"""The contract's part on creating tasks: `POST /task`."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

HOUR = timedelta(hours=1)


def nothing_new(api, **fields):
    """Ask for tasks with something wrong in it, and return the answer: no task came of it."""
    before = api.total()
    answer = api.request(**fields)
    assert api.total() == before
    return answer


def wrong_fields(api, **fields):
    return [error["field"] for error in nothing_new(api, **fields).refused(40001)["errors"]]


# -- the fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"serials": ...}, {"serials": []}, {"serials": None}], ids=str)
def test_serials_are_needed_unless_usernames_are_given(api, fields):
    """Somebody must do the work."""
    assert "serials" in wrong_fields(api, **fields)


def test_serials_make_one_task_for_each_device(api):
    """Device mode."""
    serials = [api.name(), api.name()]
    assert [(task["serial"], task["username"]) for task in api.tasks(serials=serials)] == [
        (serials[0], None),
        (serials[1], None),
    ]


def test_usernames_make_one_task_for_each_account_on_the_device_it_is_bound_to(api):
    """Account mode: the caller need not know the device."""
    account = api.account(device=api.name())
    [task] = api.tasks(usernames=[account["username"]])
    assert (task["username"], task["serial"]) == (account["username"], account["device"])


def test_usernames_win_when_both_are_given(api):
    """And the caller is told."""
    name, serial = api.name(), api.name()
    made = api.request(usernames=[name], serials=[serial]).good()
    assert [api.task(i)["username"] for i in made["task_ids"]] == [name]
    assert api.listed(serial=serial)["total"] == 0
    assert any("usernames" in warning for warning in made["warnings"])


@pytest.mark.parametrize("config", [..., None, [], "x"], ids=["missing", "null", "list", "text"])
def test_script_config_is_needed_and_is_an_object(api, config):
    """Nothing else will do."""
    assert wrong_fields(api, script_config=config) == ["script_config"]


def test_an_empty_script_config_is_allowed(api):
    """Every setting has a default."""
    [task] = api.tasks(script_config={})
    assert task["script_config"] == {}


@pytest.mark.parametrize(
    "wrong",
    [{"content_type": 2}, {"captions": 5}, {"post_way": "magic"}, {"upload_wait_time": "60"}, {"material_list": "a"}],
    ids=str,
)
def test_script_config_is_validated_against_the_scripts_own_schema(api, wrong):
    """When the task is created, not when it runs."""
    [field] = wrong
    assert wrong_fields(api, script_config=wrong) == [f"script_config.{field}"]


def test_enable_multi_account_is_false_unless_given(api):
    """Then a device gets one task, however many accounts it has."""
    serial = api.name()
    api.account(device=serial)
    api.account(device=serial)
    assert len(api.tasks(serials=[serial])) == 1


def test_enable_multi_account_makes_one_task_for_each_enabled_account_of_the_device(api):
    """Disabled ones are left out."""
    serial = api.name()
    wanted = [api.account(device=serial)["username"] for _ in range(2)]
    api.account(device=serial, enabled=False)
    tasks = api.tasks(serials=[serial], enable_multi_account=True)
    assert sorted(task["username"] for task in tasks) == sorted(wanted)
    assert {task["serial"] for task in tasks} == {serial}


def test_enable_multi_account_is_for_device_mode_only(api):
    """An account that is named gets its one task, whoever else is on its device."""
    serial = api.name()
    account, _ = api.account(device=serial), api.account(device=serial)
    assert len(api.tasks(usernames=[account["username"]], enable_multi_account=True)) == 1


@pytest.mark.parametrize("text", ["25:00", "12:60", "noon", "1430", "12:00:00", "", "-1:00"])
def test_start_time_is_hh_mm(api, text):
    """Nothing else is guessed at."""
    assert wrong_fields(api, start_time=text) == ["start_time"]


# -- the answer ----------------------------------------------------------------------------------------


def test_the_answer_has_the_ids_and_their_count(api):
    """What documented clients read."""
    made = api.request(serials=[api.name(), api.name()]).good()
    assert made["created_count"] == len(made["task_ids"]) == 2
    assert all(isinstance(task_id, int) for task_id in made["task_ids"])


def test_the_answer_has_scheduled_at_and_warnings_beside_them(api):
    """When it starts, and what the caller should know."""
    made = api.request(start_at="2099-05-05T05:05:05Z").good()
    assert datetime.fromisoformat(made["scheduled_at"]) == datetime.fromisoformat("2099-05-05T05:05:05+00:00")
    assert isinstance(made["warnings"], list)


def test_one_bad_field_creates_no_task_at_all(api):
    """All of it, or nothing."""
    assert wrong_fields(api, serials=[api.name(), 5]) == ["serials.1"]
    assert wrong_fields(api, serials=[api.name(), ""]) == ["serials.1"]


def test_the_ids_have_the_order_of_the_request(api):
    """The first id is the first target's."""
    serials = [api.name() for _ in range(8)]
    assert [task["serial"] for task in api.tasks(serials=serials)] == serials


# -- late binding --------------------------------------------------------------------------------------


def test_a_serial_never_seen_is_accepted_with_a_warning_and_waits(api):
    """The phone may come later; meanwhile the task says what it waits for."""
    serial = api.name()
    made = api.request(serials=[serial]).good()
    assert any(serial in warning for warning in made["warnings"])
    task = api.task(made["task_ids"][0])
    assert task["status"] == 0
    assert serial in task["waiting_for"]


def test_a_username_not_bound_to_a_device_is_accepted_with_a_warning_and_waits(api):
    """The account may come later."""
    name = api.name()
    made = api.request(usernames=[name]).good()
    assert any(name in warning for warning in made["warnings"])
    task = api.task(made["task_ids"][0])
    assert (task["status"], task["serial"]) == (0, None)
    assert name in task["waiting_for"]


def test_a_task_gets_its_device_when_its_account_appears(api):
    """And waits in that device's lane from then on."""
    name, serial = api.name(), api.name()
    [task] = api.tasks(usernames=[name])
    api.account(name, device=serial)
    assert api.task(task["id"])["serial"] == serial


def test_a_disabled_account_is_skipped_with_a_warning(api):
    """The others get their tasks."""
    disabled, other = api.account(enabled=False)["username"], api.name()
    made = api.request(usernames=[disabled, other]).good()
    assert made["created_count"] == 1
    assert any(disabled in warning for warning in made["warnings"])


def test_nothing_left_is_40004(api):
    """And creates nothing."""
    disabled = api.account(enabled=False)["username"]
    nothing_new(api, usernames=[disabled]).refused(40004)


def test_multi_account_without_an_account_on_record_is_one_task_with_a_warning(api):
    """The documented example works on a fresh server: the account that is signed in there is used."""
    serial = api.name()
    made = api.request(serials=[serial], enable_multi_account=True).good()
    assert made["created_count"] == 1
    assert any(serial in warning for warning in made["warnings"])


def test_multi_account_with_all_accounts_disabled_is_40004(api):
    """Nobody may publish there."""
    serial = api.name()
    api.account(device=serial, enabled=False)
    nothing_new(api, serials=[serial], enable_multi_account=True).refused(40004)


def test_usernames_compare_without_at_and_without_case(api):
    """As the platforms do."""
    account = api.account(device=api.name())
    [task] = api.tasks(usernames=["@" + account["username"].upper()])
    assert task["serial"] == account["device"]


def test_usernames_are_stored_as_given(api):
    """People find what they typed."""
    name = "@" + api.name().upper()
    [task] = api.tasks(usernames=[name])
    assert task["username"] == name


@pytest.mark.parametrize("field", ["serials", "usernames"])
def test_duplicates_in_a_list_are_dropped_with_a_warning(api, field):
    """A slip of the caller posts nothing twice."""
    name = api.name()
    made = api.request(**{field: [name, name]}).good()
    assert made["created_count"] == 1
    assert any("more than once" in warning for warning in made["warnings"])


def test_at_most_10000_targets_a_request(own):
    """One more is refused; so many are taken."""
    names = [own.name() for _ in range(10_001)]
    assert wrong_fields(own, serials=names) == ["serials"]
    made = own.request(serials=names[:-1]).good()
    assert made["created_count"] == 10_000
    own.call("DELETE", "/task/batch", json={"task_ids": made["task_ids"]}).good()
    own.forget_tasks()


# -- times ---------------------------------------------------------------------------------------------


def server_now(api):
    """Return what the server's clock shows, in its own time zone."""
    return datetime.fromisoformat(api.tasks()[0]["created_at"])


def scheduled(api, **fields):
    return datetime.fromisoformat(api.request(**fields).good()["scheduled_at"])


def test_start_time_is_in_the_servers_time_zone(api):
    """The clock on its wall."""
    moment = server_now(api) + HOUR
    found = scheduled(api, start_time=f"{moment:%H:%M}")
    assert f"{found:%H:%M}" == f"{moment:%H:%M}"
    assert found.utcoffset() is not None


def test_a_later_time_is_today(api):
    """Within a day from now."""
    now = server_now(api)
    found = scheduled(api, start_time=f"{now + HOUR:%H:%M}")
    assert timedelta(0) < found - now <= HOUR + timedelta(minutes=1)


def test_the_current_minute_means_now(api):
    """Not tomorrow. Asked again when a minute ended in between."""
    for _ in range(3):
        now = server_now(api)
        found = scheduled(api, start_time=f"{now:%H:%M}")
        if f"{server_now(api):%H:%M}" == f"{now:%H:%M}":
            break
    assert abs(found - now) < timedelta(minutes=1)


def test_an_earlier_time_means_tomorrow(api):
    """The next time the clock shows it."""
    now = server_now(api)
    found = scheduled(api, start_time=f"{now - HOUR:%H:%M}")
    assert timedelta(hours=20) < found - now < timedelta(hours=26)


def test_start_at_is_an_instant_with_an_offset(api):
    """For callers that know the day, and the zone."""
    found = scheduled(api, start_at="2099-03-04T05:06:07+02:00")
    assert found == datetime.fromisoformat("2099-03-04T03:06:07+00:00")
    assert wrong_fields(api, start_at="2099-03-04T05:06:07") == ["start_at"]


def test_start_time_and_start_at_together_are_40001(api):
    """One of them must be wrong."""
    assert wrong_fields(api, start_at="2099-03-04T05:06:07Z", start_time="10:00") == ["start_at"]


def test_intervals_are_minutes_between_the_starts_of_the_tasks(api):
    """Task n starts a random number of minutes in the range after task n-1."""
    tasks = api.tasks(serials=[api.name() for _ in range(6)], min_interval=5, max_interval=15)
    starts = [datetime.fromisoformat(task["scheduled_at"]) for task in tasks]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(timedelta(minutes=5) <= gap <= timedelta(minutes=15) for gap in gaps)
    assert len(set(gaps)) > 1, "drawn for each"


# -- repeating, and what is not known ------------------------------------------------------------------


def test_an_idempotency_key_makes_a_repeated_post_return_the_first_answer(api):
    """A caller that lost the answer may ask again."""
    serial = api.name()
    key, body = {"Idempotency-Key": api.name()}, {"serials": [serial], "start_at": "2099-01-01T00:00:00Z"}
    first, again = api.request(key, **body), api.request(key, **body)
    assert again.body == first.body
    assert api.listed(serial=serial)["total"] == 1


def test_the_same_key_with_another_body_is_40901(api):
    """It was meant for something else."""
    key = {"Idempotency-Key": api.name()}
    api.request(key).good()
    before = api.total()
    api.request(key).refused(40901)
    assert api.total() == before


def test_unknown_top_level_fields_are_ignored_with_a_warning(api):
    """Old clients must not break."""
    made = api.request(colour="blue").good()
    assert any("colour" in warning for warning in made["warnings"])


def test_an_unknown_key_in_script_config_is_a_warning(api):
    """The same one level below."""
    made = api.request(script_config={"colour": "blue", "dry_run": True}).good()
    assert any("colour" in warning for warning in made["warnings"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serials", "one"),
        ("usernames", {"a": 1}),
        ("script_name", 5),
        ("enable_multi_account", "true"),
        ("start_time", 1430),
        ("start_at", 5),
        ("min_interval", "5"),
        ("max_interval", -1),
    ],
)
def test_a_wrong_type_or_value_is_40001(api, field, value):
    """Nothing is bent to fit."""
    extra = {"start_at": ...} if field == "start_time" else {}
    assert field in wrong_fields(api, **extra, **{field: value})
