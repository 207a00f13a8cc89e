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
    """An account that is named gets its one task, whoever else is on its device, and its caller is told so."""
    serial = api.name()
    account, _ = api.account(device=serial), api.account(device=serial)
    assert len(api.tasks(usernames=[account["username"]], enable_multi_account=True)) == 1
    made = api.request(usernames=[api.name()], enable_multi_account=True).good()
    assert made["created_count"] == 1
    assert [issue["severity"] for issue in made["issues"] if issue["field"] == "enable_multi_account"] == ["warning"]
    assert any("enable_multi_account" in warning for warning in made["warnings"])


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


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, {"a": ""}], ids=str)
def test_an_unknown_key_in_script_config_is_a_warning_while_its_value_is_empty(api, value):
    """Old clients send whole forms: what asks for nothing is lost without harm."""
    made = api.request(script_config={"colour": value, "dry_run": True}).good()
    assert any("colour" in warning for warning in made["warnings"])


@pytest.mark.parametrize("value", [1, "blue", True, [1], {"a": {"b": "c"}}], ids=str)
def test_an_unknown_key_in_script_config_with_a_value_is_40001(api, value):
    """An option that was asked for and cannot be kept: nothing goes out without it."""
    assert wrong_fields(api, script_config={"ai_label": value, "dry_run": True}) == ["script_config.ai_label"]


def test_a_misspelt_key_is_40001_and_names_the_one_that_may_be_meant(api):
    """The caller need not look for it."""
    [error] = nothing_new(api, script_config={"captoins": "x"}).refused(40001)["errors"]
    assert error["field"] == "script_config.captoins"
    assert "captions" in error["message"]


@pytest.mark.parametrize(
    "option",
    [
        {"add_sound": 1},
        {"add_product_link": 1},
        {"post_way": "useSound", "sound_name": "x"},
        {"add_sound_volume": 70},
        {"placement": "story", "captions": "a text"},
    ],
    ids=str,
)
def test_an_option_that_the_app_of_the_target_cannot_do_is_40001(api, option):
    """Where the app is known when the task is made."""
    config = {"platform": "instagram", "dry_run": True, **option}
    assert set(wrong_fields(api, script_config=config)) <= {f"script_config.{name}" for name in option}


def test_the_app_of_an_account_is_known_when_the_task_is_made(api):
    """The account says on which platform it is."""
    account = api.account(platform="instagram", device=api.name())
    config = {"add_product_link": 1, "dry_run": True}
    assert wrong_fields(api, usernames=[account["username"]], script_config=config) == [
        "script_config.add_product_link"
    ]


@pytest.mark.parametrize("field", ["captions", "material_list", "placement"])
def test_an_unknown_top_level_field_that_is_an_option_of_a_script_is_40001(api, field):
    """It was put in the wrong place, and would be lost."""
    assert wrong_fields(api, **{field: "x"}) == [field]


@pytest.mark.parametrize(
    "field", ["startTime", "publish_time", "schedule", "post_date", "delay_min", "save_as_DRAFT", "dryrun"]
)
def test_an_unknown_top_level_field_that_says_when_or_whether_is_40001(api, field):
    """Nothing goes out at another time than meant."""
    assert wrong_fields(api, **{field: "1"}) == [field]
    assert api.request(**{field: ""}).code == 0, "without a value it asks for nothing"


# -- what to know beforehand ---------------------------------------------------------------------------


def issues_of(api, **fields):
    return api.request(**fields).good()["issues"]


def errors_of(api, config, **fields):
    """Return field and code of what will fail as things are now, for rehearsals of a post."""
    found = issues_of(api, script_config={"dry_run": True, **config}, **fields)
    return {
        (issue["field"].removeprefix("script_config."), issue["code"])
        for issue in found
        if issue["severity"] == "error"
    }


