"""MP4 and MOV by their boxes: whether all of a video is there, how long and large it is, and how it is turned.

What lies behind the last box is nobody's business: players pass over tags, blank lines and padding there.
Source: ISO/IEC 14496-12.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

from fleetlane.core.media.boxes import Box, Boxes, TooManyBoxesError
from fleetlane.core.media.fragments import default_duration, has_runs, samples_duration, segment_indexes
from fleetlane.core.media.wholeness import CUT_OFF, Flaw

_NO_VIDEO = Flaw("It holds no video that can be played.")
_TOO_MANY = Flaw("It has more parts than any video needs; export it anew.")
_KNOWN = frozenset(
    b"ftyp styp moov moof mdat imda free skip wide uuid meta meco sidx ssix mfra pdin prft emsg udta pnot".split()
)
_MOST_TABLE_BYTES = 16 * 1024 * 1024
_SOUND_OR_VIDEO = (b"vide", b"soun")
_UNWRITTEN = 16
"""A picture begins with its length or its kind: so many zeros there are a place that was kept and never written to."""
_SHORT_OF = 0.9
"""The fragments of a file that says how long it is must hold this part of it."""


@dataclass(frozen=True, slots=True)
class Movie:
    """A whole video. None is what it does not say. The size is before turning; it is shown turned clockwise."""

    duration_ms: int | None
    width: int | None
    height: int | None
    rotation_deg: int


@dataclass(frozen=True, slots=True)
class _Track:
    trak: Box
    id: int
    width: int
    height: int
    rotation_deg: int


def read_movie(stream: BinaryIO) -> Movie | Flaw:
    """Return what an MP4 or MOV file holds, or what is wrong with it."""
    try:
        boxes = Boxes(stream)
        top = list(boxes.between(0, boxes.end))
        return _CutOff(boxes, top).flaw() or _movie(boxes, [box for box in top if box.end <= boxes.end])
    except TooManyBoxesError:
        return _TOO_MANY


def _movie(boxes: Boxes, top: Sequence[Box]) -> Movie | Flaw:
    moov = next(box for box in top if box.kind == b"moov")
    track = next(
        (_track(boxes, trak) for trak in boxes.within(moov, b"trak") if _handler(boxes, trak) == b"vide"), None
    )
    if track is None or not _has_samples(boxes, top, track):
        return _NO_VIDEO
    lengths = _Lengths(boxes, top, moov, track)
    if lengths.falls_short:
        return CUT_OFF
    width, height = (track.width, track.height) if track.width and track.height else _coded_size(boxes, track.trak)
    return Movie(lengths.duration_ms, width or None, height or None, track.rotation_deg)


class _CutOff:
    """Whether something is missing at a file's end: a box, or samples that the movie header speaks of."""

    def __init__(self, boxes: Boxes, top: Sequence[Box]) -> None:
        self._boxes = boxes
        self._top = top
        self._kinds = [box.kind for box in top if box.end <= boxes.end]

    def flaw(self) -> Flaw | None:
        """Return it, None when all is there."""
        last = self._top[-1] if self._top else None
        if last is not None and last.end > self._boxes.end and (last.kind in _KNOWN or not self._has_all):
            return CUT_OFF
        if b"meta" in self._kinds and b"moov" not in self._kinds:
            return _NO_VIDEO  # a HEIC or AVIF image
        if not self._has_all or self._ends_in_a_fragment or self._is_short_of_samples():
            return CUT_OFF
        return None

    @property
    def _has_all(self) -> bool:
        return b"moov" in self._kinds and b"mdat" in self._kinds

    @property
    def _ends_in_a_fragment(self) -> bool:
        kinds = self._kinds
        return b"moof" in kinds and not {b"mdat", b"imda"} & set(kinds[len(kinds) - kinds[::-1].index(b"moof") :])

    def _is_short_of_samples(self) -> bool:
        boxes, end = self._boxes, self._boxes.end
        moov = next(box for box in self._top if box.kind == b"moov")
        if any(box.end > moov.end for box in boxes.between(moov.body, moov.end)):
            return True
        if any(index.end > end for index in segment_indexes(boxes, [b for b in self._top if b.kind == b"sidx"])):
            return True
        return any(self._is_short_of(trak) for trak in boxes.within(moov, b"trak"))

    def _is_short_of(self, trak: Box) -> bool:
        """Return whether the last sample of a track lies behind the end, or was never written to its place."""
        boxes, handler = self._boxes, _handler(self._boxes, trak)
        if handler not in _SOUND_OR_VIDEO:
            return False
        for stbl in boxes.within(trak, b"mdia", b"minf", b"stbl"):
            start, end = _last_sample(boxes, stbl)
            if end > boxes.end:
                return True
            if handler == b"vide" and end - start >= _UNWRITTEN and not any(boxes.read(start, _UNWRITTEN)):
                return True
        return False


