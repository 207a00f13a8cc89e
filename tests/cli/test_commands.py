from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import psutil
import pytest

from fleetlane.simulator.fleets.fleet import free_port
from fleetlane.simulator.wire.adb_server import AdbServer
from support.command import fleetlane, fleetlane_here
from support.rig import wait_for


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


def test_check_says_which_packs_are_in_force_and_tries_the_cases(tmp_path):
    packs = tmp_path / "packs"
    case = packs / "cases" / "tiktok" / "promo" / "one.xml"
    case.parent.mkdir(parents=True)
    case.write_text(
        '<hierarchy><node package="com.ss.android.ugc.trill" text="Try it" bounds="[0,0][9,9]"/></hierarchy>',
        encoding="utf-8",
    )
    done = fleetlane("screens", "check", FLEETLANE_DATA_DIR=str(tmp_path))
    assert (done.returncode, "tiktok unknown, not tiktok promo" in done.stderr) == (1, True)
    patch = "patches: tiktok\nversion: mine\nscreens: [{name: promo, needs: [{text: Try it}]}]\n"
    (packs / "mine.yaml").write_text(patch, encoding="utf-8")
    done = fleetlane("screens", "check", FLEETLANE_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(
        r"^tiktok \S+ \+ mine: comes with Fleetlane, mine.yaml \([0-9a-f]{8}\)$", done.stdout, re.MULTILINE
    )
    assert "Cases in" in done.stdout
    (packs / "mine.yaml").write_text(patch.replace("needs", "neds"), encoding="utf-8")
    done = fleetlane("screens", "check", "--packs", str(packs))
    assert done.returncode == 1
    assert "mine.yaml:3: screen 'promo': unknown key 'neds'" in done.stderr


def test_the_doctor_checks_everything_and_says_how_to_mend(tmp_path):
    done = fleetlane("doctor", "--data-dir", str(tmp_path), "--adb-port", str(free_port()))
    for what in ("Python", "SQLite", "Who may read", "Who may use it", "Disk", "Port", "Time zone", "adb"):
        assert what in done.stdout
    assert done.returncode == 0
    assert "none can be seen without an adb server" in " ".join(done.stdout.split())
    done = fleetlane("doctor", "--data-dir", str(tmp_path), ADBUTILS_ADB_PATH="/nowhere/adb")
    assert done.returncode == 1
    assert "ADBUTILS_ADB_PATH" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["simulate", "--apps", "/nowhere"], {}, "/nowhere: is no folder"),
        (["simulate", "--apps", "{tmp}/broken"], {}, "a.yaml: not YAML: line 1, column 7: "),
        (["simulate", "--apps", "{tmp}/model"], {}, "b.yaml: an app model has `packages`"),
        (["simulate", "--faults", "/nowhere.yaml"], {}, "/nowhere.yaml: cannot be read: No such file"),
        (["simulate", "--fleet", "{tmp}"], {}, "cannot be read: Is a directory"),
        (["simulate", "--ledger", "{tmp}"], {}, "cannot be written: Is a directory"),
        (["simulate", "--accounts", "a,,b"], {}, "'' is no name of an account"),
        (["simulate", "--language", "xx"], {}, "There is no language 'xx'; known: en, zh, id."),
        (["simulate"], {"ADBUTILS_ADB_PATH": "/nowhere"}, "adb could not be started"),
        (["simulate"], {"ANDROID_ADB_SERVER_PORT": "abc"}, "ANDROID_ADB_SERVER_PORT is 'abc', which is no port"),
        (["demo", "--once", "--data-dir", "{tmp}/file"], {}, "cannot be used: "),
        (["demo", "--once", "--data-dir", "{tmp}"], {}, "ledger.jsonl is no ledger"),
        (["serve", "--data-dir", "{tmp}/file", "--port", "{port}"], {}, "cannot be made or used"),
        (
            ["serve", "--port", "{port}"],
            {"TZ": "Mars/Base", "FLEETLANE_DATA_DIR": "{tmp}/d"},
            "time zone cannot be told",
        ),
        (["serve"], {"FLEETLANE_CONFIG": "{tmp}/broken.toml"}, "broken.toml cannot be read"),
        (["screens", "recognise", "{tmp}/ledger.jsonl"], {}, "this is not a UI tree"),
        (["screens", "recognise", "/nowhere.xml"], {}, "/nowhere.xml cannot be read: No such file"),
        (["screens", "recognise", "{tmp}/binary"], {}, "is no text in UTF-8"),
        (["screens", "recognise", "--pack", "/nowhere", "{tmp}/file"], {}, "/nowhere: cannot be read: No such file"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(tmp_path, arguments, environment, sentence):
    for folder, name, text in (("broken", "a.yaml", "app: ["), ("model", "b.yaml", "app: x\nscreens: {}\nstart: []")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "ledger.jsonl").write_text("{", encoding="utf-8")
    (tmp_path / "broken.toml").write_text("port = [", encoding="utf-8")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))

    def filled(text: str) -> str:
        return text.replace("{tmp}", str(tmp_path)).replace("{port}", str(free_port()))

    if environment:
        done = fleetlane(*map(filled, arguments), **{name: filled(value) for name, value in environment.items()})
    else:
        done = fleetlane_here(*map(filled, arguments))
    assert done.returncode == 1
    assert done.stderr.startswith("fleetlane: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_of_something_else_is_no_adb_server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=_answer_like_a_web_server, args=(listening,), daemon=True)
        accepting.start()
        port = str(listening.getsockname()[1])
        done = fleetlane("simulate", "--adb-port", port)
        assert (done.returncode, "something that is no adb server" in done.stderr) == (1, True)
        done = fleetlane("doctor", "--adb-port", port)
        assert done.returncode == 1
        assert "something that is no adb server" in done.stdout


def _answer_like_a_web_server(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_the_doctor_says_what_is_wrong_with_the_folder_and_the_time_zone(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = fleetlane("doctor", "--data-dir", str(tmp_path / "file"), TZ="Mars/Base")
    assert done.returncode == 1
    assert "cannot be written (Not a directory); choose another --data-dir" in done.stdout
    assert "time zone cannot be told" in done.stdout


def test_json_is_for_the_checkup_of_a_phone():
    done = fleetlane_here("doctor", "--json")
    assert done.returncode == 2
    assert "--json needs --phone SERIAL" in " ".join(done.stderr.split())


@pytest.mark.phone
def test_a_fault_for_a_phone_that_is_not_there_is_a_sentence(tmp_path):
    (tmp_path / "f.yaml").write_text("- {phone: 9, do: lock}", encoding="utf-8")
    done = fleetlane("simulate", "--phones", "1", "--faults", str(tmp_path / "f.yaml"))
    assert done.returncode == 1
    assert "A fault is for phone '9', which is not there; known: *, 1, 127.0.0.1:" in done.stderr


# -- nothing is left behind ----------------------------------------------------------------------------


def started(*args: str, until: str, whole_group: bool = False) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fleetlane", *args],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=whole_group,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    shown = ""
    for line in process.stdout:
        shown += line
        if until in line:
            break
    assert until in shown, shown
    return process, shown


def adb_servers(port: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if words and "adb" in words[0] and any(str(port) in word for word in words):
                found.append(process)
    return found


@pytest.mark.phone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [False, True])
def test_an_ended_demo_leaves_nothing_behind(tmp_path, number, whole_group):
    port = str(free_port())
    demo, shown = started(
        "demo", "--phones", "1", "--port", port, "--data-dir", str(tmp_path), until="Stop with Ctrl+C", whole_group=True
    )
    children = psutil.Process(demo.pid).children(recursive=True)
    adb_port = int(re.search(r"adb server on port (\d+)", shown)[1])
    assert len(children) >= 3
    (os.killpg if whole_group else os.kill)(demo.pid, number)
    out, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, out
    assert "Traceback" not in out
    assert [child for child in children if child.is_running()] == []
    assert adb_servers(adb_port) == []


def test_a_server_ends_the_adb_server_that_it_started(tmp_path):
    port, adb_port = free_port(), free_port()
    server, _ = started(
        "serve",
        "--port",
        str(port),
        "--adb-port",
        str(adb_port),
        "--data-dir",
        str(tmp_path),
        until="adb_server_started",
    )
    assert adb_servers(adb_port)
    server.terminate()
    out, _ = server.communicate(timeout=60)
    assert (server.returncode, "Traceback" in out) == (0, False)
    assert adb_servers(adb_port) == []


def test_a_server_leaves_the_adb_server_of_others_alone(tmp_path):
    port, adb_port = free_port(), free_port()
    adb = AdbServer(adb_port)
    adb.start()
    server, _ = started(
        "serve", "--port", str(port), "--adb-port", str(adb_port), "--data-dir", str(tmp_path), until="Stop with Ctrl+C"
    )
    wait_for(lambda: httpx2.get(f"http://127.0.0.1:{port}/healthz").json()["problems"] == [])
    server.terminate()
    server.communicate(timeout=60)
    assert adb.client().server_version()
    adb.close()
