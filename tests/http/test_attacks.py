"""Attacks that belong to no single resource; docs/explanation/security.md lists them all."""

from __future__ import annotations

import socket
from urllib.parse import quote

import pytest

from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        server.create(["one", "two"])
        yield server


@pytest.mark.parametrize("text", ["' OR '1'='1", "x'; DELETE FROM tasks; --", '" OR 1=1 --', "%", "_", "\\"])
@pytest.mark.parametrize("name", ["serial", "script_name", "username", "batch_id", "q", "source", "status", "sort"])
def test_sql_in_a_filter_is_only_a_text(server, name, text):
    answer = server.call("GET", f"/task?{name}={quote(text)}")
    if name in ("source", "status", "sort"):
        assert answer["code"] == 40001
    elif name == "q" and text in ("_", '"'):
        assert answer["code"] == 0  # the texts of tasks do have it
    else:
        assert (answer["code"], answer["data"]["total"]) == (0, 0)
    assert server.call("GET", "/task/stats")["data"]["total"] == 2
    assert server.call("GET", f"/task/{quote(text, safe='')}")["code"] == 40001


def raw(server, *lines, body=b""):
    """Send a request as it is written, and return all that comes until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


@pytest.mark.parametrize(
    "host",
    [
        "[::1]evil.example", "[::1].evil.example:80", "[::1", "::1]", "user@localhost", "localhost:80@evil.example",
        "localhost/evil", "localhost?x", "localhost#x", "localhost:port", "localhost:80:80", "localhost evil", "",
        "[::1]:80evil", "localhost\\evil",
    ],
)  # fmt: skip
def test_a_host_with_rubbish_is_not_ours(server, host):
    answer = raw(server, "GET /api/v1/task HTTP/1.1", f"Host: {host}", "Connection: close")
    assert b" 403 " in answer.splitlines()[0] or b" 400 " in answer.splitlines()[0]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:50809", "[::1]", "[::1]:50809", "localhost:"])
def test_a_host_as_programs_write_it_is_ours(server, host):
    answer = raw(server, "GET /api/v1/task HTTP/1.1", f"Host: {host}", "Connection: close")
    assert b" 200 " in answer.splitlines()[0]


def test_a_body_with_two_lengths_is_refused_and_what_follows_it_is_no_request(server):
    smuggled = b"0\r\n\r\nGET /api/v1/task/stats HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(
        server, "POST /api/v1/task/retry-all HTTP/1.1", "Host: localhost", "Content-Length: 5",
        "Transfer-Encoding: chunked", body=smuggled,
    )  # fmt: skip
    assert answer.count(b"HTTP/1.1") == 1
    assert b" 400 " in answer.splitlines()[0]
    assert b"connection: close" in answer.lower()
    assert b"two lengths" in answer


@pytest.mark.parametrize(
    "path", ["/api/v1/task", "/api/v1/task/999", "/nowhere", "/docs", "/openapi.json", "/healthz", "/metrics"]
)
def test_no_answer_is_sniffed_kept_or_taken_by_other_sites(server, path):
    headers = server.http.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_an_error_nobody_foresaw_is_not_sniffed_or_kept_either(server, monkeypatch):
    async def broken(*_arguments):
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr("fleetlane.work.tasks.queries.TaskQueries.task", broken)
    answer = server.http.get("/api/v1/task/1")
    assert answer.json()["code"] == 50001
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_no_http_is_not_sniffed_or_kept_either(server):
    answer = raw(server, "rubbish").lower()
    for header in (b"x-content-type-options: nosniff", b"cache-control: no-store", b"cross-origin-resource-policy"):
        assert header in answer


BROWSER = {"User-Agent": "Mozilla/5.0 (Windows NT 6.1; rv:45.0) Gecko/20100101 Firefox/45.0"}


@pytest.mark.parametrize("path", ["/task/retry-all", "/account/import", "/material", "/task", "/task/batch-delete"])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", None]
)
def test_a_form_of_a_browser_that_marks_nothing_changes_nothing(server, path, kind):
    headers = {**BROWSER, **({"Content-Type": kind} if kind else {})}
    answer = server.http.post(f"/api/v1{path}", headers=headers, content=b"a=b" if kind else b"")
    assert answer.json()["code"] == 40302


def test_programs_send_forms_and_nothing_at_all_as_ever(server):
    for headers in ({}, {"User-Agent": "curl/8.5.0"}, {**BROWSER, "X-Requested-With": "fetch"}):
        assert server.call("POST", "/task/retry-all", headers=headers)["code"] == 0
    sheet = {"file": ("a.csv", b"username,device\nform_one,p1\n")}
    assert server.call("POST", "/account/import", files=sheet, headers={"User-Agent": "curl/8.5.0"})["code"] == 0
    assert server.call("POST", "/task/retry-all", headers={**BROWSER, "Content-Type": "application/json"})["code"] == 0


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        *((("materials", "min_interval"), number) for number in ["9" * 18, "9" * 30, "9" * 5000, "٣", "-1", "0x10"]),
        *((("min_interval", "max_interval"), number) for number in ["nan", "inf", "-inf", "1e999", "1e308"]),
    ],
)
def test_numbers_that_nothing_can_hold_are_no_error_of_the_server(server, fields, number):
    form = {"script_name": "post", "targets": "serials", "more_serials": "p1", **dict.fromkeys(fields, number)}
    answer = server.http.post("/new/preview", data=form, headers={"HX-Request": "true"})
    assert answer.status_code < 500
    assert "log has the details" not in answer.text
