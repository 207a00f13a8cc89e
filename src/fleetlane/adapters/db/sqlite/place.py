"""A file of SQLite as the place of a server's store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.db.rules import StoreCheck
from fleetlane.adapters.db.sqlite.engines import reader_engine, writer_engine
from fleetlane.adapters.db.sqlite.integrity import check_store
from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.snapshot import keep_copy
from fleetlane.adapters.db.sqlite.store import SqliteStore, translated
from fleetlane.core.errors import StoreError
from fleetlane.core.event import Change


class StoreFile:
    """A file in a data directory (`bootstrap.stores.StorePlace`).

    Args:
        path: the file.
        backups: folder of copies.
    """

    def __init__(self, path: Path, backups: Path) -> None:
        self.shown = str(path)
        self._path = path
        self._backups = backups
        self._note = path.with_name("store-moved.txt")

    is_shared = False

    def clock(self) -> SystemClock:
        """Return the computer's clock: nobody else works there."""
        return SystemClock()

    def alone(self) -> AbstractContextManager[None]:
        """Do nothing: the file is taken with its data directory."""
        return nullcontext()

    def among(self) -> AbstractContextManager[None]:
        """Do nothing: the file is taken with its data directory."""
        return nullcontext()

    def leadership(self) -> AbstractContextManager[None]:
        """Return None: nobody else works on the file."""
        return nullcontext()

    def migrate(self) -> None:
        """Make the store, or bring it to this version.

        Raises:
            StoreVersionError: a newer Fleetlane wrote it.
            StoreError: it cannot be used, or was moved elsewhere.
        """
        if self._note.exists() and not self._path.exists():
            to = self._note.read_text(encoding="utf-8").strip()
            raise StoreError(
                f"The store of {self._path.parent} was moved to {to}. Set store_url to go on there, or remove "
                f"{self._note} to begin with an empty store."
            )
        migrate(self._path, backups=self._backups)

    def store(
        self,
        changed: Callable[[Sequence[Change]], None],
        heard: Callable[[Sequence[Change] | None], None] | None = None,  # noqa: ARG002 - nobody else changes it
    ) -> SqliteStore:
        """Return the store, not started yet."""
        return SqliteStore(self._path, changed)

    def check(self) -> StoreCheck:
        """Look at the store without changing it."""
        if not self._path.is_file():
            raise StoreError(f"There is no store in {self._path.parent}.")
        return check_store(self._path)

    def connect_to_read(self) -> AbstractContextManager[Connection]:
        """Return a connection that sees one state of the store."""
        return _connected(reader_engine(self._path))

    def connect_to_fill(self) -> AbstractContextManager[Connection]:
        """Return a connection in a transaction that is kept when the block ends well."""
        return _connected(writer_engine(self._path))

    def leave(self, to: str) -> str:
        """Let nobody begin here any more: the store is at `to` now. Returns a sentence that says where a copy is."""
        copy = keep_copy(self._path, self._backups, "before-move")
        self._note.write_text(f"{to}\n", encoding="utf-8")
        for end in ("", "-wal", "-shm"):
            self._path.with_name(f"{self._path.name}{end}").unlink(missing_ok=True)
        return f"The file as it was is kept as {copy}."

    def come_back(self) -> None:
        """Take back what `leave` said."""
        self._note.unlink(missing_ok=True)


@contextmanager
def _connected(engine: Engine) -> Generator[Connection]:
    try:
        with translated(), engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()
