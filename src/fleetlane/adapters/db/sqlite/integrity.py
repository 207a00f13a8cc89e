"""Whether a store is whole: SQLite's own check, and the rules that every store of ours keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleetlane.adapters.db.revisions import check_revision, known_revisions
from fleetlane.adapters.db.rules import StoreCheck, broken_rules
from fleetlane.adapters.db.sqlite.snapshot import reading
from fleetlane.core.errors import StoreError

_JSON: Mapping[str, str] = {
    "tasks.script_config": "object",
    "tasks.remark_parts": "array",
    "tasks.result": "object",
    "tasks.needs_note": "object",
    "attempts.facts": "object",
    "devices.facts": "object",
    "devices.tags": "array",
    "devices.refused": "array",
}
_LATEST_MS = 253_402_300_799_000
"""The end of the year 9999: no calendar shows what is later."""


def check_store(path: Path) -> StoreCheck:
    """Look at a store without changing it; somebody else may be using it.

    Raises:
        StoreVersionError: a newer Fleetlane wrote it.
        StoreError: it is no store, cannot be read, or holds what would run by itself (see `must_be_plain`).
    """
    with reading(path) as connection:
        connection.execute("BEGIN")  # all of it at one instant
        must_be_plain(connection)
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if len(versions) != 1:
            raise StoreError(f"The store {path} says {len(versions)} times which version it has, not once.")
        [(revision,)] = versions
        check_revision(path, revision)
        problems = [f"SQLite says: {line}." for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        if revision == known_revisions()[-1]:
            problems += [
                *_unreadable(connection),
                *broken_rules(lambda finds: len(connection.execute(finds).fetchall())),
            ]
        [tasks] = connection.execute("SELECT COUNT(*) FROM tasks").fetchone()
        return StoreCheck(revision, tasks, _materials(connection), tuple(problems))


def must_be_plain(connection: sqlite3.Connection) -> None:
    """Refuse a store that is more than tables with rows: somebody else made it so.

    Raises:
        StoreError: it holds a trigger, a view, a table that is a program, or a column that is computed; names it.
    """
    for kind, name, page, sql in connection.execute("SELECT type, name, rootpage, sql FROM sqlite_schema"):
        is_program = not page or "VIRTUAL" in str(sql or "").upper().partition("(")[0]
        what = "virtual table" if kind == "table" and is_program else kind
        if what not in ("table", "index"):
            raise _not_ours(what, name)
    computed = (
        "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND c.hidden"
    )
    for table, column in connection.execute(computed):
        raise _not_ours("computed column", f"{table}.{column}")


def _not_ours(what: str, name: object) -> StoreError:
    return StoreError(
        f"The store holds a {what} that Fleetlane has not made: {str(name)[:100]!r}. Somebody has changed it; use "
        "another backup, or take it out with the program that made it."
    )


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what cannot be read: SQLite keeps any value in any column, and a server that reads such a row fails."""
    columns = (
        "SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c "
        "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid"
    )
    for table, column, kind in connection.execute(columns).fetchall():
        wrong = _wrong(f"{table}.{column}", '"{}"'.format(column.replace('"', '""')), kind.upper())
        quoted = '"{}"'.format(table.replace('"', '""'))
        [count] = connection.execute(f"SELECT COUNT(*) FROM {quoted} WHERE {wrong}").fetchone()  # noqa: S608
        if count:
            yield f"There are rows whose {table}.{column} cannot be read: {count}."


def _wrong(place: str, column: str, kind: str) -> str:
    """Return the condition that a column's value is none of those that are written there."""
    if "CHAR" not in kind and "TEXT" not in kind:
        wrong = f"typeof({column}) NOT IN ('integer', 'null')"
        return f"{wrong} OR abs({column}) > {_LATEST_MS}" if place.endswith("_ms") else wrong
    wrong = f"typeof({column}) NOT IN ('text', 'null')"
    if form := _JSON.get(place):
        return f"{wrong} OR NOT json_valid({column}) OR json_type({column}) <> '{form}'"
    return wrong


def _materials(connection: sqlite3.Connection) -> dict[str, str]:
    has_table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'materials'"
    if connection.execute(has_table).fetchone() is None:
        return {}  # older stores have none
    return dict(connection.execute("SELECT file, sha256 FROM materials ORDER BY id"))
