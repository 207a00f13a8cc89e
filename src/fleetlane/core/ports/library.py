"""Accounts and materials in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from fleetlane.core.account import Account, NewAccount
from fleetlane.core.material import Material, MaterialDescription, MaterialRequest, NewMaterial, UseState
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.media import Inspected


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts to list. None means any. `text` is looked for in names and notes."""

    platform: str | None = None
    serial: str | None = None
    enabled: bool | None = None
    text: str | None = None


class Accounts(Protocol):
    """The accounts."""

    def add(self, new: NewAccount, now_ms: int) -> Account | None:
        """Store an account, with an id that none has had before.

        None when there is one of that name on that platform.
        """
        ...

    def get(self, account_id: int) -> Account | None:
        """Return an account, None when there is none."""
        ...

    def find(self, wanted: AccountFilter, offset: int, limit: int) -> list[Account]:
        """Return accounts by name (`username_key`), and those of one name by platform."""
        ...

    def count(self, wanted: AccountFilter) -> int:
        """Return how many accounts there are."""
        ...

    def named(self, keys: Collection[str]) -> list[Account]:
        """Return the accounts with these names (`username_key`), on every platform, TikTok first."""
        ...

    def on_devices(self, serials: Collection[str]) -> list[Account]:
        """Return the accounts bound to these devices, oldest first."""
        ...

    def devices(self) -> list[str]:
        """Return what accounts are bound to, each once, in no order."""
        ...

    def update(self, account_id: int, changed: NewAccount, now_ms: int) -> Account | None:
        """Replace all that is known of an account. None when there is none, or the new name is taken."""
        ...

    def move(self, serial: str, to: str) -> int:
        """Bind the accounts of a device to another one. Returns how many."""
        ...

    def delete(self, account_id: int) -> Account | None:
        """Delete an account and return it, None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class MaterialFilter:
    """Which materials to list. None means any."""

    kind: MediaKind | None = None
    state: UseState | None = None
    tag: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that was received but is not kept yet, and what it is."""

    temporary: Path
    seen: Inspected


class MaterialReader(Protocol):
    """Finds the files of the library. Blocking; from any thread."""

    def path(self, file: str) -> Path:
        """Return where a file of the library can be read on this computer. It need not be there.

        On another computer than the server's it is fetched first.

        Raises:
            TaskFailedError: `material_not_reached`: the server cannot be asked.
        """
        ...


class MaterialFiles(MaterialReader, Protocol):
    """The files of the library, by content: equal files are one. Blocking; from any thread."""

    def receive(self, source: BinaryIO) -> ReceivedFile:
        """Copy the rest of a stream beside the library and look at its content. The caller keeps or drops it.

        When it raises nothing is left behind, whatever the stream raised.

        Raises:
            StoreFullError: the disk is full.
        """
        ...

    def keep(self, received: ReceivedFile) -> str:
        """Move a received file without a problem into the library, and return its name there.

        The name is of its content: a file that was there already is the same. Its end says what it is (`.mp4`,
        `.jpg`, `.png`).
        """
        ...

    def drop(self, received: ReceivedFile) -> None:
        """Remove a received file that is not kept. Nothing happens when it is gone."""
        ...

    def sweep(self) -> int:
        """Remove what was received and neither kept nor dropped, since its server ended. Returns how many files.

        To be called while nothing is received.
        """
        ...

    def forget(self, file: str) -> None:
        """Remove a file of the library. Nothing happens when it is gone."""
        ...


class Materials(Protocol):
    """The library, and which files were used on which account."""

    def add(self, new: NewMaterial, now_ms: int) -> tuple[Material, bool]:
        """Store a material, free; False beside it when its content was there already, and stays as it was."""
        ...

    def get(self, material_id: int) -> Material | None:
        """Return a material, None when there is none."""
        ...

    def find(self, wanted: MaterialFilter, offset: int, limit: int) -> list[Material]:
        """Return materials, in the order in which they are taken."""
        ...

    def count(self, wanted: MaterialFilter) -> int:
        """Return how many materials there are."""
        ...

    def describe(self, material_id: int, described: MaterialDescription) -> Material | None:
        """Replace what people say of a material. None when there is none."""
        ...

    def delete(self, material_id: int) -> Material | None:
        """Delete a material that is not reserved, and return it. None when there is none or it is reserved."""
        ...

    def free(self, material_id: int) -> Material | None:
        """Make a material free that is not reserved. None when there is none or it is reserved."""
        ...

    def take(self, wish: MaterialRequest, task_id: int, now_ms: int) -> list[Material]:
        """Reserve free materials for a task, in the order of `MaterialRequest`: as many as wished, or none at all."""
        ...

    def used_files(self, account: str) -> set[str]:
        """Return the sha256 of the files that were used, or are reserved, on an account."""
        ...

    def take_files(self, account: str, hashes: Sequence[str], task_id: int, now_ms: int) -> bool:
        """Reserve files on an account. False, and nothing reserved, when one of them is taken on that account."""
        ...

    def settle(self, task_id: int, state: PublishState, now_ms: int, hashes: Sequence[str] = ()) -> None:
        """Mark what a task reserved as used when it was published, or may have been; else free it.

        `hashes` are of the files it published, or may have: what the library has of them is used too, by whatever
        way they were chosen. What another task may have published is taken from it only by who surely did.
        """
        ...

    def seal(self, task_id: int) -> None:
        """Let what a task has used stay used, whatever is said of the task later."""
        ...

    def release(self, task_id: int) -> None:
        """Free what a task has used and that is not sealed: its post did not go out after all."""
        ...


@dataclass(frozen=True, slots=True)
class TakenMaterial:
    """A library item that a task has reserved."""

    path: Path
    name: str
    caption: str


class MaterialReservations(Protocol):
    """What one task may take from the library, and use of the files of a folder. Blocking."""

    def take(self, kind: MediaKind, count: int, tags: Sequence[str], username: str) -> list[TakenMaterial]:
        """Reserve library items: as many as asked for, or none at all."""
        ...

    def used_files(self, account: str) -> set[str]:
        """Return the sha256 of the files that were used, or are reserved, on an account."""
        ...

    def take_files(self, account: str, hashes: Sequence[str]) -> bool:
        """Reserve files on an account. False, and nothing reserved, when one of them is taken."""
        ...
