"""What the processes of a fleet do by themselves, and what people have them do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.store import Repositories
from fleetlane.core.task import LatePolicy, NewTask, Source, Status
from fleetlane.work.running.other_workers import DEVICE_LIMIT
from simulation.computer import Computer
from simulation.fleet_ground import PHONES, FleetGround
from simulation.history import ADDRESSES, CONTENTS
from simulation.life import Life

_LATE_AFTER_MS = 600_000


class FleetWork(FleetGround):
    """The events of a fleet in which nothing goes wrong."""

    # -- events: what goes on --------------------------------------------------------------------------------

    async def on_step(self) -> None:
        """A step of an attempt, on the thread of its phone."""
        going = [(life, attempt) for life in self._awake() for attempt in life.executor.attempts.values()]
        if not going:
            return await self.on_tick()
        life, attempt = self.draw.choice(going)
        await self._pass(self.draw.choice((0.0, 0.0, self.draw.uniform(0, 3))))
        if life.computer.life is life and life.computer.awake.is_set():
            self._step(life, attempt)
        return None

    async def on_tick(self) -> None:
        await self._pass(self.draw.choice((0.0, self.draw.uniform(0, 8))))
        for life in self._awake():
            if self.draw.random() < 0.7:
                life.step("tick")

    async def on_time(self) -> None:
        await self._pass(self.draw.uniform(5, 50))

    async def on_phones(self) -> None:
        for life in self._awake():
            life.step("phones")

    async def on_word(self) -> None:
        """What was committed is heard by some, and never by the others."""
        heard = [*self.words]
        self.words.clear()
        for life in self._awake():
            if self.draw.random() < 0.6:
                life.others.heard(heard if self.draw.random() < 0.8 else None)

    async def on_late_look(self) -> None:
        """Both servers believe that they lead."""
        for life in self._awake():
            if life.computer.is_server and self.draw.random() < 0.7:
                life.step("late")

    async def on_patience(self) -> None:
        for life in self._awake():
            if life.computer.is_server and self.draw.random() < 0.7:
                life.step("patience")

    # -- events: what people do ------------------------------------------------------------------------------

    async def on_add(self) -> None:
        self._add(0)

    async def on_plan(self) -> None:
        self._add(self.draw.choice((60_000, 3_600_000)))

    def _add(self, ahead_ms: int) -> None:
        """Somebody gives a server a task, for a phone of any host, by whatever it is called."""
        life = self._life(server=True)
        if life is None:
            return
        now_ms = life.computer.clock.now_ms()
        content, named = self.draw.choice(CONTENTS), self.draw.choice((*PHONES, *PHONES, *ADDRESSES))
        start_ms = now_ms + ahead_ms
        new = NewTask("b", 0, "post", "{}", None, None, Source.API, 1, now_ms, start_ms, content_key=content)
        if ahead_ms:
            policy = self.draw.choice([*LatePolicy, None])
            new = replace(new, scheduled_ms=start_ms, late_after_ms=_LATE_AFTER_MS, late_policy=policy)
        life.call(life.line.write, lambda repositories: self._keep(repositories, new, named))

    def _keep(self, repositories: Repositories, new: NewTask, named: str) -> Sequence[int]:
        record = repositories.devices.get(repositories.devices.lane(named))
        if record is None or record.phone.identity is None:
            return ()  # nobody knows yet which phone that is
        return self._take_in(repositories, new, named)[1]

    async def on_stop(self) -> None:
        if life := self._life(server=True):
            life.call(life.changes.stop, self._any())

    async def on_delete(self) -> None:
        if life := self._life(server=True):
            task_id = self._any()
            self.fleet_rules.may_go.add(task_id)
            life.call(life.changes.delete_many, [task_id])

    async def on_retry(self) -> None:
        if life := self._life(server=True):
            life.call(partial(life.changes.retry, force=False), self._any())

    async def on_force(self) -> None:
        """A person wants a post again, whatever became of the former one."""
        task = await self._task(self._any())
        life = self._life(server=True)
        if life is None or task is None or task.status is not Status.FAILED:
            return
        if task.outcome == PublishState.UNKNOWN:
            self.may_be_out[task.id] += 1
            self.resolved.add(task.id)
        life.call(partial(life.changes.retry, force=True), task.id)

    async def on_resolve(self) -> None:
        await self._resolve_one(self._any())

    async def _resolve_one(self, task_id: int) -> None:
        task = await self._task(task_id)
        if task is not None and task.status is Status.FAILED and task.outcome == PublishState.UNKNOWN:
            self.resolved.add(task_id)
            await self._resolve(task_id)

    async def on_start(self) -> None:
        if life := self._life(server=True):
            life.call(life.decisions.start, self._any())

    async def on_take_over(self) -> None:
        """A person takes a phone over, at whatever server or host."""
        life, lane = self._life(), self.draw.choice((*PHONES, *ADDRESSES))
        if life is None:
            return
        life.lanes.hold(lane)
        life.take_overs.taken(lane, "ann", life.computer.clock.now_ms())

    async def on_give_back(self) -> None:
        if life := self._life():
            self._give_back(life)

    def _give_back(self, life: Life) -> None:
        for lane in [*life.lanes.table.held]:
            life.lanes.release(lane)
            life.take_overs.given_back(lane)

    async def on_drain(self) -> None:
        computer = self._host()
        await self.store.write(lambda r: r.hosts.drain(computer.name, drains=True))
        computer.drained_s = computer.clock.monotonic_s()

    async def on_no_drain(self) -> None:
        for computer in self.computers:
            await self._no_drain(computer)

    async def _no_drain(self, computer: Computer) -> None:
        computer.drained_s = None
        await self.store.write(lambda r: r.hosts.drain(computer.name, drains=False))

    async def on_limit(self) -> None:
        limit = self.draw.choice(("", "1", "2", "3"))
        await self.store.write(lambda r: r.facts.set(DEVICE_LIMIT, limit))
