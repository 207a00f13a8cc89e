"""What a script returns or raises on its phone's thread becomes an outcome, and its journal has the last word."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace

import pytest

from fleetlane.core.errors import LeaseLostError, ScriptUnknownError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.sources import AttemptMedia
from fleetlane.scripts.script import ScriptSettings
from fleetlane.work.running import runner as runner_module
from fleetlane.work.running.runner import Runner, StoreJournal
from support.fakes import FakeDriver
from support.scheduler_harness import World

FACTS = {"caption": "x", "profile": {"handle": "shop"}}
SEEN = succeeded("Seen on the profile.", PublishState.PUBLISHED, {})


class Scripted:
    """A script that does what a test says."""

    longest_extra_s = 0.0

    def __init__(self, run) -> None:
        self.run = run

    def extra_s(self, config):
        return 60.0


class Looking(Scripted):
    """One that can look for its post; remembers what it was told of it."""

    findable_by = ("caption",)

    def verify(self, job, facts):
        self.facts = facts
        return SEEN


class NoTraces:
    """Nothing is stored of steps."""

    def folder(self, task_id, attempt): ...


class Access:
    """Notes how long an attempt may read media."""

    open = 0
    must_go_on = None

    @contextmanager
    def attempt(self, must_go_on):
        self.open += 1
        self.must_go_on = must_go_on
        try:
            yield AttemptMedia("files of tasks", None)
        finally:
            self.open -= 1


@pytest.fixture
def access():
    return Access()


@pytest.fixture
def run(world: World, access, monkeypatch):
    """Return what runs a task's present attempt with a script, and returns its outcome and its control."""
    runner = Runner(
        world.store,
        NoTraces(),
        access,
        world.clock,
        settings=ScriptSettings(),
        timeout_s=600,
        leases=world.leases,
        inspector=None,
    )

    async def run(task, chosen, before=lambda control: None):
        def find(name):
            if chosen is None:
                raise ScriptUnknownError(name, ["post"], "")
            return chosen

        monkeypatch.setattr(runner_module, "script", find)
        control = runner.control(task)
        before(control)
        outcome = await asyncio.to_thread(runner.run, task, FakeDriver("a", lambda: None), control)
        return outcome, control

    return run


async def begun(world: World):
    """Return a task that runs on a phone of which this server has the lease."""
    await world.leases.beat()
    return world.executor.running[await world.running()]


def raising(error, *steps):
    """Return a script that goes so far in its journal and then raises this."""

    def run(job):
        for step in steps:
            getattr(job.journal, step)()
        raise error

    return Scripted(run)


def test_it_has_the_time_that_its_script_asks_for_and_the_usual_when_there_is_none(world, run):
    async def scenario():
        task = await begun(world)
        now_s = world.clock.monotonic_s()
        _, control = await run(task, Scripted(lambda job: SEEN))
        assert control.deadline_s - now_s == pytest.approx(660)
        outcome, control = await run(task, None)
        assert (outcome.error_code, control.deadline_s - now_s) == ("script_unavailable", pytest.approx(600))

    asyncio.run(scenario())


@pytest.mark.parametrize("raised", [None, ValueError("odd")])
def test_it_reads_media_until_it_has_ended_and_stops_to_when_it_must(world, run, access, raised):
    seen = []

    def posts(job):
        seen.append((job.media, access.open))
        if raised is not None:
            raise raised
        return SEEN

    async def scenario():
        _, control = await run(await begun(world), Scripted(posts))
        assert (seen, access.open) == ([("files of tasks", 1)], 0)
        assert access.must_go_on == control.check

    asyncio.run(scenario())


def test_what_a_script_returns_is_its_outcome(world, run):
    async def scenario():
        outcome, _ = await run(await begun(world), Scripted(lambda job: SEEN))
        assert outcome == SEEN

    asyncio.run(scenario())


