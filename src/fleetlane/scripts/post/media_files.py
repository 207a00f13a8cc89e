"""Media files on the server: opened only where allowed, and checked to be what their names say."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.media import Inspected, MediaInspector

_KIND_OF_SUFFIX = {
    ".mp4": MediaKind.VIDEO,
    ".jpg": MediaKind.IMAGE,
    ".jpeg": MediaKind.IMAGE,
    ".png": MediaKind.IMAGE,
}
_MIME_OF_SUFFIX = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A media file that may be published, as it was when it was looked at."""

    path: Path
    kind: MediaKind
    mime_type: str
    sha256: str
    size_bytes: int
    duration_ms: int | None


def open_files(
    paths: Sequence[str], kind: MediaKind, folders: AllowedFolders, inspector: MediaInspector
) -> list[MediaFile]:
    """Check files and return them, in order.

    Args:
        paths: as the caller wrote them.
        kind: what they must all be.
        folders: where they may be.
        inspector: looks into them.

    Raises:
        TaskFailedError: `media_missing` or `media_invalid`, with the file's name.
    """
    return [open_file(text, kind, folders, inspector) for text in paths]


def open_file(text: str, kind: MediaKind, folders: AllowedFolders, inspector: MediaInspector) -> MediaFile:
    """Check one file and return it (see `open_files`)."""
    path = allowed_path(text, folders)
    if not path.is_file():
        raise unavailable(text)
    if path.suffix.lower() not in _KIND_OF_SUFFIX:
        raise TaskFailedError("media_invalid", f"{path.name} is not an MP4, JPG or PNG file by its name.")
    try:
        seen = inspector.inspect(path)
    except OSError as error:
        raise unavailable(text) from error
    if problem := problem_of(path.name, kind, seen):
        raise TaskFailedError("media_invalid", f"{path.name}: {problem}")
    return MediaFile(path, kind, seen.mime_type, seen.sha256, seen.size_bytes, seen.duration_ms)


def kind_by_name(name: str) -> MediaKind | None:
    """Return what a file is by its name, None when it is no media."""
    return _KIND_OF_SUFFIX.get(Path(name).suffix.lower())


def is_named_as(name: str, mime_type: str) -> bool:
    """Return whether a file of a type may have this name."""
    return _MIME_OF_SUFFIX.get(Path(name).suffix.lower()) == mime_type


def problem_of(name: str, kind: MediaKind, seen: Inspected) -> str | None:
    """Return a sentence when a file cannot be published under its name as what is asked for, None when it can."""
    if seen.problem:
        return seen.problem
    if not is_named_as(name, seen.mime_type):
        return f"It is not what its name says: it is {seen.mime_type}."
    if seen.kind is not kind:
        return f"It is not {'a video (MP4)' if kind is MediaKind.VIDEO else 'an image (JPG or PNG)'}."
    return None


def allowed_path(text: str, folders: AllowedFolders) -> Path:
    """Return the path that a text means, links resolved: a file or a folder that may be opened.

    Raises:
        TaskFailedError: `media_missing`.
    """
    try:
        written = Path(text).expanduser()
        real = written.resolve()
        if not folders.hold(real) and not folders.forbid(real):
            raise _outside(text, written)
        mode = real.stat().st_mode
    except (OSError, ValueError, RuntimeError) as error:
        raise unavailable(text) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or not folders.allow(real):
        raise unavailable(text)
    return real


def unavailable(text: str) -> TaskFailedError:
    """Return the one and same error for missing, forbidden and special files: it tells nothing about the disk."""
    return TaskFailedError("media_missing", f"{text[:200]!r} cannot be used.")


def _outside(text: str, written: Path) -> TaskFailedError:
    """Return the error for a path outside of the folders, be it there or not: it tells nothing about the disk."""
    if os.name != "nt" and PureWindowsPath(text).drive:
        return TaskFailedError("media_missing", f"{text[:200]!r} is a path of Windows; the server runs elsewhere.")
    folder = written.parent if kind_by_name(written.name) else written
    return TaskFailedError(
        "media_missing",
        f"{text[:200]!r} lies outside of the folders of the setting material_roots. To allow its folder, run: "
        f'fleetlane config allow "{str(folder)[:200]}"',
    )
