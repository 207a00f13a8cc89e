"""Whose the data directory is: one process at a time works in it, and only its owner reads it."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from filelock import FileLock, Timeout

from fleetlane.adapters.private_files import close_to_others, make_private, open_to_others
from fleetlane.core.errors import FleetlaneError
from fleetlane.settings import Settings

log = structlog.get_logger(__name__)


class DataDirectoryInUseError(FleetlaneError):
    """Another server uses the same data directory."""


class DataDirectoryUnusableError(FleetlaneError):
    """The data directory cannot be made or written."""


@contextmanager
def only_server(settings: Settings) -> Generator[None]:
    """Take the data directory for this process alone; make it when there is none.

    Raises:
        DataDirectoryInUseError: a server uses it.
        DataDirectoryUnusableError: it cannot be made or written.
    """
    for folder in (settings.data_dir, settings.materials_dir, settings.traces_dir):
        try:
            make_private(folder)
        except OSError as error:
            raise DataDirectoryUnusableError(f"{folder} cannot be made or used: {error.strerror}.") from error
    with _locked(settings):
        yield


def host_id(settings: Settings) -> str:
    """Return the id of the host whose data directory this is; it is drawn once, and stays.

    Raises:
        DataDirectoryUnusableError: it cannot be read or kept.
    """
    path = settings.host_id_path
    try:
        make_private(settings.data_dir)
        if not path.exists():
            path.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
        found = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise DataDirectoryUnusableError(f"{path} cannot be read or made: {error}.") from error
    if not found.isalnum():
        raise DataDirectoryUnusableError(f"{path} holds no id. Remove it: this computer is then a new host.")
    return found


@contextmanager
def without_server(settings: Settings) -> Generator[None]:
    """Let no server start in the data directory while the block runs; a directory that is not there is not made.

    Raises:
        DataDirectoryInUseError: a server uses it.
        DataDirectoryUnusableError: it cannot be written.
    """
    if not settings.data_dir.is_dir():
        yield
        return
    with _locked(settings):
        yield


@contextmanager
def _locked(settings: Settings) -> Generator[None]:
    lock = FileLock(settings.data_dir / "server.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise DataDirectoryInUseError(
            f"Another Fleetlane server uses {settings.data_dir}. Stop it, or give this one another --data-dir."
        ) from error
    except OSError as error:
        raise DataDirectoryUnusableError(f"{settings.data_dir} cannot be written: {error.strerror}.") from error
    try:
        _keep_private(settings)
        yield
    finally:
        lock.release()


def _keep_private(settings: Settings) -> None:
    """Close what is ours to other users. The data directory itself may be one that others use, too: that is told."""
    stayed = close_to_others(settings.kept_private)
    for path in (*stayed, *open_to_others([settings.data_dir])):
        log.warning("others_may_read", path=str(path), help="fleetlane doctor --fix")
