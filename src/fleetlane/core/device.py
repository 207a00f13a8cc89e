"""What is known of a device (a phone): its state as adb sees it, and the ways by which adb reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fleetlane.core.message import Message


class DeviceState(StrEnum):
    """State of a device. Those in the first part are adb's own; in the others adb reaches it, or did."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"
    AUTHORIZING = "authorizing"
    CONNECTING = "connecting"
    NO_PERMISSIONS = "no_permissions"
    RECOVERY = "recovery"
    SIDELOAD = "sideload"
    BOOTLOADER = "bootloader"
    RESCUE = "rescue"
    HOST = "host"
    UNKNOWN = "unknown"
    """adb calls it by a word that is not known here."""

    ABSENT = "absent"
    ASKING = "asking"
    """It is connected, and has not said yet which phone it is."""
    SHARED_SERIAL = "shared_serial"
    """Two phones have this serial, and nothing says which one is meant."""
    OTHER_PHONE = "other_phone"
    """Another phone answers where it was known."""
    RESET = "reset"
    """A phone answers with its serial number and another ANDROID_ID: it was reset, or this is a clone."""
    HOST_AWAY = "host_away"
    """It was seen last at a host that does not work any more."""
    FORMER_NAME = "former_name"
    """No device any more: a phone is known by another serial now."""

    @classmethod
    def from_adb(cls, words: str) -> DeviceState:
        """Return the state for adb's own words ("device", "offline", "no permissions (...)", "recovery", ...)."""
        if words.startswith("no permissions"):
            return cls.NO_PERMISSIONS
        return _OF_ADB.get(words, cls.UNKNOWN)


_OF_ADB: Mapping[str, DeviceState] = {
    "device": DeviceState.ONLINE,
    "offline": DeviceState.OFFLINE,
    "detached": DeviceState.OFFLINE,
    "unauthorized": DeviceState.UNAUTHORIZED,
    "authorizing": DeviceState.AUTHORIZING,
    "connecting": DeviceState.CONNECTING,
    "recovery": DeviceState.RECOVERY,
    "sideload": DeviceState.SIDELOAD,
    "bootloader": DeviceState.BOOTLOADER,
    "rescue": DeviceState.RESCUE,
    "host": DeviceState.HOST,
}


OTHERS_IN_ITS_PLACE = (DeviceState.OTHER_PHONE, DeviceState.RESET, DeviceState.SHARED_SERIAL)
"""States in which not the device itself is seen, but others are where it was known."""


@dataclass(frozen=True, slots=True)
class Transport:
    """One way by which adb reaches, or reached, a phone.

    Attributes:
        serial: what adb lists.
        state: as adb sees it; ABSENT when it is not listed any more.
        since_ms: when it came into that state.
        id: adb's transport id; None where adb does not give any.
        words: adb's own words for the state.
        usb: whether it is a cable.
        connection: grows with each connection: a phone that comes back has another number, and may be another phone.
    """

    serial: str
    state: DeviceState
    since_ms: int
    id: int | None = None
    words: str = ""
    usb: bool = False
    connection: int = 0

    @property
    def is_ready(self) -> bool:
        """Return whether adb can run commands by it."""
        return self.state is DeviceState.ONLINE

    @property
    def key(self) -> tuple[str, int | None]:
        """Return what names it among all of one adb server."""
        return self.serial, self.id


@dataclass(frozen=True, slots=True)
class Device:
    """A device and its present state.

    Attributes:
        serial: its lane: what clients know it by.
        state: its state.
        since_ms: when it entered that state.
        facts: what fills the sentence of its state, beside the serial.
    """

    serial: str
    state: DeviceState
    since_ms: int
    facts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_ready(self) -> bool:
        """Return whether it can take a task."""
        return self.state is DeviceState.ONLINE


NOT_READY: Mapping[DeviceState | None, str] = {
    None: "device %(serial)s has never been seen; connect it and allow USB debugging",
    DeviceState.ABSENT: "device %(serial)s is not connected",
    DeviceState.OFFLINE: "device %(serial)s is offline; check its cable, or restart it",
    DeviceState.UNAUTHORIZED: "device %(serial)s has not allowed this computer; accept the dialog on its screen",
    DeviceState.AUTHORIZING: "device %(serial)s is asked whether it allows this computer; accept the dialog on its "
    "screen if one is there",
    DeviceState.CONNECTING: "device %(serial)s is being connected; if that does not end, plug it in again",
    DeviceState.NO_PERMISSIONS: "device %(serial)s may not be opened by this user; install the udev rules (on Debian "
    "and Ubuntu: apt install android-sdk-platform-tools-common), plug it in again, and restart the adb server",
    DeviceState.RECOVERY: "device %(serial)s is in recovery mode; choose “Reboot system now” on its screen",
    DeviceState.SIDELOAD: "device %(serial)s waits for an update in sideload mode; cancel that on its screen, and "
    "choose “Reboot system now”",
    DeviceState.BOOTLOADER: "device %(serial)s is in its bootloader; choose “Start” on its screen",
    DeviceState.RESCUE: "device %(serial)s is in rescue mode; choose “Reboot system now” on its screen",
    DeviceState.HOST: "device %(serial)s is itself the host of an adb; set its USB to file transfer, and plug it in "
    "again",
    DeviceState.UNKNOWN: "device %(serial)s is in a state that only adb knows (“%(words)s”); restart it",
    DeviceState.ASKING: "device %(serial)s is connected and is being asked which phone it is",
    DeviceState.SHARED_SERIAL: "two phones have the serial %(serial)s, and nothing says which one is meant; use the "
    "serial that the list of phones shows for one of them, or unplug the other",
    DeviceState.OTHER_PHONE: "another phone answers at %(at)s, where device %(serial)s was; say on the page of the "
    "phone which one is meant (adopt)",
    DeviceState.RESET: "another phone answers at %(at)s, or device %(serial)s was reset: it has the same serial number "
    "and another ANDROID_ID; say on the page of the phone which one is meant (adopt)",
    DeviceState.HOST_AWAY: "device %(serial)s is at the host %(host)s, which does not answer; start that host again, "
    "or plug the phone in elsewhere",
    DeviceState.FORMER_NAME: "device %(serial)s is known as %(now)s now; whether its former post went out can only be "
    "told by a person",
}
"""Why a device cannot take a task. None: it was never seen."""


def why_not_ready(serial: str, device: Device | None) -> Message | None:
    """Return why a device cannot take a task, None when it can."""
    if device is not None and device.is_ready:
        return None
    if device is None:
        return Message(NOT_READY[None], {"serial": serial})
    return Message(NOT_READY[device.state], {**device.facts, "serial": serial})
