"""The revisions of the schema. Each migration is reviewed by hand and tested from every earlier one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fleetlane.core.errors import StoreVersionError

_FOLDER = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, for its commands on a connection."""
    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision this version knows, oldest first."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def check_revision(where: object, current: str | None) -> None:
    """Refuse a store of a newer Fleetlane.

    Raises:
        StoreVersionError: a newer Fleetlane wrote it.
    """
    if current is not None and current not in known_revisions():
        raise StoreVersionError(
            f"The store {where} was written by a newer Fleetlane (revision {current}). Install that version, or use "
            "another data directory."
        )
