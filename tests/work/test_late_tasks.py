"""A task that could not begin in time goes out only as its owner meant it, or when a person says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.outcome import failed
from fleetlane.core.ports.attempts import Step
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import LatePolicy, NeedsPerson, Status
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.recovery import recover
from support.moving import move
from support.scheduler_harness import DONE, World

HOUR_S = 3600.0
LATE_AFTER_S = 2 * HOUR_S


def run(work):
    return asyncio.run(work)


async def planned(world: World, serial: str | None = "a", policy: LatePolicy | None = None, username=None) -> int:
    """A task for in an hour, that may begin up to two hours later."""
    return await world.add(serial, username, start_s=HOUR_S, late_after_s=LATE_AFTER_S, policy=policy)


async def away(world: World, days: float = 3.0) -> None:
    """Let the server be off for so long."""
    world.clock.jump(HOUR_S + days * 24 * HOUR_S)


async def held(world: World, **options) -> int:
    task_id = await planned(world, **options)
    await away(world)
    assert await world.late_tasks.sweep() == 1
    return task_id


# -- held ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [None, LatePolicy.HOLD])
def test_after_three_days_off_nothing_starts_at_the_first_step(world, policy):
    async def scenario():
        late, soon = await planned(world, policy=policy), await world.add("b")
        await away(world)
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {soon}
        task = await world.task(late)
        assert (task.status, task.held_ms, task.needs_person) == (
            Status.PENDING,
            world.clock.now_ms(),
            NeedsPerson.HELD,
        )
        assert task.needs_note["code"] == "missed_start"
        assert task.needs_note["message"].startswith("It was 3 d 0 h late.")
        for _ in range(3):
            assert await world.scheduler.tick() == 0
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 0

    run(scenario())


def test_a_held_task_lets_the_next_of_its_lane_go_on(world):
    async def scenario():
        late = await planned(world)
        await away(world)
        after = await world.add("a")
        assert [await world.scheduler.tick() for _ in range(3)] == [0, 1, 0]
        assert set(world.executor.running) == {after}
        assert (await world.task(late)).is_held

    run(scenario())


def test_the_limit_itself_is_still_in_time(world):
    async def scenario():
        task_id = await planned(world)
        world.clock.advance(HOUR_S + LATE_AFTER_S)
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert str((await world.task(task_id)).remark) == "Published."

    run(scenario())


def test_a_task_that_may_not_be_late_at_all_still_begins_in_its_minute(world):
    async def scenario():
        first, second = [await world.add(serial, start_s=60.0, late_after_s=0.0) for serial in "ab"]
        world.clock.advance(60.05)
        world.devices.set("b", DeviceState.ABSENT)
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {first}
        world.clock.advance(60.0)
        assert await world.late_tasks.sweep() == 1
        assert (await world.task(second)).is_held

    run(scenario())


def test_a_task_whose_phone_is_away_or_whose_account_has_none_is_held_too(world):
    async def scenario():
        world.devices.set("a", DeviceState.ABSENT)
        tasks = [await planned(world), await planned(world, serial=None, username="@nobody")]
        world.clock.advance(HOUR_S + LATE_AFTER_S + 1)
        assert await world.late_tasks.sweep() == 2
        assert [(await world.task(one)).needs_person for one in tasks] == [NeedsPerson.HELD] * 2
        world.devices.set("a", DeviceState.ONLINE)
        await world.accounts.add(NewAccount("@nobody", serial="b"))
        assert await world.scheduler.tick() == 0

    run(scenario())


def test_a_task_without_a_start_time_is_never_late(world):
    async def scenario():
        task_id = await world.add("a", late_after_s=1)
        await away(world)
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert "late" not in str((await world.task(task_id)).remark)

    run(scenario())


@pytest.mark.slow
def test_many_late_tasks_are_settled_in_parts(world):
    async def scenario():
        tasks = [await planned(world, serial="ab"[n % 2]) for n in range(450)]
        await away(world)
        assert await world.late_tasks.sweep() == len(tasks)
        assert await world.store.read(lambda r: r.tasks.needing(1000)) == len(tasks)
        assert await world.scheduler.tick() == 0

    run(scenario())


# -- what does not count -------------------------------------------------------------------------------


def test_time_in_which_the_lane_worked_on_earlier_tasks_does_not_count(world):
    async def scenario():
        task_id, other = await planned(world), await planned(world, serial="b")
        await world.add("a", start_s=HOUR_S - 60)
        world.clock.advance(HOUR_S - 60)
        assert await world.scheduler.tick() == 1
        world.clock.advance(HOUR_S)
        [earlier] = world.executor.running
        await world.end(earlier)  # 59 minutes after the start time
        world.devices.set("a", DeviceState.OFFLINE)
        world.devices.set("b", DeviceState.OFFLINE)
        world.clock.advance(90 * 60)  # 2 h 29 min after it
        assert await world.late_tasks.sweep() == 1
        assert (await world.task(other)).is_held
        world.devices.set("a", DeviceState.ONLINE)
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert str((await world.task(task_id)).remark) == "Published."

    run(scenario())


def test_a_task_is_not_late_while_its_lane_works_and_is_looked_at_again(world):
    async def scenario():
        world.scheduler.longest_attempt_ms = world.late_tasks._longest_attempt_ms = 10**9
        task_id = await planned(world)
        await world.add("a", start_s=HOUR_S - 1)
        world.clock.advance(HOUR_S)
        assert await world.scheduler.tick() == 1
        for _ in range(5):
            world.clock.advance(LATE_AFTER_S)
            assert await world.late_tasks.sweep() == 0
        [earlier] = world.executor.running
        await world.end(earlier)
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {task_id}

    run(scenario())


def test_an_attempt_that_a_crash_cut_off_did_not_work_while_the_server_was_off(world):
    async def scenario():
        waiting = await planned(world)
        running = await world.running()
        world.clock.advance(10)
        step = Step(running, 1, 1, "open the app", "", "", world.clock.now_ms(), 2000, True)
        await world.store.write(lambda r: r.attempts.add_step(step))
        await away(world)
        assert await recover(world.store, world.clock) == 1
        [attempt] = await world.store.read(lambda r: r.attempts.attempts(running))
        assert attempt.ended_ms == step.started_ms + 2000
        assert await world.late_tasks.sweep() == 1
        assert (await world.task(waiting)).is_held

    run(scenario())


def test_an_attempt_that_stood_still_with_its_computer_counts_for_no_longer_than_it_may_work(world):
    async def scenario():
        waiting, running = await planned(world), await world.running()
        await away(world)  # the computer sleeps; then the attempt goes on to its end
        await world.end(running)
        assert await world.late_tasks.sweep() == 1
        assert (await world.task(waiting)).is_held

    run(scenario())


def test_a_planned_task_that_was_cut_off_is_late_after_days_as_any_other(world):
    async def scenario():
        task_id = await planned(world)
        world.clock.advance(HOUR_S)
        assert await world.scheduler.tick() == 1
        await away(world)
        await recover(world.store, world.clock)
        world.reread()
        world.lanes.table.busy.clear()
        world.executor.running.clear()
        assert await world.scheduler.tick() == 0
        assert (await world.task(task_id)).is_held

    run(scenario())


def test_a_try_again_by_itself_is_late_as_well_after_days(tmp_path):
    with World(tmp_path / "s.db", RetryPolicy(enabled=True)) as world:

        async def scenario():
            task_id = await planned(world)
            world.clock.advance(HOUR_S + LATE_AFTER_S - 1)
            assert await world.scheduler.tick() == 1
            await world.end(task_id, failed("app_crashed"))
            assert (await world.task(task_id)).status is Status.PENDING
            world.clock.advance(LATE_AFTER_S)  # its own time is a few seconds away, and counts from there
            assert await world.scheduler.tick() == 1
            await world.end(task_id, failed("app_crashed"))
            await away(world)
            assert await world.scheduler.tick() == 0
            assert (await world.task(task_id)).is_held

        run(scenario())


def test_a_clock_that_is_set_back_holds_and_starts_nothing(world):
    async def scenario():
        late, soon = await held(world), await planned(world)
        world.clock.jump(-10 * 24 * HOUR_S)
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 0
        assert (await world.task(late)).is_held
        assert not (await world.task(soon)).is_held

    run(scenario())


def test_a_task_in_doubt_is_looked_for_however_late_it_is_and_never_held(world):
    async def scenario():
        task_id = await planned(world)
        world.clock.advance(HOUR_S)
        assert await world.scheduler.tick() == 1
        outcome = failed("outcome_unknown")
        await world.store.write(lambda r: r.tasks.look_later(task_id, 1, outcome, 0, world.clock.now_ms()))
        await away(world)
        assert await world.late_tasks.sweep() == 0
        with pytest.raises(ConflictError, match="looked for first"):
            await world.decisions.start(task_id)
        with pytest.raises(ConflictError, match="looked for first"):
            await move(world.store, world.lanes, task_id, world.clock.now_ms() + 1)
        claimed = await world.store.write(lambda r: r.tasks.claim(task_id, "a", world.clock.now_ms()))
        assert claimed is not None

    run(scenario())


def test_a_task_that_was_in_doubt_and_is_not_out_is_late_after_days_as_any_other(world):
    async def scenario():
        task_id = await planned(world)
        world.clock.advance(HOUR_S)
        assert await world.scheduler.tick() == 1
        unknown = failed("outcome_unknown")
        await world.store.write(lambda r: r.tasks.look_later(task_id, 1, unknown, 0, world.clock.now_ms()))
        assert await world.store.write(lambda r: r.tasks.claim(task_id, "a", world.clock.now_ms()))
        assert await world.store.write(lambda r: r.tasks.requeue(task_id, 2, "not out", world.clock.now_ms()))
        assert await world.late_tasks.sweep() == 0
        await away(world)
        assert await world.late_tasks.sweep() == 1
        assert (await world.task(task_id)).is_held

    run(scenario())


# -- run and fail --------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [DONE, failed("app_crashed"), failed("outcome_unknown")])
def test_a_late_run_says_in_its_remark_how_late_however_it_ends(world, outcome):
    async def scenario():
        task_id = await planned(world, policy=LatePolicy.RUN)
        await away(world, days=3 + 2 / 24)
        await world.late_tasks.sweep()
        world.clock.advance(5 * HOUR_S)
        assert await world.scheduler.tick() == 1
        await world.end(task_id, outcome)
        task = await world.task(task_id)
        assert str(task.remark) == f"{outcome.remark} It was 3 d 7 h late."
        if task.outcome == "unknown":
            await world.changes.resolve(task_id, published=True)
            assert str((await world.task(task_id)).remark).endswith("It was 3 d 7 h late.")

    run(scenario())


def test_a_run_in_time_says_nothing_of_it(world):
    async def scenario():
        task_id = await planned(world, policy=LatePolicy.RUN)
        world.clock.advance(HOUR_S + LATE_AFTER_S)
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert str((await world.task(task_id)).remark) == "Published."

    run(scenario())


def test_a_late_task_that_is_to_fail_fails_and_may_be_retried(world):
    async def scenario():
        tasks = [await planned(world, policy=LatePolicy.FAIL), await planned(world, "b", LatePolicy.FAIL)]
        await away(world)
        assert await world.scheduler.tick() == 0  # at the claim
        assert await world.late_tasks.sweep() == 0
        for task_id in tasks:
            task = await world.task(task_id)
            assert (task.status, task.error_code, task.needs_person) == (Status.FAILED, "missed_start", None)
            assert str(task.remark).endswith("It was 3 d 0 h late.")
        assert (await world.retry_all()).task_ids == tasks
        assert await world.scheduler.tick() == 2
        await world.end(tasks[0])
        assert str((await world.task(tasks[0])).remark) == "Published. It was 3 d 0 h late."

    run(scenario())


# -- what a person decides -----------------------------------------------------------------------------


def test_a_held_task_that_a_person_starts_is_due_now_and_says_how_late(world):
    async def scenario():
        task_id = await held(world)
        world.clock.advance(HOUR_S)
        await world.decisions.start(task_id)
        task = await world.task(task_id)
        assert (task.held_ms, task.needs_person, task.due_ms) == (None, None, world.clock.now_ms())
        await away(world)  # a person has said so: it is not late any more
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert "d" in str((await world.task(task_id)).remark)
        assert str((await world.task(task_id)).remark).startswith("Published. It was 6 d")
        with pytest.raises(ConflictError, match="only a task that waits can be started"):
            await world.decisions.start(task_id)
        with pytest.raises(NotFoundError):
            await world.decisions.start(999)

    run(scenario())


def test_a_waiting_task_that_a_person_starts_begins_now_and_its_retry_too(world):
    async def scenario():
        task_id = await planned(world)
        await world.decisions.start(task_id)
        assert await world.scheduler.tick() == 1
        await world.end(task_id, failed("app_crashed"))
        assert "late" not in str((await world.task(task_id)).remark)
        await world.changes.retry(task_id, force=False)
        assert await world.scheduler.tick() == 1

    run(scenario())


def test_starting_does_not_put_a_task_that_is_due_behind_others(world):
    async def scenario():
        world.devices.set("a", DeviceState.OFFLINE)
        first = await world.add()
        world.clock.advance(1)
        await world.add()
        world.clock.advance(1)
        await world.decisions.start(first)
        world.devices.set("a", DeviceState.ONLINE)
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {first}

    run(scenario())


def test_a_moved_task_waits_for_its_new_time_and_can_be_late_again(world):
    async def scenario():
        task_id = await held(world)
        start_ms = world.clock.now_ms() + round(HOUR_S * 1000)
        await move(world.store, world.lanes, task_id, start_ms)
        task = await world.task(task_id)
        assert (task.held_ms, task.needs_person, task.due_ms, task.scheduled_ms) == (None, None, start_ms, start_ms)
        assert await world.scheduler.tick() == 0
        await away(world)
        assert await world.scheduler.tick() == 0
        assert (await world.task(task_id)).needs_note["message"].startswith("It was 3 d 0 h late.")
        await move(world.store, world.lanes, task_id, world.clock.now_ms())
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert str((await world.task(task_id)).remark) == "Published."

    run(scenario())


def test_a_stop_of_a_held_task_is_undone_and_it_is_held_again(world):
    async def scenario():
        task_id = await held(world)
        before = await world.task(task_id)
        done = await world.changes.stop(task_id)
        stopped = await world.task(task_id)
        assert (stopped.error_code, stopped.held_ms, stopped.needs_person) == ("stopped", None, None)
        assert (await world.retry_all()).task_ids == []
        await world.changes.undo(done)
        assert await world.task(task_id) == before
        assert await world.scheduler.tick() == 0
        await world.changes.stop(task_id)
        await world.changes.retry(task_id, force=False)  # its own retry: due now, and says how late
        assert await world.scheduler.tick() == 1
        await world.end(task_id)
        assert str((await world.task(task_id)).remark) == "Published. It was 3 d 0 h late."

    run(scenario())


def test_what_is_dismissed_is_off_the_list_and_a_held_one_stays_held(world):
    async def scenario():
        task_id = await held(world)
        running = await world.running()
        await world.end(running, failed("security_check"))
        assert await world.store.read(lambda r: r.tasks.count(TaskFilter(needs_person=True))) == 2
        assert await world.store.read(lambda r: r.tasks.count(TaskFilter(needs_person=False))) == 0
        assert await world.decisions.dismiss_many([task_id, running, 77]) == 2
        await world.decisions.dismiss(task_id)
        with pytest.raises(NotFoundError):
            await world.decisions.dismiss(77)
        task = await world.task(task_id)
        assert (task.is_held, task.needs_person) == (True, None)
        assert await world.scheduler.tick() == 0
        assert await world.late_tasks.sweep() == 0

    run(scenario())


def test_that_another_phone_answers_is_still_so_when_a_person_starts_or_moves_a_task(world):
    async def scenario():
        tasks = [await planned(world), await planned(world)]
        for task_id in tasks:
            await world.store.write(lambda r, i=task_id: r.tasks.flag([i], NeedsPerson.OTHER_PHONE, {"message": "x"}))
        await world.decisions.start(tasks[0])
        await move(world.store, world.lanes, tasks[1], world.clock.now_ms() + 1)
        for task_id in tasks:
            task = await world.task(task_id)
            assert (task.needs_person, task.needs_note) == (NeedsPerson.OTHER_PHONE, {"message": "x"})

    run(scenario())


def test_an_entry_leaves_the_list_when_its_task_is_retried_resolved_or_deleted(world):
    async def scenario():
        tasks: list[int] = []
        for code in ("security_check", "outcome_unknown", "not_logged_in"):
            tasks.append(await world.running())
            await world.end(tasks[-1], failed(code))
        listed = [await world.task(task_id) for task_id in tasks]
        assert [task.needs_person for task in listed] == [
            NeedsPerson.FAILED,
            NeedsPerson.OUTCOME_UNKNOWN,
            NeedsPerson.FAILED,
        ]
        await world.changes.retry(tasks[0], force=False)
        await world.changes.resolve(tasks[1], published=False)
        await world.changes.delete(tasks[2])
        assert await world.store.read(lambda r: r.tasks.needing(10)) == 0

    run(scenario())


def test_tasks_of_a_held_account_task_follow_their_account_and_stay_held(world):
    async def scenario():
        account = await world.accounts.add(NewAccount("shop", serial="a"))
        task_id = await held(world, serial="a", username="shop")
        await world.accounts.update(account.id, lambda before: replace(before, serial="b"))
        assert await world.scheduler.tick() == 0
        assert (await world.task(task_id)).is_held
        await world.decisions.start(task_id)
        assert await world.scheduler.tick() == 1
        assert world.executor.running[task_id].serial == "b"

    run(scenario())
