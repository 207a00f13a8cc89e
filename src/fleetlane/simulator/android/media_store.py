"""The media store of a simulated phone: it knows only files that were scanned.

Source: docs/reference/simulated-phones.md lists what real phones were seen to do.
"""

from __future__ import annotations

import io
import posixpath
from dataclasses import dataclass
from datetime import UTC, datetime

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import IFD, Base

from fleetlane.core.media.files import MediaKind, probe
from fleetlane.simulator.android.files import FileSystem, canonical

_BY_EXTENSION = {
    ".mp4": (MediaKind.VIDEO, "video/mp4"),
    ".jpg": (MediaKind.IMAGE, "image/jpeg"),
    ".jpeg": (MediaKind.IMAGE, "image/jpeg"),
    ".png": (MediaKind.IMAGE, "image/png"),
}


COLUMNS = (
    "_id", "_data", "_display_name", "media_type", "mime_type", "_size", "date_added", "date_modified", "datetaken",
    "duration", "is_pending",
)  # fmt: skip


@dataclass(slots=True)
class MediaRow:
    """One indexed file. Times are whole seconds since the epoch; `duration_ms` is None for images."""

    id: int
    path: str
    kind: MediaKind
    mime_type: str
    size_bytes: int
    date_added_s: int
    date_modified_s: int
    duration_ms: int | None
    date_taken_s: int | None = None
    """What the photo itself says (EXIF)."""

    @property
    def uri(self) -> str:
        """Return the content URI."""
        table = "video" if self.kind is MediaKind.VIDEO else "images"
        return f"content://media/external/{table}/media/{self.id}"

    @property
    def display_name(self) -> str:
        """Return the file's name."""
        return posixpath.basename(self.path)

    @property
    def album(self) -> str:
        """Return the name of its folder, which is how galleries name albums."""
        return posixpath.basename(posixpath.dirname(self.path))

    @property
    def taken_s(self) -> int:
        """Return when it was taken: where nothing says so, when it was changed."""
        return self.date_modified_s if self.date_taken_s is None else self.date_taken_s

    @property
    def duration_label(self) -> str:
        """Return the length as galleries show it, such as "00:06"."""
        seconds = round((self.duration_ms or 0) / 1000)
        return f"{seconds // 60:02d}:{seconds % 60:02d}"

    def column(self, name: str) -> str:
        """Return a column as `content query` prints it.

        Raises:
            KeyError: there is no such column.
        """
        values = {
            "_id": self.id,
            "_data": self.path,
            "_display_name": self.display_name,
            "media_type": 3 if self.kind is MediaKind.VIDEO else 1,
            "mime_type": self.mime_type,
            "_size": self.size_bytes,
            "date_added": self.date_added_s,
            "date_modified": self.date_modified_s,
            "datetaken": self.taken_s * 1000,
            "duration": "NULL" if self.duration_ms is None else self.duration_ms,
            "is_pending": 0,
        }
        return str(values[name])


def _taken_s(data: bytes) -> int | None:
    """Return when a photo was taken by its EXIF, None when it does not say."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            said: object = picture.getexif().get_ifd(IFD.Exif).get(Base.DateTimeOriginal)
        return int(datetime.strptime(str(said), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) if said else None
    except (UnidentifiedImageError, OSError, ValueError):
        return None


class MediaStore:
    """The rows of the media store."""

    def __init__(self, files: FileSystem) -> None:
        self._files = files
        self._rows: dict[str, MediaRow] = {}
        self._next_id = 1000

    def scan_file(self, path: str, now_s: int) -> MediaRow | None:
        """Index one file; forget it when it is gone. Folders and other files are not indexed."""
        target = canonical(path)
        file = self._files.get(target)
        known = _BY_EXTENSION.get(posixpath.splitext(target)[1].lower())
        if file is None or known is None or not target.startswith("/storage/"):
            self._rows.pop(target, None)
            return None
        kind, mime_type = known
        facts = probe(io.BytesIO(file.blob.data))
        old = self._rows.get(target)
        if old is None:
            self._next_id += 1
        row = MediaRow(
            id=old.id if old else self._next_id,
            path=target,
            kind=kind,
            mime_type=mime_type,
            size_bytes=file.size_bytes,
            date_added_s=old.date_added_s if old else now_s,
            date_modified_s=file.mtime_s,
            duration_ms=facts.duration_ms if facts else None,
            date_taken_s=_taken_s(file.blob.data) if mime_type == "image/jpeg" else None,
        )
        self._rows[target] = row
        return row

    def scan_volume(self, now_s: int) -> None:
        """Index every media file on the shared storage."""
        for path in self._files.paths("/storage/emulated/0"):
            self.scan_file(path, now_s)
        for path in list(self._rows):
            if self._files.get(path) is None:
                del self._rows[path]

    def newest_first(self, kind: MediaKind | None = None) -> list[MediaRow]:
        """Return the rows as galleries show them: date added, newest first.

        Of rows that were added in one second the earlier comes first: nothing promises that the last one does.
        """
        rows = [row for row in self._rows.values() if kind is None or row.kind is kind]
        return sorted(rows, key=lambda row: (-row.date_added_s, row.id))

    def in_gallery(self, order: str) -> list[MediaRow]:
        """Return the rows as galleries show them, newest first, by the date "added", "modified" or "taken"."""
        rows = self.newest_first()
        match order:
            case "modified":
                return sorted(rows, key=lambda row: -row.date_modified_s)
            case "taken":
                return sorted(rows, key=lambda row: -row.taken_s)
            case _:
                return rows

    def by_uri(self, uri: str) -> MediaRow | None:
        """Return the row of a content URI."""
        return next((row for row in self._rows.values() if row.uri == uri), None)

    def delete(self, row: MediaRow) -> None:
        """Remove a row and its file."""
        self._rows.pop(row.path, None)
        self._files.remove(row.path)
