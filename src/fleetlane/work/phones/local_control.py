"""Acts on the phones of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from fleetlane.core.checkup import Row
from fleetlane.core.errors import ActRefusedError
from fleetlane.core.ports.execution import Act, DeviceCalls
from fleetlane.core.ports.phone import Devices, Driver
from fleetlane.work.phones.acts import CheckUp, DriverAct, Report

_T = TypeVar("_T")


class LocalControl:
    """Carries acts out (`core.ports.execution.DeviceControl`), on the phones' own threads.

    Args:
        calls: the way to the phones.
        devices: says what they are.
        check: makes a checkup, on the phone's thread.
    """

    def __init__(self, calls: DeviceCalls, devices: Devices, check: Callable[[Driver], Sequence[Row]]) -> None:
        self._calls = calls
        self._devices = devices
        self._check = check

    async def do(self, serial: str, act: Act[_T], *, preemptible: bool) -> _T:
        """Do something on a phone (see the port)."""
        return cast(_T, await self._done(serial, act, preemptible=preemptible))

    async def _done(self, serial: str, act: Act[Any], *, preemptible: bool) -> object:
        match act:
            case DriverAct():
                return await self._calls.call(serial, act.do, preemptible=preemptible)
            case CheckUp():
                return await self._calls.call(serial, self._check, preemptible=preemptible)
            case Report(packages=packages):
                return await asyncio.to_thread(self._devices.report, serial, packages)
            case _:
                raise ActRefusedError(f"This version of Fleetlane cannot do {act.kind!r} on a phone.", serial=serial)
