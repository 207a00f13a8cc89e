"""A checkup: what one phone was found to do of what Fleetlane relies on, a row for each thing that was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fleetlane.core.device import Device, why_not_ready
from fleetlane.core.message import Message, verbatim

Measured = Mapping[str, Any]


class Grade(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    """It works, or will, but gets in the way: its sentence says how, and what helps."""
    FAULT = "fault"
    """Tasks will fail of it until somebody does what its sentence says."""
    NOT_TRIED = "not_tried"


def said(template: str, **facts: object) -> Message:
    """Return a sentence; `make messages` collects the templates of these calls."""
    return Message(template, {name: str(fact) for name, fact in facts.items()})


def plain(text: object) -> Message:
    """Return words that are the same in every language, such as "30 s"."""
    return verbatim(str(text))


NOTHING = plain("")
TITLES: Mapping[str, str] = {
    "connection": "Connection",
    "phone": "Phone",
    "started": "Unlocked since its start",
    "users": "Users",
    "screen": "Screen",
    "keyguard": "Lock screen",
    "screen_timeout": "Screen timeout",
    "storage": "Storage",
    "battery": "Battery",
    "clock": "Clock",
    "keyboards": "Keyboards",
    "app": "App",
    "launcher": "Start from the launcher",
    "permissions": "Permissions",
    "input_shell": "Input by the shell",
    "automation": "Automation server",
    "input_automation": "Input by the automation server",
    "dumps": "UI trees",
    "picture": "Picture",
    "clipboard": "Clipboard",
    "clipboard_card": "Card after a copy",
    "emoji": "Texts and emoji",
    "file": "File and gallery",
    "vendor": "Vendor",
    "put_back": "Put back",
}
"""What the checks are called, in the order of a checkup."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was checked.

    Attributes:
        name: a key of `TITLES`.
        grade: how it went.
        value: what was found, with its unit; `NOTHING` for nothing.
        sentence: what it means and what to do.
        measured: the same for programs; units stand in the names (`ms`, `s`, `bytes`, `percent`, `deg_c`).
        about: what of several it is about, such as a package; "" where there is one only.
    """

    name: str
    grade: Grade
    value: Message
    sentence: Message
    measured: Measured = field(default_factory=dict[str, Any])
    about: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a checkup found. `at_ms` is when it began, `took_s` how long it took."""

    serial: str
    at_ms: int
    took_s: float
    rows: Sequence[Row]

    @property
    def has_fault(self) -> bool:
        """Return whether tasks will fail as things are."""
        return any(row.grade is Grade.FAULT for row in self.rows)


def connection(serial: str, device: Device | None) -> Row:
    """Return the row about the way to a phone."""
    reason = why_not_ready(serial, device)
    state = device.state.value if device is not None else "unknown"
    grade = Grade.FAULT if reason else Grade.OK
    return Row("connection", grade, plain(state), reason or said("adb reaches the phone."), {"state": state})


def as_document(checkup: Checkup) -> dict[str, Any]:
    """Return a checkup as it is sent to programs, its sentences in English."""
    return {
        "serial": checkup.serial,
        "ok": not checkup.has_fault,
        "took_s": round(checkup.took_s, 1),
        "rows": [
            {
                "name": row.name,
                "about": row.about,
                "grade": row.grade.value,
                "value": str(row.value),
                "sentence": str(row.sentence),
                "measured": dict(row.measured),
            }
            for row in checkup.rows
        ],
    }
