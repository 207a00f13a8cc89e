"""Small requests that would mean much work: refused or bounded, and others are answered meanwhile."""

from __future__ import annotations

import json
import threading
import time

import httpx2
import pytest

from support.server import ServerThread

pytestmark = pytest.mark.slow  # it measures how long others wait

CONFIG = {"content_type": 0, "captions": "x", "material_list": ["/x.mp4"]}
_LONGEST_WAIT_S = 1.5
"""Generous: the machine may be busy. Each of these requests once held all others up for longer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


class Others:
    """Somebody who asks all the time; `longest_s` is the longest wait."""

    def __init__(self, server: ServerThread) -> None:
        self._url = f"http://127.0.0.1:{server.settings.port}/healthz"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.longest_s = 0.0

    def __enter__(self) -> Others:
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx2.Client(timeout=120) as http:
            while not self._stop.wait(0.01):
                began_s = time.monotonic()
                http.get(self._url)
                self.longest_s = max(self.longest_s, time.monotonic() - began_s)


def _task(**more) -> bytes:
    return json.dumps({"serials": ["a"], "script_name": "post", "script_config": CONFIG, **more}).encode()


MANY_KEYS = ", ".join(f'"k{number}": 1' for number in range(50_000))
MANY_TARGETS = [f"phone{number}" for number in range(2000)]


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        pytest.param(_task(script_config=CONFIG | {"captions": "{" + "|" * 120_000}), 40001, "20000", id="braces"),
        pytest.param(b'{"serials": [' + b"[], " * 1_900_000 + b"[]]}", 41301, "values", id="lists"),
        pytest.param(b'{"serials": [' + b"1," * 9_000 + b"1]}", 40001, "no texts", id="wrong targets"),
        pytest.param(b'{"serials": [' + b"1," * 400_000 + b"1]}", 40001, "at most 10000", id="many targets"),
        pytest.param(_task()[:-1] + b"," + MANY_KEYS.encode() + b"}", 40001, "more than 200 names", id="fields"),
        pytest.param(
            _task()[:-2] + b"," + MANY_KEYS.encode() + b"}}", 40001, "more than 200 names", id="options"
        ),
        pytest.param(
            _task(serials=MANY_TARGETS, script_config=CONFIG | {"captions": f"{'a' * 1000}\n" * 200}),
            41301,
            "kept with each of the 2000 tasks",
            id="targets times captions",
        ),
    ],
)  # fmt: skip
def test_a_request_that_means_much_work_is_refused_and_others_are_answered(server, body, code, told):
    with Others(server) as others:
        began_s = time.monotonic()
        answer = server.http.post(
            "/api/v1/task", content=body, headers={"Content-Type": "application/json"}, timeout=60
        ).json()
        took_s = time.monotonic() - began_s
    assert answer["code"] == code
    assert told in json.dumps(answer)
    assert took_s < 10
    assert others.longest_s < _LONGEST_WAIT_S
    assert server.call("GET", "/task/stats")["data"]["total"] == 0


def test_a_name_nobody_knows_is_not_told_whole(server):
    answer = server.call(
        "POST",
        "/task",
        content=_task(**{"k" * 100_000: None}),
        headers={"Content-Type": "application/json"},
        params={"dry_run": "true"},
    )
    assert answer["code"] == 0
    assert len(json.dumps(answer)) < 10_000


def test_a_form_of_signs_that_stand_for_bytes_holds_nobody_up(server):
    form = "&".join(f"captions{number}={'%' * 900_000}" for number in range(3))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
    with Others(server) as others:
        answer = server.http.post("/new/preview", content=form, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert others.longest_s < _LONGEST_WAIT_S
    many = "&".join(f"a{number}=" for number in range(25_000))
    assert "Too many fields" in server.http.post("/new/preview", content=many, headers=headers).text


def test_who_has_not_shown_the_token_sends_no_large_form(server):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
    answer = server.http.post("/login", content="token=" + "%" * 100_000, headers=headers)
    assert answer.json()["code"] == 41301
