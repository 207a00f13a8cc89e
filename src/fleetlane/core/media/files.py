"""What a media file really is, by its own content, and whether all of it is there.

Reads only the bytes it needs, and never more than a bound. Why not a library: docs/decisions/0003. That an image can be
decoded is seen by `core.ports.media`, which uses this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from fleetlane.core.media.movie import read_movie
from fleetlane.core.media.pictures import JPEG_START, PNG_START, Picture, read_jpeg, read_png
from fleetlane.core.media.wholeness import EMPTY, NO_MEDIA, Flaw

_HEAD_BYTES = 16


class MediaKind(StrEnum):
    """Kinds of media that can be published."""

    VIDEO = "video"
    IMAGE = "image"


KIND_OF_ENDING = {
    ".mp4": MediaKind.VIDEO,
    ".jpg": MediaKind.IMAGE,
    ".jpeg": MediaKind.IMAGE,
    ".png": MediaKind.IMAGE,
}
"""What files are by how their names end, in small letters."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What the content of a file says.

    `duration_ms` is None for images and where a video does not say it. `width` and `height` are in pixels, before the
    picture is turned clockwise by `rotation_deg`.
    """

    kind: MediaKind
    mime_type: str
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    rotation_deg: int = 0


def probe(stream: BinaryIO) -> MediaFacts | None:
    """Return what the content is, or None when it is none of MP4 video, JPEG and PNG, or not whole.

    An MP4 that holds only sound is no video. Bytes behind the end are passed over, as players do.

    Args:
        stream: a seekable binary stream; its position is changed.
    """
    seen = look(stream)
    return seen if isinstance(seen, MediaFacts) else None


def look(stream: BinaryIO) -> MediaFacts | Flaw:
    """Return what the content is, or why it cannot be published (see `probe`)."""
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    if not head:
        return EMPTY
    if head.startswith(JPEG_START):
        return _image("image/jpeg", read_jpeg(stream))
    if head.startswith(PNG_START):
        return _image("image/png", read_png(stream))
    if head[4:8] != b"ftyp":
        return NO_MEDIA
    movie = read_movie(stream)
    if isinstance(movie, Flaw):
        return movie
    return MediaFacts(MediaKind.VIDEO, "video/mp4", movie.duration_ms, movie.width, movie.height, movie.rotation_deg)


def _image(mime_type: str, picture: Picture | Flaw) -> MediaFacts | Flaw:
    if isinstance(picture, Flaw):
        return picture
    return MediaFacts(MediaKind.IMAGE, mime_type, width=picture.width, height=picture.height)
