"""The phone's gallery: media is copied, indexed, and seen there before an app is asked to take it.

The own folder is an own album, so that no other file of the phone's owner is ever taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetlane.core.errors import DeviceError, ShellFailedError, TaskFailedError, TaskStoppedError
from fleetlane.core.media import MediaKind
from fleetlane.core.ports.phone import MediaEntry
from fleetlane.core.recognition import Pack
from fleetlane.scripts.phone import Phone, Screen
from fleetlane.scripts.post.materials import Material

_FOLDERS = {MediaKind.VIDEO: "/sdcard/Movies/Fleetlane", MediaKind.IMAGE: "/sdcard/Pictures/Fleetlane"}
_GALLERY_TIMEOUT_S = 20.0
_RESCAN_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class PhoneMedia:
    """A material on the phone, as its media store knows it."""

    material: Material
    path: str
    entry: MediaEntry


class Gallery:
    """The media store of one phone."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def bring(self, materials: Sequence[Material], name: str) -> list[PhoneMedia]:
        """Copy materials to the phone and wait until its gallery has them.

        Galleries show the newest first, so the last material is copied first.

        Args:
            materials: in the order in which they are to appear.
            name: unique for this attempt; part of the file names.

        Raises:
            TaskFailedError: `gallery_timeout` or `storage_full`.
        """
        brought: list[PhoneMedia] = []
        for index in reversed(range(len(materials))):
            material = materials[index]
            folder = _FOLDERS[material.kind]
            path = f"{folder}/fleetlane-{name}-{index + 1}{material.path.suffix.lower()}"
            self._phone.shell("mkdir", "-p", folder)
            try:
                self._phone.push(material.path, path)
            except DeviceError as error:
                self._remove_file(path)
                if self._free_bytes(folder) < material.size_bytes:
                    raise TaskFailedError(
                        "storage_full", f"{material.path.name} needs {material.size_bytes} bytes."
                    ) from error
                raise
            brought.append(PhoneMedia(material, path, self._indexed(path, material)))
        return brought[::-1]

    def _indexed(self, path: str, material: Material) -> MediaEntry:
        clock = self._phone.clock
        start_s = scanned_s = clock.monotonic_s()
        self._phone.scan(path)
        while True:
            entry = self._phone.media(path, material.kind)
            if entry and (material.kind is MediaKind.IMAGE or entry.duration_ms is not None):
                return entry
            now_s = clock.monotonic_s()
            if now_s - start_s >= _GALLERY_TIMEOUT_S:
                raise TaskFailedError("gallery_timeout", f"{material.path.name} was copied, but is not in the gallery.")
            if now_s - scanned_s >= _RESCAN_AFTER_S:
                self._phone.scan(path)
                scanned_s = now_s
            self._phone.control.pause(0.1)

    def must_be_newest(self, media: Sequence[PhoneMedia]) -> None:
        """Check that the first item is still the newest in the gallery: apps take the newest.

        Raises:
            TaskFailedError: `gallery_timeout`; something newer came, such as a screenshot.
        """
        first = media[0]
        entry = self._phone.media(first.path, first.material.kind)
        if entry is None or not entry.is_newest:
            raise TaskFailedError("gallery_timeout", "Another file became the newest in the phone's gallery.")

    def pick(self, screen: Screen, pack: Pack, media: Sequence[PhoneMedia]) -> None:
        """Tap the newest cell of the app's gallery, which is the first material.

        Raises:
            TaskFailedError: `step_unavailable`; the first cell shows another length than the video has.
        """
        cells = sorted(
            screen.view.find_all(pack.elements["gallery_cells"]), key=lambda n: (n.bounds.top, n.bounds.left)
        )
        if not cells:
            return
        first = cells[0]
        duration_ms = media[0].material.duration_ms
        if duration_ms is not None:
            labels = [
                n.text for n in screen.view.find_all(pack.elements["duration_labels"]) if n.bounds.within(first.bounds)
            ]
            if labels and not _same_length(labels[0], duration_ms):
                raise TaskFailedError("step_unavailable", f"The gallery's first video is {labels[0]} long, not ours.")
        # Left of the middle: the top right corner ticks the cell instead of opening it.
        self._phone.tap_at(first.bounds.left + first.bounds.width // 3, first.bounds.top + first.bounds.height * 2 // 3)

    def remove(self, media: Sequence[PhoneMedia]) -> None:
        """Take media off the phone, and out of its gallery."""
        for item in media:
            self._remove_file(item.path)

    def _remove_file(self, path: str) -> None:
        try:
            self._phone.shell("rm", "-f", path)
            self._phone.scan(path)
        except (DeviceError, TaskStoppedError, TaskFailedError):
            return  # a leftover in the own album does no harm; the next task is newer

    def _free_bytes(self, folder: str) -> int:
        try:
            last = self._phone.shell("df", "-k", folder).strip().splitlines()[-1].split()
            return int(last[3]) * 1024
        except (ShellFailedError, IndexError, ValueError):
            return 1 << 62


def _same_length(label: str, duration_ms: int) -> bool:
    minutes, _, seconds = label.partition(":")
    shown = int(minutes) * 60 + int(seconds)
    return abs(shown - duration_ms / 1000) <= 1.0
