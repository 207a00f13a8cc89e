"""Media files on the server: opened only where allowed, and checked to be what their names say."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.media import MediaFacts, MediaKind, probe

_KIND_OF_SUFFIX = {
    ".mp4": MediaKind.VIDEO,
    ".jpg": MediaKind.IMAGE,
    ".jpeg": MediaKind.IMAGE,
    ".png": MediaKind.IMAGE,
}
_MIME_OF_SUFFIX = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_MOST_HASHES = 10_000


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A media file that may be published, as it was when it was looked at."""

    path: Path
    kind: MediaKind
    mime_type: str
    sha256: str
    size_bytes: int
    duration_ms: int | None


def open_files(paths: Sequence[str], kind: MediaKind, folders: AllowedFolders) -> list[MediaFile]:
    """Check files and return them, in order.

    Args:
        paths: as the caller wrote them.
        kind: what they must all be.
        folders: where they may be.

    Raises:
        TaskFailedError: `media_missing` or `media_invalid`, with the file's name.
    """
    return [open_file(text, kind, folders) for text in paths]


def open_file(text: str, kind: MediaKind, folders: AllowedFolders) -> MediaFile:
    """Check one file and return it (see `open_files`)."""
    path = allowed_path(text, folders)
    if not path.is_file():
        raise unavailable(text)
    if path.suffix.lower() not in _KIND_OF_SUFFIX:
        raise TaskFailedError("media_invalid", f"{path.name} is not an MP4, JPG or PNG file by its name.")
    try:
        about = path.stat()
        with path.open("rb") as file:
            facts = probe(file)
        digest = _sha256(path, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise unavailable(text) from error
    _must_be(path.name, path.suffix.lower(), kind, facts)
    assert facts is not None
    return MediaFile(path, kind, facts.mime_type, digest, about.st_size, facts.duration_ms)


@lru_cache(maxsize=_MOST_HASHES)
def _sha256(path: Path, _size_bytes: int, _changed_ns: int) -> str:
    # Size and time of change are part of the key: a file that is changed is read again.
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kind_by_name(name: str) -> MediaKind | None:
    """Return what a file is by its name, None when it is no media."""
    return _KIND_OF_SUFFIX.get(Path(name).suffix.lower())


def is_named_as(name: str, mime_type: str) -> bool:
    """Return whether a file of a type may have this name."""
    return _MIME_OF_SUFFIX.get(Path(name).suffix.lower()) == mime_type


def _must_be(name: str, suffix: str, kind: MediaKind, facts: MediaFacts | None) -> None:
    if facts is None or facts.mime_type != _MIME_OF_SUFFIX[suffix]:
        really = f"it is {facts.mime_type}" if facts else "it holds no complete video or image"
        raise TaskFailedError("media_invalid", f"{name} is not what its name says: {really}.")
    if facts.kind is not kind:
        wanted = "a video (MP4)" if kind is MediaKind.VIDEO else "an image (JPG or PNG)"
        raise TaskFailedError("media_invalid", f"{name} is not {wanted}.")


def allowed_path(text: str, folders: AllowedFolders) -> Path:
    """Return the path that a text means, links resolved: a file or a folder that may be opened.

    Raises:
        TaskFailedError: `media_missing`.
    """
    try:
        real = Path(text).expanduser().resolve(strict=True)
        mode = real.stat().st_mode
    except (OSError, ValueError, RuntimeError) as error:
        raise unavailable(text) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or not folders.allow(real):
        raise unavailable(text)
    return real


def unavailable(text: str) -> TaskFailedError:
    """Return the one and same error for missing, forbidden and special files: it tells nothing about the disk."""
    return TaskFailedError("media_missing", f"{text[:200]!r} cannot be used.")
