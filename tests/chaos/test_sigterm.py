"""SIGTERM while phones post: the server ends soon, and its next life finishes the work, once."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.phones import change, posts
from support.rig import VIDEO, wait_for

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from server_process import ServerProcess

pytestmark = [pytest.mark.phone, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")]
MOST_END_S = 20.0


@contextmanager
def posting(folder, first_port, upload_s):
    """Two phones of a server that has begun to post."""
    with (
        FleetThread(FleetSettings(phones=2, app_delay_factor=0.25, first_port=first_port)) as phones,
        ServerProcess(folder, phones.fleet.adb.port) as server,
    ):
        serials = phones.fleet.serials
        for serial in serials:
            change(phones, serial, lambda s: setattr(s.phone, "upload_s", upload_s))
        server.start()
        config = {"captions": "sigterm", "material_list": [str(VIDEO)], "platform": "tiktok", "upload_wait_time": 30}
        body = {"serials": serials, "script_name": "post", "script_config": config}
        yield phones, server, server.call("POST", "/task", body)["task_ids"]


def phases(server, ids):
    attempts = [server.call("GET", f"/task/{task_id}/trace")["attempts"] for task_id in ids]
    return [found[-1]["phase"] if found else "" for found in attempts]


def end(server):
    began = time.monotonic()
    server.end()
    assert time.monotonic() - began < MOST_END_S
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


def finished(server, ids):
    def tasks():
        return [server.call("GET", f"/task/{task_id}") for task_id in ids]

    server.start()
    wait_for(lambda: all(task["status"] in (2, 3) for task in tasks()), 120)
    return tasks()


def judge(phones, tasks):
    assert [(task["status"], task["outcome"]) for task in tasks] == [(2, "published")] * 2, tasks
    assert [len(posts(phones, serial)) for serial in phones.fleet.serials] == [1, 1]


def test_before_the_press_the_tasks_run_again(tmp_path):
    with posting(tmp_path, 25000, 0.5) as (phones, server, ids):
        wait_for(lambda: all(server.call("GET", f"/task/{task_id}")["status"] == 1 for task_id in ids), 60)
        end(server)
        judge(phones, finished(server, ids))


def test_after_the_press_the_posts_are_looked_for(tmp_path):
    with posting(tmp_path, 25010, 15.0) as (phones, server, ids):
        wait_for(lambda: phases(server, ids) == ["tapped"] * 2, 120)
        end(server)
        tasks = finished(server, ids)
        judge(phones, tasks)
        assert all("a later look" in task["remark"] for task in tasks)
        traces = [server.call("GET", f"/task/{task_id}/trace") for task_id in ids]
        assert all(len(trace["attempts"]) == 2 for trace in traces)
        looked = [step["name"] for step in traces[0]["steps"] if step["attempt"] == 2]
        assert looked == ["bring the app to the front", "watch what the app shows", "look for the post on the profile"]
