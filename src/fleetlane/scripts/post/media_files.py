"""Media files that tasks publish: checked to be what their names say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.media.files import KIND_OF_ENDING, MediaKind
from fleetlane.core.ports.media import Inspected, MediaInspector
from fleetlane.core.ports.sources import LookedAt, MediaFiles
from fleetlane.scripts.local_media import unavailable

_MIME_OF_SUFFIX = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A media file that may be published, as it was when it was looked at: its content on this computer, its name."""

    path: Path
    kind: MediaKind
    mime_type: str
    sha256: str
    size_bytes: int
    duration_ms: int | None
    name: str


def open_files(paths: Sequence[str], kind: MediaKind, media: MediaFiles) -> list[MediaFile]:
    """Check files, bring them to this computer and return them, in order.

    Args:
        paths: as the caller wrote them.
        kind: what they must all be.
        media: knows them.

    Raises:
        TaskFailedError: `media_missing` or `media_invalid`, with the file's name; `material_not_reached`.
    """
    checked = [check_file(path, kind, media) for path in paths]
    return [fetched(file, media) for file in checked]


def check_file(path: str, kind: MediaKind, media: MediaFiles) -> LookedAt:
    """Look at one file (see `open_files`), which stays where it is."""
    file = media.look(path, KIND_OF_ENDING)
    if file.found is None:
        raise TaskFailedError("media_invalid", f"{file.name} is not an MP4, JPG or PNG file by its name.")
    _must_be(file.name, kind, file.found)
    return file


def fetched(file: LookedAt, media: MediaFiles) -> MediaFile:
    """Return a file that was checked, with its content on this computer."""
    assert file.found is not None
    return _media_file(media.local(file), file.name, file.found)


def open_material(path: Path, kind: MediaKind, inspector: MediaInspector) -> MediaFile:
    """Check a file of the library and return it (see `open_files`)."""
    try:
        seen = inspector.inspect(path)
    except OSError as error:
        raise unavailable(str(path)) from error
    _must_be(path.name, kind, seen)
    return _media_file(path, path.name, seen)


def _must_be(name: str, kind: MediaKind, seen: Inspected) -> None:
    if problem := problem_of(name, kind, seen):
        raise TaskFailedError("media_invalid", f"{name}: {problem}")


def _media_file(path: Path, name: str, seen: Inspected) -> MediaFile:
    assert seen.kind is not None
    return MediaFile(path, seen.kind, seen.mime_type, seen.sha256, seen.size_bytes, seen.duration_ms, name)


def kind_by_name(name: str) -> MediaKind | None:
    """Return what a file is by its name, None when it is no media."""
    return KIND_OF_ENDING.get(PurePosixPath(name).suffix.lower())


def is_named_as(name: str, mime_type: str) -> bool:
    """Return whether a file of a type may have this name."""
    return _MIME_OF_SUFFIX.get(PurePosixPath(name).suffix.lower()) == mime_type


def problem_of(name: str, kind: MediaKind, seen: Inspected) -> str | None:
    """Return a sentence when a file cannot be published under its name as what is asked for, None when it can."""
    if seen.problem:
        return seen.problem
    if not is_named_as(name, seen.mime_type):
        return f"It is not what its name says: it is {seen.mime_type}."
    if seen.kind is not kind:
        return f"It is not {'a video (MP4)' if kind is MediaKind.VIDEO else 'an image (JPG or PNG)'}."
    return None
