"""A post for an account without a phone, and the same for a phone: once the account is there it goes out once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.errors import ConflictError
from fleetlane.core.outcome import failed
from fleetlane.core.task import Status
from fleetlane.work.content.sheets.account_sheet import read_sheet
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.recovery import recover
from support.making import Making


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


async def binds_it(making, before) -> None:
    await making.accounts.update(before.id, lambda account: replace(account, serial="a"))


async def enables_it(making, before) -> None:
    await making.accounts.update(before.id, lambda account: replace(account, serial="a", enabled=False))
    await making.accounts.update(before.id, lambda account: replace(account, enabled=True))


async def adds_it(making, before) -> None:
    await making.accounts.delete(before.id)
    await making.accounts.add(NewAccount("shop", "tiktok", "a"))


async def renames_to_it(making, before) -> None:
    await making.accounts.delete(before.id)
    other = await making.accounts.add(NewAccount("other", "tiktok", "a"))
    await making.accounts.update(other.id, lambda account: replace(account, username="shop"))


async def imports_it(making, _before) -> None:
    sheet = read_sheet(b"username,platform,device\nshop,tiktok,a\n", "accounts.csv")
    await making.accounts.import_sheet(sheet, dry_run=False)


async def imports_it_anew(making, before) -> None:
    await making.accounts.delete(before.id)
    await imports_it(making, before)


async def waiting_for_both(making, *, account_first: bool, **of_second) -> tuple[object, int, int]:
    """Return an account without a phone, and tasks with the same post: its own, and that of phone a."""
    account = await making.accounts.add(NewAccount("shop", "tiktok"))
    asks = [(), {"usernames": ["shop"]}], [("a",), {}]
    found = []
    for (serials, fields), more in zip(asks if account_first else reversed(asks), ({}, of_second), strict=True):
        found += (await making.ask(*serials, **fields, **more)).task_ids
        making.clock.advance(60)
    return account, *(found if account_first else reversed(found))


@pytest.mark.parametrize("account_first", [False, True])
@pytest.mark.parametrize("there", ["waits", "published"])
@pytest.mark.parametrize("comes", [binds_it, enables_it, adds_it, renames_to_it, imports_it, imports_it_anew])
def test_what_waits_for_an_account_ends_as_a_repeat_when_its_phone_has_the_same_post(
    making, comes, there, account_first
):
    async def scenario():
        account, of_account, of_phone = await waiting_for_both(making, account_first=account_first)
        [other] = (await making.ask(usernames=["shop"], config={"captions": "else"})).task_ids
        if there == "published":
            await making.publish(of_phone)
        await comes(making, account)
        after = await making.task(of_account)
        assert (after.status, after.error_code, after.serial) == (Status.FAILED, "repeat", "a")
        assert f"task {of_phone}" in str(after.remark)
        assert await making.scheduler.tick() == 1, "what goes on waiting begins"
        assert [*making.executor.running] == [other if there == "published" else of_phone]

    asyncio.run(scenario())


@pytest.mark.parametrize("account_first", [False, True])
def test_both_go_out_where_the_second_may_be_a_repeat(making, account_first):
    async def scenario():
        account, *ids = await waiting_for_both(making, account_first=account_first, allow_repeat=True)
        await binds_it(making, account)
        assert [(await making.task(task_id)).status for task_id in ids] == [Status.PENDING] * 2

    asyncio.run(scenario())


def test_what_may_be_a_repeat_ends_a_later_post_that_may_not_and_the_lane_goes_on(making):
    async def scenario():
        account = await making.accounts.add(NewAccount("shop", "tiktok"))
        [moves] = (await making.ask(usernames=["shop"], allow_repeat=True)).task_ids
        making.clock.advance(60)
        [stays] = (await making.ask("a")).task_ids
        await binds_it(making, account)
        assert (await making.task(stays)).error_code == "repeat"
        assert await making.scheduler.tick() == 1
        assert [*making.executor.running] == [moves]

    asyncio.run(scenario())


def test_the_window_is_the_one_that_is_set(making):
    async def scenario():
        making.accounts._repeats = RepeatWindow.of(0, 7)
        account, *ids = await waiting_for_both(making, account_first=True)
        await binds_it(making, account)
        assert [(await making.task(task_id)).status for task_id in ids] == [Status.PENDING] * 2

    asyncio.run(scenario())


@pytest.mark.parametrize("again", ["by itself", "after a crash"])
def test_what_waits_again_where_its_account_is_by_then_is_compared(making, again):
    async def scenario():
        making.ends._retries = RetryPolicy(enabled=True, least_delay_s=5, most_delay_s=5)
        account = await making.accounts.add(NewAccount("shop", "tiktok", "a"))
        [running] = (await making.ask(usernames=["shop"])).task_ids
        await making.scheduler.tick()
        [there] = (await making.ask("b")).task_ids
        await making.accounts.update(account.id, lambda before: replace(before, serial="b"))
        if again == "by itself":
            await making.end(running, failed("app_crashed"))
        else:
            await recover(making.store, making.clock)
        after = await making.task(running)
        assert (after.status, after.error_code, after.serial) == (Status.FAILED, "repeat", "b")
        assert (await making.task(there)).status is Status.PENDING

    asyncio.run(scenario())


def test_a_retry_that_would_be_a_repeat_where_its_account_is_by_then_ends_nothing(making):
    async def scenario():
        account = await making.accounts.add(NewAccount("shop", "tiktok", "a"))
        [first] = (await making.ask(usernames=["shop"], allow_repeat=True)).task_ids
        await making.changes.stop(first)
        making.clock.advance(60)
        [there] = (await making.ask("b")).task_ids
        await making.accounts.update(account.id, lambda before: replace(before, serial="b"))
        with pytest.raises(ConflictError, match="the same post"):
            await making.changes.retry(first, force=False)
        assert (await making.task(there)).status is Status.PENDING
        await making.changes.retry(first, force=False, allow_repeat=True)
        assert [(await making.task(i)).status for i in (first, there)] == [Status.PENDING] * 2

    asyncio.run(scenario())
