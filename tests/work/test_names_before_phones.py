"""A name that tasks and accounts use before any phone has it: from then on they are that phone's."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError
from fleetlane.work.phones.directory import PhoneDirectory
from support.fakes import FakeTransports
from support.making import Making


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


def test_what_names_a_phone_that_has_the_name_later_is_that_phones_for_good(making):
    async def scenario():
        transports = FakeTransports()
        phones = PhoneDirectory(transports, making.store, making.clock, making.lanes)
        transports.plug("R58A", DeviceState.UNAUTHORIZED)
        await phones.load()
        phones.update()
        await phones.settle()
        account = await making.accounts.add(NewAccount("shop", "tiktok", "Shelf 3"))
        [of_account] = (await making.ask(usernames=["shop"])).task_ids
        [of_name] = (await making.ask("shelf 3", config={"captions": "by its name"})).task_ids

        told = []
        making.lanes.listen(told=told.append)
        await phones.describe("R58A", "Shelf 3", None)
        assert sorted({*told}) == ["R58A", "Shelf 3", "shelf 3"], "each lane is looked at again"
        assert [(await making.task(i)).serial for i in (of_account, of_name)] == ["R58A", "R58A"]
        assert (await making.accounts.get(account.id)).serial == "R58A"

        every = await making.ask("R58A", enable_multi_account=True, config={"captions": "for all its accounts"})
        assert [(await making.task(i)).username for i in every.task_ids] == ["shop"], "not whoever is signed in there"
        [later] = (await making.ask(usernames=["shop"], config={"captions": "by its account"})).task_ids
        assert (await making.task(later)).serial == "R58A"
        with pytest.raises(ConflictError):
            await making.ask("R58A", config={"captions": "by its account"})

        await phones.describe("R58A", "Shelf 4", None)
        assert (await making.accounts.get(account.id)).serial == "R58A", "it is the phone's, not the name's"

    asyncio.run(scenario())
