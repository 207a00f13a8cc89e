from __future__ import annotations

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fleetlane.adapters.db.sqlite.engines import writer_engine
from fleetlane.adapters.db.sqlite.migrate import known_revisions, migrate, revision_of
from fleetlane.adapters.db.tables import metadata
from fleetlane.core.errors import StoreError, StoreVersionError


def test_a_new_store_has_the_newest_revision(tmp_path):
    path = tmp_path / "s.db"
    migrate(path)
    assert revision_of(path) == known_revisions()[-1]
    migrate(path)


@pytest.mark.parametrize("start", known_revisions())
def test_every_earlier_revision_migrates_to_the_tables_as_they_are(tmp_path, start):
    path = tmp_path / "s.db"
    migrate(path, start)
    migrate(path)
    engine = writer_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_an_older_store_is_copied_before_it_is_changed(tmp_path):
    path, backups = tmp_path / "s.db", tmp_path / "backups"
    old, *_, newest = known_revisions()
    migrate(path, old, backups)
    assert not backups.exists(), "there was nothing to copy"
    migrate(path, backups=backups)
    [copy] = backups.iterdir()
    assert copy.name.startswith(f"before-migration-from-{old}-")
    assert (revision_of(copy), revision_of(path)) == (old, newest)
    migrate(path, backups=backups)
    assert len([*backups.glob("*.db")]) == 1


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "s.db"
    migrate(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreVersionError, match="newer Fleetlane"):
        migrate(path)
    assert revision_of(path) == "9999"


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "s.db"
    path.write_bytes(b"this is not a database, it is a long enough text" * 50)
    with pytest.raises(StoreError, match="not a database"):
        migrate(path)


def test_what_was_due_before_is_late_after_two_hours_and_what_needs_a_person_is_listed(tmp_path):
    path = tmp_path / "s.db"
    migrate(path, "0007")
    connection = sqlite3.connect(path)
    row = (
        "INSERT INTO tasks (id, batch_id, position, script_name, script_config, source, seed, created_ms, due_ms,"
        " status, scheduled_ms, error_code, outcome) VALUES (?, 'b', 0, 'post', '{}', 'api', 1, 0, 5, ?, ?, ?, ?)"
    )
    rows = [(0, 5, None, None), (0, None, None, None), (3, 5, "security_check", "not_published")]
    rows += [(3, None, "outcome_unknown", "unknown"), (3, None, "app_crashed", "not_published")]
    connection.executemany(row, [(number, *one) for number, one in enumerate(rows, 1)])
    connection.commit()
    connection.close()
    migrate(path)
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT late_at_ms, late_policy, needs_person FROM tasks ORDER BY id").fetchall()
    connection.close()
    assert found == [
        (5 + 120 * 60_000, "hold", None),
        (None, None, None),
        (None, None, "failed"),
        (None, None, "outcome_unknown"),
        (None, None, None),
    ]
