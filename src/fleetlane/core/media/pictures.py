"""JPEG and PNG by their markers and chunks: whether they reach their end, and how large they are.

That what lies between can be decoded is for whoever has a decoder; what lies behind the end is nobody's business.
Source: ITU-T T.81, annex B; PNG (third edition), section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import BinaryIO

from fleetlane.core.media.wholeness import CUT_OFF, DAMAGED_IMAGE, Flaw

JPEG_START = b"\xff\xd8\xff"
PNG_START = b"\x89PNG\r\n\x1a\n"
_CHUNK_BYTES = 64 * 1024
_MOST_PARTS = 10_000
_MOST_SCANS = 200
_SOS, _EOI = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MARKERS = _FRAMES | {0xC4, 0xCC, _SOS, _EOI, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, *range(0xE0, 0xF0), 0xFE}
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that reaches its end. The size is before turning.

    `end` is where the end mark of a JPEG in Huffman codes begins, which are those that ignore what follows their last
    code; 0: it is none. `scans` is how often a decoder goes over all of a JPEG, which it then holds in memory; 0: it
    can forget each row when it has been through it.
    """

    width: int
    height: int
    end: int = 0
    scans: int = 0

    @property
    def pixels(self) -> int:
        """Return how many pixels it has."""
        return self.width * self.height


def read_jpeg(stream: BinaryIO) -> Picture | Flaw:
    """Return the size of a JPEG that reaches its end mark, or what is wrong with it."""
    position, size, scans, is_huffman = 2, None, 0, False
    is_held, components = False, 0
    for _ in range(_MOST_PARTS):
        found = _next_marker(stream, position)
        if found is None:
            return CUT_OFF
        marker, body = found
        if marker not in _MARKERS or scans > _MOST_SCANS:
            return DAMAGED_IMAGE
        if marker == _EOI:
            if not size or not scans:
                return DAMAGED_IMAGE
            return replace(size, end=body - 2 if is_huffman else 0, scans=scans if is_held else 0)
        stream.seek(body)
        head = stream.read(8)
        if len(head) < 7:
            return CUT_OFF
        if marker in _FRAMES:
            if size:
                return DAMAGED_IMAGE  # decoders go by the first, and others by the last
            size = Picture(int.from_bytes(head[5:7], "big"), int.from_bytes(head[3:5], "big"))
            is_huffman, components, is_held = marker in _HUFFMAN, head[-1], marker in _PROGRESSIVE
        if marker == _SOS:
            scans += 1
            is_held = is_held or head[2] < components
        position = body + int.from_bytes(head[:2], "big")
    return DAMAGED_IMAGE


def _next_marker(stream: BinaryIO, position: int) -> tuple[int, int] | None:
    """Return the next marker and where its body begins; None when the file ends before."""
    stream.seek(position)
    held = b""
    while chunk := stream.read(_CHUNK_BYTES):
        held += chunk
        if match := _MARKER.search(held):
            return match[1][0], position + match.end()
        position += len(held) - 1
        held = held[-1:]  # perhaps the first half of a marker
    return None


def read_png(stream: BinaryIO) -> Picture | Flaw:
    """Return the size of a PNG that has all chunks up to its last, or what is wrong with it."""
    end = stream.seek(0, 2)
    position, size, has_data = len(PNG_START), None, False
    for _ in range(_MOST_PARTS):
        stream.seek(position)
        head = stream.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        position += 12 + length
        if len(head) < 8 or position > end:
            return CUT_OFF
        if size is None:
            if kind != b"IHDR" or length < 13:
                return DAMAGED_IMAGE
            size = Picture(int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:16], "big"))
        has_data = has_data or kind == b"IDAT"
        if kind == b"IEND":
            return size if has_data else DAMAGED_IMAGE
        if not kind.isalpha():
            return DAMAGED_IMAGE
    return DAMAGED_IMAGE
