"""The contract's first part: where the API is, the envelope, the codes."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from conformance.client import PREFIX

EVERY_READ = [
    "/task", "/task/stats", "/license/check", "/device", "/account", "/material", "/script", "/script/post",
]  # fmt: skip


def test_the_api_answers_below_api_v1(api):
    """Clients change the base URL only; what follows it is the same everywhere."""
    assert api.http.get("/api/v1/task/stats").json()["code"] == 0
    api.call("GET", "/").refused(40401)
    assert api.http.get("/task/stats").status_code == 404


def test_json_goes_in_and_comes_out_as_utf_8(api):
    """Captions in any script survive the way in and the way out."""
    caption = "看看我的新视频！#热门 🎬 é"
    body = {"serials": [api.name()], "script_name": "post", "script_config": {"captions": caption, "dry_run": True}}
    raw = json.dumps(body | {"start_at": "2099-01-01T00:00:00Z"}, ensure_ascii=False).encode("utf-8")
    made = api.post("/task", content=raw, headers={"Content-Type": "application/json"}).good()
    [task_id] = made["task_ids"]
    answer = api.http.get(f"{PREFIX}/task/{task_id}")
    api.call("DELETE", f"/task/{task_id}").good()
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert json.loads(answer.content.decode("utf-8"))["data"]["script_config"]["captions"] == caption


def test_it_listens_on_both_loopback_addresses(api):
    """Some clients take the name localhost for [::1]."""
    where = urlsplit(api.url)
    if where.hostname not in ("localhost", "127.0.0.1", "::1"):
        pytest.skip("the server is on another computer")
    for address in ("127.0.0.1", "::1"):
        if address == "::1" and not _has_ipv6():
            pytest.skip("this computer has no [::1]")
        socket.create_connection((address, where.port or 80), timeout=5).close()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("path", EVERY_READ)
def test_every_answer_has_code_message_and_data(api, path):
    """A success is code 0, message "success" and its data."""
    assert api.get(path).good() is not None


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", 40401),
        ("PUT", "/task", 40401),
        ("GET", "/task/0", 40001),
        ("GET", "/task?page=0", 40001),
        ("POST", "/task", 40001),
        ("DELETE", "/task/batch", 40001),
        ("GET", "/script/nothing", 40003),
    ],
)
def test_every_error_has_the_envelope_and_its_status_is_the_code_by_100(api, method, path, code):
    """Whatever goes wrong, the answer has the same shape, and `code // 100` is its HTTP status."""
    api.call(method, path).refused(code)


def test_40001_lists_every_wrong_field_with_a_message(api):
    """All of them at once, by their names."""
    errors = api.request(script_config={"captions": 5, "content_type": "video"}).refused(40001)["errors"]
    assert {error["field"] for error in errors} == {"script_config.captions", "script_config.content_type"}
    assert all(set(error) == {"field", "message"} and error["message"] for error in errors)


@pytest.mark.parametrize("name", [..., None, "", "  "], ids=["missing", "null", "empty", "blank"])
def test_40002_is_a_missing_or_empty_script_name(api, name):
    """Its own code, apart from other wrong fields."""
    api.request(script_name=name).refused(40002)


@pytest.mark.parametrize("name", ["no_such_script", "follow", "accounts_scan"])
def test_40003_is_an_unknown_script_or_one_not_offered_and_lists_those_that_are(api, name):
    """The answer says what can be asked for instead."""
    assert "post" in api.request(script_name=name).refused(40003)["supported"]


def test_40004_is_when_no_enabled_account_can_be_found(api):
    """All that were named are disabled."""
    account = api.account(enabled=False)
    api.request(usernames=[account["username"]]).refused(40004)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_40302_is_a_foreign_host_or_origin(api, method, headers):
    """Pages of other sites get nothing, by no method."""
    api.call(method, "/task", headers=headers).refused(40302)


@pytest.mark.parametrize(
    "path",
    ["/task/999999999999", "/device/conformance-none", "/account/999999999999", "/material/999999999999", "/none"],
    ids=["task", "device", "account", "material", "route"],
)
def test_40401_is_no_such_thing_or_route(api, path):
    """What is not there is said the same way everywhere."""
    api.get(path).refused(40401)


def test_40901_is_retrying_a_task_that_did_not_fail(api):
    """It waits already."""
    [task] = api.tasks()
    api.post(f"/task/{task['id']}/retry").refused(40901)


def test_40901_is_stopping_a_task_that_has_ended(api):
    """Stopping is done once."""
    [task] = api.tasks()
    api.post(f"/task/{task['id']}/stop").good()
    api.post(f"/task/{task['id']}/stop").refused(40901)


def test_41301_is_a_body_over_the_limit(own):
    """Refused by its declared length, before it is read. The own server's limit is 8 MiB."""
    before = own.total()
    own.post("/task", content=b" " * (9 << 20), headers={"Content-Type": "application/json"}).refused(41301)
    assert own.total() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_41501_is_a_body_that_is_not_json(api, kind):
    """By its content type, whatever it holds."""
    api.post("/task", content=b"{}", headers={"Content-Type": kind}).refused(41501)


@pytest.mark.parametrize("code", [40101, 40302, 42901, 50001, 50301, 50701])
def test_codes_nobody_can_provoke_from_outside_are_documented_where_they_can_come(api, code):
    """The OpenAPI document names them: 50301 with its Retry-After, 50001 with its error_id."""
    answers = api.http.get("/openapi.json").json()["paths"][f"{PREFIX}/task"]["post"]["responses"]
    answer = answers[str(code // 100)]
    assert str(code) in answer["description"]
    if code == 50301:
        assert "Retry-After" in answer["headers"]
