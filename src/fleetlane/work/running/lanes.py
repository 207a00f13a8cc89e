"""The lanes as this process knows them. Whatever changes what waits on a lane says so here; the scheduler hears of it.

What is kept is a hint: the rows alone are the truth, and a claim asks them. What nobody said here the scheduler finds
by itself, when it reads all heads now and then. All of it runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from fleetlane.core.lanes import Head, LaneTable


class Lanes:
    """Who is next on each lane, which lanes are at work, and which are taken over by a person."""

    def __init__(self) -> None:
        self.table = LaneTable()
        self._news = asyncio.Event()
        self._when_added: list[Callable[[str], None]] = []
        self._when_told: list[Callable[[str], None]] = []
        self._when_freed: list[Callable[[str], None]] = []
        self._when_notified: list[Callable[[], None]] = []

    def listen(
        self,
        *,
        added: Callable[[str], None] | None = None,
        told: Callable[[str], None] | None = None,
        freed: Callable[[str], None] | None = None,
        notified: Callable[[], None] | None = None,
    ) -> None:
        """Call functions from now on, each on the event loop, before the scheduler looks.

        Args:
            added: with each lane that has got a task.
            told: with each lane whose waiting tasks have changed, also by one that was added.
            freed: with each lane that is not at work any more.
            notified: when a device, a limit or a lease has changed.
        """
        self._when_added += [added] if added else []
        self._when_told += [told] if told else []
        self._when_freed += [freed] if freed else []
        self._when_notified += [notified] if notified else []

    # -- what waits ------------------------------------------------------------------------------------

    def added(self, serial: str, head: Head) -> None:
        """Note a task that has become pending in a lane."""
        self.table.added(serial, head)
        self._tell(self._when_told, serial)
        self._tell(self._when_added, serial)
        self._news.set()

    def changed(self, serial: str) -> None:
        """Note that a pending task of a lane has gone or moved, or that nobody knows what waits there."""
        self.table.changed(serial)
        self._tell(self._when_told, serial)
        self._news.set()

    def notify(self) -> None:
        """Let the scheduler look again: a device, a limit or a lease has changed."""
        self._news.set()
        for notified in self._when_notified:
            notified()

    # -- what is done ----------------------------------------------------------------------------------

    @property
    def busy(self) -> Collection[str]:
        """Return the lanes that are at work."""
        return self.table.busy

    def is_busy(self, serial: str) -> bool:
        """Return whether a lane is at work."""
        return serial in self.table.busy

    def freed(self, serial: str) -> None:
        """Note that a lane is not at work any more."""
        self.table.freed(serial)
        self._tell(self._when_freed, serial)

    def hold(self, serial: str) -> None:
        """Start nothing on a lane until it is released. What runs there, or is being claimed, goes on to its end."""
        self.table.held.add(serial)

    def release(self, serial: str) -> None:
        """Start tasks on a lane again."""
        self.table.held.discard(serial)
        self._news.set()

    def is_held(self, serial: str) -> bool:
        """Return whether a person has taken a lane over."""
        return serial in self.table.held

    def is_in_use(self, serial: str) -> bool:
        """Return whether a task runs on a lane, or a person has it: then it takes nobody's place."""
        return self.is_busy(serial) or self.is_held(serial)

    # -- waiting for news ------------------------------------------------------------------------------

    def seen(self) -> None:
        """Forget the news there are: whoever calls this looks now."""
        self._news.clear()

    async def wait(self, seconds: float) -> None:
        """Wait for news, for so long at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    @staticmethod
    def _tell(listeners: Collection[Callable[[str], None]], serial: str) -> None:
        for listener in listeners:
            listener(serial)
