"""Asks a phone who it is: one shell call, once for each connection.

`settings` starts a Java machine on the phone, which takes a second there: all else is asked in the same line.
"""

# adbutils carries few types; what it returns is typed here, at the border.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import re

from fleetlane.adapters.android.transport import LaneDevice, QuickClient, Wire, translated
from fleetlane.core.device import Transport
from fleetlane.core.errors import CallLostError, DeviceGoneError
from fleetlane.core.phones import Identity

ASK_TIMEOUT_S = 10.0
_PRODUCT = ("brand", "manufacturer", "model", "name", "device")
_END = "that is all"
_LINE = "; ".join(
    [
        "getprop ro.serialno",
        "getprop sys.boot_completed",
        *(f"getprop ro.product.{name}" for name in _PRODUCT),
        "settings get --user 0 secure android_id",
        f"echo {_END}",
    ]
)
_ANDROID_ID = re.compile(r"[0-9a-f]{1,16}", re.IGNORECASE)


def ask(client: QuickClient, transport: Transport, timeout_s: float = ASK_TIMEOUT_S) -> Identity:
    """Return what the phone behind a transport is.

    Raises:
        DeviceError: it does not answer, or has not started yet.
    """
    wire = Wire(client)
    device = LaneDevice(client, transport.serial, wire, lambda _check: transport)
    with translated(wire, transport.serial):
        answer = str(device.shell(_LINE, timeout=timeout_s))
    return identity_of(answer, transport.serial)


def identity_of(answer: str, serial: str) -> Identity:
    """Return the identity that an answer tells.

    Raises:
        DeviceError: the answer is not whole, or the phone has not started yet.
    """
    lines = [line.strip() for line in answer.splitlines()]
    if len(lines) < len(_PRODUCT) + 3 or lines[-1] != _END:
        raise CallLostError(f"The answer of {serial} was cut off.", serial=serial)
    number, started = lines[:2]
    if started != "1":
        raise DeviceGoneError(f"{serial} is starting.", serial=serial)
    product = "/".join(lines[2 : 2 + len(_PRODUCT)])
    drawn = lines[-2].lower()
    android_id = drawn if _ANDROID_ID.fullmatch(drawn) else ""
    if not number and not android_id:
        android_id = f"at {serial}"  # it says nothing of itself: nothing else tells it from others of its kind
    return Identity(number, product, android_id)
