"""The examples as their readers use them, where no errand does; and the tutorial, followed from its top."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fleetlane.simulator.fleets.fleet import FleetThread
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.errands import TOOL
from support.guests import guest_server
from support.rig import ROOT, VIDEO, wait_for
from support.server import ServerThread

CLIENT, SCRIPT = ROOT / "examples" / "client" / "run_task.py", ROOT / "examples" / "greet-script"
TUTORIAL = ROOT / "docs" / "tutorial" / "first-post.md"
pytestmark = pytest.mark.phone
POST = {"captions": "hello", "material_list": [str(VIDEO)]}


@pytest.fixture(scope="module")
def phones():
    with FleetThread(FleetSettings(phones=1, app_delay_factor=0.25, first_port=26900)) as phones:
        yield phones


@pytest.fixture(scope="module")
def server(phones, tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), phones.fleet.adb.port) as server:
        yield server


def client(port, *arguments):
    command = [sys.executable, str(CLIENT), f"http://localhost:{port}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)


def test_the_client_waits_for_a_phone_and_says_how_its_task_ended(server, phones):
    done = client(server.settings.port, "post", json.dumps(POST))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"task 1 on {phones.fleet.serials[0]} is completed: ")
    assert [entry["caption"] for entry in phones.fleet.ledger.entries] == ["hello"]


def test_the_client_ends_with_1_when_the_task_fails(server):
    done = client(server.settings.port, "post", json.dumps({**POST, "material_list": [str(VIDEO.with_name("no.mp4"))]}))
    assert done.returncode == 1, done.stderr
    assert "is failed: " in done.stdout


def test_the_client_ends_with_2_and_the_servers_sentence_when_it_is_refused(server):
    done = client(server.settings.port, "post", json.dumps({"content_type": 7}))
    assert done.returncode == 2
    assert done.stderr.startswith("refused: 40001: ")


def test_the_client_does_not_wait_for_a_phone_for_ever(tmp_path):
    with ServerThread(tmp_path) as alone:
        done = client(alone.settings.port, "post", json.dumps(POST), "--wait", "0.2")
    assert (done.returncode, done.stderr) == (2, "refused: no phone is ready after 0 s\n")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the example script, as pip installs it."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder), str(SCRIPT)], check=True, timeout=120)
    return folder


def test_the_script_is_found_checks_its_settings_and_greets(installed, phones, tmp_path):
    with guest_server(installed, tmp_path / "data", phones) as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 1)
        [shown] = [one for one in server.call("GET", "/script")["data"]["scripts"] if one["name"] == "greet"]
        assert shown["summary"] == "Say which screen a phone shows"
        body = {"serials": [phones.fleet.serials[0]], "script_name": "greet", "script_config": {"name": "Ada"}}
        task = server.ended(server.call("POST", "/task", body)["data"]["task_ids"][0])
        assert (task["status"], task["outcome"]) == (2, "not_published")
        assert task["remark"].startswith("Hello Ada: the phone shows ")
        refused = server.call("POST", "/task", {**body, "script_config": {"name": "A" * 51}})
        assert refused["code"] == 40001
        assert refused["data"]["errors"][0]["field"] == "script_config.name"


@pytest.mark.timeout(600)
def test_the_tutorial_leads_to_a_post(tmp_path):
    steps = list(TOOL.steps("The first post", TUTORIAL.read_text(encoding="utf-8")))
    assert [step.how for step in steps] == ["run", "background", "run", "prints", "run", "prints", "run", "prints"]
    TOOL.do(steps, tmp_path / "copy")
