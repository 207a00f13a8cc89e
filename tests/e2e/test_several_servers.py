"""Two servers on one database, each with phones of its own: whoever is asked, the phone that is meant publishes."""

from __future__ import annotations

import json

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.phones import posts
from support.postgres import bare_database
from support.rig import wait_for
from support.server import ServerThread

pytestmark = [pytest.mark.phone, pytest.mark.postgres]


@pytest.fixture(scope="module")
def url():
    with bare_database() as url:
        yield url


@pytest.fixture(scope="module")
def here():
    with FleetThread(FleetSettings(phones=3, app_delay_factor=0.25, first_port=23500)) as phones:
        yield phones


@pytest.fixture(scope="module")
def there():
    with FleetThread(FleetSettings(phones=3, app_delay_factor=0.25, first_port=23600, seed=1)) as phones:
        yield phones


@pytest.fixture(scope="module")
def one(url, here, tmp_path_factory):
    settings = {"store_url": url, "host_name": "one"}
    with ServerThread(tmp_path_factory.mktemp("one"), here.fleet.adb.port, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def two(url, there, one, tmp_path_factory):
    settings = {"store_url": url, "host_name": "two"}
    with ServerThread(tmp_path_factory.mktemp("two"), there.fleet.adb.port, **settings) as server:
        for asked in (one, server):
            wait_for(lambda asked=asked: asked.http.get("/healthz").json()["devices"]["ready"] == 6)
        yield server


def test_a_task_made_at_one_is_published_by_a_phone_of_the_other(one, two, there):
    phone = there.fleet.serials[0]
    [task_id] = one.create([phone], {"captions": "from one"})
    task = one.ended(task_id)
    assert (task["status"], task["serial"]) == (2, phone), task["remark"]
    assert [post["caption"] for post in posts(there, phone)] == ["from one"]
    assert two.task(task_id)["remark"] == task["remark"]


def test_a_running_task_is_stopped_at_either_server(one, two, there):
    phone = there.fleet.serials[1]
    [task_id] = one.create([phone], {"captions": "to be stopped"})
    wait_for(lambda: one.task(task_id)["status"] == 1)
    assert one.call("POST", f"/task/{task_id}/stop")["code"] == 0
    assert one.task(task_id)["error_code"] == "stopped"
    assert posts(there, phone) == []


def test_what_happens_at_one_is_told_at_the_other(one, two, here):
    with two.http.stream("GET", "/api/v1/events", params={"serial": here.fleet.serials[0]}) as answer:
        lines = answer.iter_lines()
        next(lines)
        [task_id] = two.create([here.fleet.serials[0]], {"captions": "heard"})
        statuses = []
        while 2 not in statuses:
            line = next(lines)
            if line.startswith("data:") and json.loads(line[5:]).get("task_id") == task_id:
                statuses.append(json.loads(line[5:]).get("status"))
    assert one.task(task_id)["status"] == 2


def test_each_phone_is_listed_at_both_with_its_state(one, two, here, there):
    for server in (one, two):
        listed = {device["serial"]: device["state"] for device in server.call("GET", "/device")["data"]["devices"]}
        assert listed == dict.fromkeys([*here.fleet.serials, *there.fleet.serials], "online")
