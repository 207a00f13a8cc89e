"""Phones behind several addresses, and addresses that come to other phones: over HTTP, by the real adb server."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from itertools import pairwise

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.rig import VIDEO, wait_for
from support.server import ServerThread

pytestmark = pytest.mark.phone


@pytest.fixture(scope="module")
def phones():
    with FleetThread(FleetSettings(phones=4, app_delay_factor=0.2, first_port=23900)) as phones:
        yield phones


@contextmanager
def running(folder, phones):
    media = folder / "media"
    media.mkdir(exist_ok=True)
    with ServerThread(folder / "data", phones.fleet.adb.port, material_roots=[VIDEO.parent, media]) as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] >= 3, 30)
        yield server


def device(server, serial):
    return server.call("GET", f"/device/{serial}")["data"]


def copy_of(folder, name):
    """Return a video with a content of its own: a `free` box at its end."""
    path = folder / "media" / f"{name}.mp4"
    shutil.copy(VIDEO, path)
    with path.open("ab") as file:
        file.write((8 + len(name)).to_bytes(4, "big") + b"free" + name.encode())
    return str(path)


def test_one_phone_by_two_serials_is_one_lane(phones, tmp_path):
    serial = phones.fleet.serials[0]
    alias = serial.replace("127.0.0.1", "localhost")
    with running(tmp_path, phones) as server:
        phones.fleet.adb.client().connect(alias)
        wait_for(lambda: alias in device(server, serial)["serials"])
        assert device(server, alias)["id"] == device(server, serial)["id"]
        named = server.call("PATCH", f"/device/{alias}", json={"name": "Shelf 3", "tags": ["fr", "fr"]})["data"]
        assert (named["serial"], named["name"], named["tags"]) == (serial, "Shelf 3", ["fr"])
        files = [copy_of(tmp_path, name) for name in ("one", "two", "three")]
        ids = [
            server.create([target], {"captions": f"by {n}", "material_list": [file]})[0]
            for n, (target, file) in enumerate(zip((serial, f" {alias} ", "shelf 3"), files, strict=True))
        ]
        assert [server.task(task_id)["serial"] for task_id in ids] == [serial] * 3
        assert server.call("GET", "/task", params={"serial": "SHELF 3"})["data"]["total"] == 3
        ends = [server.ended(task_id) for task_id in ids]
        assert [end["status"] for end in ends] == [2, 2, 2]
        spans = sorted((end["start_time"], end["end_time"]) for end in ends)
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), "one at a time"
        posts = {p["caption"]: p["media_sha256"] for p in phones.fleet.ledger.entries if p["serial"] == serial}
        assert len(posts) == 3
        assert len({tuple(hashes) for hashes in posts.values()}) == 3, "each caption with its own video"
        assert server.call("POST", "/device/disconnect", json={"address": alias})["code"] == 0


def test_a_phone_of_the_network_comes_back_after_server_and_adb_server_were_restarted(phones, tmp_path):
    serial, let_go = phones.fleet.serials[:2]
    with running(tmp_path, phones) as server:
        host, port = serial.split(":")
        for spelled in (serial, f"{host}:0{port}", f"127.1:{port}"):
            shown = server.call("POST", "/device/connect", json={"address": spelled})["data"]
            assert (shown["serial"], shown["state"]) == (serial, "online")
        server.call("POST", "/device/disconnect", json={"address": let_go})
        wait_for(lambda: device(server, let_go)["state"] == "absent")
    phones.fleet.adb.kill()
    phones.run(_started_again(phones.fleet))
    with ServerThread(tmp_path / "data", phones.fleet.adb.port) as server:
        wait_for(lambda: device(server, serial)["state"] == "online", 30)
        assert device(server, let_go)["state"] == "absent"
        [task_id] = server.create([let_go])
        assert server.task(task_id)["waiting_for"] == f"device {let_go} is not connected"
    phones.fleet.adb.client().connect(let_go)


async def _started_again(fleet):
    fleet.adb.start()


def test_another_phone_at_a_known_address_gets_none_of_its_tasks_until_a_person_says_so(phones, tmp_path):
    former, present = phones.fleet.serials[2:]
    port = int(former.rpartition(":")[2])
    with running(tmp_path, phones) as server:
        wait_for(lambda: all(device(server, serial)["id"] for serial in (former, present)))
        ids = {serial: device(server, serial)["id"] for serial in (former, present)}
        phones.call(lambda: phones.fleet.server(former).unplug(None))
        wait_for(lambda: device(server, former)["state"] == "absent")
        [waiting] = server.create([former], {"captions": "for the former"})
        phones.run(phones.fleet.server(present).move(port))
        wait_for(lambda: device(server, former)["state"] == "other_phone", 40)
        shown = server.task(waiting)
        assert shown["waiting_for"].startswith(f"another phone answers at {former}")
        wait_for(lambda: server.call("GET", "/task", params={"serial": former})["data"]["total"] == 1)
        assert device(server, present)["state"] == "online", "by another address it is the phone it was"
        page = server.http.get(f"/phones/{former}").text
        assert 'name="keep" value="former"' in page
        assert 'name="keep" value="present"' in page
        kept = server.call("POST", f"/device/{former}/adopt", json={"keep": "former"})
        assert (kept["code"], kept["data"]["state"]) == (0, "absent")
        assert server.call("POST", f"/device/{former}/adopt", json={"keep": "former"})["code"] == 40901
        assert server.task(waiting)["status"] == 0
        assert device(server, former)["id"] == ids[former]
        assert [p for p in phones.fleet.ledger.entries if p["caption"] == "for the former"] == []


def test_a_phone_that_was_reset_waits_for_a_person_who_says_that_it_is_the_same(phones, tmp_path):
    serial = phones.fleet.serials[1]
    with running(tmp_path, phones) as server:
        wait_for(lambda: device(server, serial)["state"] == "online")
        phones.call(lambda: phones.fleet.server(serial).phone.reset("00000000000000ff"))
        phones.call(phones.fleet.server(serial).daemon.drop_connections)
        wait_for(lambda: device(server, serial)["state"] == "reset", 40)
        [waiting] = server.create([serial], {"captions": "after the reset"})
        assert "ANDROID_ID" in server.task(waiting)["waiting_for"]
        adopted = server.call("POST", f"/device/{serial}/adopt", json={"keep": "present"})["data"]
        assert (adopted["serial"], adopted["state"]) == (serial, "online")
        assert server.ended(waiting)["status"] in (2, 3), "it runs there"