def test_the_answer_has_batch_id_and_issues_beside_warnings(api):
    """The same once for people, and once for programs."""
    made = api.request(script_config={"dry_run": True, "material_list": ["/nowhere/a.mp4"]}).good()
    assert api.task(made["task_ids"][0])["batch_id"] == made["batch_id"]
    for issue in made["issues"]:
        assert set(issue) == {"target", "field", "code", "severity", "message"}
        assert issue["severity"] in ("error", "warning")
        assert any(issue["message"] in warning for warning in made["warnings"])


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"material_list": ["/nowhere/a.mp4"]}, ("material_list", "media_missing")),
        ({"captions": "#a #b #c #d #e #f"}, ("captions", "caption_too_long")),
        ({"captions": "x" * 2_201}, ("captions", "caption_too_long")),
        ({"captions": "x" * 2_201, "platform": "instagram"}, ("captions", "caption_too_long")),
        ({"captions": "x" * 4_001, "platform": "tiktok", "content_type": 1}, ("captions", "caption_too_long")),
        ({"captions": "t" * 91 + "## x", "platform": "tiktok", "content_type": 1}, ("captions", "caption_too_long")),
        ({"materials_tags": "no-such-tag-anywhere"}, ("material_source", "media_not_enough")),
        (
            {"material_source": "localFolder", "material_path": "/nowhere/at/all"},
            ("material_path", "media_missing"),
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_issue_of_severity_error_foretells_the_error_code(api, config, expected):
    """As things are now it will fail."""
    assert expected in errors_of(api, config)


@pytest.mark.parametrize(
    "config",
    [
        {"captions": "#a #b #c #d #e"},
        {"captions": "x" * 2_200},
        {"captions": "x" * 4_000, "platform": "tiktok", "content_type": 1},
        {"captions": "t" * 90 + "## x", "platform": "tiktok", "content_type": 1},
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_just_within_the_limits_is_no_issue(api, config):
    """The limit itself is allowed."""
    assert ("captions", "caption_too_long") not in errors_of(api, config)


def test_only_the_captions_that_are_drawn_count(api):
    """Each task is told of its own."""
    serials = [api.name(), api.name()]
    found = issues_of(api, serials=serials, script_config={"dry_run": True, "captions": f"short\n{'x' * 3000}"})
    assert [issue["target"] for issue in found if issue["code"] == "caption_too_long"] == [serials[1]]


def test_a_file_of_the_wrong_kind_is_an_issue(api, phone):
    """An image was asked for, and it is a video."""
    found = errors_of(api, {"material_list": [api.material], "content_type": 1}, serials=[phone])
    assert ("material_list", "media_invalid") in found


def test_a_disabled_account_is_an_issue(api):
    """It is skipped, and the caller must know."""
    off, on = api.account(device=api.name(), enabled=False), api.account(device=api.name())
    found = issues_of(api, usernames=[off["username"], on["username"]])
    assert [issue["target"] for issue in found if issue["code"] == "account_disabled"] == [off["username"]]


def test_strict_makes_every_error_40001_and_creates_nothing(api):
    """All of them are named."""
    config = {"dry_run": True, "material_list": ["/nowhere/a.mp4"], "captions": "#a #b #c #d #e #f"}
    errors = nothing_new(api, strict=True, script_config=config).refused(40001)["errors"]
    assert {error["code"] for error in errors} == {"media_missing", "caption_too_long"}


@pytest.mark.parametrize("where", ["address", "body"])
def test_a_dry_run_answers_all_of_it_and_creates_nothing(api, where):
    """How many, when, which texts, and what is wrong."""
    before = api.total()
    body = {
        "serials": [api.name(), api.name()],
        "script_name": "post",
        "script_config": {"captions": "hello", "material_list": ["/nowhere/a.mp4"]},
        "start_at": "2099-01-01T00:00:00Z",
    }
    path, more = ("/task", {"dry_run": True}) if where == "body" else ("/task?dry_run=true", {})
    data = api.post(path, {**body, **more}).good()
    assert api.total() == before
    assert (data["task_ids"], data["created_count"]) == ([], 0)
    assert data["would_create"]["count"] == 2
    assert [task["text"] for task in data["would_create"]["tasks"]] == ["hello", "hello"]
    assert {issue["code"] for issue in data["issues"] if issue["severity"] == "error"} == {"media_missing"}


def test_a_dry_run_keeps_no_answer_for_its_idempotency_key(api):
    """The key is as good as new."""
    key, body = {"Idempotency-Key": api.name()}, {"serials": [api.name()]}
    assert api.request(key, **body, dry_run=True).good()["task_ids"] == []
    assert api.request(key, **body).good()["created_count"] == 1


@pytest.mark.parametrize(
    "query", ["dryrun=1", "dry_run=maybe", "dry_run=", "DryRun=true", "start_time=10:00", "strict=1"]
)
def test_a_parameter_of_the_address_that_must_not_be_lost_is_40001(api, query):
    """A dry run that is misspelt publishes nothing."""
    before = api.total()
    body = {"serials": [api.name()], "script_name": "post", "script_config": {}}
    api.post(f"/task?{query}", body).refused(40001)
    assert api.total() == before


def test_serials_are_trimmed(api):
    """A blank that was copied along makes no other device."""
    name = api.name()
    assert [task["serial"] for task in api.tasks(serials=[f" {name}  "])] == [name]


def test_a_start_that_is_over_for_long_is_40001_unless_late_policy_is_run(api):
    """It was due long ago: a slip, or a file that was kept too long."""
    past = "2020-01-01T00:00:00Z"
    assert wrong_fields(api, start_at=past) == ["start_at"]
    assert wrong_fields(api, start_at=past, late_policy="hold", late_after_min=5) == ["start_at"]
    assert api.request(start_at=past, late_policy="run").good()["created_count"] == 1


# -- the same twice ------------------------------------------------------------------------------------


@pytest.fixture
def a_post(api):
    """A post that waits till 2099, so that nothing goes out; its caption is nobody else's."""
    if api.material is None:
        pytest.skip("CONFORMANCE_MATERIAL names no video on the server's computer")
    return {"script_config": {"material_list": [api.material], "captions": api.name()}, "serials": [api.name()]}


def test_the_same_content_for_the_same_target_is_40901_and_names_the_task(api, a_post):
    """Two callers make one post."""
    first = api.request(**a_post).good()["task_ids"][0]
    data = nothing_new(api, **a_post).refused(40901)
    assert data["task_id"] == first
    [repeat] = data["repeats"]
    assert (repeat["target"], repeat["task_id"]) == (a_post["serials"][0], first)
    assert datetime.fromisoformat(repeat["at"]).year == 2099


def test_one_repeat_refuses_the_whole_request(api, a_post):
    """All of it or nothing."""
    api.request(**a_post).good()
    more = {**a_post, "serials": [api.name(), *a_post["serials"]]}
    assert [r["target"] for r in nothing_new(api, **more).refused(40901)["repeats"]] == a_post["serials"]


def test_allow_repeat_lets_it_through_with_a_warning(api, a_post):
    """Somebody means it."""
    api.request(**a_post).good()
    again = api.request(**a_post, allow_repeat=True).good()
    assert [issue["severity"] for issue in again["issues"] if issue["code"] == "repeat"] == ["warning"]


@pytest.mark.parametrize(
    "change", [{"captions": "another one"}, {"placement": "story", "platform": "instagram", "captions": ""}]
)
def test_another_text_or_placement_is_no_repeat(api, a_post, change):
    """Other content."""
    api.request(**a_post).good()
    config = {**a_post["script_config"], **change}
    api.request(**{**a_post, "script_config": config}).good()


def test_another_target_is_no_repeat_and_tasks_of_one_request_are_not_compared(api, a_post):
    """A post for many phones is what it is for."""
    api.request(**a_post).good()
    api.request(**{**a_post, "serials": [api.name(), api.name()]}).good()


def test_rehearsals_neither_count_nor_are_refused(api, a_post):
    """They publish nothing."""
    rehearsal = {**a_post, "script_config": {**a_post["script_config"], "dry_run": True}}
    api.request(**rehearsal).good()
    api.request(**a_post).good()
    api.request(**rehearsal).good()


def test_a_repeated_key_is_answered_before_repeats_are_asked(api, a_post):
    """The same request twice is one request."""
    key = {"Idempotency-Key": api.name()}
    first, again = api.request(key, **a_post).good(), api.request(key, **a_post).good()
    assert first == again


def test_what_was_stopped_is_no_repeat_until_it_is_retried(api, a_post):
    """And then it is one."""
    first = api.request(**a_post).good()["task_ids"][0]
    api.post(f"/task/{first}/stop").good()
    second = api.request(**a_post).good()["task_ids"][0]
    assert api.post(f"/task/{first}/retry").refused(40901)["task_id"] == second
    assert api.post(f"/task/{first}/retry", {"allow_repeat": True}).good()["status"] == 0


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
