"""The phone's gallery: media is copied, indexed, and seen there before an app is asked to take it.

The own folders are own albums. Apps show the newest first, so what they take is right when the newest rows of
the media store are ours: nothing newer, and nothing of the same second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetlane.core.errors import DeviceError, ShellFailedError, TaskFailedError
from fleetlane.core.media import MediaKind
from fleetlane.core.ports.phone import MediaEntry
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.post.media_files import MediaFile

_FOLDERS = {MediaKind.VIDEO: "/sdcard/Movies/Fleetlane", MediaKind.IMAGE: "/sdcard/Pictures/Fleetlane"}
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

    def bring(self, files: Sequence[MediaFile], name: str) -> list[PhoneMedia]:
        """Copy files to the phone and wait until its gallery has them.

        What former tasks left is removed first. The last file is copied first, each in a second of its own, so
        that the gallery shows them in order.

        Args:
            files: in the order in which they are to appear.
            name: unique for this attempt; part of the file names.

        Raises:
            TaskFailedError: `gallery_timeout`, `storage_full`, or `media_invalid`: a file has changed.
        """
        self.clear()
        brought: list[PhoneMedia] = []
        for index in reversed(range(len(files))):
            file = files[index]
            path = f"{_FOLDERS[file.kind]}/fleetlane-{name}-{index + 1}{file.path.suffix.lower()}"
            self._copy(file, path)
            self._await_fresh_second()
            brought.append(PhoneMedia(file, path, self._indexed(path, file)))
        return brought[::-1]

    def _copy(self, file: MediaFile, path: str) -> None:
        folder = _FOLDERS[file.kind]
        self._phone.shell("mkdir", "-p", folder)
        try:
            sent = self._phone.push(file.path, path)
        except OSError as error:
            raise TaskFailedError("media_missing", f"{file.path.name} can no longer be read.") from error
        except DeviceError as error:
            if self._free_bytes(folder) < file.size_bytes:
                self._remove(path)
                raise TaskFailedError("storage_full", f"{file.path.name} needs {file.size_bytes} bytes.") from error
            raise
        if sent != file.sha256:
            self._remove(path)
            raise TaskFailedError("media_invalid", f"{file.path.name} was changed while it was copied.")

    def _await_fresh_second(self) -> None:
        """Wait for a second in which nothing was indexed yet: the media store dates by whole seconds."""
        until_s = self._phone.clock.monotonic_s() + _GALLERY_TIMEOUT_S
        while self._phone.media_since(self._phone.clock_s()):
            if self._phone.clock.monotonic_s() >= until_s:
                raise TaskFailedError("gallery_timeout", "The phone's gallery holds files dated in the future.")
            self._phone.control.pause(0.1)

    def _indexed(self, path: str, file: MediaFile) -> MediaEntry:
        clock = self._phone.clock
        start_s = scanned_s = clock.monotonic_s()
        self._phone.scan(path)
        while True:
            entry = self._phone.media(path, file.kind)
            if entry and (file.duration_ms is None or entry.duration_ms is not None):
                return entry
            now_s = clock.monotonic_s()
            if now_s - start_s >= _GALLERY_TIMEOUT_S:
                raise TaskFailedError("gallery_timeout", f"{file.path.name} was copied, but is not in the gallery.")
            if now_s - scanned_s >= _RESCAN_AFTER_S:
                self._phone.scan(path)
                scanned_s = now_s
            self._phone.control.pause(0.1)

    def must_be_newest(self, media: Sequence[PhoneMedia]) -> None:
        """Check that these are the newest in the gallery, in this order: apps show and take the newest.

        Raises:
            TaskFailedError: `gallery_timeout`; something newer came, such as a screenshot, or one is gone.
        """
        rows = self._phone.media_since(media[-1].entry.added_s)
        seconds = [row.added_s for row in rows[: len(media) + 1]]
        ours = [row.path for row in rows[: len(media)]] == [item.entry.path for item in media]
        if not ours or len(seconds) != len(set(seconds)):
            raise TaskFailedError("gallery_timeout", "Another file became the newest in the phone's gallery.")

    def clear(self) -> None:
        """Take everything off the phone that this and former tasks copied there, and out of its gallery."""
        for folder in _FOLDERS.values():
            try:
                names = self._phone.shell("ls", "-1", folder).splitlines()
            except ShellFailedError:
                continue  # there is no such folder yet
            for name in names:
                if name.startswith("fleetlane-"):
                    self._remove(f"{folder}/{name}")

    def _remove(self, path: str) -> None:
        self._phone.shell("rm", "-f", path)
        self._phone.scan(path)

    def _free_bytes(self, folder: str) -> int:
        try:
            last = self._phone.shell("df", "-k", folder).strip().splitlines()[-1].split()
            return int(last[3]) * 1024
        except (ShellFailedError, IndexError, ValueError):
            return 1 << 62
