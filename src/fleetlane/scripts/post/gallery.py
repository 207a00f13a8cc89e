"""The phone's gallery: media is copied, indexed, and seen there before an app is asked to take it.

The own folders are own albums, and hold nothing else. Where an app offers no albums, what it takes is right when
every order that galleries are known for, by when a file was added, changed or taken, shows ours first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleetlane.core.errors import DeviceError, ShellFailedError, TaskFailedError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.phone import MediaEntry, Pushed
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.post.media_files import MediaFile

ALBUM = "Fleetlane"
_FOLDERS = {MediaKind.VIDEO: f"/sdcard/Movies/{ALBUM}", MediaKind.IMAGE: f"/sdcard/Pictures/{ALBUM}"}
_GALLERY_TIMEOUT_S = 20.0
_RESCAN_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class PhoneMedia:
    """A file on the phone, as its media store knows it."""

    file: MediaFile
    path: str
    entry: MediaEntry


class Gallery:
    """The media store of one phone."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._there: list[str] = []
        """The paths of what was copied by this attempt."""

    def bring(self, files: Sequence[MediaFile], name: str, *, picked: bool) -> list[PhoneMedia]:
        """Copy files to the phone and wait until its gallery has them.

        What former tasks left is removed first. When they are to be picked in an app, each gets a second of its own:
        the last file is copied first, but photos in the order in which they were taken, so that all the orders that
        galleries are known for show them alike.

        Args:
            files: in the order in which they are to appear.
            name: unique for this attempt; part of the file names.
            picked: whether they are looked for in an app's gallery.

        Raises:
            TaskFailedError: `gallery_timeout`, `storage_full`, or `media_invalid`: a file has changed.
        """
        self._prepare()
        order = range(len(files))[::-1]
        brought = self._bring(files, name, order, picked=picked)
        if picked and ranks(brought) is None:
            self.clear()
            by_date = sorted(order, key=lambda index: (brought[index].entry.dates_s[2], -index))
            brought = self._bring(files, name, by_date, picked=picked)
        return brought

    def _bring(self, files: Sequence[MediaFile], name: str, order: Iterable[int], *, picked: bool) -> list[PhoneMedia]:
        brought: dict[int, PhoneMedia] = {}
        former_s = 0
        for index in order:
            file = files[index]
            path = f"{_FOLDERS[file.kind]}/fleetlane-{name}-{index + 1}{file.path.suffix.lower()}"
            if former_s:  # before it is copied: its row may be there, and dated, from then on
                self._await_later_second(former_s)
            pushed = self._copy(file, path)
            entry = self._indexed(path, file, pushed.entry)
            former_s = max(pushed.modified_s or 0, *entry.dates_s[:2]) if picked else 0
            brought[index] = PhoneMedia(file, path, entry)
        return [brought[index] for index in range(len(files))]

    def _copy(self, file: MediaFile, path: str) -> Pushed:
        self._there.append(path)
        try:
            sent = self._phone.push(file.path, path, file.kind)
        except OSError as error:
            raise TaskFailedError("media_missing", f"{file.name} can no longer be read.") from error
        except DeviceError as error:
            if self._free_bytes(_FOLDERS[file.kind]) < file.size_bytes:
                self.clear()
                raise TaskFailedError("storage_full", f"{file.name} needs {file.size_bytes} bytes.") from error
            raise
        if sent.sha256 != file.sha256:
            self.clear()
            raise TaskFailedError("media_invalid", f"{file.name} was changed while it was copied.")
        return sent

    def _await_later_second(self, former_s: int) -> None:
        """Wait for a second that is later than a former one: the media store dates by whole seconds."""
        until_s = self._phone.clock.monotonic_s() + _GALLERY_TIMEOUT_S
        while self._phone.clock_s() <= former_s:
            if self._phone.clock.monotonic_s() >= until_s:
                raise TaskFailedError("gallery_timeout", "The phone's clock stands still.")
            self._phone.control.pause(0.1)

    def _indexed(self, path: str, file: MediaFile, entry: MediaEntry | None) -> MediaEntry:
        """Return the row of a file that was copied, when it is there and complete."""
        clock = self._phone.clock
        start_s = scanned_s = clock.monotonic_s()
        by_broadcast = False
        while entry is None or (file.duration_ms is not None and entry.duration_ms is None):
            now_s = clock.monotonic_s()
            if now_s - start_s >= _GALLERY_TIMEOUT_S:
                raise TaskFailedError("gallery_timeout", f"{file.name} was copied, but is not in the gallery.")
            self._phone.control.pause(0.1)
            if now_s - scanned_s >= _RESCAN_AFTER_S:
                by_broadcast, scanned_s = not by_broadcast, now_s  # some phones hear one way only
                entry = self._scan(path, file, by_broadcast=by_broadcast)
            else:
                entry = self._phone.media(path, file.kind)
        return entry

    def _scan(self, path: str, file: MediaFile, *, by_broadcast: bool) -> MediaEntry | None:
        """Ask for a file to be indexed; None also when the phone does not take the question."""
        try:
            return self._phone.scan(path, file.kind, by_broadcast=by_broadcast)
        except ShellFailedError:
            return None

    def must_be_first(self, media: Sequence[PhoneMedia]) -> None:
        """Check that an app that shows all files together shows these first, whatever it sorts by.

        Raises:
            TaskFailedError: `gallery_timeout`; something newer came, such as a screenshot, one is gone, or a photo was
                taken before others that are on the phone.
        """
        oldest = [min(dates) for dates in zip(*(item.entry.dates_s for item in media), strict=True)]
        rows = self._phone.media_since(oldest[0], modified_s=oldest[1], taken_s=oldest[2])
        if {row.path for row in rows} != {item.entry.path for item in media}:
            raise TaskFailedError("gallery_timeout", "The app's gallery may show another file before this one.")

    def clear(self) -> None:
        """Take what this attempt copied off the phone again, and out of its gallery."""
        self._remove(self._there)
        self._there = []

    def _prepare(self) -> None:
        """Make the own folders, and remove from them, and from the gallery, what former tasks left."""
        folders = list(_FOLDERS.values())
        _, *listed = self._phone.shell_each(("mkdir", "-p", *folders), *(("ls", "-1", folder) for folder in folders))
        names = [
            f"{folder}/{name.rstrip()}"
            for folder, answer in zip(folders, listed, strict=True)
            for name in answer.output.splitlines()
        ]
        self._remove([name for name in names if name.rpartition("/")[2].startswith("fleetlane-")])

    def _remove(self, paths: Sequence[str]) -> None:
        if paths:
            self._phone.remove(paths)

    def _free_bytes(self, folder: str) -> int:
        try:
            last = self._phone.shell("df", "-k", folder).strip().splitlines()[-1].split()
            return int(last[3]) * 1024
        except (ShellFailedError, IndexError, ValueError):
            return 1 << 62


def ranks(media: Sequence[PhoneMedia]) -> list[int] | None:
    """Return at which place a gallery shows each of these files among them, newest first.

    None when it depends on what it sorts by.
    """
    orders: list[list[int]] = []
    for dates in zip(*(item.entry.dates_s for item in media), strict=True):
        if len(set(dates)) != len(dates):
            return None
        newest_first = sorted(dates, reverse=True)
        orders.append([newest_first.index(date) for date in dates])
    return orders[0] if all(order == orders[0] for order in orders) else None
