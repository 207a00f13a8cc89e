"""Fragmented MP4: how long the samples of its fragments last together, and what it says of its own length.

Source: ISO/IEC 14496-12, section 8.8 (`mehd`, `trex`, `tfhd`, `trun`) and 8.16.3 (`sidx`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fleetlane.core.media.boxes import Box, Boxes

_MOST_RUN_BYTES = 16 * 1024 * 1024
_HAS_OFFSET, _HAS_FIRST_FLAGS, _HAS_DURATION = 0x1, 0x4, 0x100
_FIELDS_OF_A_SAMPLE = (_HAS_DURATION, 0x200, 0x400, 0x800)
_TFHD_FIELDS = ((0x1, 8), (0x2, 4), (0x8, 4))
_TFHD_DURATION = 0x8


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """A `sidx` box: how long the segments last that it lists, in seconds, and where the last of them ends."""

    duration_s: float | None
    end: int


def default_duration(boxes: Boxes, moov: Box, track_id: int) -> int:
    """Return how long a sample of a track lasts unless its fragment says so, in the track's units; 0: unknown."""
    for trex in boxes.within(moov, b"mvex", b"trex"):
        body = boxes.body(trex, 24)
        if len(body) == 24 and int.from_bytes(body[4:8], "big") == track_id:
            return int.from_bytes(body[12:16], "big")
    return 0


def samples_duration(boxes: Boxes, moofs: Sequence[Box], track_id: int, default: int) -> int:
    """Return how long the samples of a track last in all fragments, in the track's units; 0: unknown."""
    runs = _runs(boxes, moofs, track_id)
    return sum(_run_duration(boxes, trun, _own_default(tfhd) or default) for tfhd, trun in runs)


def has_runs(boxes: Boxes, moofs: Sequence[Box], track_id: int) -> bool:
    """Return whether the fragments have samples of a track."""
    return any(any(boxes.body(trun, 8)[4:]) for _, trun in _runs(boxes, moofs, track_id))


def _runs(boxes: Boxes, moofs: Sequence[Box], track_id: int) -> Iterator[tuple[bytes, Box]]:
    """Yield the runs of samples of a track, each with what the header of its fragment says."""
    for moof in moofs:
        for traf in boxes.within(moof, b"traf"):
            tfhd = boxes.first(traf, b"tfhd")
            head = boxes.body(tfhd, 32) if tfhd else b""
            if int.from_bytes(head[4:8], "big") == track_id:
                for trun in boxes.within(traf, b"trun"):
                    yield head, trun


def _own_default(tfhd: bytes) -> int:
    flags = int.from_bytes(tfhd[1:4], "big")
    if not flags & _TFHD_DURATION:
        return 0
    place = 8 + sum(size for flag, size in _TFHD_FIELDS if flags & flag) - 4
    return int.from_bytes(tfhd[place : place + 4], "big")


def _run_duration(boxes: Boxes, trun: Box, each: int) -> int:
    body = boxes.body(trun, _MOST_RUN_BYTES)
    if len(body) < 8:
        return 0
    flags, count = int.from_bytes(body[1:4], "big"), int.from_bytes(body[4:8], "big")
    if not flags & _HAS_DURATION:
        return count * each
    start = 8 + 4 * bool(flags & _HAS_OFFSET) + 4 * bool(flags & _HAS_FIRST_FLAGS)
    step = 4 * sum(bool(flags & field) for field in _FIELDS_OF_A_SAMPLE)
    count = min(count, (len(body) - start) // step)
    return sum(int.from_bytes(body[place : place + 4], "big") for place in range(start, start + count * step, step))


def segment_indexes(boxes: Boxes, sidxs: Sequence[Box]) -> Iterator[SegmentIndex]:
    """Yield what the indexes of segments say. One that lists other indexes says where they end only."""
    for box in sidxs:
        body = boxes.body(box, _MOST_RUN_BYTES)
        long = body[:1] == b"\1"
        head = struct.Struct(">II" + ("QQ" if long else "II") + "HH")
        if len(body) < 4 + head.size:
            continue
        _, timescale, _, first_offset, _, count = head.unpack_from(body, 4)
        entries = [struct.unpack_from(">II", body, place) for place in range(4 + head.size, len(body) - 11, 12)[:count]]
        nested = any(size >> 31 for size, _ in entries)
        known = timescale and entries and not nested
        yield SegmentIndex(
            sum(lasting for _, lasting in entries) / timescale if known else None,
            box.end + first_offset + sum(size & 0x7FFFFFFF for size, _ in entries),
        )
