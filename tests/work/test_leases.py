"""Two servers on one store: a device is one's at a time, and who has lost it presses nothing and ends nothing."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from fleetlane.core.errors import LeaseLostError, StoreBusyError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import failed
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.task import NewTask, Source, Status
from fleetlane.scripts.control import AttemptControl
from fleetlane.work.running.recovery import recover
from fleetlane.work.running.runner import StoreJournal
from support.scheduler_harness import DONE, TTL_S, World


@pytest.fixture
def worlds(tmp_path):
    """Two servers. Each has its own clock, of which only the monotonic side counts."""
    with World(tmp_path / "s.db", leased=True) as one, World(tmp_path / "s.db", leased=True) as other:
        yield one, other


async def running_on(world: World) -> int:
    """Return a task that runs on device a, of which this server has the lease."""
    await world.leases.beat()
    return await world.running()


def test_what_runs_on_a_phone_that_somebody_else_has_by_now_is_his(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        await other.leases.settle(["a"])  # it was its own when that was asked for
        assert (await one.task(task_id)).status is Status.RUNNING

    asyncio.run(scenario())


async def time_passes(seconds: float, *worlds: World) -> None:
    """Let time pass for these servers, their hearts beating every five seconds; the others stand still."""
    for _ in range(round(seconds / 5)):
        for world in worlds:
            world.clock.advance(5)
            await world.leases.beat()


def journal_of(world: World, task_id: int) -> StoreJournal:
    return StoreJournal(world.store, world.executor.running[task_id], world.clock, leases=world.leases)


def test_a_heart_that_stands_still_is_looked_at_as_soon_as_it_has_stood_too_long(worlds):
    one, other = worlds

    async def scenario():
        await one.leases.beat()
        await other.leases.beat()
        assert other.leases.seconds_to_beat() == 5
        other.clock.advance(TTL_S - 2)
        await other.leases.beat()
        assert other.leases.seconds_to_beat() == 2
        other.clock.advance(2)
        await other.leases.beat()
        assert other.leases.holds("a")

    asyncio.run(scenario())


def test_while_the_store_was_away_nobodys_heart_could_beat_and_nobody_is_taken_for_dead(worlds):
    one, other = worlds

    async def away(_work):
        raise StoreBusyError("away")

    async def scenario():
        await one.leases.beat()
        await other.leases.beat()
        write, other.store.write = other.store.write, away
        other.clock.advance(TTL_S)
        with pytest.raises(StoreBusyError):
            await other.leases.beat()
        other.store.write = write
        await other.leases.beat()
        assert one.leases.holds("a")
        assert other.leases.is_foreign("a")

    asyncio.run(scenario())


def test_of_two_servers_the_first_has_the_devices_as_long_as_its_heart_beats(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        await time_passes(5 * TTL_S, one, other)
        assert (one.leases.holds("a"), other.leases.holds("a"), other.leases.is_foreign("a")) == (True, False, True)
        other.lanes.added("a", Head(0, await one.add()))
        assert await other.scheduler.tick() == 0
        await one.end(task_id)
        assert (await one.task(task_id)).status is Status.COMPLETED

    asyncio.run(scenario())


def test_a_server_that_stands_still_loses_its_devices_and_the_other_settles_their_tasks(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        assert await other.scheduler.tick() == 0, "from here on it knows only what it is told"
        await time_passes(TTL_S, other)
        assert not other.leases.holds("a"), "it was watched for less than its time"
        await time_passes(10, other)
        assert other.leases.holds("a")
        task = await one.task(task_id)
        assert (task.status, task.in_doubt) == (Status.PENDING, False)
        assert await other.scheduler.tick() == 1
        assert other.executor.running[task_id].attempt == 2

    asyncio.run(scenario())


def test_what_waits_on_a_device_that_was_taken_over_is_read_also_when_settling_it_failed_at_first(worlds, monkeypatch):
    one, other = worlds

    async def scenario():
        await running_on(one)
        assert await other.scheduler.tick() == 0
        waiting = await one.add()
        await time_passes(TTL_S, other)
        write, failing = other.store.write, iter([False, True])

        async def fails_at_the_second(work):
            if next(failing, False):
                raise StoreBusyError("busy")
            return await write(work)

        monkeypatch.setattr(other.store, "write", fails_at_the_second)
        other.clock.advance(10)
        with pytest.raises(StoreBusyError):
            await other.leases.beat()
        await other.leases.beat()
        for _ in range(2):
            assert await other.scheduler.tick() == 1
            await other.end(next(iter(other.executor.running)))
        assert (await other.task(waiting)).status is Status.COMPLETED

    asyncio.run(scenario())


def test_a_server_that_comes_back_too_late_arms_nothing_and_its_results_are_refused(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        journal = journal_of(one, task_id)
        await asyncio.to_thread(journal.prepared, {})
        await time_passes(TTL_S + 10, other)
        with pytest.raises(LeaseLostError, match="another one took over phone a"):
            await asyncio.to_thread(journal.arm)
        assert journal.phase is Phase.PREPARED
        await other.scheduler.tick()
        before = await one.task(task_id)
        await one.ends.ended(Ended(one.executor.end(task_id), DONE))
        assert before.attempt == 2
        assert await one.task(task_id) == before

    asyncio.run(scenario())


def test_the_late_result_of_an_old_attempt_changes_nothing(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        old = one.executor.end(task_id)
        await time_passes(TTL_S + 10, other)
        await other.scheduler.tick()
        before = await one.task(task_id)
        for ending in Ending:
            await one.ends.ended(Ended(old, DONE, ending))
        journal = StoreJournal(one.store, old, one.clock)
        with pytest.raises(TaskStoppedError):
            await asyncio.to_thread(journal.prepared, {})
        assert await one.task(task_id) == before

    asyncio.run(scenario())


def test_a_post_that_was_armed_by_a_server_that_stands_still_is_looked_for_by_the_other(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        journal = journal_of(one, task_id)
        await asyncio.to_thread(journal.prepared, {})
        await asyncio.to_thread(journal.arm)
        await time_passes(TTL_S + 10, other)
        assert (await one.task(task_id)).in_doubt

    asyncio.run(scenario())


def test_a_server_that_the_store_kept_waiting_takes_nobody_for_dead_too_early(worlds, monkeypatch):
    one, other = worlds

    async def scenario():
        write = other.store.write

        async def late(work):
            for world in worlds:
                world.clock.advance(20)
            await one.leases.beat()
            return await write(work)

        await one.leases.beat()
        monkeypatch.setattr(other.store, "write", late)
        await other.leases.beat()
        monkeypatch.setattr(other.store, "write", write)
        for world in worlds:
            world.clock.advance(TTL_S - 1)
        await other.leases.beat()
        assert one.leases.holds("a")
        assert not other.leases.holds("a")

    asyncio.run(scenario())


def test_a_server_that_has_begun_once_more_does_not_look_as_if_it_had_stood_still(worlds):
    one, other = worlds

    async def scenario():
        await one.leases.beat()
        await other.leases.beat()
        for world in worlds:
            world.clock.advance(TTL_S - 10)
        await other.store.write(lambda r: r.leases.dismiss(one.leases.owner))  # a third one did
        await one.leases.beat()
        for world in worlds:
            world.clock.advance(10)
        await other.leases.beat()
        assert one.leases.holds("a")
        assert not other.leases.holds("a")

    asyncio.run(scenario())


@pytest.mark.parametrize("heart_first", [True, False])
def test_an_attempt_that_others_took_for_dead_presses_nothing_also_when_its_phone_is_free_again(worlds, heart_first):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        journal = journal_of(one, task_id)
        await asyncio.to_thread(journal.prepared, {})
        await asyncio.to_thread(journal.arm)
        await time_passes(TTL_S + 10, other)
        assert (await one.task(task_id)).in_doubt
        await other.leases.end()
        if heart_first:  # else its clock has gone on
            await one.leases.beat()
            assert "a" in one.leases.held
        else:
            one.clock.advance(TTL_S)
        assert not one.leases.holds("a")
        await one.leases.beat()
        assert not one.leases.holds("a"), "its next heartbeat changes nothing"
        await one.ends.ended(Ended(one.executor.end(task_id), failed("stopped"), Ending.LOST))
        assert one.leases.holds("a"), "the next attempt is as good as any"

    asyncio.run(scenario())


def test_a_server_that_lost_a_device_claims_nothing_even_before_it_knows(worlds):
    one, other = worlds

    async def scenario():
        await one.leases.beat()
        await time_passes(TTL_S + 10, other)
        task_id = await one.add()
        assert one.leases.holds("a"), "it does not know yet"
        assert await one.scheduler.tick() == 0
        assert (await one.task(task_id)).status is Status.PENDING
        await one.leases.beat()
        assert (one.leases.holds("a"), one.leases.is_foreign("a")) == (False, True)

    asyncio.run(scenario())


def test_a_server_that_slept_touches_no_phone_until_its_heart_has_beaten(worlds):
    one, _ = worlds

    async def scenario():
        await one.leases.beat()
        lost = LeaseLostError("a")
        control = AttemptControl(one.clock, 10**9, lambda: None if one.leases.holds("a") else lost)
        control.check()
        one.clock.advance(TTL_S)
        with pytest.raises(LeaseLostError):
            control.check()
        await one.leases.beat()
        control.check()

    asyncio.run(scenario())


def test_a_server_that_sleeps_between_armed_and_the_press_does_not_press(worlds):
    one, _ = worlds

    async def scenario():
        journal = journal_of(one, task_id := await running_on(one))
        await asyncio.to_thread(journal.prepared, {})
        slept = one.store.submit

        def sleepy(work):
            done = slept(work)
            done.result()
            one.clock.advance(TTL_S / 2 + 1)
            return done

        one.store.submit = sleepy
        with pytest.raises(LeaseLostError):
            await asyncio.to_thread(journal.arm)
        assert journal.phase is Phase.NOT_PUBLISHED
        one.store.submit = slept
        await one.end(task_id, failed("server_interrupted"), interrupted=True)
        assert (await one.task(task_id)).status is Status.PENDING

    asyncio.run(scenario())


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_costs_nobody_a_lease(worlds, hours):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        await time_passes(20, one, other)
        for world in worlds:
            world.clock.jump(hours * 3600)
        await time_passes(TTL_S * 2, one, other)
        assert one.leases.holds("a")
        assert not other.leases.holds("a")
        await one.end(task_id)
        assert (await one.task(task_id)).status is Status.COMPLETED

    asyncio.run(scenario())


def test_a_device_that_goes_elsewhere_is_given_back_but_not_while_it_works(worlds):
    one, other = worlds

    async def scenario():
        task_id = await running_on(one)
        del one.devices.table["a"]
        await time_passes(10, one, other)
        assert other.leases.is_foreign("a")
        await one.end(task_id)
        await time_passes(10, one, other)
        assert other.leases.holds("a")

    asyncio.run(scenario())


def test_a_server_that_ends_gives_its_devices_back(worlds):
    one, other = worlds

    async def scenario():
        await one.leases.beat()
        await other.leases.beat()
        assert other.leases.is_foreign("a")
        await one.leases.end()
        await other.leases.beat()
        assert other.leases.holds("a")

    asyncio.run(scenario())


def test_a_server_that_begins_anew_settles_what_its_former_life_left_and_nobody_elses(tmp_path):
    path = tmp_path / "s.db"
    with (
        World(path, leased=True, host_id="here") as former,
        World(path, leased=True, host_id="here") as present,
        World(path, leased=True, host_id="there") as other,
    ):
        del other.devices.table["a"], former.devices.table["b"], present.devices.table["b"]

        async def scenario():
            mine = await running_on(former)
            await other.leases.beat()
            theirs = await other.add("b")
            assert await other.scheduler.tick() == 1
            await present.leases.begin()
            assert await recover(present.store, present.clock) == 1
            tasks = [await present.task(task_id) for task_id in (mine, theirs)]
            assert [task.status for task in tasks] == [Status.PENDING, Status.RUNNING]
            await present.leases.beat()
            assert present.leases.holds("a"), "it waits for nobody"
            await other.end(theirs)
            assert (await other.task(theirs)).status is Status.COMPLETED

        asyncio.run(scenario())


def test_a_worker_that_was_taken_for_dead_does_not_come_back_to_life_by_arming(worlds):
    one, other = worlds

    async def scenario():
        journal = journal_of(one, await running_on(one))
        await time_passes(TTL_S + 10, other)
        for _ in range(2):
            with pytest.raises(LeaseLostError):
                await asyncio.to_thread(journal.arm)
        assert set(await one.store.read(lambda r: r.leases.heartbeats())) == {other.leases.owner}

    asyncio.run(scenario())


def test_a_heart_that_beats_at_the_last_moment_is_not_taken_for_dead(worlds, monkeypatch):
    one, other = worlds

    async def scenario():
        await running_on(one)
        await time_passes(TTL_S, other)
        other.clock.advance(5)
        renew_all = other.leases._renew_all

        def after_a_beat(repositories, *found):
            assert repositories.leases.beat(one.leases.owner, round(TTL_S * 1000))
            return renew_all(repositories, *found)

        monkeypatch.setattr(other.leases, "_renew_all", after_a_beat)
        await other.leases.beat()
        assert (other.leases.holds("a"), other.leases.is_foreign("a")) == (False, True)

    asyncio.run(scenario())


def test_what_a_dead_server_left_running_on_a_phone_that_nobody_has_is_settled_too(worlds):
    one, other = worlds
    del other.devices.table["a"]

    async def scenario():
        task_id = await running_on(one)
        await time_passes(TTL_S + 10, other)
        assert (await other.task(task_id)).status is Status.PENDING

    asyncio.run(scenario())


def test_one_heartbeat_serves_all_devices_and_the_backlog_costs_it_nothing(tmp_path):
    with World(tmp_path / "s.db", leased=True) as world:

        async def scenario():
            world.devices = world.scheduler._devices
            for number in range(300):
                world.devices.table[f"p{number}"] = world.devices.table["a"]
            tasks = [NewTask("b", n, "post", "{}", f"p{n % 300}", None, Source.API, 1, 0, 0) for n in range(5000)]
            await world.store.write(lambda r: r.tasks.add(tasks))
            await world.leases.beat()
            rows = count_steps(world)
            world.clock.advance(5)
            await world.leases.beat()
            assert world.leases.holds("p299")
            return rows

        statements = asyncio.run(scenario())
        assert len(statements) <= 8, statements
        assert not any("tasks" in statement for statement in statements), statements


def count_steps(world: World) -> list[str]:
    """Return a list that fills with the statements the store runs from now on."""
    statements: list[str] = []
    connection = world.store._writer.pool.connect().dbapi_connection
    assert isinstance(connection, sqlite3.Connection)
    connection.set_trace_callback(statements.append)
    return statements
