"""`fleetlane task resolve` against a real server."""

from __future__ import annotations

import time

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import failed
from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def unknown(server):
    """A task that pressed Post and saw no more."""
    [task_id] = server.create(["absent"])

    def press(repositories):
        assert repositories.tasks.claim(task_id, "absent", time.time_ns() // 1_000_000)
        assert repositories.attempts.set_phase(task_id, 1, Phase.ARMED, {}, 1)
        assert repositories.tasks.finish(task_id, 1, failed("outcome_unknown"), 2)

    server.store.submit(press).result(10)
    return task_id


def resolve(server, *arguments):
    url = f"http://127.0.0.1:{server.settings.port}"
    return CliRunner().invoke(app, ["task", "resolve", *map(str, arguments), "--url", url])


def test_a_post_that_went_out_is_completed(server, unknown):
    result = resolve(server, unknown, "--published")
    assert (result.exit_code, server.task(unknown)["status"]) == (0, 2), result.output
    assert result.stdout.startswith(f"Task {unknown} is completed: Published: a person")


def test_a_post_that_did_not_stays_failed_and_may_be_retried(server, unknown):
    result = resolve(server, unknown, "--not-published")
    task = server.task(unknown)
    assert (result.exit_code, task["status"], task["outcome"]) == (0, 3, "not_published"), result.output


def test_nothing_is_said_for_the_person(server, unknown):
    assert resolve(server, unknown).exit_code == 2
    assert server.task(unknown)["outcome"] == "unknown"


def test_a_task_that_is_not_unknown_is_refused_with_the_servers_sentence(server):
    [task_id] = server.create(["absent"])
    result = resolve(server, task_id, "--published")
    assert isinstance(result.exception, FleetlaneError)
    assert f"(40901): Task {task_id} is pending; only a failed task" in str(result.exception)
