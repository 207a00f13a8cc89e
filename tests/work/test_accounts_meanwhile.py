"""What happens to an account while its task runs, or after it failed: it waits again where the account is then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.errors import ConflictError
from fleetlane.core.outcome import failed
from fleetlane.core.retrying import PassedOver
from fleetlane.core.task import Status
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.recovery import recover
from support.making import Making
from support.scheduler_harness import World


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "s.db", RetryPolicy(enabled=True, least_delay_s=5, most_delay_s=5)) as world:
        yield world


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


async def for_account(world) -> tuple[int, int]:
    """Let a task of an account run on its device. Returns account and task."""
    account = await world.accounts.add(NewAccount("shop", serial="a"))
    task_id = await world.add(None, "@Shop")
    await world.accounts.update(account.id, lambda before: replace(before, serial="b"))
    await world.accounts.update(account.id, lambda before: replace(before, serial="a"))
    await world.scheduler.tick()
    assert (await world.task(task_id)).status is Status.RUNNING
    return account.id, task_id


async def disabled(world, account_id) -> str | None:
    await world.accounts.update(account_id, lambda before: replace(before, enabled=False))
    return None


async def deleted(world, account_id) -> str | None:
    await world.accounts.delete(account_id)
    return None


async def renamed(world, account_id) -> str | None:
    await world.accounts.update(account_id, lambda before: replace(before, username="other"))
    return None


async def moved(world, account_id) -> str | None:
    await world.accounts.update(account_id, lambda before: replace(before, serial="b"))
    return "b"


async def by_itself(world, task_id):
    await world.end(task_id, failed("app_crashed"))
    world.clock.advance(6)


async def after_a_crash(world, _task_id):
    world.executor.running.clear()
    await recover(world.store, world.clock)
    world.lanes.table.busy.clear()
    world.reread()


async def after_a_server_that_stopped(world, task_id):
    await world.end(task_id, failed("server_interrupted"), interrupted=True)


async def by_a_person(world, task_id):
    await world.end(task_id, failed("not_logged_in"))
    await world.changes.retry(task_id, force=False)


async def by_retry_all(world, task_id):
    await world.end(task_id, failed("not_logged_in"))
    await world.retry_all()


async def by_an_undone_retry(world, task_id):
    await world.end(task_id, failed("not_logged_in"))
    await world.changes.undo(await world.changes.retry(task_id, force=False))
    await world.retry_all()


@pytest.mark.parametrize("meanwhile", [disabled, deleted, renamed, moved])
@pytest.mark.parametrize(
    "again", [by_itself, after_a_crash, after_a_server_that_stopped, by_a_person, by_retry_all, by_an_undone_retry]
)
def test_it_waits_where_the_account_is_then_and_for_none_where_that_is_gone(world, meanwhile, again):
    async def scenario():
        account_id, task_id = await for_account(world)
        there = await meanwhile(world, account_id)
        await again(world, task_id)
        task = await world.task(task_id)
        assert (task.status, task.serial) == (Status.PENDING, there)
        assert await world.scheduler.tick() == (there is not None)

    asyncio.run(scenario())


def test_what_waits_again_on_another_device_is_compared_with_what_waits_there(making):
    async def scenario():
        account = await making.accounts.add(NewAccount("shop", serial="a"))
        [first] = (await making.ask(usernames=["shop"])).task_ids
        stopped = await making.changes.stop(first)
        assert stopped is not None
        await making.ask("b")
        await making.accounts.update(account.id, lambda before: replace(before, serial="b"))
        with pytest.raises(ConflictError, match="the same post"):
            await making.changes.retry(first, force=False)
        with pytest.raises(ConflictError, match="can no longer be undone"):
            await making.changes.undo(stopped)
        [other] = (await making.ask("b", config={"captions": "other"})).task_ids
        await making.publish(other - 1)
        await making.scheduler.tick()
        await making.end(other, failed("app_crashed"))
        assert (await making.retry_all()).task_ids == [other]

        await making.accounts.update(account.id, lambda before: replace(before, serial="a"))
        [second] = (await making.ask(usernames=["shop"], config={"captions": "third"})).task_ids
        await making.scheduler.tick()
        await making.end(second, failed("app_crashed"))
        await making.ask("b", config={"captions": "third"})
        await making.accounts.update(account.id, lambda before: replace(before, serial="b"))
        for dry_run in (True, False):
            done = await making.retry_all(dry_run=dry_run)
            assert [(one.task_id, one.why) for one in done.skipped if one.why is PassedOver.REPEAT] == [
                (second, PassedOver.REPEAT)
            ]

    asyncio.run(scenario())
