"""Faults: what goes wrong on simulated phones, when, and for how long. Read from YAML.

    - phone: 1                  # its number from 1, its serial, or "*" (the default)
      when: {screen: editor}    # or {call: "sync:SEND"}, {after_s: 3}; {times: N} skips the first N-1
      do: unplug
      for_s: 5

The kinds are listed in docs/reference/faults.md, made from `KINDS`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetlane.core.document import known_keys, mapping, text_of
from fleetlane.core.errors import PackError
from fleetlane.simulator.likeness.reader import trait_value
from fleetlane.simulator.likeness.traits import NAMES
from fleetlane.simulator.models.compiled_model import AppModel
from fleetlane.simulator.yaml_files import parse_yaml_list

KINDS: Mapping[str, str] = {
    "unplug": "the cable is pulled; plugged in again after `for_s`",
    "reboot": "the phone restarts: every app ends, adb is back after `for_s`, Android has started 1 s later",
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
    "trait": "the phone's trait named by `trait` has `value`, for `for_s` (see docs/reference/simulated-phones.md)",
}

SYSTEM_POPUPS = {
    "app_crashed", "not_responding", "lock_screen", "perm_media", "perm_camera", "perm_audio", "perm_notifications",
}  # fmt: skip
_BELONGS_TO = {"popup": "popup", "role": "ignore_tap", "trait": "trait"}
_KEYS = {"phone", "when", "do", "for_s", "factor", "popup", "role", "count", "app", "trait", "value"}
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
    trait: str = ""
    value: object = None
    """What the trait becomes, as `simulator.likeness.traits.Traits` holds it."""

    def is_given_again(self, other: Fault) -> bool:
        """Return whether another fault is the same one, at the same moment, on a phone that both mean."""
        mine, others = (
            (f.kind, f.screen, f.call, f.after_s, f.times, f.popup, f.role, f.app, f.trait) for f in (self, other)
        )
        return mine == others and (self.phone == other.phone or "*" in (self.phone, other.phone))

    def concerns(self, serial: str, number: int) -> bool:
        """Return whether it is meant for a phone."""
        return self.phone in ("*", serial, str(number))


def load_faults(path: Path, apps: Sequence[AppModel]) -> list[Fault]:
    """Return the faults in a YAML file.

    Args:
        path: the file.
        apps: the apps of the phones: screens, popups and roles must be theirs.

    Raises:
        PackError: the file cannot be read, or something in it is wrong; says where.
    """
    return parse_faults(text_of(path), path.name, apps)


def parse_faults(text: str, place: str, apps: Sequence[AppModel]) -> list[Fault]:
    """Return the faults described by YAML text (see `load_faults`)."""
    items = parse_yaml_list(text, place, "faults")
    faults = [_Reader(f"{place}: fault {number}", apps).fault(item) for number, item in enumerate(items, 1)]
    for number, fault in enumerate(faults, 1):
        for earlier, other in enumerate(faults[: number - 1], 1):
            if fault.is_given_again(other):
                raise PackError(
                    f"{place}: fault {number}",
                    f"the same as fault {earlier}, for the same phone and moment; to let it strike again later, "
                    "give the second one `times` in its `when`",
                )
    return faults


class _Reader:
    """Reads one fault."""

    def __init__(self, place: str, apps: Sequence[AppModel]) -> None:
        self.place = place
        self.apps = {model.app: model for model in apps}

    def fault(self, value: object) -> Fault:
        raw = mapping(value, self.place)
        known_keys(raw, _KEYS, self.place)
        kind = self._one_of("fault", str(raw.get("do", "")), KINDS)
        when = mapping(raw.get("when", {"after_s": 0}), f"{self.place}.when")
        known_keys(when, _WHEN_KEYS, f"{self.place}.when")
        if len(when.keys() & {"screen", "call", "after_s"}) != 1:
            raise PackError(f"{self.place}.when", "names one moment: a `screen`, a `call` or `after_s`")
        app = self._one_of("app", str(raw.get("app", "")), self.apps, optional=True)
        models = [self.apps[app]] if app else list(self.apps.values())
        return Fault(
            kind=kind,
            phone=str(raw.get("phone", "*")),
            screen=self._one_of("screen", str(when.get("screen", "")), _screens(models), optional=True),
            call=str(when.get("call", "")),
            after_s=self._number(when, "after_s", None),
            times=int(self._number(when, "times", 1) or 1),
            for_s=self._number(raw, "for_s", None),
            factor=self._number(raw, "factor", 10.0) or 0.0,
            popup=self._for(raw, kind, "popup", popups(models)),
            role=self._for(raw, kind, "role", _roles(models)),
            count=int(self._number(raw, "count", 1) or 1),
            app=app,
            trait=self._for(raw, kind, "trait", NAMES),
            value=self._trait_value(raw, kind),
        )

    def _trait_value(self, raw: Mapping[str, Any], kind: str) -> object:
        if kind == "trait":
            return trait_value(str(raw.get("trait")), raw.get("value"), self.place)
        if "value" in raw:
            raise PackError(self.place, "`value` belongs to `do: trait`")
        return None

    def _for(self, raw: Mapping[str, Any], kind: str, key: str, known: Collection[str]) -> str:
        if _BELONGS_TO[key] == kind:
            return self._one_of(key, str(raw.get(key, "")), known)
        if key in raw:
            raise PackError(self.place, f"`{key}` belongs to `do: {_BELONGS_TO[key]}`")
        return ""

    def _one_of(self, what: str, name: str, known: Collection[str], *, optional: bool = False) -> str:
        if name not in known and not (optional and not name):
            raise PackError(self.place, f"there is no {what} {name!r}; known: {', '.join(sorted(known))}")
        return name

    def _number(self, raw: Mapping[str, Any], key: str, default: float | None) -> float | None:
        value = raw.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise PackError(self.place, f"`{key}` is a number from 0 on, not {value!r}")
        return float(value)


def popups(models: Sequence[AppModel]) -> set[str]:
    """Return the names of what can come over an app's screen: its dialogs, pages without a way back, the system's."""
    own = {name for model in models for name, spec in model.screens.items() if spec.dialog or not spec.back}
    return own | SYSTEM_POPUPS


def _screens(models: Sequence[AppModel]) -> set[str]:
    return {name for model in models for name in model.screens}


def _roles(models: Sequence[AppModel]) -> set[str]:
    roots = [node for model in models for spec in model.screens.values() for node in spec.nodes]
    return {node.id_role for root in roots for node in root.walk() if node.id_role and node.tap}
