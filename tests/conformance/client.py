"""A client of any server that speaks the contract. It knows nothing of Fleetlane but HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

PREFIX = "/api/v1"
FAR = "2099-01-01T00:00:00+00:00"
"""When tasks that must never run are due."""


@dataclass(frozen=True)
class Answer:
    """One answer of the server."""

    status: int
    body: Any
    headers: httpx2.Headers

    @property
    def code(self) -> int:
        return self.body["code"]

    @property
    def data(self) -> Any:
        return self.body["data"]

    def refused(self, code: int) -> Any:
        """Return the data of an error answer, which must have this code."""
        assert (self.code, self.status) == (code, code // 100), self.body
        assert self.body["message"], "an error says what is wrong"
        return self.data

    def good(self) -> Any:
        """Return the data of an answer that must be a success."""
        assert (self.status, self.code, self.body["message"]) == (200, 0, "success"), self.body
        return self.data


class Api:
    """Calls a server, and takes back what was made there.

    Args:
        url: where the server is, without the API's prefix.
        material: path of a video that the server may open; None when there is none.
        is_own: the server was started for these tests alone, so that anything may be done to it.
    """

    def __init__(self, url: str, *, material: str | None = None, is_own: bool = False) -> None:
        self.url = url.rstrip("/")
        self.material = material
        self.is_own = is_own
        self.http = httpx2.Client(base_url=self.url, timeout=40)
        self._made: list[str] = []

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    # -- calls -----------------------------------------------------------------------------------------

    def call(self, method: str, path: str, **options: Any) -> Answer:
        """Call the API; every answer is checked to be in the envelope."""
        answer = self.http.request(method, PREFIX + path, **options)
        body = answer.json()
        assert set(body) == {"code", "message", "data"}, body
        assert isinstance(body["code"], int)
        assert isinstance(body["message"], str)
        return Answer(answer.status_code, body, answer.headers)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, params=query or None)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        if body is not None:
            options["json"] = body
        return self.call("POST", path, **options)

    # -- tasks -----------------------------------------------------------------------------------------

    def request(self, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        """Ask for tasks: the fields that matter, over a request that is right and never runs."""
        whole: dict[str, Any] = {"script_name": "post", "script_config": {"dry_run": True}}
        if not {"serials", "usernames"} & fields.keys():
            whole["serials"] = [self.name()]
        if not {"start_time", "start_at"} & fields.keys():
            whole["start_at"] = FAR
        whole = {key: value for key, value in (whole | fields).items() if value is not ...}
        answer = self.post("/task", whole, headers=headers)
        if answer.code == 0:
            self._made += [f"/task/{task_id}" for task_id in answer.data["task_ids"]]
        return answer

    def tasks(self, **fields: Any) -> list[Any]:
        """Create tasks and return them as the server shows them."""
        return [self.task(task_id) for task_id in self.request(**fields).good()["task_ids"]]

    def task(self, task_id: int) -> Any:
        return self.get(f"/task/{task_id}").good()

    def listed(self, **query: Any) -> Any:
        return self.get("/task", **query).good()

    def total(self) -> int:
        return self.get("/task/stats").good()["total"]

    # -- the rest --------------------------------------------------------------------------------------

    def account(self, username: str | None = None, **fields: Any) -> Any:
        """Add an account."""
        made = self.post("/account", {"username": username or self.name(), **fields}).good()
        self._made.append(f"/account/{made['id']}")
        return made

    def phones(self) -> Sequence[str]:
        """Return the serials of the phones that can work now."""
        return [device["serial"] for device in self.get("/device").good()["devices"] if device["state"] == "online"]

    def name(self) -> str:
        """Return a name for a device or an account that nobody has."""
        return f"conformance-{secrets.token_hex(6)}"

    def forget_tasks(self) -> None:
        """Take nothing back of the tasks that were made: they are deleted already."""
        self._made = [path for path in self._made if not path.startswith("/task/")]

    def take_back(self) -> None:
        """Delete everything that was made."""
        for path in reversed(self._made):
            assert self.call("DELETE", path).code in (0, 40401)
        self._made.clear()


def wait_until(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Return what a condition gives once it holds. It asks again and again: the contract promises no events."""
    until = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < until, f"not within {timeout_s} s"
        time.sleep(0.05)
    return found
