"""What `core.ports.library.Accounts` says, held by every store."""

from __future__ import annotations

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.ports.library import AccountFilter

SHOP = NewAccount("@Shop", "tiktok", "a", note="the first one")


@pytest.fixture
def add(run):
    return lambda *new, now_ms=5: [run(lambda r, one=one: r.accounts.add(one, now_ms)) for one in new]


def names(found):
    return [(one.username, one.platform) for one in found]


def test_an_account_comes_back_as_it_was_stored(run, add):
    [one] = add(SHOP)
    assert (one.username, one.platform, one.serial, one.enabled, one.note) == (
        "@Shop",
        "tiktok",
        "a",
        True,
        "the first one",
    )
    assert (one.created_ms, one.updated_ms) == (5, 5)
    assert run(lambda r: (r.accounts.get(one.id), r.accounts.get(99))) == (one, None)


def test_a_name_is_one_account_on_a_platform_however_it_is_spelled(run, add):
    [first, again, elsewhere] = add(SHOP, NewAccount("shop"), NewAccount("SHOP", "instagram"))
    assert again is None
    assert elsewhere.id != first.id
    assert run(lambda r: r.accounts.count(AccountFilter())) == 2
    assert names(run(lambda r: r.accounts.named({"shop", "none"}))) == [("@Shop", "tiktok"), ("SHOP", "instagram")]
    assert run(lambda r: r.accounts.named(set())) == []


def test_lists_go_by_name_and_take_what_a_filter_says(run, add):
    add(NewAccount("c", serial="b"), NewAccount("@B", "instagram", note="100% mine"), NewAccount("a", enabled=False))
    for wanted, expected in (
        (AccountFilter(), ["a", "@B", "c"]),
        (AccountFilter(platform="instagram"), ["@B"]),
        (AccountFilter(serial="b"), ["c"]),
        (AccountFilter(enabled=False), ["a"]),
        (AccountFilter(text="100%"), ["@B"]),
        (AccountFilter(text="B", platform="tiktok"), []),
    ):
        assert [one.username for one in run(lambda r, w=wanted: r.accounts.find(w, 0, 9))] == expected, wanted
        assert run(lambda r, w=wanted: r.accounts.count(w)) == len(expected), wanted
    assert [one.username for one in run(lambda r: r.accounts.find(AccountFilter(), 1, 1))] == ["@B"]


def test_the_accounts_of_devices_come_oldest_first(run, add):
    add(NewAccount("z", serial="a"), NewAccount("y", serial="b"), NewAccount("x", serial="a"), NewAccount("w"))
    assert [one.username for one in run(lambda r: r.accounts.on_devices({"a", "none"}))] == ["z", "x"]
    assert sorted(run(lambda r: r.accounts.devices())) == ["a", "b"]
    assert run(lambda r: r.accounts.on_devices([])) == []


def test_an_account_is_changed_whole_and_never_into_another_one(run, add):
    [shop, other] = add(SHOP, NewAccount("other"))
    changed = run(lambda r: r.accounts.update(shop.id, NewAccount("SHOP", serial=None, enabled=False), 9))
    assert (changed.username, changed.serial, changed.enabled, changed.note) == ("SHOP", None, False, "")
    assert (changed.created_ms, changed.updated_ms) == (5, 9)
    assert run(lambda r: r.accounts.update(other.id, NewAccount("@shop"), 9)) is None
    assert run(lambda r: (r.accounts.get(other.id), r.accounts.update(99, NewAccount("new"), 9))) == (other, None)


def test_the_accounts_of_a_device_go_to_another_one(run, add):
    add(NewAccount("x", serial="a"), NewAccount("y", serial="a"), NewAccount("z", serial="b"))
    assert run(lambda r: (r.accounts.move("a", "c"), r.accounts.move("a", "c"))) == (2, 0)
    assert sorted(run(lambda r: r.accounts.devices())) == ["b", "c"]


def test_an_account_that_is_deleted_can_be_stored_again_as_another_one(run, add):
    [shop] = add(SHOP)
    assert run(lambda r: (r.accounts.delete(shop.id), r.accounts.delete(shop.id))) == (shop, None)
    [again] = add(SHOP)
    assert again.id > shop.id
