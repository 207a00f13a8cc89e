"""All repositories over one connection."""

from __future__ import annotations

from sqlalchemy import Connection

from fleetlane.adapters.db.accounts import AccountRepository
from fleetlane.adapters.db.attempts import AttemptRepository
from fleetlane.adapters.db.devices import DeviceRecordRepository
from fleetlane.adapters.db.hosts import HostRepository, TakeOverRepository
from fleetlane.adapters.db.leases import LeaseRepository
from fleetlane.adapters.db.materials import MaterialRepository
from fleetlane.adapters.db.records import IdempotencyKeyRepository, KeyValueRepository
from fleetlane.adapters.db.task_counters import TaskCounters
from fleetlane.adapters.db.tasks import TaskRepository
from fleetlane.core.event import Change


class SqlRepositories:
    """All repositories over one connection. `changes` is what they changed, for those who watch."""

    def __init__(self, connection: Connection) -> None:
        self.changes: list[Change] = []
        self._counters = TaskCounters(connection)
        self.attempts = AttemptRepository(connection, self.changes.append)
        self.tasks = TaskRepository(connection, self.attempts, self._counters, self.changes.append)
        self.accounts = AccountRepository(connection)
        self.materials = MaterialRepository(connection)
        self.devices = DeviceRecordRepository(connection, self.changes.append)
        self.answers = IdempotencyKeyRepository(connection)
        self.facts = KeyValueRepository(connection)
        self.leases = LeaseRepository(connection)
        self.hosts = HostRepository(connection)
        self.take_overs = TakeOverRepository(connection)

    def finish(self) -> None:
        """Store what waits for the end of the unit of work."""
        self._counters.write()
