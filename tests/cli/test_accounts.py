"""`fleetlane accounts scan` against a server that answers as ours does."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError
from fleetlane.simulator.fleets.fleet import free_port
from support.server import ServerThread


class FakeServer:
    """Scans phones: a task is pending, then running, then what `ends` says for its serial."""

    def __init__(self):
        self.ends = {}
        self.devices = []
        self.asked = []
        self._tasks = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method, path, body):
        match method, path.removeprefix("/api/v1").split("/")[1:]:
            case "GET", ["device"]:
                return {"total": len(self.devices), "devices": self.devices}
            case "POST", ["account", "scan"]:
                self.asked.append(body)
                self._tasks.append({"serial": body["serial"], "looks": 0})
                return {"task_ids": [len(self._tasks)], "created_count": 1, "scheduled_at": None, "warnings": []}
            case "GET", ["task", number]:
                return self._task(int(number))
        raise AssertionError(path)

    def _task(self, number):
        task = self._tasks[number - 1]
        task["looks"] += 1
        shown = {"id": number, "serial": task["serial"], "waiting_for": None, "remark": "", "result": None}
        end = self.ends[task["serial"]]
        status = min(task["looks"] - 1, 1) if task["looks"] < 3 or end is None else end["status"]
        if end is None:
            return {**shown, "status": 0, "waiting_for": f"device {task['serial']} to be connected"}
        return {**shown, "status": status, **(end if status > 1 else {})}

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _reply(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
                data = fake.answer(self.command, self.path, body)
                content = json.dumps({"code": 0, "message": "success", "data": data}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                self._reply()

            def do_POST(self):
                self._reply()

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def server():
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def scan(*args):
    result = CliRunner().invoke(app, ["accounts", "scan", *args])
    if isinstance(result.exception, FleetlaneError):
        return 1, "", str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def rows(out):
    return [[c.strip() for c in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]


def account(platform, username, current):
    return {"platform": platform, "package": "p", "username": username, "current": current}


def test_it_waits_for_the_phones_and_shows_what_was_found(server):
    found = [account("tiktok", "shop_one", True), account("tiktok", "shop.two", False)]
    server.ends = {
        "a": {"status": 2, "result": {"accounts": found, "problems": []}},
        "b": {"status": 2, "result": {"accounts": [account("instagram", "我的店", True)], "problems": []}},
    }
    server.devices = [{"serial": s, "state": state} for s, state in (("a", "online"), ("b", "online"), ("c", "absent"))]
    code, out, err = scan("--url", server.url)
    assert (code, err) == (0, "")
    assert rows(out) == [
        ["a", "tiktok", "@shop_one", "signed in now"],
        ["a", "tiktok", "@shop.two", ""],
        ["b", "instagram", "@我的店", "signed in now"],
    ]
    assert server.asked == [{"serial": "a"}, {"serial": "b"}]


def test_only_the_named_phones_and_app_are_scanned(server):
    server.ends = {"a": {"status": 2, "result": {"accounts": [], "problems": []}}}
    code, out, _ = scan("a", "a", "--platform", "tiktok", "--url", f"{server.url}/")
    assert (code, out.strip()) == (0, "No account was found.")
    assert server.asked == [{"serial": "a", "platform": "tiktok"}]


def test_what_could_not_be_read_is_said_beside_what_was(server):
    problem = {"platform": "instagram", "error_code": "login_required", "remark": "Instagram asks for a login."}
    found = [account("tiktok", "shop", True)]
    server.ends = {
        "a": {"status": 2, "result": {"accounts": found, "problems": [problem]}},
        "b": {"status": 3, "remark": "The phone was unplugged.", "result": {}},
        "c": None,
    }
    code, out, err = scan("a", "b", "c", "--url", server.url, "--timeout-s", "2")
    assert code == 1
    assert rows(out) == [["a", "tiktok", "@shop", "signed in now"]]
    assert err.splitlines() == [
        "a: instagram could not be read: Instagram asks for a login.",
        "b: The phone was unplugged.",
        "c: not read yet, it waits for device c to be connected. Task 3 goes on automatically.",
    ]


def test_no_phone_and_no_server_are_sentences(server, monkeypatch):
    code, _, err = scan("--url", server.url)
    assert code == 1
    assert "No phone is online" in err
    monkeypatch.setenv("FLEETLANE_PORT", str(free_port()))
    code, _, err = scan("a")
    assert code == 1
    assert "fleetlane serve" in err
    code, _, err = scan("a", "--url", "nonsense")
    assert code == 1
    assert "nonsense" in err


def test_a_refusal_of_the_real_server_is_passed_on(tmp_path):
    with ServerThread(tmp_path) as real:
        code, _, err = scan("a", "--platform", "myspace", "--url", f"http://127.0.0.1:{real.settings.port}")
        assert code == 1
        assert "40001" in err
        assert 'must be "tiktok" or "instagram"' in err
