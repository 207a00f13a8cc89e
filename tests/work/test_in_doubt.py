"""A server or a phone goes away after Post may have been pressed: the task waits, first in its lane, for a look."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import FIRST_MS, Head
from fleetlane.core.message import Message
from fleetlane.core.outcome import FAILURES, PublishState, failed, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.task import NeedsPerson, NewTask, Source, Status, note_of
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.recovery import recover
from fleetlane.work.running.runner import StoreJournal
from support.scheduler_harness import World

FOLDER, HASH = "tiktok/shop", "f" * 64
FACTS = {"caption": "x", "profile": {"handle": "shop"}}
UNKNOWN = failed("outcome_unknown")
UNSEEN = failed("outcome_unknown", "It was not seen on the profile in time.", unseen=True)


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "s.db", RetryPolicy(enabled=True, least_delay_s=5, most_delay_s=5)) as world:
        yield world


async def pressed(world: World, *phases: Phase) -> int:
    """Return a task that runs, has taken a file, and whose journal has come so far."""
    task_id = await world.add()
    await world.scheduler.tick()

    def move(repositories):
        assert repositories.materials.take_files(FOLDER, [HASH], task_id, 1)
        for phase in phases:
            assert repositories.attempts.set_phase(task_id, 1, phase, FACTS, 1)

    await world.store.write(move)
    return task_id


def patient(world: World, wait_s: float) -> VerificationTimeout:
    """Let posts be looked for as long as this."""
    world.verification = VerificationTimeout(world.store, world.lanes, world.clock, wait_s)
    return world.verification


async def restarted(world: World, *phases: Phase) -> int:
    """Return such a task after a kill and a restart."""
    task_id = await pressed(world, *(phases or (Phase.PREPARED, Phase.ARMED)))
    await restart(world)
    return task_id


async def restart(world: World) -> None:
    world.executor.running.clear()
    assert await recover(world.store, world.clock) >= 1
    world.lanes.table.busy.clear()
    world.reread()


async def used(world: World) -> set[str]:
    return await world.store.read(lambda r: r.materials.used_files(FOLDER))


async def last_attempt(world: World, task_id: int):
    return (await world.store.read(lambda r: r.attempts.attempts(task_id)))[-1]


@pytest.mark.parametrize("phase", [Phase.AT_RISK, Phase.ARMED, Phase.TAPPED])
def test_it_waits_in_doubt_and_says_so(world, phase):
    async def scenario():
        task_id = await restarted(world, phase)
        task = await world.task(task_id)
        assert (task.status, task.outcome, task.error_code, task.in_doubt) == (Status.PENDING, "unknown", None, True)
        assert "profile is looked at" in str(task.remark)
        assert task.started_ms is not None
        assert await used(world) == {HASH}
        [first] = await world.store.read(lambda r: r.attempts.attempts(task_id))
        assert (first.error_code, first.phase) == ("server_interrupted", phase)

    asyncio.run(scenario())


def test_the_next_attempt_goes_on_with_the_journal(world):
    async def scenario():
        task_id = await restarted(world)
        assert await world.scheduler.tick() == 1
        task = world.executor.running[task_id]
        assert (task.attempt, task.in_doubt) == (2, True)
        second = await last_attempt(world, task_id)
        assert (second.phase, second.facts) == (Phase.ARMED, {"verifies": 1, **FACTS})
        journal = StoreJournal(world.store, task, world.clock, phase=second.phase)
        await asyncio.to_thread(journal.decided, Phase.PUBLISHED, {"evidence": "own profile"})
        await world.end(task_id, succeeded("Published.", PublishState.PUBLISHED, {}))
        task = await world.task(task_id)
        assert (task.status, task.outcome, await used(world)) == (Status.COMPLETED, "published", {HASH})

    asyncio.run(scenario())


def test_it_goes_before_all_others_of_its_lane_and_before_a_clock_that_was_set_back(world):
    async def scenario():
        now = world.clock.now_ms()
        task_id = await restarted(world)
        old = NewTask("b", 0, "post", "{}", "a", None, Source.API, 1, now, now - 60_000)
        [old_id] = await world.store.write(lambda r: r.tasks.add([old]))
        world.lanes.added("a", Head(old.due_ms, old_id))
        world.clock.jump(-90)
        await world.scheduler.tick()
        assert list(world.executor.running) == [task_id]

    asyncio.run(scenario())


def test_a_post_that_is_not_out_frees_what_it_took_and_is_tried_again(world):
    async def scenario():
        task_id = await restarted(world)
        await world.scheduler.tick()
        await world.end(task_id, failed("not_published"))
        assert await used(world) == set()
        task = await world.task(task_id)
        assert (task.status, task.in_doubt, task.retry_count) == (Status.PENDING, False, 1)
        world.clock.advance(6)
        await world.scheduler.tick()
        third = await last_attempt(world, task_id)
        assert (third.number, third.phase, third.facts) == (3, Phase.NONE, {})

    asyncio.run(scenario())


def test_a_server_that_ends_after_it_saw_that_a_post_is_not_out_runs_the_task_again(world):
    async def scenario():
        task_id = await restarted(world)
        await world.scheduler.tick()
        await world.store.write(lambda r: r.attempts.set_phase(task_id, 2, Phase.NOT_PUBLISHED, {}, 2))
        world.clock.advance(5)
        await restart(world)
        task = await world.task(task_id)
        assert (task.status, task.in_doubt, task.due_ms) == (Status.PENDING, False, world.clock.now_ms())
        assert await used(world) == set()
        await world.scheduler.tick()
        assert (await last_attempt(world, task_id)).phase is Phase.NONE

    asyncio.run(scenario())


def test_what_a_look_has_decided_is_kept_although_the_phone_is_gone(world):
    async def scenario():
        task_id = await restarted(world)
        await world.scheduler.tick()
        world.devices.set("a", DeviceState.OFFLINE)
        await world.store.write(lambda r: r.attempts.set_phase(task_id, 2, Phase.NOT_PUBLISHED, {}, 2))
        await world.end(task_id, failed("not_published"))
        task = await world.task(task_id)
        assert (task.in_doubt, task.retry_count) == (False, 1), "it ended, and is retried automatically"

    asyncio.run(scenario())


def test_a_look_that_sees_nothing_leaves_it_unknown(world):
    async def scenario():
        task_id = await restarted(world)
        await world.scheduler.tick()
        await world.end(task_id, UNKNOWN)
        task = await world.task(task_id)
        assert (task.status, task.error_code, await used(world)) == (Status.FAILED, "outcome_unknown", {HASH})
        await world.changes.resolve(task_id, published=False)
        assert await used(world) == set()

    asyncio.run(scenario())


def test_a_server_that_ends_while_it_looks_looks_again(world):
    async def scenario():
        task_id = await restarted(world)
        for number in (2, 3):
            await world.scheduler.tick()
            attempt = await last_attempt(world, task_id)
            assert (attempt.number, attempt.phase, attempt.facts["verifies"]) == (number, Phase.ARMED, 1)
            await restart(world)
        assert (await world.task(task_id)).in_doubt

    asyncio.run(scenario())


@pytest.mark.parametrize("phase", [Phase.AT_RISK, Phase.ARMED, Phase.TAPPED])
def test_a_phone_that_goes_away_is_asked_for_its_post_when_it_is_back(world, phase):
    async def scenario():
        task_id = await pressed(world, phase)
        next_id = await world.add()
        world.devices.set("a", DeviceState.OFFLINE)
        known = {"account": "shop_a", "caption": "Autumn"}
        await world.end(task_id, failed("outcome_unknown", "a was unplugged.", known))
        task = await world.task(task_id)
        assert (task.status, task.in_doubt, task.error_code, task.result) == (Status.PENDING, True, None, known)
        assert str(task.remark) == f"{RemarkTemplate.UNSEEN} {RemarkTemplate.LOOKED_FOR} a was unplugged."
        assert (await last_attempt(world, task_id)).error_code == "outcome_unknown"
        assert await world.scheduler.tick() == 0
        world.devices.set("a", DeviceState.ONLINE)
        await world.scheduler.tick()
        assert list(world.executor.running) == [task_id]
        assert (await last_attempt(world, task_id)).facts["verifies"] == 1
        await world.end(task_id, UNKNOWN)
        assert (await world.task(task_id)).status is Status.FAILED, "one look is enough for a phone that is there"
        await world.scheduler.tick()
        assert list(world.executor.running) == [next_id]

    asyncio.run(scenario())


def test_a_phone_that_was_away_while_its_post_was_looked_for_is_asked_again_but_not_for_ever(world):
    async def scenario():
        patience = patient(world, 600)
        task_id = await restarted(world)
        for over in (False, False, True):
            assert await patience.sweep() == 0
            await world.scheduler.tick()
            assert list(world.executor.running) == [task_id]
            world.devices.set("a", DeviceState.OFFLINE)
            world.devices.set("a", DeviceState.ONLINE)
            world.clock.advance(601 if over else 60)
            await world.end(task_id, UNKNOWN)
        assert (await world.task(task_id)).status is Status.FAILED

    asyncio.run(scenario())


def test_a_phone_that_goes_away_as_its_look_begins_is_asked_when_it_is_back(world):
    async def scenario():
        task_id = await restarted(world)
        world.devices.set("a", DeviceState.ONLINE)

        async def goes_away(work):
            world.devices.set("a", DeviceState.OFFLINE)
            return await write(work)

        write, world.store.write = world.store.write, goes_away  # between the look at the devices and the start
        await world.scheduler.tick()
        world.store.write = write
        await world.end(task_id, UNKNOWN)
        assert (await world.task(task_id)).in_doubt

    asyncio.run(scenario())


def test_a_post_that_no_look_can_find_is_unknown_at_once(world):
    async def scenario():
        task_id = await world.add()
        await world.scheduler.tick()
        story = {"caption": "", "profile": {"handle": "shop"}}
        await world.store.write(lambda r: r.attempts.set_phase(task_id, 1, Phase.TAPPED, story, 1))
        await world.end(task_id, UNKNOWN)
        assert (await world.task(task_id)).status is Status.FAILED

    asyncio.run(scenario())


def test_a_phone_that_goes_away_does_not_overrule_who_stopped_the_task(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        await world.store.write(lambda r: r.tasks.request_stop(task_id))
        await world.end(task_id, UNKNOWN)
        task = await world.task(task_id)
        assert (task.status, task.error_code) == (Status.FAILED, "outcome_unknown")

    asyncio.run(scenario())


def test_a_server_that_stops_in_order_lets_the_next_one_look(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        await world.end(task_id, UNKNOWN, interrupted=True)
        assert (await world.task(task_id)).in_doubt

    asyncio.run(scenario())


def test_an_end_that_was_decided_is_kept_by_a_server_that_stops(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.UNKNOWN)
        await world.end(task_id, UNKNOWN, interrupted=True)
        assert (await world.task(task_id)).status is Status.FAILED

    asyncio.run(scenario())


def test_an_upload_that_was_seen_too_early_is_not_run_again_by_a_server_that_stops(world):
    async def scenario():
        task_id = await pressed(world)
        await world.end(task_id, UNKNOWN, interrupted=True)
        task = await world.task(task_id)
        assert (task.status, task.error_code) == (Status.FAILED, "outcome_unknown")

    asyncio.run(scenario())


def test_stopping_it_ends_it_as_unknown(world):
    async def scenario():
        waits = await restarted(world)
        await world.changes.stop(waits)
        task = await world.task(waits)
        assert (task.status, task.error_code, task.outcome) == (Status.FAILED, "outcome_unknown", "unknown")
        assert "stopped before the profile" in str(task.remark)

    asyncio.run(scenario())


def test_nobody_resolves_it_or_moves_it_while_it_waits(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED)
        await world.store.write(
            lambda r: r.tasks._connection.exec_driver_sql("UPDATE tasks SET username_key = 'shop', username = 'shop'")
        )
        await restart(world)
        assert await world.store.write(lambda r: r.tasks.bind("shop", "tiktok", "b")) == []
        assert (await world.task(task_id)).serial == "a"
        with pytest.raises(ConflictError, match="is pending, unknown; only a failed task"):
            await world.changes.resolve(task_id, published=True)
        with pytest.raises(ConflictError):
            await world.changes.retry(task_id, force=True)

    asyncio.run(scenario())


def test_deleting_it_keeps_what_it_took_as_used(world):
    async def scenario():
        task_id = await restarted(world)
        await world.changes.delete(task_id)
        assert await used(world) == {HASH}

    asyncio.run(scenario())


def test_a_phone_that_does_not_come_back_in_time_leaves_it_unknown_and_the_lane_goes_on(world):
    async def scenario():
        task_id = await restarted(world)
        world.devices.set("a", DeviceState.OFFLINE)
        next_id = await world.add("a")
        patience = patient(world, 600)
        assert await patience.sweep() == 0
        world.clock.advance(599)
        assert await patience.sweep() == 0
        assert await world.scheduler.tick() == 0
        world.clock.advance(1)
        assert await patience.sweep() == 1
        task = await world.task(task_id)
        assert (task.error_code, task.outcome) == ("outcome_unknown", "unknown")
        assert "could not be seen on phone a within 10 minutes" in str(task.remark)
        world.devices.set("a", DeviceState.ONLINE)
        await world.scheduler.tick()
        assert list(world.executor.running) == [next_id]

    asyncio.run(scenario())


def test_a_phone_that_goes_while_it_is_looked_at_is_looked_at_again_within_the_same_time(world):
    async def scenario():
        task_id = await restarted(world)
        patience = patient(world, 600)
        for seconds in (0, 300, 299):
            world.clock.advance(seconds)
            assert await patience.sweep() == 0
            world.devices.set("a", DeviceState.ONLINE)
            assert await world.scheduler.tick() == 1
            assert await patience.sweep() == 0, "what is looked for now is not given up"
            world.devices.set("a", DeviceState.OFFLINE)
            await world.end(task_id, UNKNOWN)
            assert (await world.task(task_id)).in_doubt
        world.clock.advance(1)
        assert await patience.sweep() == 1
        assert (await world.task(task_id)).error_code == "outcome_unknown"

    asyncio.run(scenario())


# -- the phone was there, and the post was not seen -----------------------------------------------------------


async def ends_unseen(world: World, task_id: int):
    await world.end(task_id, UNSEEN)
    return await world.task(task_id)


def test_a_post_that_was_not_seen_is_looked_for_after_other_tasks_had_their_turn(world):
    async def scenario():
        patience = patient(world, 3600)
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        others = [await world.add(), await world.add()]
        task = await ends_unseen(world, task_id)
        assert (task.status, task.in_doubt, task.due_ms) == (Status.PENDING, True, world.clock.now_ms() + 60_000)
        assert str(task.remark).startswith(f"{RemarkTemplate.UNSEEN} {RemarkTemplate.LOOKED_FOR_AGAIN}")
        await world.scheduler.tick()
        assert list(world.executor.running) == others[:1]
        world.clock.advance(61)
        await patience.sweep()
        assert (await world.task(task_id)).due_ms == FIRST_MS
        await world.end(others[0], succeeded("Published.", PublishState.PUBLISHED, {}))
        await world.scheduler.tick()
        assert list(world.executor.running) == [task_id], "its time has come: it goes before all others"
        assert world.executor.running[task_id].in_doubt, "and only looks"

    asyncio.run(scenario())


def test_what_a_person_must_see_to_is_listed_until_a_look_goes_on_without_them(world):
    async def scenario():
        patience = patient(world, 3600)
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        await world.end(task_id, failed("outcome_unknown", "It asks.", unseen=True, asks="security_check"))
        task = await world.task(task_id)
        assert (task.status, task.in_doubt, task.needs_person) == (Status.PENDING, True, NeedsPerson.OUTCOME_UNKNOWN)
        assert task.needs_note == note_of(Remark.of(Message(FAILURES["security_check"].sentence)), "security_check")
        world.clock.advance(61)
        await patience.sweep()
        await world.scheduler.tick()
        assert list(world.executor.running) == [task_id], "it is looked for all the same"
        assert (await ends_unseen(world, task_id)).needs_person is None, "they have seen to it"

    asyncio.run(scenario())


def test_the_pauses_between_its_looks_grow_until_the_wait_is_over(world):
    async def scenario():
        patience = patient(world, 3600)
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        pauses: list[int] = []
        while (task := await ends_unseen(world, task_id)).in_doubt:
            pauses.append((task.due_ms - world.clock.now_ms()) // 1000)
            await patience.sweep()
            world.clock.advance(pauses[-1])
            if await patience.sweep():
                break
            await world.scheduler.tick()
            world.clock.advance(30)
        assert pauses == [60, 120, 240, 480, 900, 900, 900]
        task = await world.task(task_id)
        assert (task.status, task.error_code, task.outcome) == (Status.FAILED, "outcome_unknown", "unknown")
        assert task.attempt == len(pauses), "one pressed, the others looked"
        assert (await last_attempt(world, task_id)).phase is Phase.UNKNOWN

    asyncio.run(scenario())


def test_its_next_look_is_due_after_a_restart_as_well(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        await ends_unseen(world, task_id)
        world.clock.advance(61)
        world.lanes.table.busy.clear()
        world.reread()
        await patient(world, 600).sweep()
        await world.scheduler.tick()
        assert list(world.executor.running) == [task_id]

    asyncio.run(scenario())


def test_a_post_that_is_seen_in_a_later_look_is_published_once(world):
    async def scenario():
        task_id = await pressed(world, Phase.PREPARED, Phase.ARMED, Phase.TAPPED)
        await ends_unseen(world, task_id)
        world.clock.advance(60)
        await world.scheduler.tick()
        assert world.executor.running[task_id].in_doubt
        await world.end(task_id, succeeded("Published.", PublishState.PUBLISHED, {}))
        task = await world.task(task_id)
        assert (task.status, task.outcome, task.retry_count) == (Status.COMPLETED, "published", 0)
        assert await used(world) == {HASH}

    asyncio.run(scenario())


def test_a_wall_clock_that_jumps_does_not_end_the_wait(world):
    async def scenario():
        await restarted(world)
        patience = patient(world, 600)
        assert await patience.sweep() == 0
        world.clock.jump(86_400)
        assert await patience.sweep() == 0

    asyncio.run(scenario())


def test_a_forced_retry_posts_and_does_not_look(world):
    async def scenario():
        task_id = await restarted(world)
        await world.changes.stop(task_id)
        await world.changes.retry(task_id, force=True)
        await world.scheduler.tick()
        assert not world.executor.running[task_id].in_doubt
        assert (await last_attempt(world, task_id)).phase is Phase.NONE

    asyncio.run(scenario())


def test_a_task_is_in_doubt_only_while_it_has_not_ended(world):
    async def scenario():
        task = await world.task(await restarted(world))
        assert not replace(task, status=Status.FAILED).in_doubt
        assert replace(task, status=Status.RUNNING).in_doubt

    asyncio.run(scenario())
