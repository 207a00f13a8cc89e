"""The boxes of an MP4 or MOV file: where they begin and end, and what lies in them.

Every read is bounded: a file of millions of tiny boxes, or with tables of gigabytes, ends in `TooManyBoxesError`.
Source: ISO/IEC 14496-12, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_BOXES = 100_000
_MOST_BYTES = 64 * 1024 * 1024
_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 16
_TO_THE_END, _LONG = 0, 1


class TooManyBoxesError(Exception):
    """The file has more boxes, or larger tables, than any video needs."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box. `start` is where its header begins, `body` what follows it; `end` may lie behind the file's end."""

    kind: bytes
    start: int
    body: int
    end: int


class Boxes:
    """Reads the boxes of one file.

    Args:
        stream: a seekable stream; its position is changed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.end = stream.seek(0, 2)
        self._boxes_left, self._bytes_left = MOST_BOXES, _MOST_BYTES

    def read(self, start: int, size: int) -> bytes:
        """Return up to `size` bytes from a position."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise TooManyBoxesError
        self._stream.seek(start)
        return self._stream.read(size)

    def body(self, box: Box, most: int) -> bytes:
        """Return what lies in a box, up to `most` bytes of it."""
        return self.read(box.body, max(0, min(most, box.end - box.body)))

    def between(self, start: int, end: int) -> Iterator[Box]:
        """Yield the boxes directly between two positions. The last may end later; what is no box ends it."""
        position = start
        while position + _HEADER_BYTES <= end:
            box = self._at(position, end)
            if box is None:
                return
            yield box
            position = box.end

    def _at(self, position: int, end: int) -> Box | None:
        self._boxes_left -= 1
        if self._boxes_left < 0:
            raise TooManyBoxesError
        header = self.read(position, _LONG_HEADER_BYTES)
        size, body = int.from_bytes(header[:4], "big"), _HEADER_BYTES
        if size == _LONG:
            if len(header) < _LONG_HEADER_BYTES:
                return Box(header[4:8], position, end, end + 1)  # cut off within its header
            size, body = int.from_bytes(header[8:16], "big"), _LONG_HEADER_BYTES
        elif size == _TO_THE_END:
            size = end - position
        return Box(header[4:8], position, position + body, position + size) if size >= body else None

    def within(self, box: Box, *path: bytes) -> Iterator[Box]:
        """Yield the whole boxes that are reached from a box by a path of kinds, each directly in the one before."""
        kind, *rest = path
        for inner in self.between(box.body, box.end):
            if inner.kind == kind and inner.end <= box.end:
                if rest:
                    yield from self.within(inner, *rest)
                else:
                    yield inner

    def first(self, box: Box, *path: bytes) -> Box | None:
        """Return the first of `within`, None when there is none."""
        return next(self.within(box, *path), None)
