"""The revisions of the schema. Each migration is reviewed by hand and tested from every earlier one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from fleetlane.core.errors import StoreVersionError

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the store on a connection, None when there is no store."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision."""
    from alembic import command  # noqa: PLC0415 - it is slow to import, and most starts need it not

    command.upgrade(_config(connection), revision)


def stamp(connection: Connection) -> None:
    """Note that a store that was just made has the newest revision."""
    from alembic import command  # noqa: PLC0415 - see `upgrade`

    command.stamp(_config(connection), "head")


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see `upgrade`

    config = Config()
    config.set_main_option("script_location", _FOLDER.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision this version knows, oldest first."""
    files = (_FOLDER / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


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
