"""Media on this computer: opened only where its owner allows it, whatever a task names."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from pathlib import Path, PureWindowsPath

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.leftovers import Leftover, leftover
from fleetlane.core.media.files import KIND_OF_ENDING
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.library import MaterialReader
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.sources import AttemptMedia, FolderEntry, FolderListing, LookedAt, MediaFiles


class LocalMedia:
    """The files of this computer (`core.ports.sources.MediaFiles`).

    Args:
        folders: where they may be.
        inspector: looks into them.
        limit_s: how long to wait for a look; then `look` raises TimeoutError. None: until it has ended.
    """

    def __init__(self, folders: AllowedFolders, inspector: MediaInspector, limit_s: float | None = None) -> None:
        self._folders = folders
        self._inspector = inspector
        self._limit_s = limit_s

    def listing(self, folder: str, *, beginning: str = "", endings: Collection[str] = ()) -> FolderListing:
        """Return what lies in a folder."""
        real = self._folder(folder)
        try:
            named = [path for path in real.iterdir() if path.name.startswith(beginning) and _ends(path, endings)]
        except OSError as error:
            raise unavailable(str(real)) from error
        entries = (_entry(path) for path in named)
        return FolderListing(str(real), [entry for entry in entries if entry is not None])

    def text(self, folder: str, name: str, most_bytes: int) -> bytes | None:
        """Return how a file of a folder begins."""
        path = self._folder(folder) / name
        if not path.is_file():
            return None
        with self.opened(str(path)) as file:
            try:
                return file.read(most_bytes)
            except OSError as error:
                raise unavailable(str(path)) from error

    def look(self, path: str, endings: Collection[str] = ()) -> LookedAt:
        """Look at a file."""
        real = self._file(path)
        if not _ends(real, endings):
            return LookedAt(str(real), real.name, None)
        try:
            return LookedAt(str(real), real.name, self._inspector.inspect(real, self._limit_s))
        except TimeoutError:
            raise
        except OSError as error:
            raise unavailable(path) from error

    def local(self, looked_at: LookedAt) -> Path:
        """Return where a file is."""
        return Path(looked_at.path)

    def opened(self, path: str) -> BufferedReader:
        """Open a file that may be opened.

        Raises:
            TaskFailedError: `media_missing`.
        """
        try:
            return open_regular(self._file(path))
        except OSError as error:
            raise unavailable(path) from error

    def _file(self, text: str) -> Path:
        real = self._allowed(text)
        if not real.is_file():
            raise unavailable(text)
        return real

    def _folder(self, text: str) -> Path:
        real = self._allowed(text)
        if not real.is_dir():
            raise unavailable(text)
        return real

    def _allowed(self, text: str) -> Path:
        """Return the path that a text means, links resolved: a file or a folder that may be opened."""
        try:
            written = Path(text).expanduser()
            real = written.resolve()
            if not self._folders.hold(real) and not self._folders.forbid(real):
                raise _outside(text, written)
            mode = real.stat().st_mode
        except (OSError, ValueError, RuntimeError) as error:
            raise unavailable(text) from error
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or not self._folders.allow(real):
            raise unavailable(text)
        return real


class LocalMediaAccess:
    """Lets attempts read what lies on this computer (`core.ports.sources.MediaAccess`)."""

    def __init__(self, named: MediaFiles, library: MaterialReader) -> None:
        self._media = AttemptMedia(named, library)

    def attempt(self, must_go_on: Callable[[], None]) -> AbstractContextManager[AttemptMedia]:
        """Return what an attempt reads: nothing has to be fetched."""
        del must_go_on
        return nullcontext(self._media)


def unavailable(text: str) -> TaskFailedError:
    """Return the one and same error for missing, forbidden and special files: it tells nothing about the disk."""
    return TaskFailedError("media_missing", f"{text[:200]!r} cannot be used.")


def _outside(text: str, written: Path) -> TaskFailedError:
    """Return the error for a path outside of the folders, be it there or not: it tells nothing about the disk."""
    if os.name != "nt" and PureWindowsPath(text).drive:
        return TaskFailedError("media_missing", f"{text[:200]!r} is a path of Windows; the server runs elsewhere.")
    folder = written.parent if written.suffix.lower() in KIND_OF_ENDING else written
    return TaskFailedError(
        "media_missing",
        f"{text[:200]!r} lies outside of the folders of the setting material_roots. To allow its folder, run: "
        f'fleetlane config allow "{str(folder)[:200]}"',
    )


def _ends(path: Path, endings: Collection[str]) -> bool:
    return not endings or path.suffix.lower() in endings


def _entry(path: Path) -> FolderEntry | None:
    """Return what a folder holds under a name; None when that is neither a file nor a folder."""
    try:
        about = path.stat()
    except OSError:
        return None  # it went while we looked, or leads nowhere
    is_folder = stat.S_ISDIR(about.st_mode)
    if not is_folder and not stat.S_ISREG(about.st_mode):
        return None
    passed_over = leftover(path.name, about) or (None if is_folder else _behind_link(path, about))
    return FolderEntry(path.name, str(path), is_folder, passed_over)


def _behind_link(path: Path, about: os.stat_result) -> Leftover | None:
    """Return why what a link leads to is passed over."""
    try:
        return leftover(path.resolve().name, about) if path.is_symlink() else None
    except (OSError, RuntimeError):
        return None  # it is told of when it is opened
