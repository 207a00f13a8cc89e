"""Tasks with the same content, found by their keys alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, Row, and_, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import MOST_PARAMETERS, chunks
from fleetlane.adapters.db.tables import tasks
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.tasks import Twin
from fleetlane.core.task import Status

_COLUMNS = (
    tasks.c.id,
    tasks.c.content_key,
    tasks.c.serial,
    tasks.c.username_key,
    tasks.c.status,
    tasks.c.outcome,
    tasks.c.due_ms,
    tasks.c.scheduled_ms,
    tasks.c.ended_ms,
    tasks.c.created_ms,
    tasks.c.repeat_allowed_ms,
)
_IS_OPEN = tasks.c.status < int(Status.COMPLETED)
_IS_UNKNOWN = tasks.c.outcome == PublishState.UNKNOWN.value


def find_twins(
    connection: Connection, keys: Collection[str], since_ms: int, accounts: Collection[str], serials: Collection[str]
) -> list[Twin]:
    """Return the tasks with one of these contents that wait, run, may have published it, or have since an instant."""
    published = and_(tasks.c.outcome == PublishState.PUBLISHED.value, tasks.c.ended_ms >= since_ms)
    matters = and_(or_(_IS_OPEN, _IS_UNKNOWN, published), _for_one_of(accounts, serials))
    return [twin for part in chunks(sorted(keys)) for twin in _found(connection, part, matters)]


def _for_one_of(accounts: Collection[str], serials: Collection[str]) -> ColumnElement[bool]:
    if len(accounts) + len(serials) > MOST_PARAMETERS // 2:
        return true()
    return or_(tasks.c.username_key.in_(sorted(accounts)), tasks.c.serial.in_(sorted(serials)))


def _found(connection: Connection, keys: list[str], matters: ColumnElement[bool]) -> Iterator[Twin]:
    statement = select(*_COLUMNS).where(tasks.c.content_key.in_(keys), matters)
    for row in connection.execute(statement):
        yield Twin(
            task_id=row.id,
            content_key=row.content_key,
            serial=row.serial,
            username_key=row.username_key,
            is_open=row.status < int(Status.COMPLETED),
            is_unknown=row.outcome == PublishState.UNKNOWN.value,
            at_ms=_at_ms(row),
            made_ms=row.created_ms,
            repeat_allowed_ms=row.repeat_allowed_ms,
        )


def _at_ms(row: Row[*tuple[object, ...]]) -> int:
    """Return when a task published, or is due: one in doubt is due at an instant that is none."""
    at_ms: int | None = row.ended_ms if row.ended_ms is not None else row.due_ms
    return max(0, at_ms or 0, row.scheduled_ms or 0 if row.ended_ms is None else 0)
