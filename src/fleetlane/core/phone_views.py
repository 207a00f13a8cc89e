"""What a device is seen as, of the transports that lead to its phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleetlane.core.device import Device, DeviceState, Transport
from fleetlane.core.phones import Question, View

_TELLING = (
    DeviceState.ASKING,
    DeviceState.NO_PERMISSIONS,
    DeviceState.UNAUTHORIZED,
    DeviceState.AUTHORIZING,
    DeviceState.RECOVERY,
    DeviceState.SIDELOAD,
    DeviceState.BOOTLOADER,
    DeviceState.RESCUE,
    DeviceState.HOST,
    DeviceState.UNKNOWN,
    DeviceState.CONNECTING,
    DeviceState.OFFLINE,
)
"""Of several transports that cannot be used, the state that is told is the first of these."""


def are_two(usable: Sequence[Transport]) -> bool:
    """Return whether transports that say the same cannot lead to one phone: one has one cable, and a serial once."""
    serials = [t.serial for t in usable]
    return len(set(serials)) < len(serials) or sum(t.usb for t in usable) > 1


def best_of(usable: Sequence[Transport], former: Transport | None) -> Transport:
    """Return the transport to use: a cable before the network, then the one in use."""
    in_use = former.connection if former else None
    return min(usable, key=lambda t: (not t.usb, t.connection != in_use, t.connection))


def questioned(questions: Sequence[Question]) -> tuple[DeviceState, Mapping[str, str]]:
    """Return the state of a phone that is not there while others answer in its place, and its facts."""
    if len(questions) > 1:
        return DeviceState.SHARED_SERIAL, {}
    [question] = questions
    state = DeviceState.RESET if question.is_reset else DeviceState.OTHER_PHONE
    return state, {"at": question.at, "present": question.present}


def told_of(transports: Sequence[Transport]) -> tuple[DeviceState, Mapping[str, str]]:
    """Return the state that tells most of transports none of which can be used."""
    words = {(DeviceState.ASKING if t.is_ready else t.state): t.words for t in transports}
    for state in _TELLING:
        if state in words:
            return state, {"words": words[state]} if state is DeviceState.UNKNOWN else {}
    return DeviceState.ABSENT, {}


def in_state(lane: str, state: DeviceState, facts: Mapping[str, str], before: View | None, now_ms: int) -> Device:
    """Return a device in a state, which lasts since it came into it."""
    if before is not None and before.device.state is state:
        return Device(lane, state, before.device.since_ms, facts)
    return Device(lane, state, now_ms, facts)
