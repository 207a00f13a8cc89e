"""A folder of media on the server, as the documented API lays it out.

root/@username/...   for that account; without such a folder, or without an account: the files in root
caption.txt          spintax; sound_names.txt, sound_urls.txt: one a line, in turn

What nobody meant to publish is passed over (`core.leftovers`), and so is a file that cannot be published.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from pathlib import Path

from fleetlane.core.captions import LONGEST_TEMPLATE
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.leftovers import Leftover
from fleetlane.core.lines import names_of, trimmed
from fleetlane.core.media.files import KIND_OF_ENDING, MediaKind
from fleetlane.core.ports.library import MaterialReservations
from fleetlane.core.ports.sources import FolderEntry, LookedAt, MediaFiles
from fleetlane.core.task import username_key
from fleetlane.scripts.post.media_files import MediaFile, check_file, fetched

_SORT = re.compile(r"sort_(\d{1,9})_", re.IGNORECASE)
_LARGEST_TEXT = 1024 * 1024
_MOST_RACES = 20
_MOST_NAMED = 5


class MediaFolder:
    """The media one account finds in a folder.

    Args:
        text: the folder, as the caller wrote it.
        username: the account.
        media: knows the folder.

    Raises:
        TaskFailedError: `media_missing`; the folder cannot be used. `material_not_reached`, here and in every method.
    """

    def __init__(self, text: str, username: str, media: MediaFiles) -> None:
        self._media = media
        self._left: Counter[Leftover] = Counter()
        self._bad: dict[str, str] = {}
        listing = media.listing(text, beginning="@")
        own = sorted((entry for entry in listing.entries if entry.is_folder), key=lambda entry: entry.name)
        self.has_own_folders = bool(own)
        """Whether an account may have files of its own there."""
        self._root = listing.path
        self.folder = self._own(own, username) or self._root

    def _own(self, folders: list[FolderEntry], username: str) -> str | None:
        key = _name_key(username)
        for entry in folders:
            if key and _name_key(entry.name) == key and entry.passed_over is None:
                return self._media.listing(entry.path, beginning="@").path
        return None

    @property
    def bad_files(self) -> str:
        """Return the files that `take` passed over as they cannot be published, and why; "" when there are none."""
        named = [f"{name} ({why.rstrip('.')})" for name, why in list(self._bad.items())[:_MOST_NAMED]]
        more = len(self._bad) - len(named)
        return ", ".join([*named, *([f"{more} more"] if more else [])])

    def take(self, kind: MediaKind, count: int, account: str, shelf: MaterialReservations) -> list[MediaFile]:
        """Reserve files that were not used on an account yet, `sort_N_` first by N, then by name.

        Raises:
            TaskFailedError: `media_not_enough`; says what was passed over.
        """
        for _ in range(_MOST_RACES):
            used = shelf.used_files(account)
            found: dict[str, LookedAt] = {}
            for entry in self._files(kind):
                if len(found) == count:
                    break
                file = self._checked(entry, kind)
                if file is not None and file.found is not None and file.found.sha256 not in used:
                    found.setdefault(file.found.sha256, file)
            if len(found) < count:
                raise self._not_enough(kind, len(found), count)
            if shelf.take_files(account, list(found)):
                return [fetched(file, self._media) for file in found.values()]
        raise TaskFailedError("media_not_enough", f"Other tasks take the files of {self.folder} at the same time.")

    def listed(self, kind: MediaKind) -> list[Path]:
        """Return the files that may be meant, by their names, in the order in which they are taken.

        Their paths mean something on the computer that has them.
        """
        return [Path(entry.path) for entry in self._files(kind)]

    def _checked(self, entry: FolderEntry, kind: MediaKind) -> LookedAt | None:
        try:
            return check_file(entry.path, kind, self._media)
        except TaskFailedError as error:
            if error.code == "material_not_reached":
                raise
            self._bad[entry.name] = error.detail.removeprefix(f"{entry.name}: ")
            return None

    def _not_enough(self, kind: MediaKind, found: int, needed: int) -> TaskFailedError:
        told = f"{self.folder} has {found} unused {kind.value} files; {needed} are needed."
        passed = [f"{number} {why}" for why, number in sorted(self._left.items())]
        if over := ", ".join([*passed, *([self.bad_files] if self._bad else [])]):
            told = f"{told} {self._left.total() + len(self._bad)} were passed over: {over}."
        return TaskFailedError("media_not_enough", told)

    def _files(self, kind: MediaKind) -> list[FolderEntry]:
        """Return the files that may be meant; those that are not are counted."""
        self._left.clear()
        self._bad.clear()
        found: list[FolderEntry] = []
        endings = [ending for ending, of in KIND_OF_ENDING.items() if of is kind]
        for entry in self._media.listing(self.folder, endings=endings).entries:
            if entry.is_folder:
                continue
            if entry.passed_over is None:
                found.append(entry)
            else:
                self._left[entry.passed_over] += 1
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
        for folder in dict.fromkeys((self.folder, self._root)):
            content = self._media.text(folder, name, _LARGEST_TEXT + 1)
            if content is None:
                continue
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


def _name_key(name: str) -> str:
    """Return what two spellings of an account share, also where a system writes accents apart, as macOS does."""
    return username_key(unicodedata.normalize("NFC", name))


def _order(entry: FolderEntry) -> tuple[bool, int, str, str]:
    found = _SORT.match(entry.name)
    return found is None, int(found[1]) if found else 0, entry.name.casefold(), entry.name
