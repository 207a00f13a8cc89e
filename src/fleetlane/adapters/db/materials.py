"""The library in the store (`core.ports.library.Materials`). Nothing here commits.

A library item is used once, by whichever account; a file of a folder once on each account.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select, true, update
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import insert_many
from fleetlane.adapters.db.ids import take_ids
from fleetlane.adapters.db.tables import file_uses, materials
from fleetlane.core.material import Material, MaterialDescription, MaterialRequest, NewMaterial, UseState
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.core.task import username_key

_NO_TASK = 0  # ids begin at 1
_FREE, _RESERVED, _USED = UseState.FREE.value, UseState.RESERVED.value, UseState.USED.value


class MaterialRepository:
    """The materials, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: NewMaterial, now_ms: int) -> tuple[Material, bool]:
        """Store a material; False beside it when its content was there already."""
        there = self._connection.execute(select(materials).where(materials.c.sha256 == new.sha256)).first()
        if there is not None:
            return _material(there), False
        values = {
            **_described(new.described),
            "id": take_ids(self._connection, "material", 1)[0],
            "sha256": new.sha256,
            "file": new.file,
            "kind": new.kind.value,
            "mime_type": new.mime_type,
            "size_bytes": new.size_bytes,
            "duration_ms": new.duration_ms,
            "state": _FREE,
            "created_ms": now_ms,
        }
        row = self._connection.execute(insert(materials).values(values).returning(*materials.c)).one()
        return _material(row), True

    def get(self, material_id: int) -> Material | None:
        """Return a material."""
        row = self._connection.execute(select(materials).where(materials.c.id == material_id)).first()
        return _material(row) if row else None

    def find(self, wanted: MaterialFilter, offset: int, limit: int) -> list[Material]:
        """Return materials, in the order in which they are taken."""
        order = (materials.c.sort, materials.c.id)
        statement = select(materials).where(_where(wanted)).order_by(*order).offset(offset).limit(limit)
        return [_material(row) for row in self._connection.execute(statement)]

    def count(self, wanted: MaterialFilter) -> int:
        """Return how many materials there are."""
        statement = select(func.count()).select_from(materials).where(_where(wanted))
        return int(self._connection.execute(statement).scalar_one())

    def describe(self, material_id: int, described: MaterialDescription) -> Material | None:
        """Change what people say of a material."""
        return self._update(materials.c.id == material_id, _described(described))

    def delete(self, material_id: int) -> Material | None:
        """Delete a material that is not reserved, and return it. None when there is none or it is reserved."""
        statement = (
            delete(materials)
            .where(materials.c.id == material_id, materials.c.state != _RESERVED)
            .returning(*materials.c)
        )
        row = self._connection.execute(statement).first()
        return _material(row) if row else None

    def free(self, material_id: int) -> Material | None:
        """Make a material free that is not reserved. None when there is none or it is reserved."""
        condition = and_(materials.c.id == material_id, materials.c.state != _RESERVED)
        return self._update(condition, {"state": _FREE, "task_id": None})

    def _update(self, condition: ColumnElement[bool], values: dict[str, Any]) -> Material | None:
        statement = update(materials).where(condition).values(values).returning(*materials.c)
        row = self._connection.execute(statement).first()
        return _material(row) if row else None

    # -- taking ----------------------------------------------------------------------------------------

    def take(self, wish: MaterialRequest, task_id: int, now_ms: int) -> list[Material]:
        """Reserve materials for a task: as many as wished, or none at all."""
        del now_ms
        key = username_key(wish.username) if wish.username else ""
        mine_first = case((materials.c.username_key == key, 0), else_=1)
        statement = (
            select(materials)
            .where(
                materials.c.state == _FREE,
                materials.c.kind == wish.kind.value,
                materials.c.username_key.in_({key, ""}),
                or_(*(_has_tag(tag) for tag in wish.tags)) if wish.tags else true(),
            )
            .order_by(mine_first, materials.c.sort, materials.c.id)
            .limit(wish.count)
        )
        found = [_material(row) for row in self._connection.execute(statement)]
        if len(found) < wish.count:
            return []
        ids = [material.id for material in found]
        self._connection.execute(
            update(materials).where(materials.c.id.in_(ids)).values(state=_RESERVED, task_id=task_id)
        )
        return found

    def used_files(self, account: str) -> set[str]:
        """Return the sha256 of the files that were used, or are reserved, on an account."""
        statement = select(file_uses.c.sha256).where(file_uses.c.account == account)
        return set(self._connection.execute(statement).scalars())

    def take_files(self, account: str, hashes: Sequence[str], task_id: int, now_ms: int) -> bool:
        """Reserve files on an account. False, and nothing reserved, when one of them is taken."""
        taken = select(file_uses.c.sha256).where(file_uses.c.account == account, file_uses.c.sha256.in_(hashes))
        if self._connection.execute(taken).first() is not None:
            return False
        rows = [
            {"account": account, "sha256": digest, "task_id": task_id, "state": _RESERVED, "at_ms": now_ms}
            for digest in hashes
        ]
        insert_many(self._connection, insert(file_uses), rows)
        return True

    def settle(self, task_id: int, state: PublishState, now_ms: int, hashes: Sequence[str] = ()) -> None:
        """Mark what a task reserved as used when it was published, or may have been; else free it.

        `hashes` are of the files it published, or may have: what the library has of them is used too, by whatever
        way they were chosen.
        """
        mine = and_(materials.c.task_id == task_id, materials.c.state == _RESERVED)
        files = and_(file_uses.c.task_id == task_id, file_uses.c.state == _RESERVED)
        if state in (PublishState.PUBLISHED, PublishState.UNKNOWN):
            self._connection.execute(update(materials).where(mine).values(state=_USED))
            self._connection.execute(update(file_uses).where(files).values(state=_USED, at_ms=now_ms))
            if hashes:
                # Who surely published a file keeps it.
                open_to_it = materials.c.state == _FREE if state is PublishState.UNKNOWN else true()
                named = and_(materials.c.sha256.in_(hashes), open_to_it)
                self._connection.execute(update(materials).where(named).values(state=_USED, task_id=task_id))
        else:
            self._connection.execute(update(materials).where(mine).values(state=_FREE, task_id=None))
            self._connection.execute(delete(file_uses).where(files))

    def seal(self, task_id: int) -> None:
        """Let what a task has used stay used, whatever is said of the task later."""
        mine, files = _used_by(task_id)
        self._connection.execute(update(materials).where(mine).values(task_id=None))
        self._connection.execute(update(file_uses).where(files).values(task_id=_NO_TASK))

    def release(self, task_id: int) -> None:
        """Free what a task has used and that is not sealed: its post did not go out after all."""
        mine, files = _used_by(task_id)
        self._connection.execute(update(materials).where(mine).values(state=_FREE, task_id=None))
        self._connection.execute(delete(file_uses).where(files))


