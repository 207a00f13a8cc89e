"""Hosts that share a store: listed, drained, forgotten and let in; and what phones and tasks say of them."""

from __future__ import annotations

import hashlib
import re
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fleetlane import __version__
from fleetlane.core.hosts import PROTOCOL
from fleetlane.core.ports.records import TakenOver
from support.hosts import do, join, look
from support.postgres import bare_database
from support.rig import ROOT, wait_for
from support.server import ServerThread

postgres = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server among others: rack2 lives and has a phone, rack3 is gone with its phone."""
    with (
        bare_database() as url,
        ServerThread(tmp_path_factory.mktemp("data"), store_url=url, host_name="main") as server,
    ):
        join(server, "rack2", "there")
        join(server, "rack3", "gone", lives=False)
        yield server


def hosts(server):
    return {host["name"]: host for host in server.call("GET", "/hosts")["data"]["hosts"]}


def waits(server, task_id):
    return server.task(task_id)["waiting_for"]


@postgres
def test_all_hosts_are_listed_with_how_they_are(server):
    listed = hosts(server)
    assert list(listed) == ["main", "rack2", "rack3"]
    main, there, gone = listed.values()
    assert (main["kind"], main["is_this"], main["state"], main["version"]) == ("server", True, "working", __version__)
    assert (there["kind"], there["is_this"], there["state"], there["version"]) == ("host", False, "working", "9.8.7")
    assert [there[key] for key in ("phones", "phones_ready", "running_tasks", "protocol")] == [1, 1, 0, PROTOCOL]
    assert (gone["state"], gone["lives"], gone["phones"], gone["phones_ready"]) == ("away", False, 1, 0)
    assert 0 <= main["lag_s"] < 30
    assert main["started"] <= main["last_seen"]
    assert server.call("GET", "/hosts/rack2")["data"]["name"] == "rack2"
    assert server.call("GET", "/hosts/rack9") == {
        "code": 40401, "message": "There is no host rack9.", "data": None,
    }  # fmt: skip


@postgres
def test_every_phone_says_at_which_host_it_is(server):
    listed = {one["serial"]: one for one in server.call("GET", "/device")["data"]["devices"]}
    assert [listed[serial]["host"] for serial in ("there", "gone")] == ["rack2", "rack3"]
    assert (listed["there"]["state"], listed["gone"]["state"]) == ("online", "host_away")
    assert listed["gone"]["state_detail"].startswith("device gone is at the host rack3, which does not answer")


@postgres
def test_a_task_for_a_phone_elsewhere_says_what_it_waits_for(server):
    first, second = server.create(["there"])[0], server.create(["there"], {"captions": "next"})[0]
    assert waits(server, first) == "its turn on device there"
    [away] = server.create(["gone"])
    assert waits(server, away).startswith("device gone is at the host rack3, which does not answer")
    assert server.call("POST", "/hosts/rack2/drain", json={"drain": True})["data"]["state"] == "draining"
    assert waits(server, first) == "host rack2 to take tasks again: it was told to take no new ones"
    assert server.call("POST", "/hosts/rack2/drain", json={"drain": False})["data"]["state"] == "working"
    do(server, lambda r: r.take_overs.put(TakenOver("there", "worker of rack2", "192.0.2.1", 1)))
    assert waits(server, first) == "device there to be given back: a person has taken it over"
    do(server, lambda r: r.take_overs.drop("there", "worker of rack2"))
    assert do(server, lambda r: r.tasks.claim(first, "there", time.time_ns() // 1_000_000))
    assert waits(server, second) == "device there to finish its present task"
    listed = server.call("GET", "/task?serial=there&status=0")["data"]["tasks"]
    assert [one["waiting_for"] for one in listed] == ["device there to finish its present task"]
    patched = server.call("PATCH", f"/task/{second}", json={"script_config": {"captions": "other"}})["data"]
    assert patched["waiting_for"] == "device there to finish its present task"
    assert hosts(server)["rack2"]["running_tasks"] == 1


@postgres
def test_a_host_that_lives_is_not_forgotten_and_one_that_is_gone_is(server):
    refused = server.call("DELETE", "/hosts/rack2")
    assert refused["code"] == 40901
    assert "Host rack2 still works" in refused["message"]
    join(server, "rack4", "orphan", lives=False)
    assert server.call("DELETE", "/hosts/rack4")["data"] == {"name": "rack4", "forgotten": True}
    assert server.call("DELETE", "/hosts/rack4")["code"] == 40401
    look(server)
    wait_for(lambda: server.call("GET", "/device/orphan")["data"]["host"] is None)
    assert server.call("GET", "/device/orphan")["data"]["state"] == "absent"


@postgres
def test_a_host_is_let_in_by_a_token_that_is_told_once(server):
    first, second = (server.call("POST", "/hosts", json={"name": "rack5"})["data"]["token"] for _ in range(2))
    assert first != second
    known = [
        do(server, lambda r, t=t: r.hosts.of_token(hashlib.sha256(t.encode()).hexdigest())) for t in (first, second)
    ]
    assert [one and one.name for one in known] == [None, "rack5"]
    added = hosts(server)["rack5"]
    assert (added["state"], added["may_enter"], added["lag_s"], added["started"]) == ("expected", True, None, None)
    assert second not in server.http.get("/api/v1/hosts").text
    assert server.call("POST", "/hosts", json={"name": "Rack 5"})["data"]["errors"][0]["field"] == "name"
    refused = server.call("POST", "/hosts", json={"name": "main"})
    assert (refused["code"], refused["message"]) == (40901, "main is a server: it needs no token. Choose another name.")
    assert server.call("DELETE", "/hosts/rack5")["code"] == 0, "it never began"


@postgres
def test_prometheus_is_told_of_the_hosts(server):
    families = text_string_to_metric_families(server.http.get("/metrics").text)
    found = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    assert [found["fleetlane_hosts", state] for state in ("working", "draining", "away", "expected")] == [2, 0, 1, 0]
    assert 0 <= found["fleetlane_heartbeat_age_seconds", "main"] < 30
    assert ("fleetlane_heartbeat_age_seconds", "rack3") in found
    wait_for(lambda: "fleetlane_leader 1.0" in server.http.get("/metrics").text)
    assert found["fleetlane_dispatch_seconds_bucket", "+Inf"] == 0


@postgres
def test_the_page_of_alerts_names_every_metric_and_no_other(server):
    page = (ROOT / "docs" / "how-to" / "alerts.md").read_text(encoding="utf-8")
    named = {name.removesuffix("_bucket").removesuffix("_total") for name in re.findall(r"\bfleetlane_\w+", page)}
    families = text_string_to_metric_families(server.http.get("/metrics").text)
    told = {family.name for family in families if not family.name.endswith("_created")}
    only_with_a_licence = {"fleetlane_license_expires_timestamp_seconds"}
    assert named == told | only_with_a_licence


@postgres
def test_a_host_that_is_silent_is_a_problem_unless_it_drains(server):
    silent = "Host rack3 does not answer. Start it again, or, when it is not to come back: fleetlane hosts forget rack3"
    wait_for(lambda: silent in server.http.get("/healthz").json()["problems"])
    assert not any("rack2" in problem for problem in server.http.get("/healthz").json()["problems"])
    server.call("POST", "/hosts/rack3/drain", json={"drain": True})
    wait_for(lambda: silent not in server.http.get("/healthz").json()["problems"])
    server.call("POST", "/hosts/rack3/drain", json={"drain": False})


def test_a_server_that_has_its_store_to_itself_knows_no_hosts(tmp_path):
    with ServerThread(tmp_path) as server:
        do(server, lambda r: r.devices.seen("a", 1000, None))
        assert server.call("GET", "/hosts")["data"] == {"total": 0, "hosts": []}
        assert server.call("GET", "/device/a")["data"]["host"] is None
        assert server.call("POST", "/hosts/main/drain", json={"drain": True})["code"] == 40401
        refused = server.call("POST", "/hosts", json={"name": "rack2"})
        assert refused["code"] == 40901
        assert "fleetlane store move --to URL" in refused["message"]
        told = server.http.get("/metrics").text
        assert not any(name in told for name in ("fleetlane_hosts", "fleetlane_heartbeat", "fleetlane_leader"))
