"""`fleetlane hosts` against a real server."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError
from support.hosts import join
from support.postgres import bare_database
from support.server import ServerThread


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def fleetlane(server, *arguments):
    """Run `fleetlane hosts`, and return its exit code, its output, and its error."""
    done = CliRunner().invoke(app, ["hosts", *arguments, "--url", f"http://127.0.0.1:{server.settings.port}"])
    if isinstance(done.exception, FleetlaneError):
        return 1, "", str(done.exception)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.postgres
def test_hosts_are_listed_let_in_drained_and_forgotten(tmp_path):
    with bare_database() as url, ServerThread(tmp_path, store_url=url, host_name="main") as server:
        join(server, "rack2", "there")
        join(server, "rack3", lives=False)
        rows = [[c.strip() for c in line.split("│")[1:-1]] for line in fleetlane(server)[1].splitlines() if "│" in line]
        assert [row[:3] for row in rows] == [
            ["main (this)", "server", "working"], ["rack2", "host", "working"], ["rack3", "host", "away"],
        ]  # fmt: skip
        assert rows[1][5:] == ["1", "1", "0"]
        assert rows[1][4].endswith("s ago")
        assert [host["name"] for host in json.loads(fleetlane(server, "--json")[1])] == ["main", "rack2", "rack3"]
        assert fleetlane(server, "drain", "rack2")[1] == "rack2 takes no new tasks. Nothing runs there.\n"
        assert server.call("GET", "/hosts/rack2")["data"]["drains"] is True
        assert fleetlane(server, "drain", "rack2", "--off")[1] == "rack2 takes tasks again.\n"
        assert server.call("GET", "/hosts/rack2")["data"]["drains"] is False
        code, token, note = fleetlane(server, "add", "rack4")
        assert (code, len(token.split())) == (0, 1)
        assert "The token of rack4. It is shown only now" in note
        assert f"fleetlane host --name rack4 --server {server.http.base_url}".rstrip("/") in note
        assert fleetlane(server, "forget", "rack3")[0] == 0
        code, _, why = fleetlane(server, "forget", "rack2")
        assert (code, "Host rack2 still works" in why) == (1, True)
        assert "There is no host rack9." in fleetlane(server, "forget", "rack9")[2]


def test_options_before_a_sub_command_are_refused_not_passed_over():
    done = CliRunner().invoke(app, ["hosts", "--url", "http://127.0.0.1:1", "drain", "rack2"])
    assert done.exit_code == 2
    assert "after" in done.stderr


def test_where_the_store_is_not_shared_there_are_none(tmp_path):
    with ServerThread(tmp_path) as server:
        assert fleetlane(server)[1] == "No hosts: the store is a file of this server alone.\n"
        assert fleetlane(server, "--json")[1] == "[]\n"
        assert "fleetlane store move" in fleetlane(server, "add", "rack2")[2]
