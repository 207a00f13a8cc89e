"""The licence over HTTP: Starter is refused everywhere, and a change needs no restart."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleetlane.adapters.license import LicenseFile
from fleetlane.core.license import Plan
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.licenses import DAY_MS, PUBLIC, token
from support.rig import wait_for
from support.server import ServerThread

OPENAPI = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
CALLS = [
    (method.upper(), path.removeprefix("/api/v1").replace("{task_id}", "1").replace("{serial}", "x").replace("{", "1")
     .replace("}", ""))
    for path, methods in OPENAPI["paths"].items()
    if path.startswith("/api/v1")
    for method in methods
]  # fmt: skip


@pytest.fixture
def server(tmp_path):
    with ServerThread(tmp_path, license_public_keys=[PUBLIC]) as server:
        yield server


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def install(server, text) -> None:
    LicenseFile(server.settings.license_path, [PUBLIC]).install(text)


def code(server) -> int:
    return server.call("GET", "/license/check")["code"]


def test_without_a_licence_the_plan_is_business_without_a_limit(server):
    data = server.call("GET", "/license/check")["data"]
    assert (data["plan_name"], data["api_enabled"], data["device_limit"]) == ("Business", True, None)


@pytest.mark.slow
def test_on_starter_every_call_of_the_api_is_refused_until_the_plan_changes_without_a_restart(server):
    assert len(CALLS) > 20
    install(server, token(now_ms(), Plan.STARTER, 2))
    wait_for(lambda: code(server) == 40301)
    for method, path in [*CALLS, ("GET", "/no/such/route")]:
        answer = server.http.request(method, f"/api/v1{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, 40301), (method, path)
        assert "Starter" in answer.json()["message"]
    assert server.http.get("/healthz").status_code == 200, "what is no call of the API is not refused"
    install(server, token(now_ms() + 1000, Plan.PRO, 20))
    wait_for(lambda: code(server) == 0)
    data = server.call("GET", "/license/check")["data"]
    assert (data["plan_name"], data["api_enabled"], data["device_limit"]) == ("Pro", True, 20)
    assert data["message"].startswith("API access enabled")


@pytest.mark.slow
def test_a_licence_that_runs_out_and_one_that_is_forged_are_refused_and_say_why(server):
    install(server, token(now_ms(), days=2000 / DAY_MS))
    wait_for(lambda: code(server) == 40301)
    assert "ran out" in server.call("GET", "/license/check")["message"]
    server.settings.license_path.write_text("forged", encoding="utf-8")
    wait_for(lambda: "damaged" in server.call("GET", "/task")["message"])


@pytest.mark.phone
def test_at_most_the_licensed_number_of_phones_work_and_the_others_wait_and_say_so(tmp_path):
    with FleetThread(FleetSettings(phones=3)) as thread:
        data = tmp_path / "data"
        data.mkdir()
        (data / "license.jwt").write_text(token(now_ms() - 60_000, Plan.PRO, 1), encoding="utf-8")
        with ServerThread(data, thread.fleet.adb.port, license_public_keys=[PUBLIC]) as server:
            wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 3)
            server.create(thread.fleet.serials)

            def shown():
                return server.call("GET", "/task")["data"]["tasks"]  # one snapshot

            def running():
                return sum(task["status"] == 1 for task in shown())

            def first_is_done():
                assert running() <= 1
                return any(task["status"] == 2 for task in shown())

            wait_for(lambda: running() == 1)
            waiting = [task["waiting_for"] for task in shown() if task["status"] == 0]
            assert len(waiting) == 2
            assert all("the licence limits how many" in reason for reason in waiting), waiting
            wait_for(first_is_done, 60)
            install(server, token(now_ms(), Plan.TEAM, 3))
            wait_for(lambda: running() == 2, 10)
            wait_for(lambda: all(task["status"] == 2 for task in shown()), 60)


@pytest.mark.phone
def test_a_licence_that_ran_out_holds_the_tasks_back_and_loses_none(tmp_path):
    with (
        FleetThread(FleetSettings(phones=1)) as thread,
        ServerThread(tmp_path / "data", thread.fleet.adb.port, license_public_keys=[PUBLIC]) as server,
    ):
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 1)
        due_s = int(time.time()) + 8
        due = datetime.fromtimestamp(due_s, UTC).isoformat()
        [task_id] = server.create(thread.fleet.serials, start_at=due)
        install(server, token(now_ms(), Plan.TEAM, 3, days=2500 / DAY_MS))
        wait_for(lambda: code(server) == 40301)
        wait_for(lambda: time.time() > due_s + 1)  # its time comes, and goes by
        back = datetime.now(UTC)
        install(server, token(now_ms(), Plan.TEAM, 3))
        wait_for(lambda: code(server) == 0)
        task = server.ended(task_id)
        assert task["status"] == 2
        assert datetime.fromisoformat(task["start_time"]) >= back


def gauges(server) -> dict[str, float]:
    lines = [line for line in server.http.get("/metrics").text.splitlines() if line.startswith("fleetlane_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.slow
def test_health_and_metrics_say_that_a_licence_runs_out_has_run_out_or_cannot_be_used(server):
    def problems() -> str:
        return " ".join(server.http.get("/healthz").json()["problems"])

    assert "licence" not in problems()
    assert gauges(server)["fleetlane_license_usable"] == 1
    begin = now_ms()
    install(server, token(begin, days=400))
    wait_for(lambda: "fleetlane_license_expires_timestamp_seconds" in gauges(server))
    assert "licence" not in problems()
    install(server, token(begin + 1000, days=6))
    wait_for(lambda: "runs out on" in problems())
    assert gauges(server)["fleetlane_license_usable"] == 1
    install(server, token(begin + 2000, days=2500 / DAY_MS))
    wait_for(lambda: "ran out on" in problems())
    found = gauges(server)
    assert found["fleetlane_license_usable"] == 0
    assert begin / 1000 < found["fleetlane_license_expires_timestamp_seconds"] < now_ms() / 1000 + 5
    server.settings.license_path.write_text("no licence", encoding="utf-8")
    wait_for(lambda: "ran out on" not in problems())
    assert "Install another licence, or remove this one." in problems()
    assert server.http.get("/healthz").status_code == 200
