"""The store on PostgreSQL: what it refuses, what it says when its server is away, and what it keeps of odd texts."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from contracts.stores import new
from fleetlane.adapters.db.postgres.engines import normal_url, shown_url
from fleetlane.adapters.db.postgres.migrate import migrate
from fleetlane.adapters.db.postgres.store import PostgresStore
from fleetlane.adapters.db.revisions import known_revisions
from fleetlane.core.errors import StoreBusyError, StoreError, StoreVersionError
from fleetlane.core.ports.attempts import Step
from support.postgres import Cluster, bare_database, must_be_installed, new_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def url():
    with new_database() as url:
        yield url


@pytest.fixture
def bare():
    with bare_database() as url:
        yield url


def started(url):
    store = PostgresStore(url)
    store.start()
    return closing(store)


def run(store, work):
    return store.submit(work).result(30)


@pytest.mark.parametrize(
    "written", ["postgres://u:secret@h/d", "postgresql://u:secret@h/d", "postgresql+psycopg://u:secret@h/d"]
)
def test_an_address_may_be_written_in_each_usual_way_and_is_shown_without_its_password(written):
    assert normal_url(written) == "postgresql+psycopg://u:secret@h/d"
    assert shown_url(written) == "postgresql://u:***@h/d"


@pytest.mark.parametrize(
    "written", ["", "mysql://u:secret@h/d", "secret", "postgresql://u:secret@h", "postgresql://h:x/d"]
)
def test_what_is_no_address_is_refused_without_repeating_it(written):
    with pytest.raises(StoreError, match="postgresql://user@host/database") as refused:
        normal_url(written)
    assert "secret" not in str(refused.value)


def test_a_store_is_made_once_however_often_and_however_many_ask(bare):
    threads = [threading.Thread(target=migrate, args=(bare,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    migrate(bare)
    with started(bare) as store:
        assert run(store, lambda r: r.tasks.add([new()])) == [1]
    with psycopg.connect(bare) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(known_revisions()[-1],)]


def test_a_database_with_tables_of_others_is_left_alone(bare):
    with psycopg.connect(bare) as connection:
        connection.execute("CREATE TABLE tasks (mine text)")
    with pytest.raises(StoreError, match="has tables already that Fleetlane has not made \\(tasks\\)"):
        migrate(bare)


def test_a_store_of_a_newer_fleetlane_is_refused(url):
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(StoreVersionError, match="newer Fleetlane \\(revision 9999\\)"):
            migrate(url)
    finally:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", [known_revisions()[-1]])


@pytest.fixture(scope="module")
def cluster():
    """A server of this module's own, to stop and to set as it likes."""
    must_be_installed()
    # pytest's own folders are its user's alone, and PostgreSQL's user must get there.
    folder = Path(tempfile.mkdtemp(prefix="fleetlane-postgres-"))
    cluster = Cluster(folder)
    cluster.start()
    yield cluster
    cluster.remove()


def test_while_the_server_is_away_it_is_said_and_after_it_is_back_all_goes_on(cluster):
    migrate(cluster.url)
    with started(cluster.url) as store:
        assert run(store, lambda r: r.tasks.add([new()])) == [1]
        cluster.stop("immediate")
        for _ in range(2):
            with pytest.raises(StoreBusyError, match="cannot be reached"):
                run(store, lambda r: r.tasks.add([new()]))
            with pytest.raises(StoreBusyError, match="cannot be reached"):
                asyncio.run(store.read(lambda r: r.tasks.counts()))
        assert "cannot be reached" in store.problem
        cluster.start()
        [task_id] = run(store, lambda r: r.tasks.add([new()]))
        assert store.problem is None
        assert asyncio.run(store.read(lambda r: r.tasks.get(task_id).id)) == task_id


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_what_is_committed_is_refused(cluster, setting):
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    try:
        with pytest.raises(StoreError, match=f"runs with {setting} = off"), started(cluster.url):
            pass
    finally:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
            connection.execute("SELECT pg_reload_conf()")


def test_a_server_that_does_not_answer_is_said_without_the_password():
    with pytest.raises(StoreBusyError, match=r"postgresql://me:\*\*\*@127\.0\.0\.1:1/d cannot be reached"):
        PostgresStore("postgresql://me:secret@127.0.0.1:1/d").start()


def test_texts_and_numbers_that_columns_of_postgresql_would_refuse_are_kept(url):
    odd = "a\0b\ud83dc" + "x" * 300
    with started(url) as store:
        [task_id] = run(store, lambda r: r.tasks.add([new(username=odd, position=2**31)]))
        run(store, lambda r: r.tasks.add([new(username=odd)] * 120))
        run(store, lambda r: r.attempts.add_step(Step(task_id, 1, 1, odd, odd, odd, 1, 1, ok=True)))
        task = run(store, lambda r: r.tasks.get(task_id))
        [step] = run(store, lambda r: r.attempts.steps(task_id))
    kept = "ab?c" + "x" * 300
    assert (task.username, task.position, step.name, step.detail) == (kept, 2**31, kept, kept)
