"""Accounts, the library and stops over the API, with the whole server and simulated phones."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.phones import app_on, change, posts
from support.rig import VIDEO, wait_for

pytestmark = pytest.mark.phone
STOP_PLACES = ("home_feed", "own_profile", "own_post", "editor_loading", "editor", "post")


@pytest.fixture(scope="module")
def phones():
    with FleetThread(FleetSettings(phones=12, app_delay_factor=0.25, first_port=23200, accounts=3)) as phones:
        yield phones


def _handles(phones, serial, app="tiktok"):
    return change(phones, serial, lambda phone: [account.handle for account in app_on(phone, app).accounts])


def _create(server, **body):
    body = {"script_name": "post", "allow_repeat": True, **body}
    return server.call("POST", "/task", json=body)["data"]["task_ids"]


# -- accounts ---------------------------------------------------------------------------------------


def test_three_accounts_of_one_phone_get_a_post_each_on_the_right_account(phones, server, fresh):
    names = _handles(phones, fresh)
    for name in names:
        server.call("POST", "/account", json={"username": name, "platform": "tiktok", "device": fresh})
    wanted = [names[1], names[2], names[0]]
    config = {"captions": "\n".join(f"for {name}" for name in wanted), "material_list": [str(VIDEO)]}
    ids = _create(server, enable_multi_account=True, usernames=wanted, script_config=config)
    ended = [server.ended(task_id, 90) for task_id in ids]
    assert [task["status"] for task in ended] == [2, 2, 2], [task["remark"] for task in ended]
    assert [(post["account"], post["caption"]) for post in posts(phones, fresh)] == [
        (name, f"for {name}") for name in wanted
    ]


@pytest.mark.parametrize("platform", [None, "instagram"])
def test_a_scan_finds_the_accounts_on_a_phone(phones, server, fresh, platform):
    body = {"serial": fresh, **({"platform": platform} if platform else {})}
    [task_id] = server.call("POST", "/account/scan", json=body)["data"]["task_ids"]
    task = server.ended(task_id, 60)
    assert task["status"] == 2, task["remark"]
    found = {(account["platform"], account["username"]) for account in task["result"]["accounts"]}
    apps = [platform] if platform else ["tiktok", "instagram"]
    assert found == {(app, name) for app in apps for name in _handles(phones, fresh, app)}
    assert posts(phones, fresh) == []


# -- the library ------------------------------------------------------------------------------------


def _upload(server, content, **fields):
    files = {"file": ("clip.mp4", content, "video/mp4")}
    answer = server.http.post("/api/v1/material", files=files, data=fields).json()
    assert answer["code"] == 0, answer
    return answer["data"]["materials"][0]


def _state(server, material_id):
    return server.call("GET", f"/material/{material_id}")["data"]["state"]


def test_a_library_item_is_used_once_and_given_back_by_a_task_that_fails(phones, server, fresh):
    content = VIDEO.read_bytes() + b"\x00\x00\x00\x0cfreelib1"
    item = _upload(server, content, tags="spring", caption="the item's own caption")
    config = {"materials_tags": "spring, other", "captions": "not this one"}
    change(phones, fresh, lambda phone: setattr(app_on(phone), "logged_in", False))
    [failing] = _create(server, serials=[fresh], script_config=config)
    assert server.ended(failing, 60)["error_code"] == "not_logged_in"
    assert _state(server, item["id"]) == "free"
    change(phones, fresh, lambda phone: setattr(app_on(phone), "logged_in", True))
    ids = [
        *_create(server, serials=[fresh], script_config=config),
        *_create(server, serials=[fresh], script_config=config),
    ]
    ended = [server.ended(task_id, 60) for task_id in ids]
    assert [task["error_code"] for task in ended] == [None, "media_not_enough"], [task["remark"] for task in ended]
    [post] = posts(phones, fresh)
    assert (post["caption"], post["media_sha256"]) == ("the item's own caption", [sha256(content).hexdigest()])
    assert _state(server, item["id"]) == "used"


# -- stops ------------------------------------------------------------------------------------------


def _when_shown(phones, serial, screen, act):
    """Do something on the phone's thread each time its app comes to a screen."""
    change(phones, serial, lambda phone: phone.phone.screen_listeners.append(lambda _app, now: now == screen and act()))


def _stop(server, task_id):
    """Stop a running task and return how long it went on, in seconds."""
    start_s = time.monotonic()
    server.call("POST", f"/task/{task_id}/stop")
    task = server.ended(task_id, 20)
    assert (task["status"], task["error_code"]) == (3, "stopped"), task["remark"]
    return time.monotonic() - start_s


@pytest.mark.parametrize("hangs", [False, True])
def test_a_stop_takes_effect_at_every_step_and_the_lane_goes_on(phones, server, fresh, hangs):
    shown = []
    for place in STOP_PLACES:
        _when_shown(phones, fresh, place, lambda place=place: shown.append(place))
    took_s = {}
    for place in STOP_PLACES:
        shown.clear()
        [task_id] = _create(server, serials=[fresh], script_config={"captions": place, "material_list": [str(VIDEO)]})
        wait_for(lambda place=place: place in shown, 60)
        if hangs:
            change(phones, fresh, lambda phone: phone.inject(Fault("hang", for_s=1.5)))
        took_s[place] = _stop(server, task_id)
    assert posts(phones, fresh) == []
    assert sorted(took_s.values())[len(took_s) // 2] < 1.0, took_s
    [last] = _create(server, serials=[fresh], script_config={"captions": "on", "material_list": [str(VIDEO)]})
    assert server.ended(last, 90)["status"] == 2
    assert [post["caption"] for post in posts(phones, fresh)] == ["on"]
