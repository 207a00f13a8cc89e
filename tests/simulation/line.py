"""The line from one process to the store that all share: it can be cut, and lose answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum, auto
from typing import TypeVar

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.errors import StoreBusyError
from fleetlane.core.ports.store import Repositories

T = TypeVar("T")


class State(Enum):
    """State of a line."""

    WHOLE = auto()
    CUT = auto()
    FLAKY = auto()
    """Half of the questions do not arrive, or their answers do not."""


class Direct:
    """A store (`core.ports.store.Store`) that answers at once: nothing else happens meanwhile."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Change something."""
        return self.submit(work).result()

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Ask for something."""
        return await self._store.read(work)

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Change something; it is done when this returns."""
        done = self._store.submit(work)
        done.exception()  # waits for the writer's thread
        return done


class Wire:
    """What the process has for a line to the store.

    Args:
        draw: says what becomes of questions.
        awake: set while the process runs.
    """

    def __init__(self, draw: random.Random, awake: asyncio.Event) -> None:
        self.state = State.WHOLE
        self.draw = draw
        self.awake = awake


class Line(Direct):
    """The store as one part of a process sees it, by the wire of the process.

    Between a question and its answer other processes go on, as long as the seed says; the unit of work itself is done
    in the real store at one moment.

    Attributes:
        loses_next_answer: the next unit of work is done, and its caller is told that it is not.
    """

    def __init__(self, store: SqliteStore, wire: Wire) -> None:
        super().__init__(store)
        self.loses_next_answer = False
        self._wire = wire

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Ask the store to change something."""
        await self._others_go_on()
        done = self.submit(work)
        await self._others_go_on()
        return done.result()

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Ask the store for something."""
        await self._others_go_on()
        if self._is_refused():
            raise StoreBusyError("The line is cut.")
        found = await super().read(work)
        await self._others_go_on()
        return found

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Ask the store to change something, from the thread of a phone."""
        failed: Future[T] = Future()
        failed.set_exception(StoreBusyError("The line is cut."))
        if self._is_refused():
            return failed
        done = super().submit(work)
        if self.loses_next_answer or (self._wire.state is State.FLAKY and self._wire.draw.random() < 0.3):
            self.loses_next_answer = False
            return failed
        return done

    def _is_refused(self) -> bool:
        return self._wire.state is State.CUT or (self._wire.state is State.FLAKY and self._wire.draw.random() < 0.3)

    async def _others_go_on(self) -> None:
        for _ in range(self._wire.draw.choice((0, 0, 0, 1, 3))):
            await asyncio.sleep(0)
        await self._wire.awake.wait()
