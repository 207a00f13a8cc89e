"""Accounts in the store (`core.ports.library.Accounts`). Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, true, update
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import chunks
from fleetlane.adapters.db.ids import take_ids
from fleetlane.adapters.db.tables import accounts
from fleetlane.adapters.db.text import contains
from fleetlane.core.account import USUAL_PLATFORM, Account, NewAccount
from fleetlane.core.ports.library import AccountFilter

_USUAL_FIRST = (accounts.c.platform != USUAL_PLATFORM, accounts.c.platform)


class AccountRepository:
    """The accounts, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: NewAccount, now_ms: int) -> Account | None:
        """Store an account. None when there is one of that name on that platform."""
        if self._by_key(new) is not None:
            return None
        account_id = take_ids(self._connection, "account", 1)[0]
        values = {**_values(new), "id": account_id, "created_ms": now_ms, "updated_ms": now_ms}
        self._connection.execute(insert(accounts).values(values))
        return self.get(account_id)

    def _by_key(self, wanted: NewAccount) -> Account | None:
        platform, name = wanted.key
        statement = select(accounts).where(accounts.c.username_key == name, accounts.c.platform == platform)
        row = self._connection.execute(statement).first()
        return _account(row) if row else None

    def get(self, account_id: int) -> Account | None:
        """Return an account."""
        row = self._connection.execute(select(accounts).where(accounts.c.id == account_id)).first()
        return _account(row) if row else None

    def find(self, wanted: AccountFilter, offset: int, limit: int) -> list[Account]:
        """Return accounts by name."""
        order = (accounts.c.username_key, accounts.c.platform)
        statement = select(accounts).where(_where(wanted)).order_by(*order).offset(offset).limit(limit)
        return [_account(row) for row in self._connection.execute(statement)]

    def count(self, wanted: AccountFilter) -> int:
        """Return how many accounts there are."""
        statement = select(func.count()).select_from(accounts).where(_where(wanted))
        return int(self._connection.execute(statement).scalar_one())

    def named(self, keys: Collection[str]) -> list[Account]:
        """Return the accounts with these names (`username_key`), on every platform, TikTok first."""
        found: list[Account] = []
        for part in chunks(sorted(set(keys))):
            statement = select(accounts).where(accounts.c.username_key.in_(part)).order_by(*_USUAL_FIRST)
            found.extend(_account(row) for row in self._connection.execute(statement))
        return found

    def on_devices(self, serials: Collection[str]) -> list[Account]:
        """Return the accounts bound to these devices, oldest first."""
        found: list[Account] = []
        for part in chunks(sorted(set(serials))):
            statement = select(accounts).where(accounts.c.serial.in_(part)).order_by(accounts.c.id)
            found.extend(_account(row) for row in self._connection.execute(statement))
        return found

    def devices(self) -> list[str]:
        """Return what accounts are bound to, each once."""
        bound = select(accounts.c.serial).where(accounts.c.serial.is_not(None)).distinct()
        return list(self._connection.execute(bound).scalars())

    def update(self, account_id: int, changed: NewAccount, now_ms: int) -> Account | None:
        """Replace what is known of an account. None when there is none, or the new name is taken."""
        other = self._by_key(changed)
        if other is not None and other.id != account_id:
            return None
        values = {**_values(changed), "updated_ms": now_ms}
        statement = update(accounts).where(accounts.c.id == account_id).values(values).returning(*accounts.c)
        row = self._connection.execute(statement).first()
        return _account(row) if row else None

    def move(self, serial: str, to: str) -> int:
        """Bind the accounts of a device to another one. Returns how many."""
        statement = update(accounts).where(accounts.c.serial == serial).values(serial=to)
        return self._connection.execute(statement).rowcount

    def delete(self, account_id: int) -> Account | None:
        """Delete an account and return it."""
        statement = delete(accounts).where(accounts.c.id == account_id).returning(*accounts.c)
        row = self._connection.execute(statement).first()
        return _account(row) if row else None


def _where(wanted: AccountFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.platform is not None:
        conditions.append(accounts.c.platform == wanted.platform)
    if wanted.serial is not None:
        conditions.append(accounts.c.serial == wanted.serial)
    if wanted.enabled is not None:
        conditions.append(accounts.c.enabled == wanted.enabled)
    if wanted.text is not None:
        conditions.append(or_(contains(accounts.c.username, wanted.text), contains(accounts.c.note, wanted.text)))
    return and_(true(), *conditions)


def _values(account: NewAccount) -> dict[str, Any]:
    platform, name = account.key
    return {
        "username": account.username,
        "username_key": name,
        "platform": platform,
        "serial": account.serial,
        "enabled": account.enabled,
        "note": account.note,
    }


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        username=row.username,
        platform=row.platform,
        serial=row.serial,
        enabled=bool(row.enabled),
        note=row.note,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )
