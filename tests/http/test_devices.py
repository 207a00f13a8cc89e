"""Devices on record over HTTP, without phones: whatever a phone is called by is that phone."""

from __future__ import annotations

import pytest

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.phones import Finding, Identity, Phone
from support.rig import wait_for
from support.server import ServerThread
from support.stores import new_store

ALIAS = "192.168.1.20:5555"
TASK = {"script_name": "post", "script_config": {}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    new_store(folder / "fleetlane.db")
    store = SqliteStore(folder / "fleetlane.db")
    store.start()
    for serial, alias in (("R58A", ALIAS), ("R58B", "R58B")):
        finding = Finding(Phone(f"id of {serial}", serial, Identity(serial, "pixel", "aa")), alias)
        store.submit(lambda repositories, finding=finding: repositories.devices.keep(finding, 1000)).result()
    store.close()
    with ServerThread(folder) as server:
        yield server


def describe(server, serial, **words):
    return server.call("PATCH", f"/device/{serial}", json=words)


def test_a_device_shows_what_it_is_and_all_it_was_reached_by(server):
    shown = server.call("GET", f"/device/{ALIAS}")["data"]
    assert (shown["id"], shown["serial"], shown["serials"]) == ("id of R58A", "R58A", ["R58A", ALIAS][::-1])
    assert (shown["state"], shown["state_detail"]) == ("absent", "device R58A is not connected")
    assert (shown["name"], shown["tags"]) == ("", [])


def test_serials_aliases_and_names_are_one_target(server):
    assert describe(server, "R58A", name=" Shelf 3 ", tags=["fr", " fr ", "", "test"])["data"]["tags"] == ["fr", "test"]
    body = {**TASK, "serials": ["R58A ", ALIAS, "shelf 3", "R58B", " never seen "]}
    answer = server.call("POST", "/task", json=body)["data"]
    assert [server.task(task_id)["serial"] for task_id in answer["task_ids"]] == ["R58A", "R58B", "never seen"]
    assert [w for w in answer["warnings"] if "never been seen" in w] == [
        "the task waits: device never seen has never been seen; connect it and allow USB debugging"
    ]
    for asked in ("R58A", f" {ALIAS}", "SHELF 3"):
        assert server.call("GET", "/task", params={"serial": asked})["data"]["total"] == 1
        assert server.call("GET", f"/device/{asked}")["data"]["pending_tasks"] == 1


def test_one_device_is_shown_as_in_the_list_of_all(server):
    server.call("POST", "/task", json={**TASK, "serials": ["R58B"]})
    listed = server.call("GET", "/device")["data"]["devices"]
    assert [device["serial"] for device in listed] == ["R58A", "R58B"]
    assert listed[1]["pending_tasks"] >= 1
    assert [server.call("GET", f"/device/{device['serial']}")["data"] for device in listed] == listed
    assert server.call("GET", "/device/nobody")["code"] == 40401


def test_an_account_is_bound_to_the_phone_whatever_it_is_called(server):
    describe(server, "R58A", name="Shelf 3")
    made = server.call("POST", "/account", json={"username": "one", "device": f"{ALIAS} "})["data"]
    assert made["device"] == "R58A"
    changed = server.call("PATCH", f"/account/{made['id']}", json={"device": "shelf 3"})["data"]
    assert changed["device"] == "R58A"
    assert server.call("GET", "/account", params={"device": ALIAS})["data"]["total"] == 1


def test_a_name_is_one_phones_only(server):
    describe(server, "R58A", name="Shelf 3")
    for taken in ("SHELF 3", "r58a", ALIAS):
        answer = describe(server, "R58B", name=taken)
        assert (answer["code"], "R58A" in answer["message"]) == (40901, True)
    assert describe(server, "R58B", name="Shelf 4")["data"]["name"] == "Shelf 4"
    assert describe(server, "R58B", name="")["data"]["name"] == ""
    assert describe(server, "R58B", name="a\nb")["code"] == 40001
    assert describe(server, "R58B", tags=["-"])["code"] == 40001
    assert describe(server, "nobody", name="x")["code"] == 40401


def test_tasks_that_waited_for_a_name_are_the_phones_that_gets_it(server):
    [task_id] = server.call("POST", "/task", json={**TASK, "serials": ["The new shelf"]})["data"]["task_ids"]
    describe(server, "R58B", name="the New shelf")
    wait_for(lambda: server.task(task_id)["serial"] == "R58B")


def test_where_no_other_phone_answers_there_is_nothing_to_decide(server):
    for keep in ("former", "present"):
        answer = server.call("POST", "/device/R58A/adopt", json={"keep": keep})
        assert (answer["code"], "nothing to decide" in answer["message"]) == (40901, True)
    assert server.call("POST", "/device/nobody/adopt", json={"keep": "former"})["code"] == 40401
    assert server.call("POST", "/device/R58A/adopt", json={"keep": "both"})["code"] == 40001


def test_the_page_of_a_phone_shows_its_serials_and_takes_a_name(server):
    page = server.http.get("/phones/R58A").text
    assert ALIAS in page
    answer = server.http.post(
        "/phones/R58A/words", data={"name": "Top", "tags": "a, b"}, headers={"HX-Request": "true"}
    )
    assert "are saved" in answer.text
    assert server.call("GET", "/device/top")["data"]["tags"] == ["a", "b"]
    assert "<h1>Top" in server.http.get("/phones/top").text
