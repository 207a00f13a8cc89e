"""Backup, restore and verify, by the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
import zipfile

import pytest
from typer.testing import CliRunner

from fleetlane.adapters.db.sqlite.backup import BackupError
from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.cli.main import app
from fleetlane.core.errors import StoreError, StoreVersionError
from fleetlane.core.journal import Phase
from fleetlane.core.material import MaterialDescription, MaterialRequest, NewMaterial
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import NewTask, Source, Status
from fleetlane.data_directory import DataDirectoryInUseError
from support.stores import new_store

FAR_MS = 10**14
DONE = succeeded("Published.", PublishState.PUBLISHED, {})


def fleetlane(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "materials").mkdir(parents=True)
    new_store(folder / "fleetlane.db")
    return folder


@pytest.fixture
def store(data):
    store = SqliteStore(data / "fleetlane.db")
    store.start()
    yield store
    store.close()


def add(store, serial, due_ms=1):
    new = NewTask("b", 0, "post", "{}", serial, None, Source.API, 1, 1, due_ms)
    return store.submit(lambda r: r.tasks.add([new])).result(10)[0]


def fill(store, data):
    """Make a task of every kind, named by its device, and a material."""

    def ended(serial, outcome):
        task_id = add(store, serial)
        store.submit(lambda r: r.tasks.claim(task_id, serial, 1)).result(10)
        if outcome is not None:
            assert store.submit(lambda r: r.tasks.finish(task_id, 1, outcome, 2)).result(10)
        return task_id

    add(store, "waiting")
    add(store, "later", FAR_MS)
    ended("failed", failed("app_crashed"))
    ended("done", DONE)
    running = ended("running", None)
    assert store.submit(lambda r: r.attempts.set_phase(running, 1, Phase.PREPARED, {}, 2)).result(10)
    material(store, data, b"a video")
    wish = MaterialRequest(MediaKind.VIDEO, 1)
    assert store.submit(lambda r: r.materials.take(wish, running, 2)).result(10)


def material(store, data, content):
    digest = hashlib.sha256(content).hexdigest()
    (data / "materials" / f"{digest}.mp4").write_bytes(content)
    described = MaterialDescription(name="v.mp4")
    new = NewMaterial(digest, f"{digest}.mp4", MediaKind.VIDEO, "video/mp4", len(content), 1, described)
    store.submit(lambda r: r.materials.add(new, 1)).result(10)


def states(data):
    store = SqliteStore(data / "fleetlane.db")
    store.start()
    found = store.submit(lambda r: r.tasks.find(TaskFilter(), 0, 1000, TaskOrder.OLDEST)).result(10)
    store.close()
    return {task.serial: (task.status, task.outcome) for task in found}


def test_a_backup_while_the_store_is_in_use_is_restored_elsewhere(store, data, tmp_path):
    fill(store, data)
    done = fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    assert (done.exit_code, "Tasks: 5, materials: 1." in done.output) == (0, True), done.output
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    assert "All is well" in fleetlane("store", "check", tmp_path / "b.zip").output
    other = tmp_path / "other"
    done = fleetlane("restore", tmp_path / "b.zip", "--data-dir", other)
    assert "3 tasks may have been published" in done.output
    unknown = (Status.FAILED, "unknown")
    assert states(other) == {
        "waiting": unknown,
        "later": (Status.PENDING, None),
        "failed": unknown,
        "done": (Status.COMPLETED, "published"),
        "running": unknown,
    }
    assert [path.read_bytes() for path in (other / "materials").iterdir()] == [b"a video"]
    assert "All is well" in fleetlane("store", "check", "--data-dir", other).output


def test_the_former_name_of_the_check_still_works_and_names_the_new_one(store, data):
    fill(store, data)
    new, old = fleetlane("store", "check", "--data-dir", data), fleetlane("verify", "--data-dir", data)
    assert (new.exit_code, old.exit_code, old.stdout, new.stderr) == (0, 0, new.stdout, "")
    assert old.stderr == "`fleetlane verify` goes with the next version: use `fleetlane store check`.\n"


def test_when_nothing_ran_since_all_goes_on_as_it_was(store, data, tmp_path):
    fill(store, data)
    before = states(data) if store.close() is None else None
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    done = fleetlane("restore", tmp_path / "b.zip", "--data-dir", tmp_path / "other", "--nothing-ran-since")
    assert "may have been published" not in done.output
    assert states(tmp_path / "other") == before


def test_every_backup_of_a_busy_store_keeps_its_rules(store, data, tmp_path):
    stop = threading.Event()

    def work():
        while not stop.is_set():
            task_id = add(store, "busy")
            store.submit(lambda r, i=task_id: r.tasks.claim(i, "busy", 1)).result(10)
            store.submit(lambda r, i=task_id: r.tasks.finish(i, 1, DONE, 2)).result(10)

    busy = threading.Thread(target=work)
    busy.start()
    try:
        for number in range(5):
            target = tmp_path / f"{number}.zip"
            assert fleetlane("backup", target, "--data-dir", data).exit_code == 0
            assert "All is well" in fleetlane("store", "check", target).output
    finally:
        stop.set()
        busy.join()


def test_what_a_restore_replaces_is_kept(store, data, tmp_path):
    fleetlane("backup", tmp_path / "empty.zip", "--data-dir", data)
    fill(store, data)
    store.close()
    fleetlane("restore", tmp_path / "empty.zip", "--data-dir", data)
    assert states(data) == {}
    [kept] = (data / "backups").glob("before-restore-*.db")
    (tmp_path / "again").mkdir()
    kept.replace(tmp_path / "again" / "fleetlane.db")
    assert len(states(tmp_path / "again")) == 5


def test_nothing_is_restored_under_a_running_server_nor_a_backup_overwritten(store, data, tmp_path):
    from fleetlane.data_directory import only_server
    from fleetlane.settings import load_settings

    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with only_server(load_settings(data_dir=data)), pytest.raises(DataDirectoryInUseError):
        fleetlane("restore", tmp_path / "b.zip", "--data-dir", data)
    with pytest.raises(BackupError, match="not overwritten"):
        fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with pytest.raises(BackupError, match="no store"):
        fleetlane("backup", tmp_path / "c.zip", "--data-dir", tmp_path / "nowhere")


def repacked(source, target, change):
    """Write a backup anew, each file as `change(name, content)` has it; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda name, content: b"another" if name.startswith("materials/") else content, "was changed"),
        (lambda name, content: None if name.startswith("materials/") else content, "is missing"),
    ],
)
def test_a_damaged_backup_is_found_out_and_not_restored(store, data, tmp_path, change, problem):
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    bad = repacked(tmp_path / "b.zip", tmp_path / "bad.zip", change)
    done = fleetlane("store", "check", bad)
    assert (done.exit_code, problem in done.output) == (1, True), done.output
    with pytest.raises(BackupError, match=problem):
        fleetlane("restore", bad, "--data-dir", tmp_path / "other")
    assert not (tmp_path / "other" / "fleetlane.db").exists()