@pytest.mark.parametrize(("steps", "state"), [((), PublishState.NOT_PUBLISHED), (("arm",), PublishState.UNKNOWN)])
@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_it_raises_ends_the_attempt_and_denies_nothing_that_was_armed(world, run, error, steps, state):
    async def scenario():
        outcome, _ = await run(await begun(world), raising(error, *steps))
        assert outcome.publish_state is state
        assert type(error).__name__ in str(outcome.remark) or "odd" in str(outcome.remark)

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [TaskStoppedError("of its own"), LeaseLostError("a")])
def test_only_the_server_says_that_an_attempt_was_stopped(world, run, error):
    async def scenario():
        task = await begun(world)
        outcome, _ = await run(task, raising(error))
        assert (outcome.error_code, outcome.result["script_code"]) == ("script_failed", type(error).__name__)
        told, _ = await run(task, raising(error), lambda control: control.stop())
        assert told.error_code in {"stopped", "server_interrupted"}

    asyncio.run(scenario())


def test_a_task_in_doubt_is_looked_for_with_what_its_journal_says(world, run):
    async def scenario():
        task = await begun(world)
        await world.store.write(lambda r: r.attempts.set_phase(task.id, 1, Phase.PREPARED, FACTS, 1))
        looking = Looking(lambda job: pytest.fail("it must not run"))
        outcome, _ = await run(replace(task, outcome="unknown"), looking)
        assert (outcome, looking.facts) == (SEEN, FACTS)

    asyncio.run(scenario())


def test_a_task_in_doubt_whose_script_cannot_look_stays_unknown(world, run):
    async def scenario():
        blind = Scripted(lambda job: pytest.fail("it must not run"))
        outcome, _ = await run(replace(await begun(world), outcome="unknown"), blind)
        assert (outcome.error_code, outcome.publish_state) == ("outcome_unknown", PublishState.UNKNOWN)

    asyncio.run(scenario())


class SlowStore:
    """A store whose every write takes so long."""

    def __init__(self, world: World, seconds: float) -> None:
        self._world, self._seconds = world, seconds

    def submit(self, work):
        self._world.clock.advance(self._seconds)
        return self._world.store.submit(work)


@pytest.mark.parametrize(("share", "presses"), [(0.4, True), (0.6, False)])
def test_who_was_held_up_for_half_of_a_lease_before_post_does_not_press(world, share, presses):
    async def scenario():
        task = await begun(world)
        store = SlowStore(world, world.leases.ttl_s * share)
        journal = StoreJournal(store, task, world.clock, leases=world.leases)
        if presses:
            await asyncio.to_thread(journal.arm)
        else:
            with pytest.raises(LeaseLostError):
                await asyncio.to_thread(journal.arm)
        assert journal.phase is (Phase.ARMED if presses else Phase.NOT_PUBLISHED)
        assert journal.has_refused is not presses

    asyncio.run(scenario())


def test_an_attempt_that_was_settled_meanwhile_decides_nothing(world):
    async def scenario():
        task = await begun(world)
        journal = StoreJournal(world.store, task, world.clock)
        await asyncio.to_thread(journal.arm)
        await world.end(task.id, failed("outcome_unknown"))
        with pytest.raises(TaskStoppedError):
            await asyncio.to_thread(journal.tapped)
        assert (journal.phase, journal.has_refused) == (Phase.ARMED, True)

    asyncio.run(scenario())


def test_what_was_put_at_risk_once_is_noted_once(world):
    async def scenario():
        task = await begun(world)
        journal = StoreJournal(world.store, task, world.clock)
        await asyncio.to_thread(journal.at_risk, {"at": "first"})
        await asyncio.to_thread(journal.at_risk, {"at": "second"})
        [attempt] = await world.store.read(lambda r: r.attempts.attempts(task.id))
        assert (attempt.phase, attempt.facts["at"]) == (Phase.AT_RISK, "first")

    asyncio.run(scenario())
