"""The connection of a simulated phone with a computer: how time passes in its calls, and how it breaks.

Who carries bytes says how: sockets (`simulator.wire.phone_server`) or virtual time (`simulator.virtual.fleet`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.phone import SimPhone


class Connection(ABC):
    """What leads to one phone, with the faults to come."""

    def __init__(self, phone: SimPhone, number: int, *, latency_s: float) -> None:
        self.phone = phone
        self.number = number
        self.latency_s = latency_s
        """Seconds until a call is heard, beside those that its traits say."""
        self.faults: list[Fault] = []
        self.on_kill_adb_server: Callable[[], None] = lambda: None

    @abstractmethod
    async def pass_time(self, seconds: float) -> None:
        """Let time pass inside a call."""

    async def sleep(self, seconds: float, silent_s: float) -> None:
        """Let a command line sleep, after `silent_s` seconds in which it printed nothing."""
        del silent_s
        await self.pass_time(seconds)

    @abstractmethod
    async def answers(self) -> None:
        """Return when calls are answered: not while a fault lets them hang."""

    @abstractmethod
    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something after some seconds, unless the phone is stopped before."""

    @abstractmethod
    def unplug(self, seconds: float | None) -> None:
        """Pull the cable; it is plugged in again after `seconds`, None for never."""

    @abstractmethod
    def fall_silent(self, *, silent: bool) -> None:
        """Answer nothing any more, so that adb calls it offline; or answer again."""

    @abstractmethod
    def trust(self, *, trusted: bool = True) -> None:
        """Accept the computer's key, as a person does on the phone's dialog; or no longer."""

    @abstractmethod
    def hang(self, *, hanging: bool) -> None:
        """Leave calls without an answer; or answer again."""

    @abstractmethod
    def drop_streams(self) -> None:
        """Cut every open stream in the middle of its call."""

    @abstractmethod
    def kill_ui_server(self) -> None:
        """End the uiautomator server."""
