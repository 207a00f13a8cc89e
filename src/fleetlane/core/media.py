"""What a media file really is: kind by content, and the length of an MP4.

Reads only the few bytes it needs. Source: ISO/IEC 14496-12 (boxes `ftyp`, `moov`, `mvhd`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

_HEAD_BYTES = 16
_MAX_BOXES = 10_000


class MediaKind(StrEnum):
    """Kinds of media that can be published."""

    VIDEO = "video"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What the content of a file says. `duration_ms` is None for images and for MP4s without a header."""

    kind: MediaKind
    mime_type: str
    duration_ms: int | None = None


def probe(stream: BinaryIO) -> MediaFacts | None:
    """Return what the content is, or None when it is none of MP4, JPEG and PNG.

    Args:
        stream: a seekable binary stream; its position is changed.
    """
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    if head.startswith(b"\xff\xd8\xff"):
        return MediaFacts(MediaKind.IMAGE, "image/jpeg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaFacts(MediaKind.IMAGE, "image/png")
    if head[4:8] == b"ftyp":
        return MediaFacts(MediaKind.VIDEO, "video/mp4", mp4_duration_ms(stream))
    return None


def mp4_duration_ms(stream: BinaryIO) -> int | None:
    """Return the length of an MP4 in milliseconds, or None when it has no movie header."""
    end = stream.seek(0, 2)
    moov = _find_box(stream, 0, end, b"moov")
    if moov is None:
        return None
    mvhd = _find_box(stream, *moov, b"mvhd")
    if mvhd is None:
        return None
    stream.seek(mvhd[0])
    body = stream.read(min(32, mvhd[1] - mvhd[0]))
    try:
        if body[0] == 1:
            timescale, duration = struct.unpack(">IQ", body[20:32])
        else:
            timescale, duration = struct.unpack(">II", body[12:20])
    except (IndexError, struct.error):
        return None
    return round(duration * 1000 / timescale) if timescale else None


def _find_box(stream: BinaryIO, start: int, end: int, kind: bytes) -> tuple[int, int] | None:
    position = start
    for _ in range(_MAX_BOXES):
        if position + 8 > end:
            return None
        stream.seek(position)
        header = stream.read(16)
        size = int.from_bytes(header[:4], "big")
        body = 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = end - position
        if size < body or position + size > end:
            return None
        if header[4:8] == kind:
            return position + body, position + size
        position += size
    return None
