"""The store: repositories inside units of work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from fleetlane.core.ports.attempts import Attempts
from fleetlane.core.ports.leases import Leases
from fleetlane.core.ports.library import Accounts, Materials
from fleetlane.core.ports.records import DeviceRecords, IdempotencyKeys, KeyValues
from fleetlane.core.ports.tasks import Tasks

T = TypeVar("T")


class Repositories(Protocol):
    """All repositories, inside one transaction."""

    @property
    def attempts(self) -> Attempts:
        """Return the attempts of the tasks."""
        ...

    @property
    def tasks(self) -> Tasks:
        """Return the tasks."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Return the accounts."""
        ...

    @property
    def materials(self) -> Materials:
        """Return the library."""
        ...

    @property
    def devices(self) -> DeviceRecords:
        """Return what is remembered of devices."""
        ...

    @property
    def answers(self) -> IdempotencyKeys:
        """Return the answers that may be repeated."""
        ...

    @property
    def facts(self) -> KeyValues:
        """Return single values."""
        ...

    @property
    def leases(self) -> Leases:
        """Return who may work on which device."""
        ...


class Store(Protocol):
    """The store. A unit of work is a plain function over the repositories.

    It may be run more than once before one run is kept, so it changes nothing but the repositories.

    Raises (both methods): `StoreError` or a subclass; then nothing of the work was done.
    """

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` in a transaction that can write; it is durable when this returns."""
        ...

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        ...

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Like `write`, from any thread: the future is done when the work is durable."""
        ...
