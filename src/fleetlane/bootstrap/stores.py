"""Where the store lies that the settings name: a file in the data directory, or a database of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection

if TYPE_CHECKING:
    from fleetlane.adapters.db.postgres.place import Database

from fleetlane.adapters.clock import SharedClock, SystemClock
from fleetlane.adapters.db.rules import StoreCheck
from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.adapters.db.sqlite.place import StoreFile
from fleetlane.core.errors import StoreError
from fleetlane.core.event import Change
from fleetlane.settings import Settings

Heard = Callable[[Sequence[Change] | None], None]


class StorePlace(Protocol):
    """Where a store lies, or is to lie."""

    @property
    def is_shared(self) -> bool:
        """Return whether several servers and hosts may work on it."""
        ...

    @property
    def shown(self) -> str:
        """Return the address as people may read it: without a password."""
        ...

    def clock(self) -> SystemClock | SharedClock:
        """Return the clock of all that work there."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Take the place for this process while the block runs.

        Raises:
            StoreError: others work on it.
        """
        ...

    def among(self) -> AbstractContextManager[None]:
        """Let nobody take the place for himself alone while the block runs.

        Raises:
            StoreError: somebody has.
        """
        ...

    def leadership(self) -> AbstractContextManager[Callable[[], bool] | None]:
        """Return what says, when it is asked, whether this process leads all that work there; None where it is alone.

        It blocks, and is asked by one caller at a time.
        """
        ...

    def migrate(self) -> None:
        """Make the store, or bring it to this version.

        Raises:
            StoreVersionError: a newer Fleetlane wrote it.
            StoreError: it cannot be used, or was moved elsewhere.
        """
        ...

    def store(self, changed: Callable[[Sequence[Change]], None], heard: Heard | None = None) -> SqlStore:
        """Return the store, not started yet.

        Args:
            changed: called from a thread with what it changes.
            heard: likewise with what other processes change there; None: nobody knows what.
        """
        ...

    def check(self) -> StoreCheck:
        """Look at the store without changing it; somebody may be using it.

        Raises:
            StoreVersionError: a newer Fleetlane wrote it.
            StoreError: there is none, or it cannot be read.
        """
        ...

    def connect_to_read(self) -> AbstractContextManager[Connection]:
        """Return a connection that sees one state of the store."""
        ...

    def connect_to_fill(self) -> AbstractContextManager[Connection]:
        """Return a connection in a transaction that is kept when the block ends well."""
        ...

    def leave(self, to: str) -> str:
        """Let nobody begin here any more: the store is at `to` now. Returns a sentence that says where a copy is."""
        ...

    def come_back(self) -> None:
        """Take back what `leave` said: a store was moved here again."""
        ...


def place_of(settings: Settings) -> StorePlace:
    """Return where a server's store lies.

    Raises:
        StoreError: the driver of PostgreSQL is not installed, or its address is none.
    """
    if settings.store_url is None:
        return file_of(settings)
    return database(settings.store_url.get_secret_value())


def file_of(settings: Settings) -> StorePlace:
    """Return the file in the data directory as the place of a store."""
    return StoreFile(settings.store_path, settings.backups_dir)


def database(url: str) -> Database:
    """Return a database of PostgreSQL as the place of a store.

    Raises:
        StoreError: the driver is not installed, or the address is none.
    """
    try:
        from fleetlane.adapters.db.postgres.place import Database  # noqa: PLC0415 - not everybody installs its driver
    except ImportError as error:
        raise StoreError(
            f"The driver of PostgreSQL cannot be used ({error}). Install it: pip install 'fleetlane[postgres]'"
        ) from error
    return Database(url)
