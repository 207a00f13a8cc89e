"""Where attempts get their media from: this computer, or the server that a phone's computer belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fleetlane.core.leftovers import Leftover
from fleetlane.core.ports.library import MaterialReader
from fleetlane.core.ports.media import Inspected


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A file or folder in a folder of media.

    Attributes:
        name: its name alone.
        path: what `MediaFiles` knows it by.
        is_folder: whether it is a folder; else it is a regular file.
        passed_over: why nobody meant it, None when it may be meant.
    """

    name: str
    path: str
    is_folder: bool
    passed_over: Leftover | None


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What lies in a folder, in no order. `path` is the folder's, links resolved."""

    path: str
    entries: Sequence[FolderEntry]


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A file as it was when it was looked at.

    Attributes:
        path: links resolved, as the computer writes it that has the file.
        name: the last part of that path.
        found: what it is; None when its name does not end as asked for, and it was not looked into.
    """

    path: str
    name: str
    found: Inspected | None


class MediaFiles(Protocol):
    """The files that tasks name by their paths: those of the server, opened only where its owner allows it.

    Blocking; from any thread. Paths mean something on the server alone, which may have another system.

    Raises (every method): `TaskFailedError`: `media_missing` when there is no such thing or it may not be opened,
    without telling which; `material_not_reached` when the server cannot be asked.
    """

    def listing(self, folder: str, *, beginning: str = "", endings: Collection[str] = ()) -> FolderListing:
        """Return what lies in a folder: regular files and folders, and what links lead to.

        Args:
            folder: a path as somebody wrote it, or as another listing gave it.
            beginning: only names that begin so.
            endings: only names that end with one of these, in small letters and whatever the name has; none: any.
        """
        ...

    def text(self, folder: str, name: str, most_bytes: int) -> bytes | None:
        """Return how a file of a folder begins, up to `most_bytes`; None when the folder has none of that name."""
        ...

    def look(self, path: str, endings: Collection[str] = ()) -> LookedAt:
        """Look at a file. One whose name does not end with one of `endings` (see `listing`) is not looked into."""
        ...

    def local(self, looked_at: LookedAt) -> Path:
        """Return where the content of a file is on this computer, after it was fetched where it was not.

        Elsewhere than where it lies it has been checked to be what was looked at, and has a name of its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class AttemptMedia:
    """What one attempt may read: the files that tasks name, and those of the library."""

    named: MediaFiles
    library: MaterialReader


class MediaAccess(Protocol):
    """Lets attempts read media."""

    def attempt(self, must_go_on: Callable[[], None]) -> AbstractContextManager[AttemptMedia]:
        """Return what an attempt reads. What it has fetched stays where it is until the block ends.

        Args:
            must_go_on: asked now and then while something is fetched; raises when the attempt must end.
        """
        ...
