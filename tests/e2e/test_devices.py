"""Devices over HTTP, with simulated phones behind the real adb."""

from __future__ import annotations

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.rig import wait_for

pytestmark = pytest.mark.phone


@pytest.fixture(scope="module")
def phones():
    with FleetThread(FleetSettings(phones=2, app_delay_factor=0.25, first_port=23100)) as phones:
        yield phones


def device(server, serial):
    return server.call("GET", f"/device/{serial}")["data"]


def test_devices_say_what_they_are_and_do(phones, server):
    serial = phones.fleet.serials[0]
    server.call("GET", "/device")
    wait_for(lambda: device(server, serial)["model"])
    shown = device(server, serial)
    assert (shown["state"], shown["model"], shown["brand"]) == ("online", "Pixel 6a", "google")
    assert (shown["android"], shown["width"], shown["height"]) == ("13", 1080, 2400)
    assert 0 < shown["battery_percent"] <= 100
    assert shown["free_bytes"] > 0
    apps = {app["package"]: app["version"] for app in shown["apps"]}
    assert set(apps) == {"com.zhiliaoapp.musically", "com.instagram.android"}
    assert all(apps.values())
    [task_id, waiting] = [server.create([serial])[0] for _ in range(2)]
    wait_for(lambda: device(server, serial)["current_task"] == task_id)
    assert device(server, serial)["pending_tasks"] == 1
    assert server.call("DELETE", "/task/batch", json={"task_ids": [waiting, task_id]})["data"]["deleted_count"] == 2


def test_a_tcp_phone_is_let_go_of_and_taken_again(phones, server):
    serial = phones.fleet.serials[1]
    wait_for(lambda: device(server, serial)["state"] == "online")
    gone = server.call("POST", "/device/disconnect", json={"address": serial})
    assert gone["data"] == {"address": serial, "disconnected": True}
    wait_for(lambda: device(server, serial)["state"] == "absent")
    assert server.call("POST", "/device/disconnect", json={"address": serial})["code"] == 40401
    [task_id] = server.create([serial])
    assert "not connected" in server.task(task_id)["waiting_for"]
    back = server.call("POST", "/device/connect", json={"address": serial})["data"]
    assert (back["serial"], back["model"]) == (serial, "SM-A175F")
    assert server.ended(task_id)["status"] == 2


@pytest.mark.parametrize(
    "address", ["", "nohost", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:70000", "-x:5555", "a b:1", "x:1\n"]
)
def test_what_is_no_address_is_40001(server, address):
    assert server.call("POST", "/device/connect", json={"address": address})["code"] == 40001


def test_an_address_where_nothing_answers_is_a_clear_error(server):
    answer = server.call("POST", "/device/connect", json={"address": "127.0.0.1:9"})
    assert answer["code"] == 40901
    assert "127.0.0.1:9" in answer["message"]


def test_an_unknown_device_is_40401(server):
    assert server.call("GET", "/device/nobody")["code"] == 40401
