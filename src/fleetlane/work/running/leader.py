"""What one of several servers does for all of them: whoever has the lock. Two at once for a moment do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_ASK_EVERY_S = 1.0

Loops = Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
"""What goes on until it is cancelled, by the names of its tasks."""


@dataclass(slots=True)
class Leading:
    """Whether this process leads, as it was last asked."""

    now: bool = False


class Leader:
    """Runs loops while this process leads.

    Args:
        leads: asks whether it does; blocking.
        loops: what the leader does.
        leading: shows others whether it leads; nobody unless given.
    """

    def __init__(self, leads: Callable[[], bool], loops: Loops, leading: Leading | None = None) -> None:
        self._ask = leads
        self._loops = loops
        self._leading = leading or Leading()

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled. The failure of a loop is raised."""
        while True:
            await self._until(leading=True)
            log.info("leader_begins")
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(loop_of(), name=name) for name, loop_of in self._loops.items()]
                await self._until(leading=False)
                for task in running:
                    task.cancel()
            log.warning("leader_ends")

    async def _until(self, *, leading: bool) -> None:
        while True:
            self._leading.now = await asyncio.to_thread(self._ask)
            if self._leading.now is leading:
                return
            await asyncio.sleep(_ASK_EVERY_S)
