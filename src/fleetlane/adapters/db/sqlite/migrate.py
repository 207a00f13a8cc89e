"""Brings a store in a file to the newest schema."""

from __future__ import annotations

from pathlib import Path

from fleetlane.adapters.db import revisions
from fleetlane.adapters.db.revisions import check_revision, known_revisions
from fleetlane.adapters.db.sqlite.engines import writer_engine
from fleetlane.adapters.db.sqlite.snapshot import keep_copy
from fleetlane.adapters.db.sqlite.store import translated


def revision_of(path: Path) -> str | None:
    """Return a store's revision, None when it has none."""
    engine = writer_engine(path)
    try:
        with translated(), engine.connect() as connection:
            return revisions.revision_of(connection)
    finally:
        engine.dispose()


def migrate(path: Path, revision: str = "head", backups: Path | None = None) -> None:
    """Create the store, or bring it to a revision.

    Args:
        path: the store.
        revision: the newest unless given.
        backups: folder that gets a copy of an older store before it is changed; None: no copy.

    Raises:
        StoreVersionError: a newer Fleetlane wrote it.
        StoreError: it cannot be opened or changed.
    """
    current = revision_of(path)
    check_revision(path, current)
    newest = known_revisions()[-1]
    if current == newest and revision in ("head", newest):
        return
    if backups is not None and current is not None and current != newest:
        keep_copy(path, backups, f"before-migration-from-{current}")
    engine = writer_engine(path)
    try:
        with translated(), engine.connect() as connection:
            revisions.upgrade(connection, revision)
    finally:
        engine.dispose()
