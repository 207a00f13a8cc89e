"""Stop, retry and delete, alone and at once: one caller wins, the other gets a true answer."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetlane.core.account import NewAccount
from fleetlane.core.errors import ConflictError, NotFoundError, RequestError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import failed
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import Status, is_legal
from fleetlane.work.running.completion import RetryPolicy
from support.budget import cases
from support.scheduler_harness import DONE, World


def run(work):
    return asyncio.run(work)


def test_a_pending_task_is_stopped_without_running(world):
    async def scenario():
        task_id = await world.add()
        await world.changes.stop(task_id)
        task = await world.task(task_id)
        assert (task.status, str(task.remark), task.error_code) == (Status.FAILED, "stopped", "stopped")
        assert await world.scheduler.tick() == 0
        with pytest.raises(ConflictError, match="is failed"):
            await world.changes.stop(task_id)
        with pytest.raises(NotFoundError):
            await world.changes.stop(999)

    run(scenario())


def test_a_stop_waits_for_the_real_end_and_the_lane_goes_on(world):
    async def scenario():
        task_id, after = await world.running(), await world.add()
        world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"))
        await world.changes.stop(task_id)
        assert (await world.task(task_id)).error_code == "stopped"
        assert await world.scheduler.tick() == 1
        assert after in world.executor.running

    run(scenario())


def test_a_stop_between_claim_and_start_reaches_the_attempt(world):
    async def scenario():
        assert await world.scheduler.tick() == 0
        first, second = await world.add("a"), await world.add("b")
        world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"))
        write, claimed = world.store.write, asyncio.Event()

        async def slow_write(work):
            try:
                return await write(work)
            finally:
                await claimed.wait()

        world.store.write = slow_write
        tick = asyncio.create_task(world.scheduler.tick())
        await asyncio.sleep(0)
        world.store.write = write
        stop = asyncio.create_task(world.changes.stop(second))
        while not (await world.task(second)).stop_requested:
            await asyncio.sleep(0)
        assert not world.executor.running
        claimed.set()
        await asyncio.gather(tick, stop)
        assert (await world.task(second)).error_code == "stopped"
        assert set(world.executor.running) == {first}

    run(scenario())


def test_a_task_that_was_asked_to_stop_is_not_armed(world):
    async def scenario():
        task_id = await world.running()

        def arm(repositories):
            repositories.attempts.set_phase(task_id, 1, Phase.PREPARED, {}, 1)
            repositories.tasks.request_stop(task_id)
            return repositories.attempts.set_phase(task_id, 1, Phase.ARMED, {}, 1)

        assert await world.store.write(arm) is False

    run(scenario())


def test_a_stopped_task_that_a_shutdown_interrupts_stays_stopped(world):
    async def scenario():
        task_id = await world.running()
        world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"), interrupted=True)
        await world.changes.stop(task_id)
        assert (await world.task(task_id)).error_code == "stopped"

    run(scenario())


def test_only_a_failed_task_is_retried_and_an_unknown_one_with_force_only(world):
    async def scenario():
        task_id = await world.running()
        with pytest.raises(ConflictError, match="is running"):
            await world.changes.retry(task_id, force=True)
        await world.end(task_id, failed("outcome_unknown"))
        with pytest.raises(ConflictError, match="force"):
            await world.changes.retry(task_id, force=False)
        assert (await world.retry_all()).skipped[0].task_id == task_id
        await world.changes.retry(task_id, force=True)
        task = await world.task(task_id)
        assert (task.status, task.retry_count) == (Status.PENDING, 1)
        assert await world.scheduler.tick() == 1
        assert world.executor.running[task_id].attempt == 2

    run(scenario())


def test_a_retried_task_goes_to_the_device_its_account_is_on_now(world):
    async def scenario():
        account = await world.accounts.add(NewAccount("shop", serial="a"))
        task_id = await world.add("a", "@Shop")
        await world.scheduler.tick()
        await world.end(task_id, failed("app_crashed"))
        await world.accounts.update(account.id, lambda before: replace(before, serial="b"))
        assert (await world.task(task_id)).serial == "a"
        await world.retry_all()
        assert (await world.task(task_id)).serial == "b"
        assert await world.scheduler.tick() == 1

    run(scenario())


def test_deleting_stops_what_runs_and_tells_what_is_unknown(world):
    async def scenario():
        running, pending = await world.running(), await world.add()
        world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"))
        deleted = await world.changes.delete_many([pending, 77, running, pending])
        assert (list(deleted.task_ids), list(deleted.not_found)) == ([pending, running], [77])
        assert sorted(world.forgotten) == [running, pending]
        with pytest.raises(NotFoundError):
            await world.changes.delete(running)
        assert (await world.store.read(lambda r: r.tasks.counts())).total == 0

    run(scenario())


@pytest.mark.parametrize(
    ("code", "enabled", "again"),
    [
        ("app_crashed", True, True),
        ("app_crashed", False, False),
        ("security_check", True, False),
        ("media_missing", True, False),
        ("outcome_unknown", True, False),
        ("stopped", True, False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again_by_itself(tmp_path, code, enabled, again):
    with World(tmp_path / "s.db", RetryPolicy(enabled=enabled, most_retries=2)) as world:

        async def scenario():
            task_id = await world.running()
            await world.end(task_id, failed(code))
            task = await world.task(task_id)
            assert (task.status is Status.PENDING, task.retry_count) == (again, int(again))
            if not again:
                return
            assert 5_000 <= task.due_ms - world.clock.now_ms() <= 60_000
            assert "tried again, 1 of 2" in str(task.remark)
            for _ in range(2):
                world.clock.advance(61)
                assert await world.scheduler.tick() == 1
                await world.end(task_id, failed(code))
            assert (await world.task(task_id)).status is Status.FAILED

        run(scenario())


# -- many callers at once ------------------------------------------------------------------------------

_CALLS = ("add", "tick", "stop", "retry", "force", "resolve", "delete", "retry_all", "bind", "end")


@pytest.mark.slow
@settings(max_examples=cases(25, 60), deadline=None)
@given(
    rounds=st.lists(st.lists(st.sampled_from(_CALLS), min_size=1, max_size=6), min_size=4, max_size=14),
    seed=st.integers(0, 2**32),
)
def test_random_callers_at_once_leave_no_task_in_an_illegal_state(tmp_path_factory, rounds, seed):
    with World(tmp_path_factory.mktemp("w") / "s.db", RetryPolicy(enabled=True)) as world:
        db = sqlite3.connect(world.path, autocommit=True) if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL") else None
        db = db or sqlite3.connect(world.path, isolation_level=None)
        db.execute("CREATE TABLE moves (task_id INTEGER, before INTEGER, after INTEGER)")
        db.execute(
            "CREATE TRIGGER moved AFTER UPDATE OF status ON tasks WHEN old.status <> new.status "
            "BEGIN INSERT INTO moves VALUES (new.id, old.status, new.status); END"
        )
        asyncio.run(_Callers(world, random.Random(seed)).play(rounds))
        for task_id, before, after in db.execute("SELECT * FROM moves"):
            assert is_legal(Status(before), Status(after)), (task_id, before, after)
        rows = dict(db.execute("SELECT status, count(*) FROM tasks GROUP BY status"))
        counted = dict(db.execute("SELECT status, sum(n) FROM task_counts GROUP BY status HAVING sum(n) <> 0"))
        assert rows == counted
        db.close()


class _Callers:
    """Draws calls and lets them loose together."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.world = world
        self.draw = draw
        self.ids: list[int] = []
        self.one_tick = asyncio.Lock()

    async def play(self, rounds) -> None:
        world = self.world
        world.executor.on_stop = self._obey
        for _ in range(3):
            self.ids.append(await world.add(self.draw.choice("ab"), "shop"))
        account = await world.accounts.add(NewAccount("shop", serial="a"))
        self.account_id = account.id
        for calls in rounds:
            answers = await asyncio.gather(*(self._call(name) for name in calls), return_exceptions=True)
            for answer in answers:
                assert answer is None or isinstance(answer, (RequestError, int)), answer
            await world.executor.obeyed()  # a stop waits for a bounded time only
            await self._check()

    async def _obey(self, task) -> None:
        """End a stopped attempt as attempts end: at once, later, or with what had happened already."""
        for _ in range(self.draw.randrange(4)):
            await asyncio.sleep(0)
        if task.id in self.world.executor.running:
            outcome = self.draw.choice([failed("stopped"), failed("stopped"), DONE, failed("outcome_unknown")])
            await self.world.end(task.id, outcome)

    async def _call(self, name: str) -> None:
        world, draw = self.world, self.draw
        task_id = draw.choice(self.ids)
        match name:
            case "add":
                self.ids.append(await world.add(draw.choice("ab"), draw.choice(["shop", None])))
            case "tick":
                world.clock.advance(draw.randrange(40))
                async with self.one_tick:  # as in the scheduler's own loop
                    await world.scheduler.tick()
            case "stop":
                await world.changes.stop(task_id)
            case "retry" | "force":
                await world.changes.retry(task_id, force=name == "force")
            case "resolve":
                await world.changes.resolve(task_id, published=draw.choice([True, False]))
            case "delete":
                await world.changes.delete_many([task_id, draw.choice(self.ids)])
            case "retry_all":
                await world.retry_all()
            case "bind":
                serial = draw.choice(["a", "b", None])
                await world.accounts.update(self.account_id, lambda before: replace(before, serial=serial))
            case "end":
                running = sorted(world.executor.running)
                if running:
                    code = draw.choice(["app_crashed", "security_check", "outcome_unknown"])
                    await world.end(draw.choice(running), draw.choice([DONE, failed(code)]))

    async def _check(self) -> None:
        world = self.world
        tasks = await world.store.read(lambda r: r.tasks.find(TaskFilter(), 0, 1000))
        running = {task.id for task in tasks if task.status is Status.RUNNING}
        assert running == world.executor.running.keys()
        for task in tasks:
            if task.stop_requested:
                assert task.is_ended
