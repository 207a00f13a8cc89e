"""A folder of media on the server, as the documented API lays it out.

root/@username/...   for that account; without such a folder, or without an account: the files in root
caption.txt          spintax; sound_names.txt, sound_urls.txt: one a line, in turn

What nobody meant to publish is passed over (`core.leftovers`), and so is a file that cannot be published.
"""

from __future__ import annotations

import io
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fleetlane.core.captions import LONGEST_TEMPLATE
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.leftovers import Leftover, leftover
from fleetlane.core.lines import names_of, trimmed
from fleetlane.core.media.files import MediaKind
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.library import MaterialReservations
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.task import username_key
from fleetlane.scripts.post.media_files import (
    MediaFile,
    allowed_path,
    kind_by_name,
    open_file,
    unavailable,
)

_SORT = re.compile(r"sort_(\d{1,9})_", re.IGNORECASE)
_LARGEST_TEXT = 1024 * 1024
_MOST_RACES = 20
_MOST_NAMED = 5


class MediaFolder:
    """The media one account finds in a folder.

    Args:
        text: the folder, as the caller wrote it.
        username: the account.
        folders: where files may be opened.

    Raises:
        TaskFailedError: `media_missing`; the folder cannot be used.
    """

    def __init__(self, text: str, username: str, folders: AllowedFolders) -> None:
        self._folders = folders
        self._left: Counter[Leftover] = Counter()
        self._bad: dict[str, str] = {}
        self.root = allowed_path(text, folders)
        if not self.root.is_dir():
            raise unavailable(text)
        self.folder = self._own(username) or self.root

    def _own(self, username: str) -> Path | None:
        key = _name_key(username)
        for path in sorted(_entries(self.root)):
            about = _stat(path) if path.name.startswith("@") and key and _name_key(path.name) == key else None
            if about is not None and stat.S_ISDIR(about.st_mode) and leftover(path.name, about) is None:
                return allowed_path(str(path), self._folders)
        return None

    @property
    def bad_files(self) -> str:
        """Return the files that `take` passed over as they cannot be published, and why; "" when there are none."""
        named = [f"{name} ({why.rstrip('.')})" for name, why in list(self._bad.items())[:_MOST_NAMED]]
        more = len(self._bad) - len(named)
        return ", ".join([*named, *([f"{more} more"] if more else [])])

    def take(
        self, kind: MediaKind, count: int, account: str, shelf: MaterialReservations, inspector: MediaInspector
    ) -> list[MediaFile]:
        """Reserve files that were not used on an account yet, `sort_N_` first by N, then by name.

        Raises:
            TaskFailedError: `media_not_enough`; says what was passed over.
        """
        for _ in range(_MOST_RACES):
            used = shelf.used_files(account)
            found: dict[str, MediaFile] = {}
            for path in self._files(kind):
                if len(found) == count:
                    break
                file = self._opened(path, kind, inspector)
                if file is not None and file.sha256 not in used:
                    found.setdefault(file.sha256, file)
            if len(found) < count:
                raise self._not_enough(kind, len(found), count)
            if shelf.take_files(account, list(found)):
                return list(found.values())
        raise TaskFailedError("media_not_enough", f"Other tasks take the files of {self.folder} at the same time.")

    def listed(self, kind: MediaKind) -> list[Path]:
        """Return the files that may be meant, by their names, in the order in which they are taken."""
        return list(self._files(kind))

    def _opened(self, path: Path, kind: MediaKind, inspector: MediaInspector) -> MediaFile | None:
        try:
            return open_file(str(path), kind, self._folders, inspector)
        except TaskFailedError as error:
            self._bad[path.name] = error.detail.removeprefix(f"{path.name}: ")
            return None

    def _not_enough(self, kind: MediaKind, found: int, needed: int) -> TaskFailedError:
        told = f"{self.folder} has {found} unused {kind.value} files; {needed} are needed."
        passed = [f"{number} {why}" for why, number in sorted(self._left.items())]
        if over := ", ".join([*passed, *([self.bad_files] if self._bad else [])]):
            told = f"{told} {self._left.total() + len(self._bad)} were passed over: {over}."
        return TaskFailedError("media_not_enough", told)

    def _files(self, kind: MediaKind) -> Sequence[Path]:
        """Return the files that may be meant; those that are not are counted."""
        self._left.clear()
        self._bad.clear()
        found: list[Path] = []
        for path in _entries(self.folder):
            about = _stat(path) if kind_by_name(path.name) is kind else None
            if about is None or not stat.S_ISREG(about.st_mode):
                continue
            why = leftover(path.name, about) or _linked(path, about)
            if why is None:
                found.append(path)
            else:
                self._left[why] += 1
        return sorted(found, key=_order)

    def template(self) -> str | None:
        """Return the text of caption.txt; None when there is none, or it is empty.

        Raises:
            TaskFailedError: `media_invalid`; it is not UTF-8, or too long.
        """
        written = self.text("caption.txt")
        if written and len(written) > LONGEST_TEMPLATE:
            raise TaskFailedError("media_invalid", f"caption.txt has more than {LONGEST_TEMPLATE} characters.")
        return written

    def text(self, name: str) -> str | None:
        """Return a text file of the account's folder, else of the root; None when there is none, or it is empty.

        Raises:
            TaskFailedError: `media_invalid`; it is not UTF-8, or too large.
        """
        for folder in dict.fromkeys((self.folder, self.root)):
            path = folder / name
            if not path.is_file():
                continue
            real = allowed_path(str(path), self._folders)
            content = _content(real)
            if len(content) > _LARGEST_TEXT:
                raise TaskFailedError("media_invalid", f"{name} is larger than {_LARGEST_TEXT} bytes.")
            try:
                written = trimmed(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read())
            except UnicodeDecodeError as error:
                raise TaskFailedError("media_invalid", f"{name} is not UTF-8 text.") from error
            if "\0" in written:  # as UTF-16 has behind every Latin letter
                raise TaskFailedError("media_invalid", f"{name} is not UTF-8 text; save it as UTF-8.")
            if written:
                return written
        return None

    def line(self, name: str, position: int) -> str | None:
        """Return one line of a text file: the lines are used in turn, looping. None when there is none."""
        written = self.text(name)
        lines = names_of(written or "")
        return lines[position % len(lines)] if lines else None


def _content(path: Path) -> bytes:
    """Return what a text file holds, up to a byte more than it may."""
    try:
        with open_regular(path) as file:
            return file.read(_LARGEST_TEXT + 1)
    except OSError as error:
        raise unavailable(str(path)) from error


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise unavailable(str(folder)) from error


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # it went while we looked, or leads nowhere


def _linked(path: Path, about: os.stat_result) -> Leftover | None:
    """Return why what a link leads to is passed over."""
    try:
        return leftover(path.resolve().name, about) if path.is_symlink() else None
    except (OSError, RuntimeError):
        return None  # it is told of when it is opened


def _name_key(name: str) -> str:
    """Return what two spellings of an account share, also where a system writes accents apart, as macOS does."""
    return username_key(unicodedata.normalize("NFC", name))


def _order(path: Path) -> tuple[bool, int, str, str]:
    found = _SORT.match(path.name)
    return found is None, int(found[1]) if found else 0, path.name.casefold(), path.name
