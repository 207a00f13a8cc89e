"""Checkups on the wire: through the server that drives the phones, through the command line, and on the page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from fleetlane.adapters.android.checkup.texts import TEXT
from fleetlane.core.checkup import TITLES
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from fleetlane.simulator.likeness.reader import likeness
from fleetlane.simulator.likeness.spans import Span
from support.phones import change
from support.rig import wait_for
from support.server import ServerThread

pytestmark = pytest.mark.phone
OURS = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def phones():
    settings = FleetSettings(phones=5, app_delay_factor=0.25, first_port=25700, traits=likeness("ideal"))
    with FleetThread(settings) as phones:
        yield phones


def left(phones, serial):
    """Return what a checkup could have left behind on a phone."""

    def of(server):
        phone = server.phone
        return phone.clipboard, phone.foreground.package.name, phone.screen_on, len(phone.media.newest_first())

    return change(phones, serial, of)


def doctor(*args):
    command = [sys.executable, "-m", "fleetlane", "doctor", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ)


def test_a_phone_of_a_server_is_checked_between_its_tasks(server, phones, fresh):
    before = left(phones, fresh)
    answer = server.http.post(f"/api/v1/device/{fresh}/check", timeout=120).json()
    assert answer["code"] == 0
    found = answer["data"]
    assert found["ok"] is True
    assert found["took_s"] > 0
    assert list(dict.fromkeys(row["name"] for row in found["rows"])) == list(TITLES)
    assert {row["grade"] for row in found["rows"]} == {"ok"}
    assert set(found["rows"][0]) == {"name", "about", "grade", "value", "sentence", "measured"}
    assert left(phones, fresh) == before
    [task_id] = server.create([fresh])
    assert server.ended(task_id)["status"] == 2


def test_the_command_line_asks_the_server_that_drives_the_phone(server, phones, fresh):
    where = ("--data-dir", str(server.settings.data_dir), "--adb-port", str(phones.fleet.adb.port))
    done = doctor("--phone", fresh, "--json", "--port", str(server.settings.port), *where)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    done = doctor("--phone", fresh, "--port", "1", *where)
    assert done.returncode == 1
    assert "can be checked through it only" in done.stderr


def test_a_phone_that_another_program_drives_is_left_alone(server, phones, fresh, tmp_path):
    assert "launcher" in server.http.get(f"/phones/{fresh}/tree").text  # for which its server started the automation
    done = doctor("--phone", fresh, "--data-dir", str(tmp_path), "--adb-port", str(phones.fleet.adb.port))
    assert done.returncode == 1
    assert "Another program drives" in " ".join(done.stderr.split())


def test_the_command_line_checks_a_phone_that_no_server_drives(tmp_path):
    settings = FleetSettings(phones=1, app_delay_factor=0.25, first_port=25750, traits=likeness("ideal"))
    with FleetThread(settings) as phones:
        [serial] = phones.fleet.serials
        where = ("--data-dir", str(tmp_path / "none"), "--adb-port", str(phones.fleet.adb.port))
        change(phones, serial, lambda server: server.phone.copy("what its owner had copied"))
        before = left(phones, serial)
        done = doctor("--phone", serial, "--json", *where)
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert list(dict.fromkeys(row["name"] for row in found["rows"])) == list(TITLES)
        assert left(phones, serial) == before
        assert not (tmp_path / "none").exists()

        change(phones, serial, lambda server: server.phone.change_traits({"input_guard": "xiaomi"}))
        done = doctor("--phone", serial, *where)
        assert done.returncode == 1
        words = " ".join(re.sub(r"[^\w\s()]", " ", done.stdout).split())
        assert "fault" in words
        assert "Security settings" in words

        done = doctor("--phone", "nobody", *where)
        assert done.returncode == 1
        assert "not connected" in " ".join(done.stdout.split())


def test_a_checkup_that_is_stopped_puts_everything_back(tmp_path):
    settings = FleetSettings(phones=1, first_port=25720, traits=replace(likeness("ideal"), dump_s=Span.of(0.7)))
    with FleetThread(settings) as phones:
        [serial] = phones.fleet.serials
        change(phones, serial, lambda server: server.phone.copy("what its owner had copied"))
        before = left(phones, serial)
        where = ("--data-dir", str(tmp_path), "--adb-port", str(phones.fleet.adb.port))
        command = [sys.executable, "-m", "fleetlane", "doctor", "--phone", serial, *where]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            wait_for(lambda: left(phones, serial)[0] == TEXT, timeout_s=60)
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) != 0
        assert left(phones, serial) == before


def test_a_server_that_stops_in_a_checkup_puts_everything_back(tmp_path):
    settings = FleetSettings(phones=1, first_port=25730, traits=replace(likeness("ideal"), dump_s=Span.of(0.7)))
    with FleetThread(settings) as phones:
        [serial] = phones.fleet.serials
        change(phones, serial, lambda server: server.phone.copy("what its owner had copied"))
        before = left(phones, serial)
        with ServerThread(tmp_path, phones.fleet.adb.port) as own:
            wait_for(lambda: own.http.get("/healthz").json()["devices"]["ready"] == 1)
            assert "is being checked" in own.http.post(f"/phones/{serial}/check", headers=OURS).text
            wait_for(lambda: left(phones, serial)[0] == TEXT, timeout_s=60)
        assert left(phones, serial) == before


def test_the_page_of_a_phone_shows_what_was_found_in_three_languages(server, phones, fresh):
    serial = fresh
    change(phones, serial, lambda server: server.phone.change_traits({"other_user": 150}))
    page = server.http.get(f"/phones/{serial}").text
    assert "Check this phone" in page
    answer = server.http.post(f"/phones/{serial}/check", headers=OURS)
    assert "is being checked" in answer.text

    def shown():
        return 'data-check="put_back"' in server.http.get(f"/phones/{serial}").text

    wait_for(shown, timeout_s=60)
    said = {"en": "There are other users", "zh": "还有其他用户", "it": "ci sono altri utenti"}
    for language, words in said.items():
        text = server.http.get(f"/phones/{serial}", headers={"Accept-Language": language}).text
        assert words in text
        assert "150 (Secure Folder)" in text
        assert "%(" not in text
    english = server.http.get(f"/phones/{serial}", headers={"Accept-Language": "en"}).text
    assert [name for name in TITLES if f'data-check="{name}"' not in english] == []
    assert '<span class="badge s0">warning</span> <strong>Users</strong>' in english


def test_no_checkup_is_offered_beside_a_task(server, fresh):
    serial = fresh
    [task_id] = server.create([serial], {"upload_wait_time": 60})
    wait_for(lambda: server.task(task_id)["status"] == 1)
    page = server.http.get(f"/phones/{serial}").text
    assert "It can be checked when its task has ended." in page
    assert "Check this phone" not in page
    assert "still runs" in server.http.post(f"/phones/{serial}/check", headers=OURS).text
    assert server.call("POST", f"/device/{serial}/check")["code"] == 40901
    server.call("POST", f"/task/{task_id}/stop")
    server.ended(task_id)
