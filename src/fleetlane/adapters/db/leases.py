"""Workers and their leases in the store (`core.ports.leases.Leases`). Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, insert, select, true, update

from fleetlane.adapters.db.bulk import insert_many
from fleetlane.adapters.db.tables import leases, workers
from fleetlane.core.ports.leases import Heartbeat


class LeaseRepository:
    """The workers and their leases, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, owner: str, host_id: str, ttl_ms: int, beats: int = 1) -> None:
        """Note a worker that begins; those that worked in its place before are forgotten, with their leases."""
        former = select(workers.c.owner).where(workers.c.host_id == host_id)
        self._connection.execute(delete(leases).where(leases.c.owner.in_(former)))
        self._connection.execute(delete(workers).where(workers.c.host_id == host_id))
        self._connection.execute(insert(workers).values(owner=owner, host_id=host_id, beats=beats, ttl_ms=ttl_ms))

    def beat(self, owner: str, ttl_ms: int) -> bool:
        """Let a worker's heart beat once, for all its leases. False when it is not known: it has none."""
        values = {"beats": workers.c.beats + 1, "ttl_ms": ttl_ms}
        changed = self._connection.execute(update(workers).where(workers.c.owner == owner).values(values))
        return changed.rowcount == 1

    def heartbeats(self) -> Mapping[str, Heartbeat]:
        """Return the heartbeat of each worker."""
        return {row.owner: Heartbeat(row.beats, row.ttl_ms) for row in self._connection.execute(select(workers))}

    def living_hosts(self) -> frozenset[str]:
        """Return the hosts that have a worker."""
        return frozenset(self._connection.execute(select(workers.c.host_id)).scalars())

    def holders(self) -> Mapping[str, str]:
        """Return the owner of each device that has one."""
        return {row.serial: row.owner for row in self._connection.execute(select(leases))}

    def holds(self, owner: str, serial: str) -> bool:
        """Return whether a worker has the lease of a device."""
        statement = select(leases.c.owner).where(leases.c.serial == serial)
        return self._connection.execute(statement).scalar_one_or_none() == owner

    def take(self, owner: str, serials: Collection[str]) -> None:
        """Give devices to a worker, whoever has them."""
        self.release(serials)
        insert_many(
            self._connection, insert(leases), [{"serial": serial, "owner": owner} for serial in sorted(serials)]
        )

    def release(self, serials: Collection[str]) -> None:
        """Let nobody have the devices."""
        for serial in serials:
            self._connection.execute(delete(leases).where(leases.c.serial == serial))

    def dismiss(self, owner: str, seen: Heartbeat | None = None) -> bool:
        """Forget a worker and its leases. False when it is not known, or its heart has beaten since it was `seen`."""
        still = true() if seen is None else workers.c.beats == seen.beats
        if self._connection.execute(delete(workers).where(workers.c.owner == owner, still)).rowcount == 0:
            return False
        self._connection.execute(delete(leases).where(leases.c.owner == owner))
        return True
