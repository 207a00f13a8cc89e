"""The events of the last while, in memory, and those who follow them.

One ring for everybody: a follower is only a place in it, so one that reads slowly costs nothing. When the
ring has gone past its place, it is told to load everything again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from fleetlane.core.errors import ServerBusyError
from fleetlane.core.event import Change, Event, EventFilter
from fleetlane.core.ports.clock import Clock

_KEPT = 4096
_MOST_AT_ONCE = 256
_MOST_FOLLOWERS = 1000
"""Each is woken by every event."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What a follower gets. `place` is where to go on from after a break.

    No events and no `missed` means that nothing happened for a heartbeat.
    """

    place: str
    events: Sequence[Event] = ()
    missed: bool = False
    """Events were lost to this follower: what it knows is no longer true."""


class EventBroker:
    """Takes changes from any thread, and lets the event loop's code follow them.

    Args:
        clock: the time.
        keep: how many events are kept.
    """

    def __init__(self, clock: Clock, keep: int = _KEPT) -> None:
        self._clock = clock
        self._ring: deque[Event] = deque(maxlen=keep)
        self._epoch = secrets.token_hex(4)
        """Places of another start of the server are not ours."""
        self._last = 0
        self._more = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._followers = 0

    def open(self) -> None:
        """Begin to take changes, on the running loop. Those told before are dropped: nobody can follow yet."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Let every follower end."""
        self._closed = True
        self._more.set()

    def tell(self, changes: Sequence[Change]) -> None:
        """Note what has changed, from any thread. Never waits and never fails: events are hints."""
        loop = self._loop
        if changes and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._add, changes)

    def miss(self) -> None:
        """Note that something has happened that nobody can tell, from any thread: all followers begin anew."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._miss)

    def _miss(self) -> None:
        self._ring.clear()
        self._last += 1
        self._wake()

    def _add(self, changes: Sequence[Change]) -> None:
        at_ms = self._clock.now_ms()
        for number, change in enumerate(changes, self._last + 1):
            self._ring.append(Event(number, at_ms, change))
        self._last += len(changes)
        self._wake()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    def must_have_room(self) -> None:
        """Refuse a follower when there are too many.

        Raises:
            ServerBusyError: there are.
        """
        if self._followers >= _MOST_FOLLOWERS:
            raise ServerBusyError(f"{_MOST_FOLLOWERS} callers follow events already. Close some of them first.")

    async def follow(
        self, after: str | None, wanted: EventFilter, heartbeat_s: float, for_s: float | None = None
    ) -> AsyncGenerator[EventBatch]:
        """Yield what happens, at least one piece of news each heartbeat.

        Args:
            after: the place to go on from; None for now.
            wanted: which events.
            heartbeat_s: the longest silence.
            for_s: how long to wait for more; None for ever.
        """
        self._followers += 1
        try:
            async for news in self._follow(after, wanted, heartbeat_s, for_s):
                yield news
        finally:
            self._followers -= 1

    async def _follow(
        self, after: str | None, wanted: EventFilter, heartbeat_s: float, for_s: float | None
    ) -> AsyncGenerator[EventBatch]:
        loop = asyncio.get_running_loop()
        until = None if for_s is None else loop.time() + for_s
        place = self._last if after is None else self._number(after)
        yield EventBatch(self._place(self._last if place is None else place), missed=place is None)
        place = self._last if place is None else place
        while True:
            more = self._more
            events, missed, place = self._since(place, wanted)
            if events or missed:
                yield EventBatch(self._place(place), events, missed=missed)
            if self._closed:
                return
            if place < self._last:
                continue
            left_s = heartbeat_s if until is None else min(heartbeat_s, until - loop.time())
            if left_s <= 0:
                return
            try:
                async with asyncio.timeout(left_s):
                    await more.wait()
            except TimeoutError:
                yield EventBatch(self._place(place))

    def _since(self, place: int, wanted: EventFilter) -> tuple[list[Event], bool, int]:
        """Return the next events after a place, whether some are lost, and the place after them."""
        oldest = self._last - len(self._ring)
        if place < oldest:
            return [], True, self._last
        start = place - oldest
        part = [self._ring[i] for i in range(start, min(start + _MOST_AT_ONCE, len(self._ring)))]
        return [event for event in part if wanted.fits(event.change)], False, place + len(part)

    @property
    def place(self) -> str:
        """Return the place after all that was told so far."""
        return self._place(self._last)

    def place_of(self, event: Event) -> str:
        """Return the place after an event."""
        return self._place(event.number)

    def _place(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def _number(self, place: str) -> int | None:
        """Return the number in a place; None when it is not one of this server's."""
        epoch, _, number = place.partition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return int(number) if int(number) <= self._last else None
