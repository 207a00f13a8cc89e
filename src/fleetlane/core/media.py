"""What a media file really is: kind by content, and the length of an MP4.

Reads only the few bytes it needs. Source: ISO/IEC 14496-12 (boxes `ftyp`, `moov`, `mvhd`, `hdlr`). Why not
a library: docs/decisions/0003.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
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
    """What the content of a file says. `duration_ms` is None for images."""

    kind: MediaKind
    mime_type: str
    duration_ms: int | None = None


def probe(stream: BinaryIO) -> MediaFacts | None:
    """Return what the content is, or None when it is none of MP4 video, JPEG and PNG.

    An MP4 that holds only sound, or was cut off, is no video. Images are known by their first bytes.

    Args:
        stream: a seekable binary stream; its position is changed.
    """
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    if head.startswith(b"\xff\xd8\xff"):
        return MediaFacts(MediaKind.IMAGE, "image/jpeg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaFacts(MediaKind.IMAGE, "image/png")
    if head[4:8] != b"ftyp":
        return None
    end = stream.seek(0, 2)
    if _is_cut_off(stream, end):
        return None
    moov = next(_boxes(stream, 0, end, b"moov"), None)
    if moov is None or not _has_video_track(stream, *moov):
        return None
    return MediaFacts(MediaKind.VIDEO, "video/mp4", _duration_ms(stream, *moov))


def _has_video_track(stream: BinaryIO, start: int, end: int) -> bool:
    for trak in _boxes(stream, start, end, b"trak"):
        for mdia in _boxes(stream, *trak, b"mdia"):
            for handler, _ in _boxes(stream, *mdia, b"hdlr"):
                stream.seek(handler + 8)
                if stream.read(4) == b"vide":
                    return True
    return False


def _duration_ms(stream: BinaryIO, start: int, end: int) -> int | None:
    mvhd = next(_boxes(stream, start, end, b"mvhd"), None)
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


def _is_cut_off(stream: BinaryIO, end: int) -> bool:
    return any(box_end > end for _, _, box_end in _all_boxes(stream, 0, end))


def _boxes(stream: BinaryIO, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the bodies of the whole boxes of a kind, directly between two positions."""
    for found, body, box_end in _all_boxes(stream, start, end):
        if found == kind and box_end <= end:
            yield body, box_end


def _all_boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start of the body, end) of the boxes directly between two positions; the last may end later."""
    position = start
    for _ in range(_MAX_BOXES):
        if position + 8 > end:
            return
        stream.seek(position)
        header = stream.read(16)
        size = int.from_bytes(header[:4], "big")
        body = 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = end - position
        if size < body:
            return
        yield header[4:8], position + body, position + size
        position += size
