"""Runs one task on a phone and says how it ended. The standard library only: copy it and change it.

    python run_task.py http://localhost:50809 post '{"captions": "Hello", "material_list": ["/videos/1.mp4"]}'

Exit code 0 when the task is completed, 1 when it failed, 2 when the server refused it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

_POLL_S = 0.5
_ENDED = (2, 3)


class RefusedError(Exception):
    """The server answered with another code than 0."""


def call(base: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Call the API and return `data` of the answer.

    Raises:
        RefusedError: with the server's sentence.
    """
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("FLEETLANE_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode("utf-8")
    request = urllib.request.Request(f"{base}/api/v1{path}", content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        answer = json.load(error)  # refusals have the same shape
    if answer["code"] != 0:
        raise RefusedError(f"{answer['code']}: {answer['message']}")
    return answer["data"]


def first_ready_phone(base: str, within_s: float) -> str:
    """Return the serial of a phone that can take a task, waiting for one.

    Raises:
        RefusedError: there is none within the time.
    """
    until_s = time.monotonic() + within_s
    while True:
        for device in call(base, "GET", "/device")["devices"]:
            if device["state_detail"] is None:  # says why not, when it cannot take a task
                return device["serial"]
        if time.monotonic() > until_s:
            raise RefusedError(f"no phone is ready after {within_s:.0f} s")
        time.sleep(_POLL_S)


def run(base: str, serial: str, script: str, config: dict[str, Any]) -> dict[str, Any]:
    """Create one task and return it when it has ended."""
    body = {"serials": [serial], "script_name": script, "script_config": config}
    created = call(base, "POST", "/task", body)
    for warning in created["warnings"]:
        print(f"warning: {warning}")
    [task_id] = created["task_ids"]
    steps = 0
    while True:
        task = call(base, "GET", f"/task/{task_id}")
        trace = call(base, "GET", f"/task/{task_id}/trace")["steps"]
        for step in trace[steps:]:
            print(f"task {task_id}: {step['name']}")
        steps = len(trace)
        if task["status"] in _ENDED:
            return task
        time.sleep(_POLL_S)


def main() -> int:
    """Run the task that the command line names."""
    parser = argparse.ArgumentParser(description="Run one task on a phone.")
    parser.add_argument("base", help="address of the server, such as http://localhost:50809")
    parser.add_argument("script", help="script_name, such as post")
    parser.add_argument("config", nargs="?", default="{}", type=json.loads, help="script_config, as JSON")
    parser.add_argument("--serial", help="the phone; the first that is ready when not given")
    parser.add_argument("--wait", type=float, default=30.0, help="how many seconds a phone is waited for")
    options = parser.parse_args()
    try:
        serial = options.serial or first_ready_phone(options.base, options.wait)
        task = run(options.base, serial, options.script, options.config)
    except RefusedError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    print(f"task {task['id']} on {serial} is {task['status_text']}: {task['remark']}")
    return 0 if task["status"] == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
