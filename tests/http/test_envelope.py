"""No answer leaves the envelope, whatever comes in."""

from __future__ import annotations

import json
import socket

import pytest
from structlog.testing import capture_logs

from fleetlane.http.errors import ErrorAnswers
from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


def check(answer, code):
    body = answer.json()
    assert body["code"] == code, body
    assert answer.status_code == code // 100
    assert set(body) == {"code", "message", "data"}
    assert len(body["message"]) > 10
    return body


GOOD = {"serials": ["a"], "script_name": "post", "script_config": {}}


def post(server, body, **headers):
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return server.http.post("/api/v1/task", content=content, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"serials": "a"}, 40001, "serials"),
        ({"serials": []}, 40001, "serials"),
        ({"serials": [1]}, 40001, "serials.0"),
        ({"serials": [""]}, 40001, "serials.0"),
        ({"serials": ["-rm"]}, 40001, "serials.0"),
        ({"serials": ["a\u0000b"]}, 40001, "serials.0"),
        ({"serials": ["x" * 300]}, 40001, "serials.0"),
        ({"serials": ["a"] * 10_001}, 40001, "serials"),
        ({"script_config": None}, 40001, "script_config"),
        ({"script_config": []}, 40001, "script_config"),
        ({"script_config": {"content_type": 2}}, 40001, "script_config.content_type"),
        ({"script_config": {"content_type": "0"}}, 40001, "script_config.content_type"),
        ({"script_config": {"captions": 5}}, 40001, "script_config.captions"),
        ({"script_config": {"post_way": "magic"}}, 40001, "script_config.post_way"),
        ({"script_config": {"upload_wait_time": 0}}, 40001, "script_config.upload_wait_time"),
        ({"script_config": {"upload_wait_time": True}}, 40001, "script_config.upload_wait_time"),
        ({"script_config": {"material_list": "a.mp4"}}, 40001, "script_config.material_list"),
        ({"script_name": 5}, 40001, "script_name"),
        ({"enable_multi_account": "yes"}, 40001, "enable_multi_account"),
        ({"start_time": "25:00"}, 40001, "start_time"),
        ({"start_time": 1430}, 40001, "start_time"),
        ({"script_name": ""}, 40002, None),
        ({"script_name": None}, 40002, None),
        ({"script_config": {"content_type": True}}, 40001, "script_config.content_type"),
        ({"start_at": "tomorrow"}, 40001, "start_at"),
        ({"start_at": "2026-11-21T10:00:00"}, 40001, "start_at"),
        ({"start_time": "10:00", "start_at": "2030-01-01T00:00:00Z"}, 40001, "start_at"),
        ({"min_interval": -1}, 40001, "min_interval"),
        ({"min_interval": 5, "max_interval": 4}, 40001, "max_interval"),
        ({"max_interval": 1e9}, 40001, "max_interval"),
        ({"usernames": ["a b\n"]}, 40001, "usernames.0"),
        ({"usernames": ["@"]}, 40001, "usernames.0"),
        ({"script_name": "follow"}, 40003, None),
    ],
)
def test_one_wrong_field_is_named_and_nothing_is_created(server, change, code, field):
    before = server.call("GET", "/task/stats")["data"]["total"]
    body = check(post(server, GOOD | change), code)
    if field:
        assert field in [e["field"] for e in body["data"]["errors"]]
    if code == 40003:
        assert body["data"]["supported"] == ["post"]
    assert server.call("GET", "/task/stats")["data"]["total"] == before


def test_a_missing_script_name_is_40002(server):
    check(post(server, {"serials": ["a"], "script_config": {}}), 40002)


def test_every_wrong_field_is_named_at_once(server):
    body = check(post(server, GOOD | {"script_config": {"content_type": 9, "captions": 1}}), 40001)
    assert len(body["data"]["errors"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"5", b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e999}',
        b'{"serials": ["a"], "serials": ["b"], "script_name": "post", "script_config": {}}',
        b'{"a": 99999999999999999999}', b'{"a": -9223372036854775809}', b'{"a": ' + b"9" * 5000 + b"}",
        b'{"script_name": "\\ud800"}', b'{"\\udfff": 1}', b"[" * 100_000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b'{"serials": ["a"], "script_name": "post", "script_config": {"captions": "\\ud83d"}}',
    ],
    ids=range(19),
)  # fmt: skip
def test_bodies_that_are_no_sound_json_are_40001(server, body):
    check(post(server, body), 40001)


