"""What every simulation has: phones, a store, what people want of its tasks, and the rules."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.execution import Ended
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import NewTask, Status, Task
from fleetlane.work.preflight.repeats import RepeatWindow, repeats_of
from fleetlane.work.tasks.changes import Changes, Undoable
from simulation.phones import Handset
from simulation.rules import Rules

ADDRESSES = ("10.0.0.1:5555", "10.0.0.2:5555")
CONTENTS = (None, None, None, f"{'c' * 40}.tiktok", f"{'d' * 40}.tiktok")


class History:
    """A drawn history. `path` is a migrated store of its own; `phones` are the serials of the phones' cables."""

    changes: Changes
    """By which people change tasks."""

    def __init__(self, path: Path, seed: int, phones: tuple[str, ...]) -> None:
        self.draw = random.Random(seed)
        self._sqlite = SqliteStore(path)
        self._sqlite.start()
        self.store: Store = self._sqlite
        self.rules = Rules(path)
        self.created, self.deleted, self.may_be_out = self.rules.created, self.rules.deleted, self.rules.may_be_out
        self.handsets = {serial: Handset(serial) for serial in phones}
        self.happened: Counter[str] = Counter()
        self.late: list[Ended] = []
        """What lives that are over would still tell."""
        self.stopped: set[int] = set()
        """Tasks that a person has stopped, and nobody has wanted again since."""
        self.undoable: list[Undoable] = []
        self.meant: dict[int, str] = {}
        """For which phone each task was made."""

    def close(self) -> None:
        """Close the store."""
        self.rules.close()
        self._sqlite.close()

    # -- events ----------------------------------------------------------------------------------------

    async def on_late_result(self) -> None:
        """A result of an attempt that is no longer the one that runs: it must be refused."""
        if not self.late:
            return
        event = self.draw.choice(self.late)
        before = await self._task(event.task.id)
        if before is not None and before.status is Status.RUNNING and before.attempt == event.task.attempt:
            return
        await self.store.write(lambda r: r.tasks.finish(event.task.id, event.task.attempt, event.outcome, 1))
        assert await self._task(event.task.id) == before, "an old attempt's result was taken"

    async def on_person_takes_the_phone(self) -> None:
        self.handsets[self.draw.choice([*self.handsets])].restart_app()

    async def on_settle(self) -> None:
        self._settle()

    # -- shorthand -------------------------------------------------------------------------------------

    @staticmethod
    def _take_in(repositories: Repositories, new: NewTask, named: str) -> tuple[str, Sequence[int]]:
        """Store a task for a phone, by whatever it is called, unless it would repeat a post. Returns lane and id."""
        lane = repositories.devices.lane(named)
        task = replace(new, serial=lane)
        repeats = repeats_of(repositories, [task], new.created_ms, RepeatWindow())
        if any(repeat.is_refused for repeat in repeats):
            return lane, ()
        return lane, repositories.tasks.add([task])

    def _any(self) -> int:
        return self.draw.choice(sorted(self.created) or [1])

    def _settle(self) -> None:
        for handset in self.handsets.values():
            handset.settle()

    def _out(self) -> Counter[int]:
        return sum((handset.ledger for handset in self.handsets.values()), Counter())

    async def _task(self, task_id: int) -> Task | None:
        return await self.store.read(lambda r: r.tasks.get(task_id))

    async def _tasks(self) -> list[Task]:
        return await self.store.read(lambda r: r.tasks.find(TaskFilter(), 0, 10_000))

    async def _resolve(self, task_id: int) -> None:
        """A person looks at the profile, when nothing is on its way to it, and says what is there."""
        self._settle()
        await self.changes.resolve(task_id, published=self._out()[task_id] >= self.may_be_out[task_id])

    # -- the end ---------------------------------------------------------------------------------------

    async def _judge(self) -> None:
        """What the ended tasks say of their posts must be true."""
        self._settle()
        out = self._out()
        for task in await self._tasks():
            if task.outcome == PublishState.UNKNOWN:
                await self._resolve(task.id)
        for task in await self._tasks():
            if self.may_be_out[task.id] == 1:
                expected = {"published": 1, "not_published": 0}[str(task.outcome)]
                assert out[task.id] == expected, f"task {task.id} says {task.outcome}, {out[task.id]} posts are out"
        self.rules.end()
