"""Faults: what goes wrong on simulated phones, when, and for how long. Read from YAML.

    - phone: 1                  # its number from 1, its serial, or "*" (the default)
      when: {screen: editor}    # or {call: "sync:SEND"}, {after_s: 3}; {times: N} skips the first N-1
      do: unplug
      for_s: 5

The kinds are listed in docs/faults.md, made from `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from fleetlane.core.document import known_keys, mapping
from fleetlane.core.errors import PackError

KINDS: Mapping[str, str] = {
    "unplug": "the cable is pulled; plugged in again after `for_s`",
    "reboot": "the phone restarts: every app ends, adb comes back after `for_s`",
    "offline": "adb sees the phone as offline for `for_s`",
    "unauthorized": "the phone no longer trusts this computer, for `for_s`",
    "kill_adb_server": "the adb server ends",
    "drop": "every open stream is cut in the middle of its call",
    "hang": "calls get no answer for `for_s`",
    "slow": "every call takes `factor` times 50 ms longer, for `for_s`",
    "kill_ui_server": "the uiautomator server dies",
    "crash": "the app crashes",
    "not_responding": "the system says that the app does not respond",
    "lock": "the screen is locked",
    "update_ids": "the app is updated: all its resource ids are different",
    "upload_fail": "the next upload fails",
    "upload_stuck": "the next upload never ends",
    "log_out": "the account is signed out",
    "security_check": "the app asks for a security check",
    "account_blocked": "the app says that the account is blocked",
    "storage_full": "the phone's storage is full",
    "popup": "the screen named by `popup` comes over the present one",
    "ignore_tap": "the next `count` taps on the node with role `role` are dropped",
    "eat_text": "the next typed text is garbled, as suggestion lists do",
    "uninstall": "the app is removed",
}

_KEYS = {"phone", "when", "do", "for_s", "factor", "popup", "role", "count", "app"}
_WHEN_KEYS = {"screen", "call", "after_s", "times"}


@dataclass(slots=True, eq=False)
class Fault:
    """One fault to come, equal to itself only. It strikes once, when its condition has been met `times` times."""

    kind: str
    phone: str = "*"
    screen: str = ""
    call: str = ""
    after_s: float | None = None
    times: int = 1
    for_s: float | None = None
    factor: float = 10.0
    popup: str = ""
    role: str = ""
    count: int = 1
    app: str = ""

    def concerns(self, serial: str, number: int) -> bool:
        """Return whether it is meant for a phone."""
        return self.phone in ("*", serial, str(number))


def load_faults(path: Path) -> list[Fault]:
    """Return the faults in a YAML file.

    Raises:
        PackError: something in it is wrong; says where.
    """
    return parse_faults(path.read_text(encoding="utf-8"), path.name)


def parse_faults(text: str, place: str) -> list[Fault]:
    """Return the faults described by YAML text (see `load_faults`)."""
    try:
        raw: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PackError(place, f"not YAML: {error}") from error
    if not isinstance(raw, list):
        raise PackError(place, "a fault file is a list of faults")
    items = cast("list[object]", raw)
    return [_fault(item, f"{place}: fault {number}") for number, item in enumerate(items, 1)]


def _fault(value: object, place: str) -> Fault:
    raw = mapping(value, place)
    known_keys(raw, _KEYS, place)
    kind = str(raw.get("do", ""))
    if kind not in KINDS:
        raise PackError(place, f"there is no fault {kind!r}; known: {', '.join(KINDS)}")
    when = mapping(raw.get("when", {"after_s": 0}), f"{place}.when")
    known_keys(when, _WHEN_KEYS, f"{place}.when")
    try:
        return Fault(
            kind=kind,
            phone=str(raw.get("phone", "*")),
            screen=str(when.get("screen", "")),
            call=str(when.get("call", "")),
            after_s=float(when["after_s"]) if "after_s" in when else None,
            times=int(when.get("times", 1)),
            for_s=float(raw["for_s"]) if "for_s" in raw else None,
            factor=float(raw.get("factor", 10.0)),
            popup=str(raw.get("popup", "")),
            role=str(raw.get("role", "")),
            count=int(raw.get("count", 1)),
            app=str(raw.get("app", "")),
        )
    except (TypeError, ValueError) as error:
        raise PackError(place, f"a number is expected: {error}") from error
