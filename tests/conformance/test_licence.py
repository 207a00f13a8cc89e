"""The contract's part on licences: on own servers only, with keys of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.client import wait_until
from conformance.conftest import PHONES, phones, serving

EVERY_CALL = [
    ("GET", "/license/check"),
    ("GET", "/task"),
    ("POST", "/task"),
    ("GET", "/task/stats"),
    ("GET", "/task/1"),
    ("DELETE", "/task/1"),
    ("DELETE", "/task/batch"),
    ("POST", "/task/1/stop"),
    ("POST", "/task/1/retry"),
    ("POST", "/task/retry-all"),
    ("GET", "/device"),
    ("GET", "/account"),
    ("GET", "/material"),
    ("GET", "/script"),
]


class Licensed:
    """A server that takes licences, and somebody who signs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        for who in ("owner", "stranger"):
            (folder / who).mkdir()
            self.run("keygen", "--folder", str(folder / who))
        self.key = (folder / "owner" / "fleetlane-license.pub").read_text(encoding="ascii").strip()
        self.number = 0

    @property
    def settings(self) -> dict[str, str]:
        return {"data_dir": str(self.data), "license_public_keys": json.dumps([self.key])}

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "fleetlane", "license", *arguments]
        environment = {**os.environ, "HOME": str(self.folder)}
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)

    def issue(self, plan: str, *options: str, signer: str = "owner") -> str:
        """Return a licence."""
        self.number += 1
        out = self.folder / f"{self.number}.jwt"
        key = self.folder / signer / "fleetlane-license.key"
        self.run("issue", "--holder", "Shop", "--plan", plan, "--key", str(key), "--out", str(out), *options)
        return out.read_text(encoding="ascii").strip()

    def give(self, licence: str) -> None:
        """Put a licence where the server looks for it."""
        (self.data / "license.jwt").write_text(licence, encoding="ascii")


@pytest.fixture(scope="module")
def licensed(tmp_path_factory):
    if os.environ.get("CONFORMANCE_URL"):
        pytest.skip("licences of others are left alone: done on an own server only")
    return Licensed(tmp_path_factory.mktemp("licences"))


@pytest.fixture(scope="module")
def api(licensed):
    with phones(licensed.folder) as adb_port, serving(licensed.folder, adb_port, **licensed.settings) as api:
        wait_until(lambda: len(api.phones()) == PHONES)
        yield api


def refused(api, *words):
    """Wait until the server refuses, as on Starter, and says why in these words."""
    wait_until(lambda: (a := api.get("/license/check")).code == 40301 and says(a, "Starter", *words))


def says(answer, *words):
    return all(word in answer.body["message"] for word in words)


def allowed(api, plan):
    """Return the licence, once the server says that it is of this plan."""
    return wait_until(lambda: (a := api.get("/license/check")).code == 0 and a.data["plan_name"] == plan and a.data)


@pytest.mark.parametrize(("plan", "limit"), [("Pro", 20), ("Team", None), ("Business", 3)])
def test_pro_team_and_business_have_access_and_their_device_limit(licensed, api, plan, limit):
    """A signed licence is verified offline, against the owner's key."""
    licensed.give(licensed.issue(plan, *([] if limit is None else ["--device-limit", str(limit)])))
    data = allowed(api, plan)
    assert (data["api_enabled"], data["device_limit"]) == (True, limit)
    assert data["message"]


def test_on_starter_the_check_and_every_other_call_are_40301(licensed, api):
    """Also those that are wrong in another way; what is outside the prefix goes on."""
    licensed.give(licensed.issue("Starter"))
    refused(api)
    for method, path in [*EVERY_CALL, ("GET", "/no/such/route")]:
        api.call(method, path).refused(40301)
    assert api.http.get("/healthz").status_code == 200


def test_an_expired_licence_is_starter_and_the_message_says_why(licensed, api):
    """From the moment on at which it runs out."""
    until = datetime.now(UTC) + timedelta(seconds=20)
    licensed.give(licensed.issue("Pro", "--expires", until.isoformat(timespec="seconds")))
    refused(api, "ran out")


def test_an_altered_licence_is_starter_and_the_message_says_why(licensed, api):
    """One letter is enough."""
    head, body, signature = licensed.issue("Pro").split(".")
    licensed.give(f"{head}.{body[:-2]}{'A' if body[-2] != 'A' else 'B'}{body[-1]}.{signature}")
    refused(api, "altered")


def test_a_licence_signed_with_another_key_is_starter_and_the_message_says_why(licensed, api):
    """Only those whose keys are in the settings may sign."""
    licensed.give(licensed.issue("Pro"))
    allowed(api, "Pro")
    licensed.give(licensed.issue("Pro", signer="stranger"))
    refused(api, "signed with a key")


def test_at_most_device_limit_devices_run_tasks_and_the_others_wait_and_say_so(licensed, api):
    """Two phones with work, and a licence for one."""
    licensed.give(licensed.issue("Pro", "--device-limit", "1"))
    allowed(api, "Pro")
    config = {"material_list": [api.material], "dry_run": True}
    made = api.request(serials=list(api.phones()[:2]), script_config=config, start_at=...).good()["task_ids"]
    reason = wait_until(lambda: next((task["waiting_for"] for task in shown(api, made) if task["status"] == 0), None))
    assert "licence" in reason

    def both_ended():
        states = [task["status"] for task in shown(api, made)]
        assert states.count(1) <= 1, "two phones work under a licence for one"
        return states if set(states) <= {2, 3} else None

    assert wait_until(both_ended) == [2, 2]


def shown(api, task_ids):
    """Return some tasks as they are at one moment."""
    return [task for task in api.listed(page_size=100)["tasks"] if task["id"] in task_ids]
