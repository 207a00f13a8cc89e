"""Attacks that belong to no single resource; docs/security.md lists them all."""

from __future__ import annotations

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
