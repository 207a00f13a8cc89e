"""Sessions of the pages, and wrong tokens."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.errors import TokenRequiredError, TooManyRequestsError
from fleetlane.work.access.access import Access, bearer
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.sessions import IDLE_MS, LONGEST_MS, Sessions
from support.stores import new_store

TOKEN = "0123456789abcdef-secret"
HOUR_MS = 3_600_000


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.ms = 1_800_000_000_000

    def now_ms(self):
        return self.ms

    def monotonic_s(self):
        return self.ms / 1000


@pytest.fixture
def clock():
    return Clock()


@contextmanager
def opened(path):
    new_store(path)
    store = SqliteStore(path)
    store.start()
    try:
        yield store
    finally:
        store.close()


def test_each_session_has_a_secret_of_its_own_and_the_store_has_none(tmp_path, clock):
    async def scene():
        with opened(tmp_path / "s.db") as store:
            sessions = Sessions(store, clock, TOKEN)
            secrets = [await sessions.begin() for _ in range(3)]
            assert len(set(secrets)) == 3
            assert all(sessions.holds(secret) for secret in secrets)
            assert not sessions.holds(secrets[0][:-1])
            return secrets

    secrets = asyncio.run(scene())
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [secret for secret in secrets if secret.encode() in kept]
    assert TOKEN.encode() not in kept


def test_a_session_outlives_a_restart_but_no_other_token(tmp_path, clock):
    async def scene():
        with opened(tmp_path / "s.db") as store:
            secret = await Sessions(store, clock, TOKEN).begin()
        with opened(tmp_path / "s.db") as store:
            for token, goes_on in ((TOKEN, True), (f"{TOKEN}2", False)):
                again = Sessions(store, clock, token)
                await again.load()
                assert again.holds(secret) is goes_on

    asyncio.run(scene())


def test_a_session_ends_when_it_was_not_used_for_12_hours_and_after_30_days_at_the_latest(tmp_path, clock):
    async def scene():
        with opened(tmp_path / "s.db") as store:
            sessions = Sessions(store, clock, TOKEN)
            idle, busy = await sessions.begin(), await sessions.begin()
            began_ms = clock.ms
            clock.ms += IDLE_MS - 1
            assert sessions.holds(busy)
            clock.ms += 1
            assert not sessions.holds(idle)
            while clock.ms - began_ms + HOUR_MS < LONGEST_MS:
                clock.ms += HOUR_MS
                assert sessions.holds(busy)
            clock.ms = began_ms + LONGEST_MS
            assert not sessions.holds(busy)

    asyncio.run(scene())


def test_a_session_that_was_logged_out_of_is_no_more_also_after_a_restart(tmp_path, clock):
    async def scene():
        with opened(tmp_path / "s.db") as store:
            sessions = Sessions(store, clock, TOKEN)
            secret = await sessions.begin()
            await sessions.end(secret)
            assert not sessions.holds(secret)
            again = Sessions(store, clock, TOKEN)
            await again.load()
            assert not again.holds(secret)

    asyncio.run(scene())


@pytest.mark.parametrize("kept", ["[]", "{", '{"a": 1}', '{"a": ["x", 1]}', "null"])
def test_sessions_that_somebody_else_wrote_are_none(tmp_path, clock, kept):
    async def scene():
        with opened(tmp_path / "s.db") as store:
            await store.write(lambda repositories: repositories.facts.set("sessions", kept))
            sessions = Sessions(store, clock, TOKEN)
            await sessions.load()
            assert not sessions.holds("a")
            assert sessions.holds(await sessions.begin())

    asyncio.run(scene())


def access_of(clock, told):
    return Access(TOKEN, Sessions(None, clock, TOKEN), Guesses(clock, told.extend))


def guess(access, address="192.0.2.7", token=b"wrong"):
    try:
        access.must_be_right(token, address)
    except (TokenRequiredError, TooManyRequestsError) as error:
        return type(error), getattr(error, "retry_after_s", 0)
    return None


def test_whoever_guesses_waits_longer_each_time(clock):
    access, waits, looked_at = access_of(clock, []), [], 0
    for _ in range(10_000):  # a guess every 10 ms
        clock.ms += 10
        kind, wait_s = guess(access)
        looked_at += kind is TokenRequiredError
        waits.append(wait_s)
    assert looked_at <= 12, "of 10,000 guesses in 100 s"
    assert max(waits) > 30
    assert guess(access, token=TOKEN.encode())[0] is TooManyRequestsError, "it is not looked at either"
    clock.ms += 60_000
    assert guess(access, token=TOKEN.encode()) is None


def test_nobody_else_waits_and_an_address_that_has_shown_the_token_never(clock):
    access = access_of(clock, [])
    assert guess(access, "127.0.0.1", TOKEN.encode()) is None
    for _ in range(100):
        guess(access, "192.0.2.7")
        guess(access, "127.0.0.1")
    assert guess(access, "192.0.2.8", TOKEN.encode()) is None
    assert guess(access, "127.0.0.1", TOKEN.encode()) is None
    assert guess(access, "192.0.2.7", TOKEN.encode())[0] is TooManyRequestsError


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("127.0.0.1", "127.9.9.9", True),
        ("127.0.0.1", "::1", True),
    ],
)
def test_addresses_that_one_caller_has_by_the_million_are_one(clock, first, second, one):
    access = access_of(clock, [])
    for _ in range(6):
        guess(access, first)
    assert (guess(access, second)[0] is TooManyRequestsError) is one


def test_wrong_tokens_are_told_of_without_filling_the_log(clock, capsys):
    told = []
    access = access_of(clock, told)
    for _ in range(100):
        clock.ms += 61_000
        guess(access)
    assert [change.facts["times"] for change in told] == [1, 2, 4, 8, 16, 32, 64]
    assert {change.facts["address"] for change in told} == {"192.0.2.7"}
    assert "wrong" not in {str(value) for change in told for value in change.facts.values() if value != "wrong_token"}


def test_no_token_at_all_is_no_guess(clock):
    access = access_of(clock, [])
    for _ in range(100):
        assert guess(access, token=bearer("")) == (TokenRequiredError, 0)
