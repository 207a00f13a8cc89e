"""Brings a store to the newest schema. Each migration is reviewed by hand and tested from every earlier one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from fleetlane.adapters.db.sqlite.engines import writer_engine
from fleetlane.adapters.db.sqlite.snapshot import keep_copy
from fleetlane.adapters.db.sqlite.store import translated
from fleetlane.core.errors import StoreVersionError

_FOLDER = Path(__file__).parent.parent / "migrations"


def _config(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if engine is not None:
        config.attributes["engine"] = engine
    return config


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision this version knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def revision_of(path: Path) -> str | None:
    """Return a store's revision, None when it has none."""
    engine = writer_engine(path)
    try:
        with translated(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def check_revision(path: Path, current: str | None) -> None:
    """Refuse a store of a newer Fleetlane.

    Raises:
        StoreVersionError: a newer Fleetlane wrote it.
    """
    if current is not None and current not in known_revisions():
        raise StoreVersionError(
            f"The store {path} was written by a newer Fleetlane (revision {current}). Install that version, or use "
            "another data directory."
        )


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
        with translated():
            command.upgrade(_config(engine), revision)
    finally:
        engine.dispose()
