"""POST a task, a phone publishes the video: the whole server, the real adb, simulated phones."""

from __future__ import annotations

import itertools
from hashlib import sha256

import pytest

from fleetlane.core.outcome import FAILURES
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.phones import app_on, change, on_screen, posts
from support.rig import CAPTION, VIDEO, wait_for

pytestmark = pytest.mark.phone
DIGEST = sha256(VIDEO.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def phones():
    settings = FleetSettings(phones=16, app_delay_factor=0.25, first_port=23000)
    with FleetThread(settings) as phones:
        yield phones


def test_three_phones_publish_the_documented_example_at_once_and_each_its_tasks_in_order(phones, server, serials):
    serials = list(itertools.islice(serials, 3))
    first = server.create(serials, {"captions": CAPTION, "upload_wait_time": 60})
    second = server.create(serials, {"captions": "the second #post"})
    tasks = [server.ended(task_id) for task_id in (*first, *second)]
    assert [task["status"] for task in tasks] == [2] * 6, [task["remark"] for task in tasks]
    for serial in serials:
        mine = posts(phones, serial)
        assert [post["caption"] for post in mine] == [CAPTION, "the second #post"]
        assert [post["media_sha256"] for post in mine] == [[DIGEST], [DIGEST]]
        one, two = (task for task in tasks if task["serial"] == serial)
        assert one["end_time"] <= two["start_time"], "strictly one after another"
    starts, ends = [t["start_time"] for t in tasks[:3]], [t["end_time"] for t in tasks[:3]]
    assert max(starts) < min(ends), "the three phones work at the same time"


def test_each_step_leaves_a_row_and_a_picture(phones, server, fresh):
    [task_id] = server.create([fresh])
    server.ended(task_id)
    trace = server.call("GET", f"/task/{task_id}/trace")["data"]
    [attempt], steps = trace["attempts"], trace["steps"]
    assert [reached["phase"] for reached in attempt["phases"]] == ["prepared", "armed", "tapped", "published"]
    assert attempt["started_at"] < attempt["phases"][0]["at"] < attempt["ended_at"]
    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
    assert [step["name"] for step in steps] == [
        "check the media", "open the app", "read the profile", "find the media", "copy the media to the phone",
        "bring the media into the app", "go to the last page",
        "write the caption", "press Post", "watch the upload", "look at the profile",
    ]  # fmt: skip
    assert all(step["ok"] and not step["tree"] for step in steps)
    used = {step["name"]: step["selectors"] for step in steps}
    assert used["press Post"] == ["post_button by text (1 of 2)"]
    assert used["check the media"] == []
    pictures = [step["screenshot"] for step in steps if step["screenshot"]]
    assert len(pictures) == 8
    for picture in pictures:
        assert server.http.get(picture).content.startswith(b"\xff\xd8\xff")


def _log_out(phone_server):
    app_on(phone_server).logged_in = False


def _show(screen, popup):
    return lambda phone_server: app_on(phone_server).faults.popups.append((screen, popup))


def _strike_at(screen, fault):
    def plan(phone_server):
        fault.screen = screen
        phone_server.faults.append(fault)

    return plan


ENDS = {
    "app_not_installed": ({}, lambda s: s.phone.uninstall("com.zhiliaoapp.musically")),
    "not_logged_in": ({}, _log_out),
    "security_check": ({}, _show("editor", "security_check")),
    "account_blocked": ({}, _show("own_profile", "account_blocked")),
    "screen_unrecognised": ({}, _show("post", "mystery")),
    "app_crashed": ({}, _strike_at("editor", Fault("crash"))),
    "upload_failed": ({}, _strike_at("post", Fault("upload_fail"))),
    "outcome_unknown": ({"upload_wait_time": 3}, _strike_at("post", Fault("upload_stuck"))),
    "device_disconnected": ({}, _strike_at("editor", Fault("unplug", for_s=1.0))),
}


@pytest.mark.parametrize("code", ENDS)
def test_each_way_to_fail_ends_with_status_3_a_code_and_a_sentence_and_the_lane_goes_on(phones, server, fresh, code):
    config, prepare = ENDS[code]
    change(phones, fresh, prepare)
    [task_id] = server.create([fresh], config)
    task = server.ended(task_id, 90)
    assert (task["status"], task["error_code"]) == (3, code), task["remark"]
    assert task["remark"].startswith(FAILURES[code].sentence)
    assert task["outcome"] == ("unknown" if code == "outcome_unknown" else "not_published")
    assert posts(phones, fresh) == []
    failed = [step for step in server.call("GET", f"/task/{task_id}/trace")["data"]["steps"] if not step["ok"]]
    if code in ("security_check", "screen_unrecognised", "not_logged_in", "account_blocked"):
        [step] = failed
        tree = server.http.get(step["tree"])
        assert "<hierarchy" in tree.text
        assert tree.headers["content-type"].startswith("text/plain")
        assert step["screenshot"]
    [next_id] = server.create([fresh], {"dry_run": True, "material_list": ["/nowhere.mp4"]})
    assert server.ended(next_id)["error_code"] == "media_missing"


def test_a_missing_file_and_a_file_that_is_no_video_end_clearly(phones, server, fresh):
    fake = server.settings.materials_dir / "fake.mp4"
    fake.write_text("this is a text, not a video", encoding="utf-8")
    outside = server.settings.data_dir.parent / "outside.mp4"
    outside.write_bytes(VIDEO.read_bytes())
    for path, code in (
        ("C:/Videos/none.mp4", "media_missing"),
        (str(fake), "media_invalid"),
        (str(outside), "media_missing"),
        (str(server.settings.data_dir), "media_missing"),
        (str(server.settings.store_path), "media_missing"),
        ("/dev/zero", "media_missing"),
    ):
        [task_id] = server.create([fresh], {"material_list": [path]})
        task = server.ended(task_id)
        assert (task["status"], task["error_code"]) == (3, code), (path, task["remark"])
        assert task["remark"].startswith(FAILURES[code].sentence)


def test_a_task_for_an_absent_phone_waits_says_so_and_starts_when_it_comes(phones, server, fresh):
    change(phones, fresh, lambda s: s.inject(Fault("unplug")))
    wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == len(phones.fleet.serials) - 1)
    [task_id] = server.create([fresh], {"captions": CAPTION})
    assert server.task(task_id)["status"] == 0
    wait_for(lambda: server.task(task_id)["waiting_for"] == f"device {fresh} is not connected")
    change(phones, fresh, lambda s: s.plug_in())
    assert server.ended(task_id)["status"] == 2
    assert [post["caption"] for post in posts(phones, fresh)] == [CAPTION]


def test_a_phone_that_was_unplugged_after_post_is_looked_at_when_it_is_back(phones, server, fresh):
    def unplug_after_post(phone_server):
        fault = Fault("unplug", for_s=2.0)
        on_screen(
            phone_server, "post", lambda: on_screen(phone_server, "home_feed", lambda: phone_server.inject(fault))
        )

    change(phones, fresh, unplug_after_post)
    [task_id] = server.create([fresh], {"captions": CAPTION})
    wait_for(lambda: "could not be seen what became of it" in (server.task(task_id)["remark"] or ""), 60)
    task = server.ended(task_id, 90)
    assert (task["status"], task["outcome"]) == (2, "published"), task["remark"]
    assert [post["caption"] for post in posts(phones, fresh)] == [CAPTION]
    trace = server.call("GET", f"/task/{task_id}/trace")["data"]
    assert [attempt["error_code"] for attempt in trace["attempts"]] == ["outcome_unknown", None]
    looked = [step["name"] for step in trace["steps"] if step["attempt"] == 2]
    assert looked == ["bring the app to the front", "watch what the app shows", "look for the post on the profile"]