@pytest.mark.parametrize("name", ["../../evil.mp4", "/dev/zero", "..", "C:\\evil.mp4", "a/../../../evil.mp4"])
def test_a_backup_made_to_write_elsewhere_is_refused_and_writes_nothing(store, data, tmp_path, name):
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extract("fleetlane.db", tmp_path)
    with sqlite3.connect(tmp_path / "fleetlane.db") as raw:
        raw.execute("UPDATE materials SET file = ?", [name])
    raw.close()
    altered = (tmp_path / "fleetlane.db").read_bytes()
    hostile = repacked(tmp_path / "b.zip", tmp_path / "h.zip", lambda n, c: altered if n == "fleetlane.db" else c)
    with zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr(f"materials/{name}", b"evil")
    with pytest.raises(BackupError, match="not ours"):
        fleetlane("restore", hostile, "--data-dir", tmp_path / "deep" / "data")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "deep" / "data" / "fleetlane.db").exists()


def test_what_is_no_backup_or_a_newer_one_is_refused_with_a_sentence(store, data, tmp_path):
    (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(BackupError, match="no backup"):
        fleetlane("store", "check", tmp_path / "text.zip")
    with pytest.raises(BackupError, match="There is no file"):
        fleetlane("restore", tmp_path / "none.zip", "--data-dir", data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    newer = json.dumps({"format": 99}).encode()
    later = repacked(tmp_path / "b.zip", tmp_path / "n.zip", lambda n, c: newer if n == "manifest.json" else c)
    with pytest.raises(BackupError, match="use a newer one"):
        fleetlane("store", "check", later)
    store.close()
    with sqlite3.connect(data / "fleetlane.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreVersionError, match="newer Fleetlane"):
        fleetlane("store", "check", "--data-dir", data)


TWO_IN_A_LANE = """DROP INDEX uq_tasks_running;
UPDATE tasks SET serial = 'done', status = 1 WHERE serial IN ('running', 'failed')"""


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE task_counts SET n = n + 1 WHERE serial = 'waiting'", "counters"),
        ("UPDATE tasks SET status = 7 WHERE serial = 'waiting'", "no known state"),
        (TWO_IN_A_LANE, "several running"),
        ("UPDATE attempts SET ended_ms = 1", "without a running attempt"),
        ("UPDATE attempts SET ended_ms = NULL", "attempts that run without"),
        ("UPDATE tasks SET ended_ms = NULL WHERE serial = 'done'", "without an end"),
        ("UPDATE tasks SET error_code = 'stopped' WHERE serial = 'done'", "completed tasks with"),
        ("UPDATE tasks SET error_code = NULL WHERE serial = 'failed'", "failed tasks without"),
        ("UPDATE materials SET task_id = 1", "held by tasks"),
    ],
)
def test_each_broken_rule_is_told(store, data, damage, problem):
    fill(store, data)
    store.close()
    with sqlite3.connect(data / "fleetlane.db") as raw:
        raw.executescript(damage)
    raw.close()
    done = fleetlane("store", "check", "--data-dir", data)
    assert (done.exit_code, problem in done.output) == (1, True), done.output


@pytest.mark.parametrize("name", ["fleetlane.db", "manifest.json", "license.jwt"])
def test_a_backup_made_to_fill_the_disk_is_refused_before_it_is_unpacked(store, data, tmp_path, name):
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with (
        zipfile.ZipFile(tmp_path / "b.zip") as whole,
        zipfile.ZipFile(tmp_path / "h.zip", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for part in whole.namelist():
            if part != name:
                bomb.writestr(part, whole.read(part))
        with bomb.open(name, "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(bytes(1 << 20))
    for command in (
        ("restore", tmp_path / "h.zip", "--data-dir", tmp_path / "other"),
        ("store", "check", tmp_path / "h.zip"),
    ):
        with pytest.raises(BackupError, match="unpacks to"):
            fleetlane(*command)
    assert not (tmp_path / "other" / "fleetlane.db").exists()


def altered(store, data, tmp_path, *statements):
    """Make a backup whose store was changed by somebody else."""
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extract("fleetlane.db", tmp_path)
    with sqlite3.connect(tmp_path / "fleetlane.db") as raw:
        for statement in statements:
            raw.execute(statement)
    raw.close()
    content = (tmp_path / "fleetlane.db").read_bytes()
    return repacked(tmp_path / "b.zip", tmp_path / "h.zip", lambda n, c: content if n == "fleetlane.db" else c)


ENDLESS = "n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"


@pytest.mark.parametrize(
    ("named", "statements"),
    [
        (
            "trigger that Fleetlane has not made: 'mine'",
            ["CREATE TRIGGER mine AFTER INSERT ON tasks BEGIN UPDATE tasks SET script_config = 'theirs'; END"],
        ),
        ("view that Fleetlane has not made: 'v'", ["CREATE VIEW v AS SELECT 1"]),
        ("virtual table that Fleetlane has not made: 'r'", ["CREATE VIRTUAL TABLE r USING rtree(a, b, c)"]),
        ("computed column that Fleetlane has not made: 'x.b'", ["CREATE TABLE x (a, b AS (a || a))"]),
        (
            "view that Fleetlane has not made: 'facts'",
            ["DROP TABLE facts", f"CREATE VIEW facts AS WITH RECURSIVE {ENDLESS} SELECT i AS name, i AS value FROM n"],
        ),
    ],
)  # fmt: skip
def test_a_backup_that_brings_what_runs_by_itself_is_refused(store, data, tmp_path, named, statements):
    hostile = altered(store, data, tmp_path, *statements)
    for command in (["store", "check", hostile], ["restore", hostile, "--data-dir", tmp_path / "other"]):
        with pytest.raises(StoreError, match=named):
            fleetlane(*command)
    assert not (tmp_path / "other" / "fleetlane.db").exists()


@pytest.mark.parametrize("way", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_backup_packed_as_we_never_pack_is_refused_before_it_is_unpacked(store, data, tmp_path, way):
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    with zipfile.ZipFile(tmp_path / "b.zip") as old, zipfile.ZipFile(tmp_path / "h.zip", "w", way) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    for command in (
        ["store", "check", tmp_path / "h.zip"],
        ["restore", tmp_path / "h.zip", "--data-dir", tmp_path / "other"],
    ):
        with pytest.raises(BackupError, match="packed in another way"):
            fleetlane(*command)


@pytest.mark.parametrize("statement", ["DELETE FROM alembic_version", "INSERT INTO alembic_version VALUES ('0001')"])
def test_a_backup_whose_store_says_no_version_or_two_is_refused(store, data, tmp_path, statement):
    hostile = altered(store, data, tmp_path, statement)
    for command in (["store", "check", hostile], ["restore", hostile, "--data-dir", tmp_path / "other"]):
        with pytest.raises(StoreError, match="which version"):
            fleetlane(*command)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("tasks.script_config", "'none'"),
        ("tasks.result", "'[]'"),
        ("tasks.created_ms", "'soon'"),
        ("tasks.due_ms", "9000000000000000000"),
        ("tasks.remark", "x'00'"),
        ("tasks.remark_parts", "'{}'"),
        ("attempts.facts", "'{'"),
    ],
)
def test_a_backup_with_rows_that_no_server_could_read_is_refused(store, data, tmp_path, column, value):
    table, _, name = column.partition(".")
    hostile = altered(store, data, tmp_path, f"UPDATE {table} SET {name} = {value}")
    done = fleetlane("store", "check", hostile)
    assert (done.exit_code, f"whose {column} cannot be read" in done.output) == (1, True), done.output
    with pytest.raises(BackupError, match=f"whose {column} cannot be read"):
        fleetlane("restore", hostile, "--data-dir", tmp_path / "other")


def test_a_backup_that_does_not_fit_on_the_disk_says_how_much_it_needs(store, data, tmp_path, monkeypatch):
    fill(store, data)
    fleetlane("backup", tmp_path / "b.zip", "--data-dir", data)
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(BackupError, match="has room for 0 MiB"):
        fleetlane("restore", tmp_path / "b.zip", "--data-dir", tmp_path / "other")


def test_only_rows_are_restored_into_tables_of_our_own(store, data, tmp_path):
    """What is no program by itself, but is not ours either, stays behind: tables, indexes, constraints."""
    hostile = altered(
        store, data, tmp_path,
        "CREATE TABLE theirs (a)", "CREATE INDEX their_index ON tasks (remark)",
        "ALTER TABLE accounts ADD COLUMN theirs TEXT CHECK (abs(random()) >= 0)",
    )  # fmt: skip
    assert fleetlane("restore", hostile, "--data-dir", tmp_path / "other").exit_code == 0
    fresh = tmp_path / "fresh.db"
    migrate(fresh)

    def schema(path):
        with sqlite3.connect(path) as raw:
            found = set(raw.execute("SELECT type, name, sql FROM sqlite_schema"))
        raw.close()
        return found

    assert schema(tmp_path / "other" / "fleetlane.db") == schema(fresh)
    assert len(states(tmp_path / "other")) == 5


@pytest.mark.parametrize("revision", ["0001", "0004", "0008"])
def test_an_older_backup_is_restored_in_its_own_tables_and_brought_up(tmp_path, revision):
    data = tmp_path / "data"
    (data / "materials").mkdir(parents=True)
    migrate(data / "fleetlane.db", revision)
    assert fleetlane("backup", tmp_path / "b.zip", "--data-dir", data).exit_code == 0
    assert fleetlane("restore", tmp_path / "b.zip", "--data-dir", tmp_path / "other").exit_code == 0
    assert "All is well" in fleetlane("store", "check", "--data-dir", tmp_path / "other").output


def test_a_backup_without_the_tables_of_its_revision_is_refused(store, data, tmp_path):
    hostile = altered(store, data, tmp_path, "ALTER TABLE accounts RENAME COLUMN note TO notes")
    with pytest.raises(StoreError, match=r"accounts\.note is missing"):
        fleetlane("restore", hostile, "--data-dir", tmp_path / "other")
