"""What is known of a device (a phone): its state as adb sees it, and its facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeviceState(StrEnum):
    """State of a device."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"
    ABSENT = "absent"

    @classmethod
    def from_adb(cls, word: str) -> DeviceState:
        """Return the state for adb's own word ("device", "offline", "unauthorized", "recovery", ...)."""
        match word:
            case "device":
                return cls.ONLINE
            case "unauthorized" | "authorizing":
                return cls.UNAUTHORIZED
            case "absent":
                return cls.ABSENT
            case _:
                return cls.OFFLINE


@dataclass(frozen=True, slots=True)
class Device:
    """A device and its present state. `since_ms` is when it entered that state."""

    serial: str
    state: DeviceState
    since_ms: int

    @property
    def is_ready(self) -> bool:
        """Return whether it can take a task."""
        return self.state is DeviceState.ONLINE


WAITING_SENTENCES: dict[DeviceState | None, str] = {
    None: "device {serial} has never been seen; connect it and allow USB debugging",
    DeviceState.ABSENT: "device {serial} is not connected",
    DeviceState.OFFLINE: "device {serial} is offline; check its cable, or restart it",
    DeviceState.UNAUTHORIZED: "device {serial} has not allowed this computer; accept the dialog on its screen",
}
"""Why a task waits for its device. None: never seen."""
