"""What is known of a device (a phone): its state as adb sees it, and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fleetlane.core.sentence import Sentence


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


NOT_READY: Mapping[DeviceState | None, str] = {
    None: "device %(serial)s has never been seen; connect it and allow USB debugging",
    DeviceState.ABSENT: "device %(serial)s is not connected",
    DeviceState.OFFLINE: "device %(serial)s is offline; check its cable, or restart it",
    DeviceState.UNAUTHORIZED: "device %(serial)s has not allowed this computer; accept the dialog on its screen",
}
"""Why a device cannot take a task. None: it was never seen."""


def why_not_ready(serial: str, device: Device | None) -> Sentence | None:
    """Return why a device cannot take a task, None when it can."""
    if device is not None and device.is_ready:
        return None
    return Sentence(NOT_READY[device.state if device else None], {"serial": serial})
