"""A server and two hosts, each with phones: what is posted at the server goes out by the phones of the hosts."""

from __future__ import annotations

import shutil
from hashlib import sha256

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.host import HostThread
from support.phones import posts
from support.postgres import bare_database
from support.rig import VIDEO, wait_for
from support.server import ServerThread

OURS = {"HX-Request": "true"}
pytestmark = [pytest.mark.phone, pytest.mark.postgres]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with (
        bare_database() as url,
        FleetThread(FleetSettings(phones=1, first_port=23900)) as own,
        ServerThread(
            tmp_path_factory.mktemp("server"), own.fleet.adb.port, store_url=url, host_name="server"
        ) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def racks(server, tmp_path_factory):
    """The phones of two hosts."""
    phones = [
        FleetThread(FleetSettings(phones=6, app_delay_factor=0.25, first_port=first, seed=seed))
        for seed, first in ((1, 23700), (2, 23800))
    ]
    with (
        phones[0] as one,
        phones[1] as two,
        HostThread(server, tmp_path_factory.mktemp("rack1"), one.fleet.adb.port, "rack1"),
        HostThread(server, tmp_path_factory.mktemp("rack2"), two.fleet.adb.port, "rack2"),
    ):
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 13)
        yield one, two


@pytest.fixture(scope="module")
def serials(racks):
    return iter(list(zip(racks[0].fleet.serials, racks[1].fleet.serials, strict=True)))


@pytest.fixture
def pair(serials):
    """A phone of each host that no test has used yet."""
    return next(serials)


def test_a_file_of_the_server_is_published_by_phones_of_two_hosts(server, racks, pair):
    tasks = [server.ended(task_id) for task_id in server.create(list(pair), {"captions": "from the server"})]
    assert [task["status"] for task in tasks] == [2, 2], [task["remark"] for task in tasks]
    digest = sha256(VIDEO.read_bytes()).hexdigest()
    for phones, serial in zip(racks, pair, strict=True):
        assert [(post["caption"], post["media_sha256"]) for post in posts(phones, serial)] == [
            ("from the server", [digest])
        ]


def test_a_folder_of_the_server_is_used_up_whichever_host_takes_of_it(server, racks, pair):
    folder = server.settings.materials_dir / "shop"
    folder.mkdir()
    for name in ("sort_1_a.mp4", "sort_2_b.mp4"):
        (folder / name).write_bytes(VIDEO.read_bytes() + (b"\0\0\0\x08free" if "b" in name else b""))
    (folder / "caption.txt").write_text("from a folder")
    config = {"material_source": "localFolder", "material_path": str(folder), "material_list": []}
    body = {"serials": list(pair), "script_name": "post", "script_config": config}
    answer = server.call("POST", "/task", json=body)
    assert answer["code"] == 0, answer
    tasks = [server.ended(task_id) for task_id in answer["data"]["task_ids"]]
    assert [task["status"] for task in tasks] == [2, 2], [task["remark"] for task in tasks]
    assert {post["caption"] for phones, serial in zip(racks, pair, strict=True) for post in posts(phones, serial)} == {
        "from a folder"
    }
    shutil.rmtree(folder)


def test_each_step_and_its_picture_are_shown_by_the_server(server, racks, pair):
    [task_id] = server.create([pair[0]], {"captions": "with pictures"})
    server.ended(task_id)

    def pictures():
        steps = server.call("GET", f"/task/{task_id}/trace")["data"]["steps"]
        return [server.http.get(step["screenshot"]) for step in steps if step["screenshot"]]

    wait_for(lambda: all(picture.status_code == 200 for picture in pictures()))
    assert len(pictures()) >= 6
    assert all(picture.content.startswith(b"\xff\xd8\xff") for picture in pictures())


def test_a_task_on_a_phone_of_a_host_is_stopped(server, racks, pair):
    [task_id] = server.create([pair[1]], {"captions": "to be stopped"})
    wait_for(lambda: server.task(task_id)["status"] == 1)
    assert server.call("POST", f"/task/{task_id}/stop")["code"] == 0
    assert server.task(task_id)["error_code"] == "stopped"
    assert posts(racks[1], pair[1]) == []


def test_a_person_uses_a_phone_of_a_host_and_no_task_starts_there_meanwhile(server, racks, pair):
    serial = pair[0]

    def press(what, **data):
        answer = server.http.post(f"/phones/{serial}/{what}", data=data, headers=OURS)
        assert answer.status_code in (200, 204, 303), answer.text
        return answer

    press("take-over")
    [task_id] = server.create([serial], {"captions": "after the person"})
    press("key", key="home")
    with server.http.stream("GET", f"/live/pictures?serial={serial}"):
        wait_for(lambda: server.http.get(f"/phones/{serial}/picture.jpg").content.startswith(b"\xff\xd8\xff"))
    assert server.task(task_id)["status"] == 0
    press("give-back")
    assert server.ended(task_id)["status"] == 2


def test_a_phone_of_a_host_is_checked(server, racks, pair):
    found = server.call("POST", f"/device/{pair[1]}/check")["data"]
    assert [row for row in found["rows"] if row["grade"] == "fault"] == [], found
