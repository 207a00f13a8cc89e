"""The media of a post: found, opened only where allowed, and checked to be what their names say."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.media import MediaFacts, MediaKind, probe

_KIND_OF_SUFFIX = {
    ".mp4": MediaKind.VIDEO,
    ".jpg": MediaKind.IMAGE,
    ".jpeg": MediaKind.IMAGE,
    ".png": MediaKind.IMAGE,
}
_MIME_OF_SUFFIX = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Material:
    """A media file that may be published."""

    path: Path
    kind: MediaKind
    mime_type: str
    sha256: str
    size_bytes: int
    duration_ms: int | None


def open_materials(
    paths: Sequence[str], kind: MediaKind, roots: Sequence[Path], forbidden: Sequence[Path]
) -> list[Material]:
    """Check files and return them as materials, in order.

    Args:
        paths: as the caller wrote them.
        kind: what they must all be.
        roots: files must lie in one of these folders, after links are resolved; none allows any folder.
        forbidden: folders whose files are never opened, whatever `roots` says.

    Raises:
        TaskFailedError: `media_missing` or `media_invalid`, with the file's name.
    """
    return [_open(text, kind, roots, forbidden) for text in paths]


def _open(text: str, kind: MediaKind, roots: Sequence[Path], forbidden: Sequence[Path]) -> Material:
    path = _allowed(text, roots, forbidden)
    suffix = path.suffix.lower()
    if suffix not in _KIND_OF_SUFFIX:
        raise TaskFailedError("media_invalid", f"{path.name} is not an MP4, JPG or PNG file by its name.")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            facts = probe(file)
            file.seek(0)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            size = file.tell()
    except OSError as error:
        raise _unavailable(text) from error
    _must_be(path.name, suffix, kind, facts)
    assert facts is not None
    return Material(path, kind, facts.mime_type, digest.hexdigest(), size, facts.duration_ms)


def _must_be(name: str, suffix: str, kind: MediaKind, facts: MediaFacts | None) -> None:
    if facts is None or facts.mime_type != _MIME_OF_SUFFIX[suffix]:
        really = f"it is {facts.mime_type}" if facts else "it holds no complete video or image"
        raise TaskFailedError("media_invalid", f"{name} is not what its name says: {really}.")
    if facts.kind is not kind:
        wanted = "a video (MP4)" if kind is MediaKind.VIDEO else "an image (JPG or PNG)"
        raise TaskFailedError("media_invalid", f"{name} is not {wanted}.")


def _allowed(text: str, roots: Sequence[Path], forbidden: Sequence[Path]) -> Path:
    try:
        path = Path(text).expanduser()
        real = path.resolve(strict=True)
        is_file = stat.S_ISREG(real.stat().st_mode)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unavailable(text) from error
    inside = not roots or any(real.is_relative_to(root) for root in roots)
    if not is_file or not inside or any(real.is_relative_to(folder) for folder in forbidden):
        raise _unavailable(text)
    return real


def _unavailable(text: str) -> TaskFailedError:
    # One and the same error for missing, forbidden and special files: it tells nothing about the disk.
    return TaskFailedError("media_missing", f"{text[:200]!r} cannot be used.")
