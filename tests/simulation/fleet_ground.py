"""What a fleet stands on: computers, phones, one store, passing time, and the rules where a phone is touched."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from fleetlane.core.event import Change
from fleetlane.core.hosts import HostKind
from fleetlane.core.journal import Phase
from fleetlane.core.task import Status, Task
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.runner import StoreJournal
from fleetlane.work.tasks.changes import Changes
from simulation.computer import Computer
from simulation.fleet_rules import FleetRules
from simulation.history import History
from simulation.life import Life
from simulation.line import Direct
from simulation.phones import Attempt
from support.clock import ManualClock

PHONES = ("p1", "p2", "p3", "p4")
"""The phones, by the serials of their cables."""
HOUR_S = 3600.0


class FleetGround(History):
    """Three hosts and two servers. `path` is a migrated store of its own; `leases_of` makes each worker's leases."""

    def __init__(self, path: Path, seed: int, leases_of: type[DeviceLeases] = DeviceLeases) -> None:
        super().__init__(path, seed, PHONES)
        random.seed(seed)  # how long the product pauses
        self.leases_of = leases_of
        self.store = Direct(self._sqlite)
        self.words: list[Change] = []
        """What was committed, and not heard yet."""
        self._sqlite._tell_changes = self.words.extend
        self.wrong: list[BaseException] = []
        self.resolved: set[int] = set()
        """Tasks of which a person, or who forced a retry, has said what became of a post."""
        self.pressed_by: dict[int, int] = {}
        """Which attempt of each task was the last to press Post."""
        kinds = [(f"rack{n}", HostKind.HOST) for n in (1, 2, 3)] + [(f"desk{n}", HostKind.SERVER) for n in (1, 2)]
        self.computers = [Computer(name, kind, self.draw.choice((0.0, 0.0, -HOUR_S, HOUR_S))) for name, kind in kinds]
        self.fleet_rules = FleetRules(self.rules)
        self.changes = Changes(self.store, None, Lanes(), ManualClock(), lambda _task_id: None)  # nothing stops by it

    # -- what lives have around them -------------------------------------------------------------------------

    def failed(self, error: BaseException) -> None:
        """Note what must never be raised; it is raised after the event."""
        self.wrong.append(error)

    def must(self, holds: bool, why: str) -> None:
        """Note, and raise, that a rule is broken, wherever that happens."""
        if not holds:
            self.failed(AssertionError(why))
            raise AssertionError(why)

    def begins(self, life: Life, task: Task) -> Attempt:
        """Make an attempt."""
        self.fleet_rules.born(self.meant)
        phone = life.phone_of(str(task.serial)) or self.meant[task.id]
        self.must(phone == self.meant[task.id], f"task {task.id} is for {self.meant[task.id]}, and runs on {phone}")
        here = [other.phone for other in life.executor.attempts.values()]
        self.must(phone not in here, f"two attempts of one host on {phone}")
        phase = Phase.ARMED if task.in_doubt else Phase.NONE
        computer, journals = life.computer, life.journal_line
        journal = StoreJournal(
            journals, task, computer.clock, phase=phase, leases=life.leases, presses=computer.presses
        )
        attempt = Attempt(
            task,
            journal,
            self.handsets[phone],
            life.leases,
            self.draw,
            reaches=lambda: computer.plugs.reaches(phone),
            presses=lambda: self._presses(life, attempt),
        )
        attempt.phone = phone
        if task.in_doubt:
            attempt.former = self.store.submit(lambda r: r.attempts.attempts(task.id)).result()[-1].facts
        self.happened[attempt.fault or "no_fault"] += 1
        return attempt

    def _presses(self, life: Life, attempt: Attempt) -> None:
        """Post is pressed: only by the attempt that is the one that runs, by who has the phone."""
        task = attempt.task
        why = f"{life.leases.owner} presses Post of task {task.id}, attempt {task.attempt}"
        self.must(not task.in_doubt, f"{why}, which is in doubt")
        status, number, owner = self.fleet_rules.of_task(task.id)
        self.must((status, number) == (Status.RUNNING, task.attempt), f"{why}; it runs as {status, number}")
        self.must(owner == life.leases.owner, f"{why}; the phone is {owner}'s")
        self.must(life.phone_of(str(task.serial)) in (None, attempt.phone), f"{why} on another phone")
        if task.id in self.pressed_by and task.id not in self.resolved:
            former = self.pressed_by[task.id]
            self.must(self.fleet_rules.was_not_published(task.id, former, task.attempt), f"{why}; so did {former}")
        self.pressed_by[task.id] = task.attempt
        self.happened["presses"] += 1

    def _alone(self, life: Life, attempt: Attempt) -> None:
        """Nobody else who believes that he may acts on the same phone."""
        others = [
            other.leases.owner
            for other in self._lives()
            if other is not life and not other.computer.fooled
            for one in other.executor.attempts.values()
            if one.phone == attempt.phone and one.outcome is None and not one.is_lost
        ]
        mine = life.computer.fooled or attempt.is_lost
        self.must(mine or not others, f"{attempt.phone} is used by {life.leases.owner} and {others}")

    async def _turn(self) -> None:
        """Let what goes on go on for a while."""
        for _ in range(self.draw.choice((0, 1, 3, 8, 20))):
            await asyncio.sleep(0)

    async def _rest(self) -> None:
        """Wait for everything that goes on: nothing is wrong with anything by now."""
        for life in self._lives():
            await life.rest()
        self._look()

    def _look(self) -> None:
        for error in self.wrong:
            raise error
        self.created |= self.fleet_rules.born(self.meant)
        for task_id in self.meant:
            self.may_be_out.setdefault(task_id, 1)
        self.deleted |= self.fleet_rules.gone()
        self.fleet_rules.look()
        self.rules.look(self._out())

    async def _pass(self, seconds: float) -> None:
        """Let time pass for all that do not stand still; hearts beat every five seconds."""
        while seconds > 0:
            part = min(seconds, 5.0)
            for computer in self.computers:
                if not computer.clock_stands:
                    computer.clock.advance(part)
            await asyncio.sleep(part)
            for life in self._awake():
                life.beat_if_due()
            await self._turn()
            seconds -= part

    # -- drawn ---------------------------------------------------------------------------------------------

    def _lives(self) -> list[Life]:
        return [computer.life for computer in self.computers if computer.life is not None]

    def _awake(self) -> list[Life]:
        return [life for life in self._lives() if life.is_up and life.computer.awake.is_set()]

    def _life(self, *, server: bool = False) -> Life | None:
        found = [life for life in self._awake() if not server or life.computer.is_server]
        return self.draw.choice(found) if found else None

    def _host(self) -> Computer:
        """Return a computer with phones: now and then a server."""
        return self.draw.choice(self.computers if self.draw.random() < 0.2 else self.computers[:3])

    def _step(self, life: Life, attempt: Attempt) -> None:
        if attempt.outcome is not None:
            life.call(life.executor.tell, attempt)
        elif attempt.hangs:
            attempt.time_out()
        else:
            self._alone(life, attempt)
            self._note_how_late(life, attempt)
            attempt.step()

    def _note_how_late(self, life: Life, attempt: Attempt) -> None:
        status, number, owner = self.fleet_rules.of_task(attempt.task.id)
        if (status, number) != (Status.RUNNING, attempt.task.attempt):
            self.happened["steps_after_its_end"] += 1
        if owner != life.leases.owner:
            self.happened["steps_without_lease"] += 1
            self.happened["steps_on_anothers_phone"] += owner is not None
