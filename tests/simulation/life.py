"""The life of a process on a computer of a fleet: everything that a host or server runs, in steps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.errors import ConflictError, NotFoundError, StoreError
from fleetlane.core.outcome import failed
from fleetlane.core.ports.execution import Ended
from fleetlane.core.task import Task
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.phones.shared_take_overs import SharedTakeOvers
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.membership import Membership
from fleetlane.work.running.other_workers import OtherWorkers
from fleetlane.work.running.recovery import recover
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from simulation.computer import Computer
from simulation.executor import SteppedExecutor
from simulation.line import Line, Wire
from simulation.phones import Attempt
from support.scheduling import Scheduling

PATIENCE_S = 40.0
LONGEST_S = 120.0
_BEAT_EVERY_S = 5.0
_LONGEST_REST_S = 100


class Around(Protocol):
    """What a life has around it."""

    leases_of: type[DeviceLeases]

    def begins(self, life: Life, task: Task) -> Attempt:
        """Make an attempt."""
        ...

    def failed(self, error: BaseException) -> None:
        """Note what must never be raised."""
        ...


class Life:
    """One process, from its start to its end, built as `bootstrap` builds it.

    `is_up` is whether it has begun; `beat_s` when its heart beat last, by its clock.
    """

    def __init__(self, computer: Computer, store: SqliteStore, draw: random.Random, around: Around) -> None:
        computer.lives += 1
        self.computer, self._around = computer, around
        self.wire = Wire(draw, computer.awake)
        line, working, journal = (Line(store, self.wire) for _ in range(3))
        self.line, self.journal_line, self.lines = line, journal, (line, working, journal)
        self.is_up = False
        self.beat_s = computer.clock.monotonic_s()
        self._steps: dict[str, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        clock, host = computer.clock, computer.host
        self.lanes = Lanes()
        names = (f"phone {computer.name} {computer.lives} {n}" for n in range(10_000))
        self.devices = PhoneDirectory(
            computer.plugs.transports, line, clock, self.lanes, host_id=host.id, draw_id=lambda: next(names)
        )
        self.devices.ask_phone = computer.plugs.ask
        self.leases = around.leases_of(
            line,
            clock,
            self.devices.here,
            self.lanes,
            host_id=host.id,
            host=Membership(host, clock),
            presses=computer.presses,
        )
        self.leases.owner = f"{computer.name} {computer.lives}"
        self.others = OtherWorkers(line, self.lanes, clock, self.leases, host_name=host.name, heard=self.devices.heard)
        self.patience = VerificationTimeout(line, self.lanes, clock, PATIENCE_S)
        self.late_tasks = LateTasks(line, self.lanes, clock, LONGEST_S)
        made = Scheduling(
            working,
            self.devices,
            clock,
            self.lanes,
            executor=lambda ended: SteppedExecutor(lambda task: around.begins(self, task), ended),
            of_ends={"retries": RetryPolicy(enabled=True), "may_look_again": self.patience.may_look_again},
            limit=lambda: self.others.device_limit,
            leases=self.leases,
            others=self.others,
            presses=computer.presses,
            longest_attempt_s=LONGEST_S,
        )
        self.executor: SteppedExecutor = made.executor
        self.scheduler = made.scheduler
        self.changes = Changes(line, self.scheduler, self.lanes, clock, lambda _task_id: None)
        self.decisions = Decisions(line, self.lanes, clock)
        self.take_overs = SharedTakeOvers(line, self.leases.owner)

    # -- what goes on --------------------------------------------------------------------------------------

    def step(self, name: str) -> None:
        """Let one of its loops take its next step, unless the former one goes on."""
        former = self._steps.get(name)
        if (self.is_up or name == "boot") and (former is None or former.done()):
            self._steps[name] = asyncio.ensure_future(self._try(getattr(self, f"_{name}")))

    def call(self, what: Callable[..., Coroutine[Any, Any, object]], *given: object) -> None:
        """Let somebody ask it for something."""
        calling = asyncio.ensure_future(self._try(what, *given))
        self._calls.add(calling)
        calling.add_done_callback(self._calls.discard)

    async def _try(self, what: Callable[..., Coroutine[Any, Any, object]], *given: object) -> None:
        try:
            await what(*given)
        except (ConflictError, NotFoundError, StoreError):
            return  # it is told to whoever asked, or tried again
        except Exception as error:  # noqa: BLE001 - it is raised after the event
            self._around.failed(error)

    async def rest(self) -> None:
        """Wait for everything that goes on."""
        for _ in range(_LONGEST_REST_S):
            going = [one for one in (*self._steps.values(), *self._calls) if not one.done()]
            if not going:
                return
            await asyncio.wait(going, timeout=1.0)
            self.computer.clock.advance(1.0)
        raise AssertionError(f"{self.leases.owner} never comes to rest")

    def die(self) -> list[Ended]:
        """End at once (`kill -9`). Returns what its attempts would still tell."""
        for one in (*self._steps.values(), *self._calls):
            one.cancel()
        self.devices._asking.close()
        self.executor.close()
        self.computer.life = None
        attempts = self.executor.attempts.values()
        return [Ended(attempt.task, attempt.outcome or failed("app_crashed")) for attempt in attempts]

    async def shut_down(self) -> None:
        """End as SIGTERM lets it: attempts are cut off and settled, devices given back."""
        self.is_up = False
        self.scheduler.stop_starting()
        for attempt in [*self.executor.attempts.values()]:
            await self.executor.stop_to_its_end(attempt, interrupted=True)
        await self.leases.end()
        self.die()

    def phone_of(self, lane: str) -> str | None:
        """Return the phone that its driver of a lane leads to now, None for none."""
        view = self.devices._views.get(lane)
        plugs = self.computer.plugs
        if view is None or view.transport is None or not plugs.transports.is_current(view.transport):
            return None
        return plugs.reached[view.transport.connection]

    # -- its loops -----------------------------------------------------------------------------------------

    async def _boot(self) -> None:
        try:
            await self.leases.begin()
            await recover(self.line, self.computer.clock)
            await self.devices.load()
        except StoreError:
            self.computer.life = None
            raise
        self.devices.update()
        self.is_up = True
        await self._beat()

    def beat_if_due(self) -> None:
        """Let its heart beat, if it is time."""
        since_s = self.computer.clock.monotonic_s() - self.beat_s
        if since_s >= _BEAT_EVERY_S or self.leases.seconds_to_beat() <= 0:
            self.step("beat")

    async def _beat(self) -> None:
        self.beat_s = self.computer.clock.monotonic_s()
        halts = self.computer.halts
        self.take_overs.say_again()
        try:
            await self.leases.beat()
        except StoreError:
            self.leases._was_away = True  # as its own loop notes it
            raise
        if halts == self.computer.halts:
            self.computer.fooled = False

    async def _tick(self) -> None:
        computer, now_s = self.computer, self.computer.clock.monotonic_s()
        is_drained = computer.drained_s is not None and now_s - computer.drained_s > 1.0
        started = await self.scheduler.tick()
        assert not (is_drained and started and computer.drained_s is not None), f"{computer.name} is drained, and works"

    async def _phones(self) -> None:
        """Look at what is plugged in, and say that nobody has taken another one's place."""
        self.devices.update()
        await self.devices.settle()
        for device in self.devices.all():
            if self.devices.question(device.serial) is not None:
                await self.devices.adopt(device.serial, keep_present=False)

    async def _late(self) -> None:
        await self.late_tasks.sweep()

    async def _patience(self) -> None:
        await self.patience.sweep()
