"""Three hosts and two servers on one store, without sockets, threads and waiting: all is drawn from a seed.

Each has its own clock, cables, process and line to the store (`life`, `line`); between the questions that one asks the
store the others go on. The rules are looked at after every event, and where a phone is touched.
"""

from __future__ import annotations

import asyncio

from fleetlane.core.task import NewTask, Source
from fleetlane.work.running.other_workers import DEVICE_LIMIT
from simulation.fleet_faults import FleetFaults
from simulation.fleet_ground import PHONES
from simulation.line import State

EVENTS = {
    "step": 40,
    "tick": 16,
    "phones": 4,
    "word": 6,
    "late_look": 2,
    "patience": 2,
    "time": 4,
    "add": 10,
    "plan": 1,
    "stop": 3,
    "delete": 1,
    "retry": 3,
    "force": 1,
    "resolve": 2,
    "start": 1,
    "plug_in": 5,
    "unplug": 2,
    "address": 3,
    "no_address": 1,
    "take_over": 1,
    "give_back": 2,
    "drain": 1,
    "no_drain": 1,
    "limit": 1,
    "kill": 2,
    "shutdown": 1,
    "boot": 5,
    "overtaken": 4,
    "sleep": 2,
    "halt": 2,
    "wake": 4,
    "cut": 2,
    "flaky": 1,
    "heal": 4,
    "lost_answer": 4,
    "clock_jump": 1,
    "late_result": 1,
    "person_takes_the_phone": 1,
    "settle": 3,
}
_MOST_ROUNDS = 80


class Fleet(FleetFaults):
    """One run. `path` is a migrated store of its own; `leases_of` makes the leases of each worker."""

    # -- the run -----------------------------------------------------------------------------------------

    async def run(self, events: int) -> None:
        """Let events happen, look at the rules after each, then let everything come to its end."""
        for computer in self.computers:
            self._boot(computer)
        for phone in PHONES:
            self._host().plugs.plug_in(phone)
        await self._rest()
        for _ in range(events):
            [event] = self.draw.choices([*EVENTS], [*EVENTS.values()])
            self.happened[event] += 1
            await getattr(self, f"on_{event}")()
            await self._turn()
            self._look()
        await self._heal()
        await self._end_all()
        await self._add_for_each()
        await self._end_all()
        await self._judge()
        for life in self._lives():
            life.die()
        await asyncio.sleep(0)

    # -- the end -----------------------------------------------------------------------------------------------

    async def _heal(self) -> None:
        """Nothing more is wrong with computers, lines and cables, and nobody keeps anything from working."""
        latest_s = max(computer.clock.wall_s() for computer in self.computers)
        for computer in self.computers:
            self._wake(computer)
            computer.clock.jump(latest_s + 2 * 86_400.0 - computer.clock.wall_s())
            await self._no_drain(computer)
        for life in self._lives():
            life.wire.state = State.WHOLE
            for line in life.lines:
                line.loses_next_answer = False
        await self.store.write(lambda r: r.facts.set(DEVICE_LIMIT, ""))
        await self._rest()
        await self.on_boot()
        for life in self._lives():
            self._give_back(life)
        for phone in PHONES:
            if not any(phone in computer.plugs.cables for computer in self.computers):
                self._plug_in(phone, self._host())
        await self._rest()

    async def _end_all(self) -> None:
        """Let all tasks end."""
        for number in range(_MOST_ROUNDS):
            for life in self._awake():
                life.step("tick" if number % 3 else "phones")
            await self._rest()
            await self._steps_to_ends()
            if all(task.is_ended for task in await self._tasks()):
                break
            await self._decide()
            await self._pass(9)
            await self._rest()
        stuck = [task for task in await self._tasks() if not task.is_ended]
        assert not stuck, f"tasks are stuck: {stuck}"
        busy = {life.leases.owner: [*life.lanes.busy] for life in self._lives() if life.lanes.busy}
        assert not busy, f"lanes are blocked: {busy}"

    async def _steps_to_ends(self) -> None:
        for life in self._lives():
            for attempt in [*life.executor.attempts.values()]:
                while attempt.outcome is None:
                    self._step(life, attempt)
                self._step(life, attempt)
        await self._rest()

    async def _decide(self) -> None:
        """The servers look, and a person lets everything begin that is held."""
        for life in self._awake():
            if life.computer.is_server:
                life.step("late")
                life.step("patience")
        await self._rest()
        held = [task.id for task in await self._tasks() if task.is_held]
        if life := self._life(server=True):
            for task_id in held:
                life.call(life.decisions.start, task_id)
        await self._rest()

    async def _add_for_each(self) -> None:
        """Each phone gets one more task, as no lane stays blocked."""
        now_ms = min(computer.clock.now_ms() for computer in self.computers)
        for phone in PHONES:
            new = NewTask("b", 0, "post", "{}", None, None, Source.API, 1, now_ms, now_ms)
            added = await self.store.write(lambda r, new=new, phone=phone: self._keep(r, new, phone))
            assert added, f"{phone} is not known"
        self._look()
