"""`HEAD` is answered wherever `GET` is: the same status and headers, no body, and at once."""

from __future__ import annotations

import pytest

from fleetlane.bootstrap.server import build
from fleetlane.settings import Settings
from support.server import ServerThread

ENDLESS = ("/api/v1/events", "/live", "/live/pictures")
VARYING = {"date"}  # and what counts, as metrics do


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        server.create(["a"], dry_run=True)
        yield server


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Every path that can be read, those of the pages too."""
    app = build(Settings(data_dir=tmp_path_factory.mktemp("other"))).app
    documented = [path for path, methods in app.openapi()["paths"].items() if "get" in methods]
    others = (
        "/ /tasks /tasks/1 /tasks.csv /phones /new /accounts /materials /calendar /settings /login /healthz /readyz"
    )
    more = "/metrics /docs /docs/start.js /openapi.json /static/nothing /language/it /nowhere /api/v1/nowhere"
    found = [path.replace("{serial}", "a").replace("{name}", "post") for path in documented]
    found = ["/".join("1" if part.startswith("{") else part for part in path.split("/")) for path in found]
    return [path for path in [*found, *others.split(), *more.split()] if path not in ENDLESS]


@pytest.mark.slow
def test_the_answer_is_that_of_get_without_its_body(server, paths):
    assert len(paths) > 35
    for path in paths:
        get = server.http.get(path, headers={"Accept-Language": "it"})
        head = server.http.head(path, headers={"Accept-Language": "it"})
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert set(head.headers) == set(get.headers), path
        for name in set(get.headers) - VARYING:
            assert head.headers[name] == get.headers[name] or path in ("/metrics", "/", "/api/v1/device"), (path, name)


@pytest.mark.parametrize("path", ["/api/v1/events", "/live", "/live/pictures?serial=a"])
def test_a_stream_that_never_ends_answers_with_its_headers_and_ends(server, path):
    answer = server.http.head(path, timeout=5)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_the_connection_can_be_used_again_after_it(server):
    for _ in range(3):
        assert server.http.head("/api/v1/events").status_code == 200
        assert server.http.get("/healthz").json()["status"] == "degraded"


def test_a_route_that_cannot_be_read_is_not_there(server):
    assert server.http.head("/api/v1/task/1/stop").status_code == 404


def test_without_the_token_it_says_so_as_get_does(tmp_path):
    with ServerThread(tmp_path, token="0123456789abcdef-secret") as server:
        for headers in ({}, {"Accept": "text/html"}):
            get = server.http.get("/tasks", headers=headers)
            head = server.http.head("/tasks", headers=headers)
            assert (head.status_code, dict(head.headers)["content-length"]) == (
                get.status_code,
                get.headers["content-length"],
            )
