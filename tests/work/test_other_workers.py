"""Several workers on one store, each with phones of its own: what one changes the others find, told or not."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from fleetlane.core.errors import StoreBusyError
from fleetlane.core.event import Change, EventKind
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.outcome import failed
from fleetlane.core.ports.records import TakenOver
from fleetlane.core.task import Status
from fleetlane.work.running.leader import Leader, Leading
from fleetlane.work.running.membership import Membership, MembershipError
from fleetlane.work.running.other_workers import DEVICE_LIMIT, LOOK_EVERY_S
from support.scheduler_harness import TTL_S, World


@pytest.fixture
def fleet(tmp_path):
    """Two workers; phone a is at the first, phone b at the other."""
    with ExitStack() as worlds:
        one, other = (
            worlds.enter_context(World(tmp_path / "s.db", leased=True, host_name=name, host_id=f"id of {name}"))
            for name in ("one", "other")
        )
        del one.devices.table["b"], other.devices.table["a"]
        note_stops(other)
        yield one, other


def note_stops(world: World) -> None:
    """Note in `stops` each task that the worker's executor is asked to stop."""
    world.stops = []

    async def note(task):
        world.stops.append(task.id)

    world.executor.on_stop = note


async def begin(*worlds: World) -> None:
    for world in worlds:
        await world.leases.beat()


async def look(world: World) -> int:
    """Let a worker take its next look at the store, and start what it finds."""
    world.clock.advance(LOOK_EVERY_S)
    return await world.scheduler.tick()


