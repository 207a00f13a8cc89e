"""What happens to the computers, cables and lines of a fleet."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.computer import Computer
from simulation.fleet_ground import HOUR_S, PHONES
from simulation.fleet_work import FleetWork
from simulation.history import ADDRESSES
from simulation.life import Life
from simulation.line import State


class FleetFaults(FleetWork):
    """The events of a fleet in which something goes wrong, or may."""

    # -- events: cables and addresses --------------------------------------------------------------------------

    async def on_plug_in(self) -> None:
        """A phone is plugged in, at whatever host; it has one cable."""
        self._plug_in(self.draw.choice(PHONES), self._host())

    def _plug_in(self, phone: str, computer: Computer) -> None:
        for other in self.computers:
            if other is not computer:
                other.plugs.unplug(phone)
        computer.plugs.plug_in(phone)
        self._list()

    async def on_unplug(self) -> None:
        phone = self.draw.choice(PHONES)
        for computer in self.computers:
            computer.plugs.unplug(phone)
        self._list()

    async def on_address(self) -> None:
        """A host reaches a phone by an address, which may be another phone's at another host."""
        self._host().plugs.connect(self.draw.choice(PHONES), self.draw.choice(ADDRESSES))
        self._list()

    async def on_no_address(self) -> None:
        self._host().plugs.disconnect(self.draw.choice(ADDRESSES))
        self._list()

    def _list(self) -> None:
        for life in self._awake():
            life.devices.update()

    # -- events: what goes wrong -------------------------------------------------------------------------------

    def _boot(self, computer: Computer) -> None:
        computer.life = Life(computer, self._sqlite, self.draw, self)
        computer.life.step("boot")

    async def on_boot(self) -> None:
        for computer in self.computers:
            if computer.life is None and computer.awake.is_set():
                self._boot(computer)

    async def on_kill(self) -> None:
        """Kill -9; what it would still tell may come later."""
        if lives := self._lives():
            life = self.draw.choice(lives)
            self.late += life.die()
            if self.draw.random() < 0.5 and life.computer.awake.is_set():
                self._boot(life.computer)

    async def on_shutdown(self) -> None:
        """SIGTERM: what runs is cut off, and settled."""
        if life := self._life():
            life.call(life.shut_down)

    async def on_overtaken(self) -> None:
        """The host of an attempt is not heard of for a while, and others reach the phone."""
        going = [(life, attempt) for life in self._awake() for attempt in life.executor.attempts.values()]
        if not going:
            return
        life, attempt = self.draw.choice(going)
        if self.draw.random() < 0.3:
            life.wire.state = State.CUT
        else:
            self._sleep(life.computer, clock_stands=self.draw.random() < 0.3)
        others = [computer for computer in self.computers[:3] if computer is not life.computer]
        self.draw.choice(others).plugs.connect(attempt.phone, self.draw.choice(ADDRESSES))
        self._list()
        for _ in range(self.draw.randrange(3, 8)):
            await self.on_phones()
            await self._pass(self.draw.uniform(5, 15))
            await self.on_tick()
            for _ in range(self.draw.randrange(6)):
                await self.on_step()
        if self.draw.random() < 0.5:
            await self._go_on([life.computer])

    async def on_sleep(self) -> None:
        """A computer sleeps, or its process is halted, while its clock goes on."""
        self._sleep(self._busy_computer(), clock_stands=False)

    async def on_halt(self) -> None:
        """A computer is halted, and its clock with it: it believes that no time has passed when it goes on.

        Not between *armed* and Post: no lease helps there, as the phone asks nobody.
        """
        self._sleep(self._busy_computer(), clock_stands=True)

    def _busy_computer(self) -> Computer:
        """Return a computer, rather one on whose phones something runs."""
        busy = [life.computer for life in self._awake() if life.executor.attempts]
        return self.draw.choice(busy if busy and self.draw.random() < 0.7 else self.computers)

    def _sleep(self, computer: Computer, *, clock_stands: bool) -> None:
        life = computer.life
        if not computer.awake.is_set():
            return
        for attempt in life.executor.attempts.values() if life else ():
            while clock_stands and attempt.is_about_to_press and attempt.outcome is None:
                attempt.step()
        computer.awake.clear()
        computer.clock_stands = clock_stands
        if clock_stands:
            computer.fooled = True
            computer.halts += 1

    async def on_wake(self) -> None:
        """All that sleep go on, some of them long after: the threads of their phones before their hearts, or after."""
        sleeping = [computer for computer in self.computers if not computer.awake.is_set()]
        if not sleeping:
            return
        if self.draw.random() < 0.6:
            await self._pass(self.draw.uniform(10, 80))
        await self._go_on(sleeping)

    async def _go_on(self, sleeping: Sequence[Computer]) -> None:
        for computer in sleeping:
            self._wake(computer)
            life = computer.life
            if life is None:
                continue
            if self.draw.random() < 0.5:
                life.step("beat")
                await self._turn()
            for attempt in [*life.executor.attempts.values()]:
                for _ in range(self.draw.randrange(4)):
                    if attempt.outcome is None and computer.life is life:
                        self._step(life, attempt)

    def _wake(self, computer: Computer) -> None:
        computer.awake.set()
        computer.clock_stands = False
        if computer.life and computer.life.is_up:
            computer.life.devices.update()

    async def on_cut(self) -> None:
        await self._line_is(State.CUT)

    async def on_flaky(self) -> None:
        await self._line_is(State.FLAKY)

    async def _line_is(self, state: State) -> None:
        if life := self._life():
            life.wire.state = state
            if self.draw.random() < 0.5:
                await self._pass(self.draw.uniform(5, 60))

    async def on_heal(self) -> None:
        for life in self._lives():
            life.wire.state = State.WHOLE

    async def on_lost_answer(self) -> None:
        """The next thing that somebody stores is stored, and he is told that it is not."""
        for life in self._awake():
            for line in life.lines:
                line.loses_next_answer = self.draw.random() < 0.3

    async def on_clock_jump(self) -> None:
        self.draw.choice(self.computers).clock.jump(self.draw.choice([HOUR_S, 86_400.0, -30.0, -HOUR_S]))
