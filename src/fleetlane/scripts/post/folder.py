"""A folder of media on the server, as the documented API lays it out.

root/@username/...   for that account; without such a folder, or without an account: the files in root
caption.txt          spintax; sound_names.txt, sound_urls.txt: one a line, in turn
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.media import MediaKind
from fleetlane.core.ports.library import Shelf
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
        self.root = allowed_path(text, folders)
        if not self.root.is_dir():
            raise unavailable(text)
        self.folder = self._own(username) or self.root

    def _own(self, username: str) -> Path | None:
        key = username_key(username)
        for path in sorted(self.root.iterdir()):
            if path.name.startswith("@") and key and username_key(path.name) == key and path.is_dir():
                return allowed_path(str(path), self._folders)
        return None

    def take(self, kind: MediaKind, count: int, account: str, shelf: Shelf) -> list[MediaFile]:
        """Reserve files that were not used on an account yet, `sort_N_` first by N, then by name.

        Raises:
            TaskFailedError: `media_not_enough`, or what is wrong with a file.
        """
        for _ in range(_MOST_RACES):
            used = shelf.used_files(account)
            found: dict[str, MediaFile] = {}
            for path in self._files(kind):
                if len(found) == count:
                    break
                file = open_file(str(path), kind, self._folders)
                if file.sha256 not in used:
                    found.setdefault(file.sha256, file)
            if len(found) < count:
                raise TaskFailedError(
                    "media_not_enough", f"{self.folder} has {len(found)} unused {kind.value} files; {count} are needed."
                )
            if shelf.take_files(account, list(found)):
                return list(found.values())
        raise TaskFailedError("media_not_enough", f"Other tasks take the files of {self.folder} at the same time.")

    def listed(self, kind: MediaKind) -> list[Path]:
        """Return the files that are such media by their names, in the order in which they are taken."""
        return list(self._files(kind))

    def _files(self, kind: MediaKind) -> Iterator[Path]:
        files = [path for path in self.folder.iterdir() if kind_by_name(path.name) is kind and path.is_file()]
        return iter(sorted(files, key=_order))

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
            if real.stat().st_size > _LARGEST_TEXT:
                raise TaskFailedError("media_invalid", f"{name} is larger than {_LARGEST_TEXT} bytes.")
            try:
                written = real.read_text(encoding="utf-8-sig").strip()
            except UnicodeDecodeError as error:
                raise TaskFailedError("media_invalid", f"{name} is not UTF-8 text.") from error
            if written:
                return written
        return None

    def line(self, name: str, position: int) -> str | None:
        """Return one line of a text file: the lines are used in turn, looping. None when there is none."""
        written = self.text(name)
        lines = [line.strip() for line in (written or "").splitlines() if line.strip()]
        return lines[position % len(lines)] if lines else None


def _order(path: Path) -> tuple[bool, int, str, str]:
    found = _SORT.match(path.name)
    return found is None, int(found[1]) if found else 0, path.name.casefold(), path.name
