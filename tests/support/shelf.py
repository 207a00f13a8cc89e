"""A phone that comes by one way after another: nobody knows before it answers that they are one phone."""

from __future__ import annotations

import asyncio

from fleetlane.core.phones import Identity
from fleetlane.work.phones.directory import PhoneDirectory
from support.fakes import FakeTransports
from support.making import Making

CABLE, ADDRESS, NAME = "R58A", "10.0.0.1:5555", "Shelf 3"


class Shelf:
    """One phone, which comes by one way after another."""

    def __init__(self, making: Making) -> None:
        self.transports = FakeTransports()
        self.phones = PhoneDirectory(self.transports, making.store, making.clock, making.lanes)
        self.phones.ask_phone = self._ask

    async def _ask(self, _transport):
        return Identity(CABLE, "pixel", "a")

    async def comes_by(self, serial: str) -> None:
        self.transports.plug(serial, usb=serial == CABLE)
        self.phones.update()
        await asyncio.gather(*self.phones._asking._tasks.values())
        await self.phones.settle()
