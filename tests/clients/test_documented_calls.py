"""The documented calls, made by the programs that people make them with: curl in a shell, Python's requests, node.

Only the base URL is changed, as clients of the documented API are promised. The calls are in calls.json.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from support.server import ServerThread

FOLDER = Path(__file__).parent
FILE = FOLDER / "calls.json"
CALLS = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def base(tmp_path):
    """The base URL of a new server, by the name clients use."""
    with ServerThread(tmp_path) as server:
        yield f"http://localhost:{server.settings.port}/api/v1"


def program(name: str) -> str:
    """Return a program's path; where it is missing the test is skipped, save in CI, which installs it."""
    found = shutil.which(name)
    if found is None:
        why = f"{name} is not installed here; .ci/tools installs it on Debian and Ubuntu"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


def replay(send: Callable[..., dict]) -> list[dict]:
    """Make the calls one after another; ids that were made are put into later paths."""
    kept: dict[str, int] = {}
    answers = []
    for call in CALLS:
        answer = send(call["method"], call["path"].format(**kept), call.get("query"), call.get("body"))
        if "keep" in call:
            kept[call["keep"]] = answer["body"]["data"]["task_ids"][0]
        answers.append(answer)
    return answers


def check(answers: list[dict]) -> None:
    """Every call got what the documents promise, in the fields that documented clients read."""
    assert len(answers) == len(CALLS)
    data = {}
    for call, answer in zip(CALLS, answers, strict=True):
        code = call.get("code", 0)
        assert (answer["body"]["code"], answer["status"]) == (code, code // 100 or 200), (call["name"], answer)
        assert set(answer["body"]) == {"code", "message", "data"}
        data[call["name"]] = answer["body"]["data"]
    made = [found["created_count"] for name, found in data.items() if name.startswith("post ")]
    assert made == [1, 2, 2, 3, 1, 1, 1, 1]
    assert data["check the licence"]["plan_name"]
    assert data["list pending tasks"]["total"] == sum(made)
    assert data["list tasks by every documented filter"]["total"] == 7
    assert data["list failed tasks"]["total"] == 0
    assert data["get a task"]["script_config"]["captions"] == "看看我的新视频！#热门 #推荐"
    assert data["stop a task"]["status"] == 3
    assert data["retry a task"]["status"] == 0
    assert data["retry all failed tasks"]["retried_count"] == 0
    assert (data["count tasks"]["running"], data["count tasks"]["pending"]) == (0, sum(made))
    assert data["delete many tasks"]["deleted_count"] == 0


def test_curl_lines_pasted_into_a_shell(base):
    curl, shell = program("curl"), program("sh")

    def send(method, path, query, body):
        address = f"{base}{path}?{urlencode(query)}" if query else base + path
        line = f"{curl} -sS -w '\\n%{{http_code}}'" + (f" -X {method}" if method != "GET" else "")
        line += f" {shlex.quote(address)}"
        if body is not None:
            pretty = shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))
            line += f' \\\n  -H "Content-Type: application/json" \\\n  -d {pretty}'
        done = subprocess.run([shell, "-c", line], capture_output=True, check=True, timeout=30)
        text, _, status = done.stdout.decode("utf-8").rpartition("\n")
        return {"status": int(status), "body": json.loads(text)}

    check(replay(send))


def test_an_address_that_is_not_quoted_in_the_shell(base):
    """One documented line has none: the shell cuts it at the first &, and what is left is a good request."""
    line = f"{program('curl')} -sS {base}/task?status=0&page=1&page_size=20; wait"
    done = subprocess.run([program("sh"), "-c", line], capture_output=True, check=True, timeout=30)
    assert json.loads(done.stdout)["data"]["page_size"] == 20


def test_a_client_in_python_with_requests(base):
    def send(method, path, query, body):
        answer = requests.request(method, base + path, params=query, json=body, timeout=30)
        return {"status": answer.status_code, "body": answer.json()}

    check(replay(send))


def test_a_client_in_javascript_with_fetch(base):
    command = [program("node"), str(FOLDER / "replay.mjs"), base, str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout))


CAPTION = "Caffè della città, però"


def raw(base, content, content_type="application/json"):
    """Send bytes as they are, as PowerShell's Invoke-RestMethod does with its -Body."""
    answer = requests.post(f"{base}/task", data=content, headers={"Content-Type": content_type}, timeout=30)
    return answer.status_code, answer.json()


def documented_post(caption):
    config = {"content_type": 0, "captions": caption, "material_list": ["C:/Videos/video1.mp4"]}
    return json.dumps({"serials": ["p"], "script_name": "post", "script_config": config}, ensure_ascii=False)


def test_a_text_that_powershell_5_sends_as_latin_1_is_refused_with_the_cause_and_the_cure(base):
    for content_type in ("application/json", "application/json; charset=iso-8859-1"):
        status, body = raw(base, documented_post(CAPTION).encode("latin-1"), content_type)
        assert (status, body["code"]) == (400, 40001)
        assert "is not UTF-8" in body["message"]
        assert "[Text.Encoding]::UTF8.GetBytes($json)" in body["message"]
        assert "charset=utf-8" in body["message"]
    assert requests.get(f"{base}/task", timeout=30).json()["data"]["total"] == 0


def test_what_a_file_of_powershell_5_holds_is_named(base):
    _, body = raw(base, documented_post(CAPTION).encode("utf-16"))
    assert "This one is UTF-16" in body["message"]
    _, body = raw(base, documented_post(CAPTION).encode("utf-8-sig"))
    assert "byte order mark" in body["message"]


def test_the_bytes_that_the_cure_sends_are_taken_as_they_are(base):
    status, body = raw(base, documented_post(CAPTION).encode(), "application/json; charset=utf-8")
    assert (status, body["code"]) == (200, 0)
    task = requests.get(f"{base}/task/{body['data']['task_ids'][0]}", timeout=30).json()["data"]
    assert task["script_config"]["captions"] == CAPTION


def test_a_file_that_curl_and_requests_upload_keeps_its_name(base, tmp_path):
    media = FOLDER.parents[1] / "src/fleetlane/cli/demo_media/video1.mp4"
    named = tmp_path / "città 看.mp4"
    shutil.copy(media, named)
    line = [program("curl"), "-sS", "-F", f"file=@{named}", f"{base}/material"]
    done = subprocess.run(line, capture_output=True, check=True, timeout=30)
    assert json.loads(done.stdout)["data"]["materials"][0]["name"] == named.name
    with named.open("rb") as file:
        answer = requests.post(f"{base}/material", files={"file": file}, timeout=30).json()
    assert answer["data"]["materials"][0]["name"] == named.name


def test_curl_asks_for_headers_alone(base):
    done = subprocess.run([program("curl"), "-sSI", f"{base}/task"], capture_output=True, check=True, timeout=30)
    assert done.stdout.startswith(b"HTTP/1.1 200")