def _handler(boxes: Boxes, trak: Box) -> bytes:
    hdlr = boxes.first(trak, b"mdia", b"hdlr")
    return boxes.body(hdlr, 12)[8:12] if hdlr else b""


def _track(boxes: Boxes, trak: Box) -> _Track:
    tkhd = boxes.first(trak, b"tkhd")
    body = boxes.body(tkhd, 96) if tkhd else b""
    shift = 12 if body[:1] == b"\1" else 0
    if len(body) < 84 + shift:
        return _Track(trak, 0, 0, 0, 0)
    track_id = int.from_bytes(body[12 + shift * 2 // 3 :][:4], "big")
    a, b = struct.unpack_from(">ii", body, 40 + shift)
    width, height = struct.unpack_from(">II", body, 76 + shift)
    turned = round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360 if a or b else 0
    return _Track(trak, track_id, width >> 16, height >> 16, turned)


def _coded_size(boxes: Boxes, trak: Box) -> tuple[int, int]:
    stsd = boxes.first(trak, b"mdia", b"minf", b"stbl", b"stsd")
    body = boxes.body(stsd, 44) if stsd else b""
    return struct.unpack_from(">HH", body, 40) if len(body) == 44 else (0, 0)


# -- samples ---------------------------------------------------------------------------------------------


def _has_samples(boxes: Boxes, top: Sequence[Box], track: _Track) -> bool:
    """Return whether a track has anything to show: samples in its own tables, or in fragments."""
    tables = [
        table
        for stbl in boxes.within(track.trak, b"mdia", b"minf", b"stbl")
        for kind in (b"stsz", b"stz2")
        for table in boxes.within(stbl, kind)
    ]
    if any(int.from_bytes(boxes.body(table, 12)[8:], "big") for table in tables):
        return True
    return has_runs(boxes, [box for box in top if box.kind == b"moof"], track.id)


def _last_sample(boxes: Boxes, stbl: Box) -> tuple[int, int]:
    """Return where the last sample of a track begins and ends in the file; 0 when its tables do not say."""
    long = boxes.first(stbl, b"co64")
    offsets = _numbers(boxes, long or boxes.first(stbl, b"stco"), "Q" if long else "I", 4)
    if not offsets:
        return 0, 0
    start = max(offsets)
    chunk = offsets.index(start) + 1
    first, count = _samples_of(_numbers(boxes, boxes.first(stbl, b"stsc"), "I", 4, width=3), chunk)
    before, last = _bytes_of(boxes, stbl, first, count)
    return start + before, start + before + last


def _samples_of(runs: Sequence[int], chunk: int) -> tuple[int, int]:
    """Return the index of the first sample of a chunk, and how many it has. `runs`: `stsc`, three numbers an entry."""
    first = count = 0
    starts = runs[0::3]
    for index, (begins, each) in enumerate(zip(starts, runs[1::3], strict=False)):
        if begins > chunk:
            break
        next_begins = min(starts[index + 1], chunk) if index + 1 < len(starts) else chunk
        first, count = first + max(0, next_begins - begins) * each, each
    return first, count


def _bytes_of(boxes: Boxes, stbl: Box, first: int, count: int) -> tuple[int, int]:
    """Return how many bytes some samples have before the last of them, and how many that one has."""
    stsz = boxes.first(stbl, b"stsz")
    if stsz is None or not count:
        return 0, 0
    if same := int.from_bytes(boxes.body(stsz, 8)[4:8], "big"):
        return same * (count - 1), same
    sizes = _numbers(boxes, stsz, "I", 8)[first : first + count]
    return sum(sizes[:-1]), sum(sizes[-1:])


def _numbers(boxes: Boxes, box: Box | None, form: Literal["I", "Q"], place: int, width: int = 1) -> Sequence[int]:
    """Return the numbers of a table: after `place` bytes their count (of groups of `width`), then they themselves."""
    if box is None:
        return ()
    body = boxes.body(box, _MOST_TABLE_BYTES)
    found: array[int] = array(form)
    count = int.from_bytes(body[place : place + 4], "big") * width
    start, size = place + 4, found.itemsize
    found.frombytes(body[start : start + max(0, min(count, (len(body) - start) // size)) * size])
    found.byteswap()
    return found


# -- length ------------------------------------------------------------------------------------------------


class _Lengths:
    """How long a video is, from what knows it best: the whole file's own word, its fragments, an index of them."""

    def __init__(self, boxes: Boxes, top: Sequence[Box], moov: Box, track: _Track) -> None:
        self._boxes, self._moov = boxes, moov
        header = boxes.first(moov, b"mvhd")
        scale_s, self._whole_s = self._timed(header)
        media_scale_s, media_s = self._timed(boxes.first(track.trak, b"mdia", b"mdhd"))
        self._whole_s = self._whole_s or media_s
        self._told_s = self._fragments_told(scale_s)
        moofs = [box for box in top if box.kind == b"moof"]
        units = samples_duration(boxes, moofs, track.id, default_duration(boxes, moov, track.id)) if moofs else 0
        self._fragments_s = (units + _first_samples(boxes, track.trak)) * media_scale_s if units else 0.0
        indexes = segment_indexes(boxes, [box for box in top if box.kind == b"sidx"])
        self._indexed_s = sum(index.duration_s or 0.0 for index in indexes)

    @property
    def falls_short(self) -> bool:
        """Return whether the fragments last clearly shorter than the file says: the last of them are missing."""
        return 0 < self._fragments_s < self._told_s * _SHORT_OF - 1

    @property
    def duration_ms(self) -> int | None:
        """Return how long the video is; None when nothing says so."""
        known_s = self._told_s or self._fragments_s or max(self._indexed_s, self._whole_s)
        return max(1, round(known_s * 1000)) if known_s else None

    def _timed(self, header: Box | None) -> tuple[float, float]:
        """Return how long one unit of `mvhd` or `mdhd` is, and the length in it, in seconds; 0: unknown."""
        body = self._boxes.body(header, 32) if header else b""
        long = body[:1] == b"\1"
        if len(body) < (32 if long else 20):
            return 0.0, 0.0
        scale, duration = struct.unpack_from(">IQ", body, 20) if long else struct.unpack_from(">II", body, 12)
        if not scale:
            return 0.0, 0.0
        return 1 / scale, 0.0 if duration == _all_ones(8 if long else 4) else duration / scale

    def _fragments_told(self, scale_s: float) -> float:
        mehd = self._boxes.first(self._moov, b"mvex", b"mehd")
        body = self._boxes.body(mehd, 12) if mehd else b""
        size = 8 if body[:1] == b"\1" else 4
        duration = int.from_bytes(body[4 : 4 + size], "big")
        return 0.0 if duration == _all_ones(size) else duration * scale_s


def _first_samples(boxes: Boxes, trak: Box) -> int:
    """Return how long the samples last that lie before the fragments, in the track's units."""
    times = _numbers(boxes, boxes.first(trak, b"mdia", b"minf", b"stbl", b"stts"), "I", 4, width=2)
    return sum(count * each for count, each in zip(times[0::2], times[1::2], strict=True))


def _all_ones(size_bytes: int) -> int:
    return (1 << 8 * size_bytes) - 1
