"""Hosts, and phones that people have taken over, in the store (`core.ports.records`). Nothing here commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from fleetlane.adapters.db.tables import devices, hosts, take_overs, workers
from fleetlane.core.hosts import Host, HostKind, NewHost
from fleetlane.core.ports.records import TakenOver


class HostRepository:
    """The hosts on record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Host]:
        """Return every host, by name."""
        return [_host(row) for row in self._connection.execute(select(hosts).order_by(hosts.c.name))]

    def get(self, name: str) -> Host | None:
        """Return a host, None when there is none of that name."""
        row = self._connection.execute(select(hosts).where(hosts.c.name == name)).one_or_none()
        return _host(row) if row else None

    def begin(self, host: NewHost, now_ms: int) -> None:
        """Note that a host has begun."""
        self._connection.execute(delete(hosts).where(hosts.c.id == host.id, hosts.c.name != host.name))
        values = {
            "id": host.id,
            "kind": host.kind.value,
            "version": host.version,
            "protocol": host.protocol,
            "started_ms": now_ms,
            "seen_ms": now_ms,
        }
        if not self._update(host.name, values):
            self._connection.execute(insert(hosts).values(name=host.name, **values))

    def seen(self, name: str, now_ms: int) -> None:
        """Note that a host lives."""
        self._update(name, {"seen_ms": now_ms})

    def drain(self, name: str, *, drains: bool) -> bool:
        """Store whether a host is to take no new tasks. False when it is not known."""
        return self._update(name, {"drains": drains})

    def let_in(self, name: str, token: str) -> None:
        """Let a host in by a token, given as its SHA-256."""
        if not self._update(name, {"token": token}):
            self._connection.execute(insert(hosts).values(name=name, token=token))

    def of_token(self, token: str) -> Host | None:
        """Return the host that a token lets in, given as its SHA-256."""
        row = self._connection.execute(select(hosts).where(hosts.c.token == token)).first()
        return _host(row) if row else None

    def forget(self, name: str) -> Host | None:
        """Forget a host and its token, and return it; None when it is not known."""
        known = self.get(name)
        if known is not None:
            self._connection.execute(delete(hosts).where(hosts.c.name == name))
            self._connection.execute(update(devices).where(devices.c.host_id == known.id).values(host_id=None))
        return known

    def _update(self, name: str, values: dict[str, Any]) -> bool:
        return self._connection.execute(update(hosts).where(hosts.c.name == name).values(values)).rowcount == 1


def _host(row: Row[Any]) -> Host:
    return Host(
        name=row.name,
        id=row.id,
        kind=HostKind(row.kind),
        version=row.version,
        protocol=row.protocol,
        started_ms=row.started_ms,
        seen_ms=row.seen_ms,
        drains=bool(row.drains),
        may_enter=row.token is not None,
    )


class TakeOverRepository:
    """The phones that people have taken over."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[TakenOver]:
        """Return all of them, by serial; not those of workers that are no more."""
        found = self._connection.execute(select(take_overs).order_by(take_overs.c.serial)).all()
        owners = {row.owner for row in found}
        living: set[str] = set()
        if owners:  # else the workers are not read, whose hearts beat all the time
            living = set(self._connection.execute(select(workers.c.owner).where(workers.c.owner.in_(owners))).scalars())
        return [TakenOver(row.serial, row.owner, row.by, row.since_ms) for row in found if row.owner in living]

    def put(self, taken: TakenOver) -> None:
        """Note that a phone is taken over."""
        self._connection.execute(delete(take_overs).where(take_overs.c.serial == taken.serial))
        values = {"serial": taken.serial, "owner": taken.owner, "by": taken.by, "since_ms": taken.since_ms}
        self._connection.execute(insert(take_overs).values(values))

    def drop(self, serial: str, owner: str) -> None:
        """Note that a worker has given a phone back."""
        mine = (take_overs.c.serial == serial, take_overs.c.owner == owner)
        self._connection.execute(delete(take_overs).where(*mine))