def test_a_body_that_is_not_json_by_its_type_is_41501(server):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        check(post(server, GOOD, **{"Content-Type": kind}), 41501)


def test_a_body_over_the_limit_is_41301_also_when_its_length_is_not_said(server):
    big = b" " * (9 * 1024 * 1024)
    check(post(server, big), 41301)
    chunks = (b" " * 65536 for _ in range(200))
    check(server.http.post("/api/v1/task", content=chunks, headers={"Content-Type": "application/json"}), 41301)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/"),
        ("GET", "/nothing"),
        ("GET", "/api/v1/nothing"),
        ("PUT", "/api/v1/task"),
        ("PATCH", "/api/v1/task"),
        ("GET", "/api/v1/task/"),
        ("GET", "/api/v2/task"),
    ],
)
def test_a_route_that_is_not_there_is_40401(server, method, path):
    check(server.http.request(method, path), 40401)


@pytest.mark.parametrize("task_id", ["abc", "1.5", "0", "-1", "99999999999999999999", "%00", "1e3", "٣"])
def test_an_id_that_is_no_id_is_40001(server, task_id):
    check(server.http.get(f"/api/v1/task/{task_id}"), 40001)


def test_an_unknown_task_is_40401(server):
    check(server.http.get("/api/v1/task/123456789"), 40401)


@pytest.mark.parametrize(
    "query",
    [
        "status=9",
        "status=x",
        "status=-1",
        "source=robot",
        "page=0",
        "page=x",
        "page_size=0",
        "page_size=101",
        "page=99999999999999999999",
    ],
)
def test_a_wrong_query_is_40001(server, query):
    check(server.http.get(f"/api/v1/task?{query}"), 40001)


def test_a_parameter_without_a_value_is_none(server):
    post(server, GOOD)
    answer = server.http.get("/api/v1/task?status=&serial=&script_name=&source=&page=1&page_size=20")
    everything = server.http.get("/api/v1/task").json()
    assert answer.json()["data"]["total"] == everything["data"]["total"] > 0


def test_unknown_query_parameters_are_ignored(server):
    assert server.http.get("/api/v1/task?colour=blue").json()["code"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:50809"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/task", "/healthz", "/docs", "/openapi.json", "/nothing"])
def test_foreign_requests_are_40302_everywhere(server, headers, path):
    check(server.http.get(path, headers=headers), 40302)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "127.0.0.2"])
def test_requests_to_this_computer_pass(server, host):
    port = server.settings.port
    answer = server.http.get("/api/v1/task/stats", headers={"Host": f"{host}:{port}", "Sec-Fetch-Site": "same-origin"})
    assert answer.json()["code"] == 0
    answer = server.http.get(
        "/api/v1/task/stats", headers={"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    )
    assert answer.json()["code"] == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_in_the_envelope(server, garbage):
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=5) as connection:
        connection.sendall(garbage)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["code"] == 40001


def test_an_internal_error_names_its_log_line_and_leaks_nothing():
    with capture_logs() as logs:
        answer = ErrorAnswers().internal(RuntimeError("secret /etc/passwd"))
    body = json.loads(answer.body)
    assert (answer.status_code, body["code"]) == (500, 50001)
    assert "secret" not in answer.body.decode()
    assert [entry["error_id"] for entry in logs] == [body["data"]["error_id"]]


def test_clients_that_cannot_read_error_statuses_get_200(tmp_path):
    with ServerThread(tmp_path, error_http_status="always_200") as server:
        answer = server.http.get("/api/v1/task/77")
        assert (answer.status_code, answer.json()["code"]) == (200, 40401)


def test_the_licence_without_any_is_business_without_a_limit(server):
    assert server.call("GET", "/license/check")["data"] == {
        "plan_name": "Business",
        "api_enabled": True,
        "device_limit": None,
        "message": "API access enabled; no licence is needed on an own server",
    }


def test_health_says_what_is_wrong_in_a_sentence(server):
    body = server.http.get("/healthz").json()
    assert body["status"] == "degraded"
    assert "adb" in body["problems"][0]


def test_the_documentation_loads_from_nowhere_else(server):
    page = server.http.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert server.http.get(f"/docs/{name}").status_code == 200
    check(server.http.get("/docs/../../etc/passwd"), 40401)
    check(server.http.get("/docs/other.js"), 40401)
    paths = server.http.get("/openapi.json").json()["paths"]
    assert {"/api/v1/task", "/api/v1/task/{task_id}", "/api/v1/task/stats", "/api/v1/license/check"} <= set(paths)
