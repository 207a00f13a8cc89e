"""What a host remembers itself of having pressed Post, when the store has gone back and knows nothing of it."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import delete, update

from fleetlane.adapters.db.tables import attempts, task_counts, tasks
from fleetlane.adapters.press_log import PressFile
from fleetlane.core.errors import StoreBusyError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import PublishState, failed
from fleetlane.core.presses import Press
from fleetlane.core.task import Status
from fleetlane.work.running.recovery import recover
from fleetlane.work.running.runner import StoreJournal
from support.scheduler_harness import World

FACTS = {"app": "tiktok", "caption": "看"}


@pytest.fixture
def presses(tmp_path):
    presses = PressFile(tmp_path / "presses.jsonl")
    presses.open()
    yield presses
    presses.close()


@pytest.fixture
def world(tmp_path, presses):
    with World(tmp_path / "s.db", leased=True, host_id="here", presses=presses) as world:
        yield world


class OlderStore:
    """What the store was at an instant; put in its place it knows nothing of what came after."""

    def __init__(self, world: World) -> None:
        self._path, self._kept = world.path, world.path.with_suffix(".older")
        with closing(sqlite3.connect(self._path)) as now, closing(sqlite3.connect(self._kept)) as kept:
            now.backup(kept)

    def in_its_place(self, world: World) -> None:
        world.store.close()
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._path)


def lose_the_last_commits(repositories, task_id: int) -> None:
    """Let the store be what a standby has that did not get the claim, and nothing since."""
    execute = repositories.tasks._connection.execute
    execute(update(tasks).where(tasks.c.id == task_id).values(status=0, attempt=0, started_ms=None))
    execute(delete(attempts))
    execute(delete(task_counts).where(task_counts.c.status == 0))
    execute(update(task_counts).where(task_counts.c.status == 1).values(status=0))


def press(world: World, task_id: int, presses, *, until=Phase.ARMED) -> StoreJournal:
    """Go as far as an attempt that presses Post."""
    task = world.executor.running[task_id]
    journal = StoreJournal(world.store, task, world.clock, leases=world.leases, presses=presses)
    journal.prepared(FACTS)
    if until is not Phase.PREPARED:
        journal.arm()
    if until not in (Phase.PREPARED, Phase.ARMED):
        journal.tapped()
        journal.decided(until, {"evidence": "seen"})
    return journal


def again(world: World, tmp_path, presses) -> World:
    return World(tmp_path / "s.db", leased=True, host_id="here", presses=presses)


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("until", [Phase.ARMED, Phase.PUBLISHED])
def test_what_was_pressed_is_looked_for_and_not_posted_again_when_the_store_has_gone_back(
    world, presses, tmp_path, claimed, until
):
    async def first():
        await world.leases.beat()
        task_id = await world.add()
        before = OlderStore(world)
        assert await world.scheduler.tick() == 1
        before = OlderStore(world) if claimed else before
        await asyncio.to_thread(press, world, task_id, presses, until=until)
        before.in_its_place(world)
        return task_id

    async def second(life, task_id):
        await life.leases.begin()
        await recover(life.store, life.clock)
        await life.leases.beat()
        life.reread()
        if claimed and until is Phase.PUBLISHED:
            assert (await life.task(task_id)).status is Status.COMPLETED
            return
        assert await life.scheduler.tick() == 1
        task = life.executor.running[task_id]
        assert task.in_doubt, "it only looks for the post"
        *_, last = await life.store.read(lambda r: r.attempts.attempts(task_id))
        assert (last.number, last.phase, last.facts["caption"]) == (2, until, "看")

    task_id = asyncio.run(first())
    with again(world, tmp_path, presses) as life:
        asyncio.run(second(life, task_id))


def test_a_person_who_stops_it_is_not_told_that_it_is_not_out(world, presses, tmp_path):
    async def first():
        await world.leases.beat()
        task_id = await world.add()
        assert await world.scheduler.tick() == 1
        await world.store.write(lambda r: r.tasks.request_stop(task_id))
        before = OlderStore(world)
        presses.note(Press(task_id, 1, "b", "a", Phase.ARMED, FACTS))
        before.in_its_place(world)
        return task_id

    async def second(life, task_id):
        await life.leases.begin()
        await recover(life.store, life.clock)
        task = await life.task(task_id)
        assert (task.error_code, task.outcome) == ("outcome_unknown", PublishState.UNKNOWN)

    task_id = asyncio.run(first())
    with again(world, tmp_path, presses) as life:
        asyncio.run(second(life, task_id))


def test_it_is_asked_before_a_claim_also_when_nobody_saw_the_store_go(world, presses, tmp_path):
    async def scenario():
        await world.leases.beat()
        task_id = await world.add()
        assert await world.scheduler.tick() == 1
        await asyncio.to_thread(press, world, task_id, presses)
        await world.store.write(lambda r: lose_the_last_commits(r, task_id))
        with pytest.raises(TaskStoppedError):
            await asyncio.to_thread(
                StoreJournal(world.store, world.executor.running[task_id], world.clock, phase=Phase.ARMED).tapped
            )
        await world.end(task_id, failed("outcome_unknown"))
        world.reread()
        assert await world.scheduler.tick() == 1
        assert world.executor.running[task_id].in_doubt

    asyncio.run(scenario())


def test_what_pressed_nothing_runs_again(world, presses, tmp_path):
    async def first():
        await world.leases.beat()
        task_id = await world.add()
        before = OlderStore(world)
        assert await world.scheduler.tick() == 1
        await asyncio.to_thread(press, world, task_id, presses, until=Phase.PREPARED)
        before.in_its_place(world)
        return task_id

    async def second(life, task_id):
        await life.leases.begin()
        await life.leases.beat()
        life.reread()
        assert await life.scheduler.tick() == 1
        assert not life.executor.running[task_id].in_doubt

    task_id = asyncio.run(first())
    with again(world, tmp_path, presses) as life:
        asyncio.run(second(life, task_id))


def test_another_task_that_got_the_same_id_is_posted(world, presses):
    async def scenario():
        await world.leases.beat()
        task_id = await world.add()
        presses.note(Press(task_id, 1, "another batch", "a", Phase.ARMED, {}))
        assert await world.scheduler.tick() == 1
        assert not world.executor.running[task_id].in_doubt

    asyncio.run(scenario())


def test_what_a_person_lets_be_posted_again_is_not_held_up(world, presses):
    async def scenario():
        await world.leases.beat()
        task_id = await world.running()
        await asyncio.to_thread(press, world, task_id, presses)
        await world.end(task_id, failed("outcome_unknown"))
        await world.changes.retry(task_id, force=True)
        assert await world.scheduler.tick() == 1
        assert not world.executor.running[task_id].in_doubt

    asyncio.run(scenario())


def test_a_store_that_was_away_is_asked_when_it_is_back(world, presses):
    async def scenario():
        await world.leases.beat()
        task_id = await world.add()
        await world.store.write(lambda r: r.tasks.move("a", "elsewhere"))
        presses.note(Press(task_id, 1, "b", "a", Phase.ARMED, FACTS))
        write, world.store.write = world.store.write, None

        async def away(_work):
            raise StoreBusyError("away")

        world.store.write = away
        beating = asyncio.create_task(world.leases.run())
        while not world.leases._was_away:
            await asyncio.sleep(0)
        beating.cancel()
        world.store.write = write
        await world.leases.beat()
        task = await world.task(task_id)
        assert (task.status, task.in_doubt, task.serial) == (Status.PENDING, True, "a")

    asyncio.run(scenario())


def test_a_disk_that_keeps_nothing_lets_nothing_be_pressed(world, presses, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "no space")

    async def scenario():
        await world.leases.beat()
        task_id = await world.running()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(TaskFailedError, match="cannot keep what it presses"):
            await asyncio.to_thread(press, world, task_id, presses)
        [attempt] = await world.store.read(lambda r: r.attempts.attempts(task_id))
        assert attempt.phase is Phase.NOT_PUBLISHED

    asyncio.run(scenario())


def no_room(_path):
    raise OSError(errno.ENOSPC, "no space")


def entry(task_id, phase=Phase.ARMED, **facts):
    return Press(task_id, 1, f"batch {task_id}", "a", phase, facts)


def test_the_file_remembers_after_a_restart_and_a_line_cut_short_tells_nothing(tmp_path):
    path = tmp_path / "presses.jsonl"
    first = PressFile(path)
    first.open()
    first.note(entry(1))
    first.note(entry(2, text="看\n"))
    first.note(entry(1, Phase.PUBLISHED))
    first.close()
    path.write_bytes(path.read_bytes() + b'[3, 1, "batch 3", "a", "arm')
    second = PressFile(path)
    second.open()
    assert list(second.latest(9)) == [entry(2, text="看\n"), entry(1, Phase.PUBLISHED)]
    assert (second.of(2), second.of(3), list(second.latest(1))) == (
        entry(2, text="看\n"),
        None,
        [entry(1, Phase.PUBLISHED)],
    )
    second.note(entry(3))
    second.close()
    third = PressFile(path)
    third.open()
    assert third.of(3) == entry(3)
    third.close()


def test_the_file_stays_small_and_keeps_the_latest(tmp_path):
    presses = PressFile(tmp_path / "p", most=3)
    presses.open()
    for task_id in range(50):
        presses.note(entry(task_id))
    assert [press.task_id for press in presses.latest(9)] == [47, 48, 49]
    assert len((tmp_path / "p").read_text().splitlines()) <= 13
    presses.close()
    with pytest.raises(OSError, match="closed"):
        presses.note(entry(1))


def test_half_a_line_is_no_line_and_spoils_none_that_follows(tmp_path, monkeypatch):
    path, write = tmp_path / "p", os.write
    presses = PressFile(path)
    presses.open()
    presses.note(entry(1))
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda handle, line: write(handle, line[:9]))
        with pytest.raises(OSError, match="no room"):
            presses.note(entry(2))
    assert presses.of(2) is None
    presses.note(entry(3))
    presses.close()
    again = PressFile(path)
    again.open()
    assert [press.task_id for press in again.latest(9)] == [1, 3]
    again.close()


def test_a_file_that_cannot_be_made_small_goes_on_as_it_is(tmp_path, monkeypatch):
    presses = PressFile(tmp_path / "p", most=1)
    presses.open()
    with monkeypatch.context() as full:
        full.setattr("fleetlane.adapters.press_log.make_private_file", no_room)
        for task_id in range(9):
            presses.note(entry(task_id))
    presses.note(entry(9))
    assert (presses.of(9), len((tmp_path / "p").read_text().splitlines())) == (entry(9), 1)
    presses.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_nobody_else_reads_it(tmp_path):
    presses = PressFile(tmp_path / "p")
    presses.open()
    presses.close()
    assert (tmp_path / "p").stat().st_mode & 0o077 == 0
