from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fleetlane.simulator.fleet import free_port


def fleetlane(*args, timeout=120, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fleetlane", *args],
        capture_output=True, text=True, timeout=timeout, env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip


@pytest.mark.phone
def test_the_demo_publishes_exactly_the_asked_posts_and_ends_well(tmp_path):
    port = free_port()
    done = fleetlane("demo", "--once", "--port", str(port), "--data-dir", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Exactly the posts that were asked for are out." in done.stdout
    posts = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [post["caption"] for post in posts] == ["看看我的新视频！#热门 #推荐"] * 3
    assert len({post["serial"] for post in posts}) == 3


@pytest.mark.phone
def test_the_demo_takes_the_next_port_when_its_own_is_taken(tmp_path):
    from fleetlane.http.server import listen

    port = free_port()
    sockets = listen("127.0.0.1", port)
    done = fleetlane("demo", "--once", "--phones", "1", "--port", str(port), "--data-dir", str(tmp_path))
    for listening in sockets:
        listening.close()
    assert done.returncode == 0, done.stdout + done.stderr
    [used] = re.findall(rf"Port {port} is taken; the demo uses (\d+)\.", done.stdout)
    assert int(used) > port


def test_a_taken_port_is_a_sentence(tmp_path):
    from fleetlane.http.server import listen

    port = free_port()
    sockets = listen("127.0.0.1", port)
    done = fleetlane("serve", "--port", str(port), "--data-dir", str(tmp_path))
    for listening in sockets:
        listening.close()
    assert done.returncode == 1
    assert done.stderr.startswith(f"fleetlane: Port {port} on 127.0.0.1 cannot be used")
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_all_named_at_once(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('port = 70000\ntime_zone = "Mars/Base"\ncolour = "blue"\n', encoding="utf-8")
    done = fleetlane("serve", FLEETLANE_CONFIG=str(config))
    assert done.returncode == 1
    for name in ("port", "time_zone", "colour"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.phone
def test_simulated_phones_run_until_they_are_stopped(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "fleetlane", "simulate", "--phones", "2", "--language", "zh", "--android", "15"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    serials = [process.stdout.readline().strip() for _ in range(2)]
    assert all(serial.startswith("127.0.0.1:") for serial in serials)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "fleetlane serve --adb-port" in err


def test_a_wrong_fault_file_is_a_sentence(tmp_path):
    faults = tmp_path / "f.yaml"
    faults.write_text("- {do: dance}", encoding="utf-8")
    done = fleetlane("simulate", "--faults", str(faults))
    assert done.returncode == 1
    assert done.stderr.startswith("fleetlane: f.yaml: fault 1: there is no fault 'dance'")


def test_recognise_prints_app_and_screen(tmp_path):
    tree = tmp_path / "t.xml"
    tree.write_text(
        '<hierarchy rotation="0"><node package="com.instagram.android" text="Rate Instagram" '
        'resource-id="com.instagram.android:id/appirater_rate_button" bounds="[99,692][621,770]"/></hierarchy>',
        encoding="utf-8",
    )
    other = tmp_path / "o.xml"
    other.write_text(
        '<hierarchy><node package="com.example" text="Hi" bounds="[0,0][9,9]"/></hierarchy>', encoding="utf-8"
    )
    done = fleetlane("screens", "recognise", str(tree), str(other))
    assert done.stdout.splitlines() == ["instagram popup_rate", "com.example unknown"]
    done = fleetlane("screens", "recognise", str(Path(__file__)))
    assert (done.returncode, done.stderr[:10]) == (1, "fleetlane:")


def test_the_doctor_checks_everything_and_says_how_to_mend(tmp_path):
    done = fleetlane("doctor", "--data-dir", str(tmp_path), "--adb-port", str(free_port()))
    for what in ("Python", "SQLite", "Disk", "Port", "Time zone", "adb"):
        assert what in done.stdout
    assert done.returncode == 0
    done = fleetlane("doctor", "--data-dir", str(tmp_path), ADBUTILS_ADB_PATH="/nowhere/adb")
    assert done.returncode == 1
    assert "ADBUTILS_ADB_PATH" in done.stdout
