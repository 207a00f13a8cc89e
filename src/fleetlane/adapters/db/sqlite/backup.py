"""Backups: one zip with the store at one instant, the materials it names, and the licence.

Traces are left out. Nothing here stops the server: the store is copied by SQLite's own online backup.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from fleetlane import __version__
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.db.rules import StoreCheck
from fleetlane.adapters.db.sqlite.integrity import check_store
from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.rewritten import rewrite
from fleetlane.adapters.db.sqlite.snapshot import keep_copy, snapshot
from fleetlane.adapters.db.sqlite.store import SqliteStore, translated
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.media.wholeness import LARGEST_BYTES
from fleetlane.core.outcome import failed
from fleetlane.core.ports.store import Repositories
from fleetlane.core.remark import RemarkTemplate

_FORMAT = 1
_STORE, _LICENSE, _MANIFEST, _MATERIALS = "fleetlane.db", "license.jwt", "manifest.json", "materials"
_PLAIN = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}")
"""What the library calls its files; a backup made by somebody else may name any."""
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    EOFError,
    ValueError,
    RuntimeError,  # a part is encrypted
    NotImplementedError,  # a part is packed in a newer way
)
_RETRIES = 2
_PACKED_AS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of other ways one (LZMA) sets aside as much memory as the file asks for, up to 4 GB, before a byte is unpacked."""
_LARGEST_BYTES: Mapping[str, int] = {_STORE: 64 << 30, _LICENSE: 64 << 10, _MANIFEST: 1 << 20}
"""What these may unpack to; a material may be as large as a phone takes."""
_MOST_PACKED = 100
"""A store's pages are packed to a tenth or a twentieth; a file of nothing but zeros to a thousandth."""
_SMALL_BYTES = 256 << 20
_SPARE_BYTES = 64 << 20


class BackupError(FleetlaneError):
    """A backup cannot be made, read or restored."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where a server keeps its data."""

    store: Path
    materials: Path
    license: Path
    backups: Path


@dataclass(frozen=True, slots=True)
class Verified:
    """What a backup or a data folder has. `problems` are sentences; none: all is well."""

    tasks: int
    materials: int
    problems: tuple[str, ...]
    revision: str


