"""What adb lists: transports from the text of `track-devices`, long or short."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fleetlane.core.device import DeviceState

# Serials found by mDNS may hold blanks, and "no permissions" does: the word for the state is what both are told by.
_STATES = "device|offline|detached|unauthorized|authorizing|connecting|recovery|sideload|bootloader|rescue|host"
_LONG = re.compile(rf"(?P<serial>\S.*?)\s+(?P<words>{_STATES}|no permissions.*?|\S+)(?P<rest>(?:\s+[\w.-]+:\S*)*)\s*")
_FACT = re.compile(r"([\w.-]+):(\S*)")
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
    match = _LONG.fullmatch(line)
    if match is None:
        return None
    rest: dict[str, str] = dict(_FACT.findall(match["rest"]))
    number = rest.get("transport_id", "")
    return Listed(match["serial"], match["words"], int(number) if number.isdigit() else None, "usb" in rest)