def _used_by(task_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    mine = and_(materials.c.task_id == task_id, materials.c.state == _USED)
    return mine, and_(file_uses.c.task_id == task_id, file_uses.c.state == _USED)


def _where(wanted: MaterialFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(materials.c.kind == wanted.kind.value)
    if wanted.state is not None:
        conditions.append(materials.c.state == wanted.state.value)
    if wanted.tag is not None:
        conditions.append(_has_tag(wanted.tag.casefold()))
    if wanted.username is not None:
        conditions.append(materials.c.username_key == username_key(wanted.username))
    return and_(true(), *conditions)


def _has_tag(tag: str) -> ColumnElement[bool]:
    # Tags are kept as JSON texts between commas, so that one tag is never found inside another.
    return materials.c.tags.contains(f",{json.dumps(tag, ensure_ascii=False)},", autoescape=True)


def _described(new: MaterialDescription) -> dict[str, Any]:
    tags = "".join(f"{json.dumps(tag, ensure_ascii=False)}," for tag in new.tags)
    return {
        "name": new.name,
        "tags": f",{tags}" if tags else "",
        "caption": new.caption,
        "username": new.username,
        "username_key": username_key(new.username) if new.username else "",
        "sort": new.sort,
    }


def _material(row: Row[Any]) -> Material:
    return Material(
        id=row.id,
        sha256=row.sha256,
        file=row.file,
        kind=MediaKind(row.kind),
        mime_type=row.mime_type,
        size_bytes=row.size_bytes,
        duration_ms=row.duration_ms,
        described=MaterialDescription(
            name=row.name,
            tags=tuple(json.loads(f"[{row.tags.strip(',')}]")),
            caption=row.caption,
            username=row.username,
            sort=row.sort,
        ),
        state=UseState(row.state),
        task_id=row.task_id,
        created_ms=row.created_ms,
    )
