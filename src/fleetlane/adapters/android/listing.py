"""What adb lists: transports from the text of `track-devices`, long or short."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fleetlane.core.device import DeviceState

# Serials found by mDNS may hold blanks, and "no permissions" does: both end where the facts begin.
_WORD = re.compile(r"\S+")
_FACT = re.compile(r"([\w.-]+):(\S*)")
_NO_PERMISSIONS = "no permissions"
_NO_SERIAL = "(no serial number)"


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the listing."""

    serial: str
    words: str
    id: int | None = None
    usb: bool = False

    @property
    def state(self) -> DeviceState:
        """Return the state that adb's words mean."""
        return DeviceState.from_adb(self.words)


def listed(text: str) -> list[Listed]:
    """Return the transports of a listing. A line that is none is left out."""
    found = (_short(line) if "\t" in line else _long(line) for line in text.splitlines())
    return [one for one in found if one is not None and one.serial != _NO_SERIAL]


def _short(line: str) -> Listed:
    serial, _, words = line.partition("\t")
    return Listed(serial.strip(), words.strip())


def _long(line: str) -> Listed | None:
    words = list(_WORD.finditer(line))
    if len(words) < 2 or words[0].start():
        return None
    facts: dict[str, str] = {}
    while len(words) > 2 and (fact := _FACT.fullmatch(words[-1][0])):
        facts[fact[1]] = fact[2]
        words.pop()
    state = next((n for n, word in enumerate(words) if n and line.startswith(_NO_PERMISSIONS, word.start())), -1)
    serial, told = line[: words[state - 1].end()], line[words[state].start() : words[-1].end()]
    return Listed(serial, told, _id(facts.get("transport_id", "")), "usb" in facts)


def _id(number: str) -> int | None:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None