def make_backup(data: DataFolder, target: Path) -> Verified:
    """Write a backup, while the server runs or not. `target` is there whole, or not at all.

    Raises:
        BackupError: there is nothing to back up, or `target` is there already or cannot be written.
        StoreError: the store cannot be read.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; it is not overwritten.")
    if not data.store.is_file():
        raise BackupError(f"There is no store in {data.store.parent}; nothing to back up.")
    with _writable(target), tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        part = Path(folder) / "backup.zip"
        found, missing = _pack(data, part)
        for _ in range(_RETRIES if missing else 0):
            found, missing = _pack(data, part)  # they may have been deleted while we copied
        _sync(part)
        part.replace(target)
    problems = tuple(f"The file of a material is missing: {name}." for name in missing)
    return Verified(found.tasks, len(found.materials), found.problems + problems, found.revision)


def _pack(data: DataFolder, part: Path) -> tuple[StoreCheck, list[str]]:
    copy = part.with_name(_STORE)
    copy.unlink(missing_ok=True)
    snapshot(data.store, copy)
    found, missing = check_store(copy), list[str]()
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.write(copy, _STORE, zipfile.ZIP_DEFLATED)
        for name in found.materials:
            try:
                archive.write(data.materials / name, f"{_MATERIALS}/{name}")
            except FileNotFoundError:
                missing.append(name)
        if data.license.is_file():
            archive.write(data.license, _LICENSE)
        about = {
            "format": _FORMAT,
            "fleetlane": __version__,
            "revision": found.revision,
            "created_ms": SystemClock().now_ms(),
            "missing": missing,
        }
        archive.writestr(_MANIFEST, json.dumps(about, indent=1))
    return found, missing


def verify_backup(source: Path) -> Verified:
    """Look whether a backup could be restored, and whether all of it is there.

    Raises:
        BackupError: it is no backup, or a newer one.
        StoreError: its store cannot be read, or is a newer one.
    """
    with tempfile.TemporaryDirectory(prefix="fleetlane-verify-") as folder:
        return _unpack(source, Path(folder))


def verify_data(data: DataFolder) -> Verified:
    """Look whether a data folder is whole, while the server runs or not.

    Raises:
        BackupError: there is no store.
        StoreError: the store cannot be read.
    """
    if not data.store.is_file():
        raise BackupError(f"There is no store in {data.store.parent}.")
    return with_files(check_store(data.store), data.materials)


def with_files(found: StoreCheck, materials: Path) -> Verified:
    """Return what a store has, and what is wrong with it or with the files of its materials."""
    return _verified(found, _wrong_files(found.materials, materials))


def restore_backup(source: Path, data: DataFolder, *, nothing_ran_since: bool) -> tuple[Verified, int]:
    """Put a backup in place of what is there. The caller holds the data folder for himself.

    The former store is kept in the folder of backups. What was waiting, running or failed when the backup was made
    may have been published since, so that none of it runs by itself again, unless `nothing_ran_since`.

    Returns:
        What was restored, and how many tasks have an unknown outcome for that reason.

    Raises:
        BackupError: it is no backup, it is damaged, or it cannot be put in place.
        StoreError: a store cannot be read or written, or is a newer one.
    """
    with (
        _writable(data.store),
        tempfile.TemporaryDirectory(dir=data.store.parent, prefix=".restore-") as name,
    ):
        folder = Path(name)
        found = _unpack(source, folder)
        if found.problems:
            raise BackupError("\n".join([f"{source} is damaged; nothing was restored:", *found.problems]))
        store = folder / "restored.db"
        rewrite(folder / _STORE, found.revision, store)
        migrate(store)
        doubted = 0 if nothing_ran_since else _doubt(store)
        _one_file(store)
        for file in (folder / _MATERIALS).iterdir():
            file.replace(data.materials / file.name)
        if (folder / _LICENSE).exists() and not data.license.exists():
            (folder / _LICENSE).replace(data.license)
        if data.store.exists():
            keep_copy(data.store, data.backups, "before-restore")
            _one_file(data.store)  # else its log would be taken for one of the new store
        _sync(store)
        store.replace(data.store)
    return found, doubted


def _doubt(path: Path) -> int:
    outcome, now_ms = failed("outcome_unknown", RemarkTemplate.RESTORED), SystemClock().now_ms()

    def doubt(repositories: Repositories) -> int:
        for task in repositories.tasks.running():
            repositories.materials.settle(task.id, outcome.publish_state, now_ms)
        return repositories.tasks.doubt(outcome, now_ms)

    store = SqliteStore(path)
    store.start()
    try:
        return store.submit(doubt).result()
    finally:
        store.close()


def _one_file(path: Path) -> None:
    """Bring everything of a store that nobody uses into its one file."""
    with translated(), closing(sqlite3.connect(path)) as connection:
        [mode] = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise BackupError(f"{path} is in use; stop what uses it.")


# -- reading a backup --------------------------------------------------------------------------------------


def _unpack(source: Path, folder: Path) -> Verified:
    with _archive(source) as archive:
        _refuse_too_large(source, archive, folder)
        _manifest(source, archive)
        _extract(archive, _STORE, folder / _STORE)
        found = check_store(folder / _STORE)
        (folder / _MATERIALS).mkdir()
        names = set(archive.namelist())
        for name in found.materials:
            if _PLAIN.fullmatch(name) and f"{_MATERIALS}/{name}" in names:
                _extract(archive, f"{_MATERIALS}/{name}", folder / _MATERIALS / name)
        if _LICENSE in names:
            _extract(archive, _LICENSE, folder / _LICENSE)
    return _verified(found, _wrong_files(found.materials, folder / _MATERIALS))


@contextmanager
def _archive(source: Path) -> Generator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except _DAMAGED as error:
        raise BackupError(f"{source} is no backup, or a damaged one: {error}.") from error
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {error.filename}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BackupError(f"{source} is damaged: it names places outside itself.") from error


def _refuse_too_large(source: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    """Refuse what is made to fill the disk, and what does not fit on it, before anything is unpacked."""
    needed_bytes = 0
    for part in archive.infolist():
        size_bytes = part.file_size
        is_bomb = size_bytes > _SMALL_BYTES and size_bytes > part.compress_size * _MOST_PACKED
        if part.compress_type not in _PACKED_AS:
            raise BackupError(f"{source} is no backup of ours: {part.filename[:100]!r} is packed in another way.")
        if is_bomb or size_bytes > _LARGEST_BYTES.get(part.filename, LARGEST_BYTES):
            raise BackupError(f"{source} is no backup of ours: {part.filename[:100]!r} unpacks to {size_bytes} bytes.")
        needed_bytes += size_bytes
    free_bytes = shutil.disk_usage(folder).free - _SPARE_BYTES
    if needed_bytes > free_bytes:
        raise BackupError(
            f"{source} unpacks to {needed_bytes >> 20} MiB, and {folder.parent} has room for "
            f"{max(0, free_bytes) >> 20} MiB. Free some space, and try again."
        )


def _manifest(source: Path, archive: zipfile.ZipFile) -> None:
    try:
        about: Any = json.loads(archive.read(_MANIFEST))
    except ValueError as error:
        raise BackupError(f"{source} is no backup: its manifest cannot be read.") from error
    version = cast("dict[str, Any]", about).get("format") if isinstance(about, dict) else None
    if version != _FORMAT:
        raise BackupError(f"{source} is a backup of a form this version does not know ({version}); use a newer one.")


def _extract(archive: zipfile.ZipFile, name: str, to: Path) -> None:
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with archive.open(name) as content, os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(cast("BinaryIO", content), file)


def _verified(found: StoreCheck, wrong: list[str]) -> Verified:
    return Verified(found.tasks, len(found.materials), (*found.problems, *wrong), found.revision)


def _wrong_files(materials: Mapping[str, str], folder: Path) -> list[str]:
    problems: list[str] = []
    for name, sha256 in materials.items():
        if not _PLAIN.fullmatch(name):
            problems.append(f"A material's file has a name that is not ours: {name[:100]!r}.")
            continue
        try:
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    problems.append(f"The file of a material was changed: {name}.")
        except FileNotFoundError:
            problems.append(f"The file of a material is missing: {name}.")
    return problems


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _writable(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.filename or path} cannot be read or written: {error.strerror}.") from error
