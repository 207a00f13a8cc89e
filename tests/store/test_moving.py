"""A store is moved between a file and a database: every row or nothing, and nobody goes on at the old place."""

from __future__ import annotations

import asyncio
import sqlite3

import psycopg
import pytest
from sqlalchemy import insert

from contracts.stores import new
from fleetlane.adapters.db import moving
from fleetlane.adapters.db.postgres.place import Database
from fleetlane.adapters.db.sqlite.place import StoreFile
from fleetlane.adapters.db.tables import metadata, tasks
from fleetlane.bootstrap.moving import move_store
from fleetlane.core.account import NewAccount
from fleetlane.core.errors import StoreError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import failed
from fleetlane.core.ports.attempts import Step
from fleetlane.core.task import Status
from fleetlane.work.running.recovery import recover
from support.clock import ManualClock
from support.postgres import bare_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def url():
    with bare_database() as url:
        yield url


@pytest.fixture
def file(tmp_path):
    file = StoreFile(tmp_path / "fleetlane.db", tmp_path / "backups")
    file.migrate()
    with_store(file, fill)
    return file


def with_store(place, work):
    """Do something with the store at a place, as a server would."""
    store = place.store(lambda _changes: None)
    store.start()
    try:
        return store.submit(work).result(10)
    finally:
        store.close()


def fill(r):
    r.tasks.add([new("a"), new("b", username="看\0"), *[new("c", position=n) for n in range(1_200)]])
    r.leases.begin("one", "embedded", 30_000)
    r.leases.take("one", ["a"])
    assert r.tasks.claim(1, "a", 100)
    assert r.attempts.set_phase(1, 1, Phase.ARMED, {"caption": "x"}, 110)
    r.attempts.add_step(Step(1, 1, 1, "tap Post", "", "tiktok post", 1, 2, ok=True, selectors=("a", "b")))
    assert r.tasks.claim(2, "b", 100)
    assert r.tasks.finish(2, 1, failed("app_crashed"), 120)
    r.accounts.add(NewAccount("shop", "tiktok", "a"), 1)
    r.facts.set("name", "value")


def everything(place):
    """Return all rows of a store, but for who worked on it."""
    with place.connect_to_read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key.columns))]
            for name, table in metadata.tables.items()
            if name not in ("workers", "leases", "sequences")
        }


def move(source, target):
    told = []
    return move_store(source, target, lambda table, rows: told.append((table, rows))), told


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(moving, "_ROWS", 500)


def test_every_row_is_at_the_new_place_ids_go_on_and_what_ran_is_looked_for(file, url):
    before, database = everything(file), Database(url)
    (copied, left), told = move(file, database)
    after = everything(database)
    assert copied.rows["tasks"] == 1_202
    assert (copied.changed, "kept as" in left) == (2, True), "a name with NUL, and what it is found by"
    assert ("tasks", 1_202) in told
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert [row for row in after["tasks"] if row[0] != 2] == [row for row in before["tasks"] if row[0] != 2]
    assert with_store(database, lambda r: r.tasks.add([new()])) == [1_203]
    assert database.check().problems == ()
    store = database.store(lambda _changes: None)
    store.start()
    try:
        assert asyncio.run(recover(store, ManualClock())) == 1
        assert store.submit(lambda r: r.tasks.get(1)).result(10).in_doubt
    finally:
        store.close()


def test_it_comes_back_into_a_file_as_it_was(file, url):
    database = Database(url)
    move(file, database)
    there = everything(database)
    move(database, file)
    assert {**everything(file), "facts": []} == {**there, "facts": []}
    assert with_store(file, lambda r: r.tasks.add([new()])) == [1_203]
    with pytest.raises(StoreError, match=r"was moved to .*fleetlane\.db"):
        database.migrate()


def test_nobody_begins_with_an_empty_store_where_one_was_moved_away(file, url):
    database = Database(url)
    move(file, database)
    with pytest.raises(StoreError, match=r"was moved to postgresql://.*Set store_url"):
        file.migrate()


def test_a_place_that_is_in_use_or_not_empty_is_refused_and_the_store_stays(file, url, tmp_path):
    database = Database(url)
    with Database(url).alone(), pytest.raises(StoreError, match="A Fleetlane server or host works on the database"):
        move(file, database)
    database.migrate()
    with_store(database, lambda r: r.accounts.add(NewAccount("shop", "tiktok", None), 1))
    before = everything(file)
    with pytest.raises(StoreError, match="it has accounts"):
        move(file, database)
    assert everything(file) == before
    file.migrate()


def test_a_store_that_is_not_whole_is_not_moved(file, url, tmp_path):
    with sqlite3.connect(tmp_path / "fleetlane.db") as raw:
        raw.execute("UPDATE task_counts SET n = n + 1 WHERE serial = 'c'")
    raw.close()
    with pytest.raises(StoreError, match=r"not whole, so nothing was moved\. There are counters"):
        move(file, Database(url))


@pytest.mark.parametrize("fault", ["lost", "too many", "changed"])
def test_what_does_not_arrive_as_it_was_moves_nothing(file, url, monkeypatch, fault):
    copying = moving._compared

    def spoiled(source, target, table):
        if table is tasks:
            if fault == "lost":
                target.execute(tasks.delete().where(tasks.c.id == 7))
            elif fault == "changed":
                target.execute(tasks.update().where(tasks.c.id == 7).values(due_ms=11))
            else:
                row = dict(target.execute(tasks.select().where(tasks.c.id == 7)).mappings().one())
                target.execute(insert(tasks).values({**row, "id": 99_999}))
        return copying(source, target, table)

    monkeypatch.setattr(moving, "_compared", spoiled)
    with pytest.raises(StoreError, match="A row of tasks did not arrive as it was; nothing was moved"):
        move(file, Database(url))
    file.migrate()
    assert with_store(file, lambda r: r.tasks.get(1)).status is Status.RUNNING
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
