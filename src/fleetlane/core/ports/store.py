"""The store: repositories inside units of work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from fleetlane.core.ports.attempts import Attempts
from fleetlane.core.ports.leases import Leases
from fleetlane.core.ports.library import Accounts, Materials
from fleetlane.core.ports.records import DeviceRecords, HostRecords, IdempotencyKeys, KeyValues, TakeOvers
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

    @property
    def hosts(self) -> HostRecords:
        """Return the hosts on record."""
        ...

    @property
    def take_overs(self) -> TakeOvers:
        """Return the phones that people have taken over."""
        ...


class Store(Protocol):
    """The store. A unit of work is a plain function over the repositories.

    It may be run more than once before one run is kept, so it changes nothing but the repositories. It sees one state
    of the store, and what it has done itself. Those that write are done one after another, as if each were alone. What
    one raises is raised to its caller; then nothing of it was done, and no other one is disturbed. It must not
    catch what the store raises inside it and go on: the transaction is lost by then.

    Raises (every method): `StoreError` or a subclass; then nothing of the work was done.
    """

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` in a transaction that can write; it is durable when this returns.

        A caller that does not wait any more disturbs nobody; the work may be done all the same.
        """
        ...

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written: it has all that was written before, and nothing since.

        Raises:
            StoreError: it tried to write, too.
        """
        ...

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Like `write`, from any thread: the future is done when the work is durable."""
        ...
