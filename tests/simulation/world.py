"""A server without sockets, threads and waiting: everything that happens is drawn from a seed.

Scheduler, changes, endings, recovery, journal and store are the real ones; time is virtual; the executor and
what attempts do are `phones`. The rules are looked at after every event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import PublishState, failed
from fleetlane.core.ports.execution import Ended
from fleetlane.core.retrying import RetryWish, was_stopped
from fleetlane.core.task import LatePolicy, NewTask, Source, Status, Task
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.recovery import recover
from fleetlane.work.running.runner import StoreJournal
from fleetlane.work.tasks.changes import Changes, Undoable
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.retry_all import RetryAll
from simulation.executor import SteppedExecutor
from simulation.history import ADDRESSES, CONTENTS, History
from simulation.phones import Attempt
from simulation.plugs import Plugs
from support.clock import ManualClock
from support.moving import move
from support.scheduling import Scheduling

SERIALS = ("a", "b", "c")
"""The phones, by the serials of their cables, which are their lanes."""
EVENTS = {
    "step": 40,
    "tick": 12,
    "add": 6,
    "late_result": 2,
    "stop": 3,
    "delete": 1,
    "retry": 2,
    "retry_all": 1,
    "retry_all_stopped": 1,
    "plan": 4,
    "late_look": 3,
    "start": 2,
    "move": 1,
    "dismiss": 1,
    "undo": 1,
    "days_off": 1,
    "force": 1,
    "resolve": 2,
    "address": 4,
    "no_address": 1,
    "unplug": 2,
    "plug_in": 4,
    "kill": 2,
    "kill_after_claim": 1,
    "shutdown": 1,
    "clock_jump": 1,
    "sleep": 1,
    "rival": 1,
    "patience": 2,
    "person_takes_the_phone": 1,
    "settle": 3,
}
_MOST_ROUNDS = 3000
_PATIENCE_S = 40.0
_LATE_AFTER_MS = 600_000
_LONGEST_S = 120.0


class _KilledError(Exception):
    """The process dies here."""


class World(History):
    """One run. `path` is a migrated store of its own."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(path, seed, SERIALS)
        self.clock = ManualClock()
        self.plugs = Plugs()
        self.die_at_start = False
        self.wanted: set[int] = set()
        """Planned tasks that a person has let begin, or that may begin however late: they are not late."""

    # -- the server's life -----------------------------------------------------------------------------

    async def boot(self) -> None:
        """Start the server, as `bootstrap` does: what ran is settled first."""
        self.lanes = Lanes()
        self.devices = PhoneDirectory(self.plugs.transports, self.store, self.clock, self.lanes)
        self.devices.ask_phone = self.plugs.ask
        self.leases = DeviceLeases(self.store, self.clock, lambda: SERIALS, self.lanes, host_id="here")
        self.patience = VerificationTimeout(self.store, self.lanes, self.clock, _PATIENCE_S)
        made = Scheduling(
            self.store,
            self.devices,
            self.clock,
            self.lanes,
            executor=lambda _ended: SteppedExecutor(self._begin, self._ended),
            of_ends={"retries": RetryPolicy(enabled=True), "may_look_again": self.patience.may_look_again},
            leases=self.leases,
            longest_attempt_s=_LONGEST_S,
        )
        self.ends, self.executor, self.scheduler = made.ends, made.executor, made.scheduler
        for serial in SERIALS:
            if self.handsets[serial].plugged_in:
                self.plugs.plug_in(serial)
        await self.devices.load()
        await self._listed()
        self.changes = Changes(self.store, self.scheduler, self.lanes, self.clock, lambda _task_id: None)
        self.retry_all = RetryAll(self.store, self.lanes, self.clock)
        self.decisions = Decisions(self.store, self.lanes, self.clock)
        self.late_tasks = LateTasks(self.store, self.lanes, self.clock, _LONGEST_S)
        await self.leases.begin()
        await recover(self.store, self.clock)
        await self._beat()

    async def _listed(self) -> None:
        """Let the directory see what is plugged where, and ask."""
        self.devices.update()
        for _ in range(4):
            await asyncio.sleep(0)
            await self.devices.settle()
        for lane in SERIALS:
            if self.devices.question(lane) is not None:
                self.happened["another_phone"] += 1
                await self.devices.adopt(lane, keep_present=False)

    async def kill(self) -> None:
        """Kill -9 and start again; what the former life's attempts would say may still come, late."""
        for attempt in self.attempts.values():
            self.late.append(Ended(attempt.task, attempt.outcome or failed("app_crashed")))
        await self.boot()

    async def shutdown(self) -> None:
        """SIGTERM: interrupt what runs, settle it, and start again."""
        self.scheduler.stop_starting()
        for attempt in list(self.attempts.values()):
            await self.executor.stop_to_its_end(attempt, interrupted=True)
        await self.boot()

    # -- attempts --------------------------------------------------------------------------------------

    @property
    def attempts(self) -> dict[int, Attempt]:
        """Return what runs."""
        return self.executor.attempts

    def _begin(self, task: Task) -> Attempt:
        if self.die_at_start:
            raise _KilledError
        assert task.serial is not None
        phone = self.plugs.reached[self.devices._where(task.serial, lambda: None).connection]
        assert all(other.phone != phone for other in self.attempts.values()), "two on one phone"
        assert phone == self.meant[task.id] == task.serial, f"made for {self.meant[task.id]}, runs on {phone}"
        phase = Phase.ARMED if task.in_doubt else Phase.NONE
        journal = StoreJournal(self.store, task, self.clock, phase=phase, leases=self.leases)
        handset = self.handsets[phone]
        attempt = Attempt(task, journal, handset, self.leases, self.draw, reaches=lambda: handset.plugged_in)
        attempt.phone = phone
        if task.in_doubt:
            journals = self.store.submit(lambda r: r.attempts.attempts(task.id)).result()
            attempt.former = journals[-1].facts
        self.happened[attempt.fault or "no_fault"] += 1
        if not task.in_doubt:
            self._may_start(task)
        return attempt

    def _may_start(self, task: Task) -> None:
        """Nothing begins that its owner did not mean: not what was stopped, and what is late only as they said."""
        assert task.id not in self.stopped, f"task {task.id} was stopped, and runs"
        if task.late_after_ms is None or task.scheduled_ms is None or task.id in self.wanted:
            return
        late_ms = self.clock.now_ms() - task.due_ms - self._worked_ms(task)
        if late_ms <= task.late_after_ms:
            self.happened["began_in_time"] += 1
            return
        assert task.late_policy is LatePolicy.RUN, f"task {task.id} is {late_ms} ms late, and runs"
        assert task.late_ms is not None
        self.happened["late_run"] += 1

    def _worked_ms(self, task: Task) -> int:
        """Return how long the phone has certainly not been idle since a task was due, told apart from the product."""
        rows = self.rules.raw.execute(
            "SELECT started_ms, ended_ms FROM attempts WHERE serial = ? AND (task_id <> ? OR number <> ?)",
            (task.serial, task.id, task.attempt),
        )
        now = self.clock.now_ms()
        seconds = round(_LONGEST_S * 1000)
        busy = [(max(begin, task.due_ms), min(now if end is None else end, begin + seconds)) for begin, end in rows]
        return sum(end - begin for begin, end in busy if end > begin)

    async def _ended(self, event: Ended) -> None:
        if event.task.in_doubt:
            self.happened[f"looked_for_{event.outcome.publish_state}"] += 1
        await self.ends.ended(event)

    # -- events ----------------------------------------------------------------------------------------

    async def run(self, events: int) -> None:
        """Let events happen, look at the rules after each, then let everything come to its end."""
        await self.boot()
        for _ in range(events):
            [event] = self.draw.choices([*EVENTS], [*EVENTS.values()])
            self.happened[event] += 1
            try:
                await getattr(self, f"on_{event}")()
            except (ConflictError, NotFoundError):
                self.happened["refused"] += 1
            await self.executor.obeyed()  # a stop waits only so long for its attempt's end: longer on a busy machine
            self._look()
        await self._drain()
        await self._judge()

    async def on_step(self) -> None:
        if not self.attempts:
            return await self.on_tick()
        attempt = self.draw.choice(sorted(self.attempts.values(), key=lambda one: one.task.id))
        await self._pass(self.draw.uniform(0, 3))
        if attempt.outcome is not None:
            await self.executor.tell(attempt)  # a step of its own: a kill may come between
        elif attempt.hangs:
            attempt.time_out()
        else:
            attempt.step()
        return None

    async def on_tick(self) -> None:
        await self._pass(self.draw.uniform(0, 20))
        await self.scheduler.tick()

    async def _pass(self, seconds: float) -> None:
        """Let time pass for a server whose heart beats every five seconds."""
        self.clock.advance(seconds)
        if self.clock.monotonic_s() - self.beat_s >= 5:
            await self._beat()

    async def _beat(self) -> None:
        self.beat_s = self.clock.monotonic_s()
        await self.leases.beat()

    async def on_add(self) -> None:
        now = self.clock.now_ms()
        due = now + self.draw.choice([0, 0, 0, 60_000])
        content = self.draw.choice(CONTENTS)
        await self._create(NewTask("b", 0, "post", "{}", None, None, Source.API, 1, now, due, content_key=content))

    async def _create(self, new: NewTask) -> None:
        """Create a task for a phone, by whatever it is called; not one that would repeat a post."""
        named = self.draw.choice([*SERIALS, *SERIALS, *self.plugs.addresses])

        lane, ids = await self.store.write(lambda r: self._take_in(r, new, named))
        self.happened["repeat_refused" if not ids else "by_address" if named in ADDRESSES else "by_serial"] += 1
        for task_id in ids:
            self.created.add(task_id)
            self.meant[task_id] = lane
            self.may_be_out[task_id] = 1
            self.lanes.added(lane, Head(new.due_ms, task_id))

    async def on_plan(self) -> None:
        """A task with a start time: soon, or hours ahead."""
        now = self.clock.now_ms()
        start = now + self.draw.choice([0, 60_000, 3_600_000])
        policy = self.draw.choice([*LatePolicy, None])
        new = NewTask("b", 0, "post", "{}", None, None, Source.API, 1, now, start, start)
        await self._create(replace(new, late_after_ms=_LATE_AFTER_MS, late_policy=policy))

    async def on_stop(self) -> None:
        task_id = self._any()
        done = await self.changes.stop(task_id)
        task = await self._task(task_id)
        if task is not None and task.status is not Status.COMPLETED:
            self.stopped.add(task_id)
        self.undoable += [done] if done else []

    async def on_undo(self) -> None:
        """A stop or a retry is taken back."""
        if not self.undoable:
            return
        done = self.undoable.pop(self.draw.randrange(len(self.undoable)))
        await self.changes.undo(done)
        after = await self._task(done.before.id)
        assert after is not None
        assert (after.held_ms, after.due_ms, after.late_at_ms) == (
            done.before.held_ms,
            done.before.due_ms,
            done.before.late_at_ms,
        )
        if after.status is Status.FAILED and was_stopped(after):
            self.stopped.add(after.id)
        else:
            self.stopped.discard(after.id)

    async def on_delete(self) -> None:
        deleted = await self.changes.delete_many([self._any()])
        self.deleted.update(deleted.task_ids)

    async def on_retry(self) -> None:
        task_id = self._any()
        done = await self.changes.retry(task_id, force=False)
        self._retried([done])

    async def on_retry_all(self) -> None:
        before = {task.id: task for task in await self._tasks()}
        done = await self.retry_all()
        for task_id in done.task_ids:
            assert task_id not in self.stopped, "retry-all has revived what a person stopped"
            assert before[task_id].outcome != PublishState.UNKNOWN, "retry-all has revived what may be out"
        assert {*done.task_ids, *(one.task_id for one in done.skipped)} == {
            task.id for task in before.values() if task.status is Status.FAILED
        }
        self._retried(done.retried)

    async def on_retry_all_stopped(self) -> None:
        done = await self.retry_all(RetryWish(include_stopped=True))
        self._retried(done.retried)

    def _retried(self, done: Sequence[Undoable]) -> None:
        now = self.clock.now_ms()
        for one in done:
            self.stopped.discard(one.before.id)
            self.undoable.append(one)
            ahead = one.before.scheduled_ms is not None and one.before.scheduled_ms > now
            self.happened["kept_its_start" if ahead else "due_now"] += 1
            if ahead:
                self.wanted.discard(one.before.id)
            else:
                self.wanted.add(one.before.id)

    async def on_late_look(self) -> None:
        before = {task.id: task for task in await self._tasks()}
        await self.late_tasks.sweep()
        for task in await self._tasks():
            former = before[task.id]
            if task.is_held and not former.is_held:
                self.happened["held"] += 1
                assert former.late_policy in (LatePolicy.HOLD, None)
            if task.error_code == "missed_start" and former.status is Status.PENDING:
                self.happened["missed"] += 1
                assert former.late_policy is LatePolicy.FAIL

    async def on_start(self) -> None:
        task_id = self._any()
        await self.decisions.start(task_id)
        self.wanted.add(task_id)

    async def on_move(self) -> None:
        task_id = self._any()
        await move(self.store, self.lanes, task_id, self.clock.now_ms() + self.draw.choice([1, 60_000]))
        self.wanted.discard(task_id)

    async def on_dismiss(self) -> None:
        await self.decisions.dismiss(self._any())

    async def on_days_off(self) -> None:
        """The computer is off for days."""
        await self.shutdown()
        self.clock.jump(self.draw.uniform(1, 3) * 86_400.0)

    async def on_force(self) -> None:
        task_id = self._any()
        task = await self._task(task_id)
        await self.changes.retry(task_id, force=True)
        self.stopped.discard(task_id)
        self.wanted.add(task_id)
        if task is not None and task.outcome == PublishState.UNKNOWN:
            self.may_be_out[task_id] += 1  # a person wants it again, whatever became of the former one

    async def on_resolve(self) -> None:
        """A person looks at the profile, when nothing is on its way to it, and says what is there."""
        await self._resolve(self._any())

    async def on_unplug(self) -> None:
        await self._plug(self.draw.choice(SERIALS), there=False)

    async def on_plug_in(self) -> None:
        await self._plug(self.draw.choice(SERIALS), there=True)

    async def on_address(self) -> None:
        """A phone is reached by an address as well, which another phone may have had before."""
        address, phone = self.draw.choice(ADDRESSES), self.draw.choice(SERIALS)
        if not self.handsets[phone].plugged_in:
            return
        self.plugs.connect(phone, address)
        await self._listed()

    async def on_no_address(self) -> None:
        self.plugs.disconnect(self.draw.choice(ADDRESSES))
        await self._listed()

    async def on_kill(self) -> None:
        await self.kill()

    async def on_kill_after_claim(self) -> None:
        self.die_at_start = True
        try:
            await self.scheduler.tick()
        except _KilledError:
            self.happened["killed_between_claim_and_start"] += 1
        self.die_at_start = False
        await self.kill()

    async def on_shutdown(self) -> None:
        await self.shutdown()

    async def on_clock_jump(self) -> None:
        self.clock.jump(self.draw.choice([3600.0, 86_400.0, -30.0, -3600.0]))

    async def on_sleep(self) -> None:
        """The computer sleeps: no heartbeat, and then the attempts go on where they were."""
        self.clock.advance(self.draw.uniform(10, 100))
        for attempt in [*self.attempts.values()][: self.draw.randrange(4)]:
            await self._run_to_its_end(attempt)
        await self._beat()

    async def on_rival(self) -> None:
        """Another server on the same store watches this one sleep, takes its devices, and gives them back."""
        rival = DeviceLeases(self.store, self.clock, lambda: SERIALS, Lanes())
        await rival.beat()
        self.clock.advance(rival.ttl_s + 1)
        await rival.beat()
        assert all(map(rival.holds, SERIALS))
        before, out = await self._tasks(), self._out()
        for attempt in [*self.attempts.values()]:
            await self._run_to_its_end(attempt)
        await self.scheduler.tick()
        assert await self._tasks() == before, "a server without leases has changed a task"
        assert self._out() == out, "a server without leases has posted"
        await rival.end()
        await self._beat()

    async def _run_to_its_end(self, attempt: Attempt) -> None:
        while attempt.outcome is None:
            if attempt.hangs:
                attempt.time_out()
            else:
                attempt.step()
        await self.executor.tell(attempt)

    async def on_patience(self) -> None:
        """A while in which nothing starts: phones that are not there by then have been waited for long enough."""
        for _ in range(9):
            self.happened["given_up"] += await self.patience.sweep()
            await self._pass(5)

    # -- shorthand -------------------------------------------------------------------------------------

    async def _plug(self, serial: str, *, there: bool) -> None:
        """Plug a phone in or pull its cable; without one it has no power, and no address either."""
        self.handsets[serial].plugged_in = there
        if there:
            self.plugs.plug_in(serial)
        elif serial in self.plugs.cables:
            self.plugs.unplug(serial)
            self.plugs.disconnect_phone(serial)
        await self._listed()

    # -- rules -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        assert self.rules.look(self._out()) == self.attempts.keys(), "what runs is not what is marked as running"

    async def _drain(self) -> None:
        """Let every phone be there, nothing more go wrong from outside, and all tasks end."""
        for serial in SERIALS:
            await self._plug(serial, there=True)
        self.clock.jump(2 * 86_400.0)
        await self._beat()
        for _ in range(_MOST_ROUNDS):
            if not self.attempts:
                for _ in range(7):
                    await self._pass(9)
                await self.scheduler.tick()
                if not self.attempts:
                    await self._decide()
                    await self.scheduler.tick()
                if not self.attempts:
                    break
            await self.on_step()
            self._look()
        assert all(task.is_ended for task in await self._tasks()), "a task is stuck"

    async def _decide(self) -> None:
        """A person lets everything begin that is held: it goes on waiting for them for ever otherwise."""
        await self.late_tasks.sweep()
        for task in await self._tasks():
            if task.is_held:
                await self.decisions.start(task.id)
                self.wanted.add(task.id)
