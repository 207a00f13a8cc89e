"""The computer's clock, and one that several share (`core.ports.clock.Clock`).

Python's monotonic time stands still on Linux while the computer sleeps; phones and other servers do not wait for it.
Source: clock_gettime(2), CLOCK_BOOTTIME.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock

log = structlog.get_logger(__name__)

_SET_EVERY_S = 60.0
_TOLD_FROM_MS = 60_000
"""How wrong a computer's own clock must be to be told of."""
_BOOT_TIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Gives the real time."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        return time.monotonic() if _BOOT_TIME is None else time.clock_gettime(_BOOT_TIME)


class SharedClock:
    """The time of the database that several computers work on: what is due is so for all of them at the same instant.

    A computer whose own clock is an hour behind would start tasks an hour late, and one whose clock is ahead would post
    early. Until it is `set` it is the computer's own.

    Args:
        own: the computer's clock, whose monotonic side carries this one on.
        ask: returns the milliseconds since the epoch, there; blocking.
    """

    def __init__(self, own: Clock, ask: Callable[[], int]) -> None:
        self._own = own
        self._ask = ask
        self._set_to: tuple[int, float] | None = None
        """What it was set to, and at which monotonic time."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC, as the database has it."""
        if self._set_to is None:
            return self._own.now_ms()
        at_ms, since_s = self._set_to
        return at_ms + round((self._own.monotonic_s() - since_s) * 1000)

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        return self._own.monotonic_s()

    def set(self) -> None:
        """Ask for the time. Blocking.

        Raises:
            StoreError: nobody answers; it goes on as it did.
        """
        began_s = self._own.monotonic_s()
        at_ms = self._ask()
        self._set_to = at_ms, (began_s + self._own.monotonic_s()) / 2

    async def run(self) -> None:
        """Set it again and again until cancelled: clocks drift, and another database may take over."""
        if abs(off_ms := self._own.now_ms() - self.now_ms()) >= _TOLD_FROM_MS:
            log.warning("clock_is_wrong", ahead_s=round(off_ms / 1000), help="Set the clock of this computer.")
        while True:
            await asyncio.sleep(_SET_EVERY_S)
            try:
                await asyncio.to_thread(self.set)
            except StoreError as error:
                log.debug("clock_not_set", error=str(error))