def test_a_task_that_another_worker_took_in_begins_at_the_next_look(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        task_id = await one.add("b")
        assert await one.scheduler.tick() == 0, "phone b is not here"
        assert await look(other) == 1
        assert (await one.task(task_id)).status is Status.RUNNING

    asyncio.run(scenario())


def test_what_is_told_is_looked_at_at_once(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        assert await other.scheduler.tick() == 0
        task_id = await one.add("b")
        other.others.heard([Change(EventKind.TASK, task_id, "b", "b")])
        assert await other.scheduler.tick() == 1

    asyncio.run(scenario())


def test_what_is_told_while_it_looks_is_looked_at_again_at_once(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        task_id = await one.add("b")
        await look(other)
        read = other.store.read

        async def read_and_hear(work):
            found = await read(work)
            other.store.read = read
            await one.store.write(lambda r: r.tasks.request_stop(task_id))
            other.others.heard([Change(EventKind.TASK, task_id, "b", "b")])
            return found

        other.store.read = read_and_hear
        await look(other)
        assert other.stops == []
        await other.scheduler.tick()
        await asyncio.sleep(0)
        assert other.stops == [task_id]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("kind", "serial", "asks"),
    [(EventKind.STEP, "b", False), (EventKind.TASK, "a", False), (EventKind.TASK, "b", True)],
)
def test_what_happens_to_tasks_makes_no_heart_beat_and_concerns_only_who_has_the_lane(fleet, kind, serial, asks):
    one, other = fleet
    woken = []

    async def scenario():
        await begin(one, other)
        await other.scheduler.tick()
        other.lanes.listen(notified=lambda: woken.append("heart"))
        other.others.heard([Change(kind, 1, "b", serial)])
        assert woken == []
        assert (other.others.seconds_to_look() == 0) is asks
        assert (other.lanes.table.take_stale() == {serial}) is asks

    asyncio.run(scenario())


@pytest.mark.parametrize("told", [True, False])
def test_a_stop_elsewhere_is_waited_for_until_the_attempt_has_really_ended(fleet, told):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        task_id = await one.add("b")
        await look(other)
        stopping = asyncio.create_task(one.changes.stop(task_id))
        while not (await one.task(task_id)).stop_requested:
            await asyncio.sleep(0)
        if told:
            other.others.heard(None)
            await other.scheduler.tick()
        else:
            await look(other)
        await asyncio.sleep(0)
        assert other.stops == [task_id]
        assert not stopping.done()
        await other.end(task_id, failed("stopped"))
        one.others.heard(None)
        await stopping
        assert (await one.task(task_id)).error_code == "stopped"

    asyncio.run(scenario())


def test_an_attempt_that_others_have_ended_is_cut_off_here(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        task_id = await one.add("b")
        await look(other)
        for _ in range(round(TTL_S / 5) + 2):  # the other's heart stands still
            one.clock.advance(5)
            await one.leases.beat()
        assert (await one.task(task_id)).status is Status.PENDING
        await look(other)
        await asyncio.sleep(0)
        assert other.stops == [task_id]

    asyncio.run(scenario())


def test_a_claim_whose_answer_was_lost_does_not_block_its_lane(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        task_id = await one.add("b")
        write = other.store.write

        async def lose_the_answer(work):
            await write(work)
            raise StoreBusyError("no answer")

        other.store.write = lose_the_answer
        with pytest.raises(StoreBusyError):
            await look(other)
        assert (await one.task(task_id)).status is Status.RUNNING
        other.store.write = write
        assert await look(other) == 1
        assert (await one.task(task_id)).attempt == 2
        assert other.stops == []

    asyncio.run(scenario())


def test_a_phone_that_a_person_has_at_another_server_starts_nothing_until_it_is_given_back(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        taken = TakenOver("b", one.leases.owner, "anna", 5)
        await one.store.write(lambda r: r.take_overs.put(taken))
        await one.add("b")
        assert [await look(other) for _ in range(3)] == [0, 0, 0]
        await one.store.write(lambda r: r.take_overs.drop("b", one.leases.owner))
        assert await look(other) == 1

    asyncio.run(scenario())


def test_a_lane_that_was_refused_is_not_asked_for_again_at_once(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        await one.store.write(lambda r: r.take_overs.put(TakenOver("b", one.leases.owner, "anna", 5)))
        await one.add("b")
        await look(other)
        writes = 0

        async def count(work, write=other.store.write):
            nonlocal writes
            writes += 1
            return await write(work)

        other.store.write = count
        for _ in range(5):
            await other.scheduler.tick()
        assert writes == 0

    asyncio.run(scenario())


def test_a_host_that_drains_ends_what_runs_and_starts_nothing(fleet):
    one, other = fleet

    async def scenario():
        await begin(one, other)
        await one.store.write(lambda r: r.hosts.begin(NewHost("other", "id of other", HostKind.HOST, "1"), 5))
        first = await one.add("b")
        await look(other)
        await one.store.write(lambda r: r.hosts.drain("other", drains=True))
        second = await one.add("b")
        await look(other)
        assert other.stops == []
        await other.end(first)
        assert await look(other) == 0
        assert (await one.task(second)).status is Status.PENDING
        await one.store.write(lambda r: r.hosts.drain("other", drains=False))
        assert await look(other) == 1

    asyncio.run(scenario())


def test_a_licence_counts_the_phones_of_all_hosts(tmp_path):
    async def scenario(one, other):
        del one.devices.table["b"], other.devices.table["a"]
        await begin(one, other)
        await one.store.write(lambda r: r.facts.set(DEVICE_LIMIT, "1"))
        first, second = await one.add("a"), await one.add("b")
        assert [await look(one), await look(other)] == [1, 0]
        assert (one.others.device_limit, other.others.device_limit) == (1, 1)
        await one.end(first)
        assert await look(other) == 1
        assert (await one.task(second)).status is Status.RUNNING

    with (
        World(tmp_path / "s.db", leased=True, host_name="one", limit=1) as one,
        World(tmp_path / "s.db", leased=True, host_name="other", limit=1) as other,
    ):
        asyncio.run(scenario(one, other))


def member(world, **fields):
    host = NewHost(**{"name": "rack1", "id": "id1", "kind": HostKind.HOST, "version": "0.2.0", **fields})
    return Membership(host, world.clock)


def test_a_host_begins_again_but_no_other_by_its_name_while_it_lives(fleet):
    one, _ = fleet

    async def scenario():
        await one.store.write(member(one).begin)
        await one.store.write(lambda r: r.leases.begin("w1", "id1", 30))
        await one.store.write(member(one).begin)
        with pytest.raises(MembershipError, match="Another host called rack1 works on this store"):
            await one.store.write(member(one, id="id2").begin)
        await one.store.write(lambda r: r.leases.dismiss("w1"))
        await one.store.write(member(one, id="id2").begin)
        await one.store.write(member(one, id="id2").lives)
        host = await one.store.read(lambda r: r.hosts.get("rack1"))
        assert (host.id, host.seen_ms) == ("id2", one.clock.now_ms())

    asyncio.run(scenario())


@pytest.mark.parametrize(("protocol", "hint"), [(0, "Update this one"), (9, "Update rack2, or stop it and run:")])
def test_a_host_of_another_protocol_is_refused_with_what_to_do(fleet, protocol, hint):
    one, _ = fleet

    async def scenario():
        await one.store.write(member(one, name="rack2", id="id2").begin)
        await one.store.write(lambda r: r.leases.begin("w2", "id2", 30))
        with pytest.raises(MembershipError, match=hint):
            await one.store.write(member(one, protocol=protocol).begin)
        await one.store.write(lambda r: r.leases.dismiss("w2"))
        await one.store.write(member(one, protocol=protocol).begin)

    asyncio.run(scenario())


def test_the_leaders_loops_go_while_it_leads_and_no_longer(monkeypatch):
    monkeypatch.setattr("fleetlane.work.running.leader._ASK_EVERY_S", 0.0)
    leads, went = [False], []

    async def loop():
        went.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            went.append("ended")

    async def until(*expected):
        while went != list(expected):
            await asyncio.sleep(0)

    async def scenario():
        shown = Leading()
        leader = Leader(lambda: leads[0], {"loop": loop}, shown)
        running = asyncio.create_task(leader.run())
        for leading, *expected in ((True, "begun"), (False, "begun", "ended"), (True, "begun", "ended", "begun")):
            leads[0] = leading
            await until(*expected)
            assert shown.now is leading
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert went[-1] == "ended"

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_leader_whose_loop_fails_ends(monkeypatch):
    async def loop():
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup):
        asyncio.run(asyncio.wait_for(Leader(lambda: True, {"loop": loop}).run(), 20))
