"""Word between processes on one database, and who of them leads."""

from __future__ import annotations

import queue
from contextlib import ExitStack, closing

import psycopg
import pytest

from fleetlane.adapters.db.postgres.leadership import Leadership
from fleetlane.adapters.db.postgres.migrate import migrate
from fleetlane.adapters.db.postgres.place import Database
from fleetlane.adapters.db.postgres.store import PostgresStore
from fleetlane.adapters.db.postgres.word import Word
from fleetlane.core.errors import StoreError, StoreVersionError
from fleetlane.core.event import Change, EventKind
from support.postgres import bare_database, new_database
from support.rig import wait_for

pytestmark = pytest.mark.postgres

RUBBISH = ("rubbish", "[]", '{"from": "x", "changes": [1]}', '{"from": "x", "changes": [["no", 1, 1, 1, {}]]}')
CHANGE = Change(EventKind.TASK, 7, "batch", "看", {"status": 2})


@pytest.fixture
def url():
    with new_database() as url:
        yield url


class Listener:
    """A process that tells and hears."""

    def __init__(self, url: str) -> None:
        self.heard: queue.Queue = queue.Queue()
        self.word = Word(url, self.heard.put)

    def __enter__(self) -> Listener:
        self.word.start()
        assert self.heard.get(timeout=10) is None, "what was told before nobody knows"
        return self

    def __exit__(self, *error) -> None:
        self.word.close()


def test_what_one_tells_the_others_hear_and_he_does_not(url):
    with Listener(url) as one, Listener(url) as other, Listener(url) as third:
        one.word.tell([CHANGE])
        assert [other.heard.get(timeout=10), third.heard.get(timeout=10)] == [[CHANGE], [CHANGE]]
        other.word.tell([])
        third.word.tell([CHANGE, CHANGE])
        assert one.heard.get(timeout=10) == [CHANGE, CHANGE]
        assert other.heard.get(timeout=10) == [CHANGE, CHANGE]
        assert third.heard.empty()


def test_many_changes_come_in_parts_and_one_too_large_says_only_that_something_changed(url):
    many = [Change(EventKind.STEP, n, "batch", "a", {"name": "x" * 500}) for n in range(100)]
    with Listener(url) as one, Listener(url) as other:
        one.word.tell(many)
        heard = []
        while len(heard) < len(many):
            heard += other.heard.get(timeout=10)
        assert heard == many
        one.word.tell([Change(EventKind.STEP, 1, "b", "a", {"name": "x" * 9000})])
        assert other.heard.get(timeout=10) is None


def test_what_is_no_word_of_ours_says_only_that_something_changed(url):
    with Listener(url) as one, psycopg.connect(url, autocommit=True) as raw:
        for payload in (
            "rubbish",
            "[]",
            '{"from": "x", "changes": [1]}',
            '{"from": "x", "changes": [["no", 1, 1, 1, {}]]}',
        ):
            raw.execute("SELECT pg_notify('fleetlane', %s)", (payload,))
            assert one.heard.get(timeout=10) is None


def test_a_listener_whose_connection_is_lost_comes_back_and_says_so(url):
    with Listener(url) as one, Listener(url) as other, psycopg.connect(url, autocommit=True) as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        assert (one.heard.get(timeout=15), other.heard.get(timeout=15)) == (None, None)
        one.word.tell([CHANGE])
        assert other.heard.get(timeout=10) == [CHANGE]


def test_what_a_store_commits_another_hears(url):
    heard: queue.Queue = queue.Queue()
    with ExitStack() as stores:
        one, other = PostgresStore(url, heard=lambda _changes: None), PostgresStore(url, heard=heard.put)
        for store in (one, other):
            store.start()
            stores.callback(store.close)
        assert heard.get(timeout=10) is None
        one.submit(lambda r: r.devices.seen("S1", 5, {"model": "x"})).result(10)
        [change] = heard.get(timeout=10)
        assert (change.kind, change.serial) == (EventKind.DEVICE, "S1")


def test_one_leads_at_a_time_and_another_when_it_is_gone(url):
    with closing(Leadership(url)) as one, closing(Leadership(url)) as other:
        assert [one(), other(), one(), other()] == [True, False, True, False]
        one.close()
        wait_for(other)  # PostgreSQL notices in its own time that the connection has ended
        assert not one()


def test_a_leader_whose_connection_is_lost_leads_no_more_until_it_asks_again(url):
    with closing(Leadership(url)) as one, closing(Leadership(url)) as other:
        assert one()
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert not one()
        wait_for(other)
        assert not one()


def test_nobody_has_a_database_alone_while_others_work_there_and_the_other_way_round(url):
    place = Database(url)
    with place.among(), place.among(), pytest.raises(StoreError, match="Stop all of them first"), place.alone():
        pass
    with place.alone(), pytest.raises(StoreError, match="is being moved"), place.among():
        pass
    with place.alone():
        pass


def test_a_schema_is_changed_only_when_nobody_works_on_it(url):
    place = Database(url)
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0012'")
        with place.among(), pytest.raises(StoreError, match="Servers or hosts with an older Fleetlane work on"):
            migrate(url)
        raw.execute("UPDATE alembic_version SET version_num = '0013'")


@pytest.mark.parametrize(
    ("revision", "hint"),
    [("0012", "Update the server first"), ("9999", "written by a newer Fleetlane")],
)
def test_a_host_changes_no_store_and_says_which_side_to_update(url, revision, hint):
    place = Database(url)
    place.must_be_current()
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("UPDATE alembic_version SET version_num = %s", (revision,))
        with pytest.raises(StoreVersionError, match=hint):
            place.must_be_current()
        raw.execute("UPDATE alembic_version SET version_num = '0013'")


def test_a_host_begins_on_no_empty_database():
    with bare_database() as url, pytest.raises(StoreError, match="Start a server on it first"):
        Database(url).must_be_current()
