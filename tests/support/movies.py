"""MP4 files written box by box: what tests need of them, and not one picture."""

from __future__ import annotations

import struct

TURNED = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
FTYP = b"\0\0\0\x14ftypisom\0\0\0\0isom"
ALL_ONES = 0xFFFFFFFF


def box(kind: str, *bodies: bytes, size: int | None = None, long: bool = False) -> bytes:
    """Return a box. `size` is what it says of itself; with `long` it says so in 64 bits."""
    body = b"".join(bodies)
    if long:
        return struct.pack(">I4sQ", 1, kind.encode(), 16 + len(body) if size is None else size) + body
    return struct.pack(">I4s", 8 + len(body) if size is None else size, kind.encode()) + body


def full(kind: str, form: str, *values: int, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with version and flags, and numbers after them."""
    return box(kind, struct.pack(">BBH", version, flags >> 16, flags & 0xFFFF), struct.pack(f">{form}", *values))


def mvhd(duration: int, timescale: int = 1000, version: int = 0, kind: str = "mvhd") -> bytes:
    form = "QQIQ" if version else "IIII"
    return full(kind, form + "80x", 0, 0, timescale, duration, version=version)


def trak(
    *tables: bytes, handler: str = "vide", width=720, height=1280, turned=0, version=0, duration=0, timescale=600
) -> bytes:
    a, b, c, d = (number << 16 for number in TURNED[turned])
    times = "QQIIQ" if version else "IIIII"
    tkhd = full(
        "tkhd", times + "16x9iII", 0, 0, 1, 0, 0, a, b, 0, c, d, 0, 0, 0, 1 << 30, width << 16, height << 16,
        version=version,
    )  # fmt: skip
    hdlr = box("hdlr", bytes(8), handler.encode(), bytes(13))
    minf = box("minf", box("stbl", *tables))
    return box("trak", tkhd, box("mdia", mvhd(duration, timescale, kind="mdhd"), hdlr, minf))


def samples(offset: int, sizes: list[int], *, in_chunk: int, long: bool = False) -> list[bytes]:
    """Return the tables of samples that lie from `offset` on, one after the other, `in_chunk` to a chunk."""
    chunks = [offset + sum(sizes[:first]) for first in range(0, len(sizes), in_chunk)]
    stco = full("co64", f"I{len(chunks)}Q", len(chunks), *chunks) if long else None
    return [
        full("stts", "III", 1, len(sizes), 100),
        full("stsc", "IIII", 1, 1, in_chunk, 1),
        full("stsz", f"II{len(sizes)}I", 0, len(sizes), *sizes),
        stco or full("stco", f"I{len(chunks)}I", len(chunks), *chunks),
    ]


def movie(*, moov_first=True, to_the_end=False, long=False, header=None, **track) -> bytes:
    """Return a whole video of 12 samples. With `to_the_end` its media's box says no size."""
    sizes = [20 + number for number in range(12)]
    header = mvhd(2000) if header is None else header

    def moov(offset: int) -> bytes:
        return box("moov", header, trak(*samples(offset, sizes, in_chunk=5, long=long), **track))

    media = box("mdat", b"\1" * sum(sizes), size=0 if to_the_end else None, long=long and not to_the_end)
    head = 16 if long and not to_the_end else 8
    if moov_first:
        return FTYP + moov(len(FTYP) + len(moov(0)) + head) + media
    return FTYP + media + moov(len(FTYP) + head)


def fragmented(
    *,
    fragments=3,
    lasting: int | None = 500,
    mehd: int | None = None,
    default=False,
    sidx: bytes = b"",
    whole_ms=0,
    track=1,
) -> bytes:
    """Return a fragmented video: each fragment has 4 samples of `lasting` / 600 s; None: nothing says how long."""
    told = [full("mehd", "I", mehd)] if mehd is not None else []
    each = lasting if default and lasting else 0
    mvex = box("mvex", *told, full("trex", "IIIII", 1, 1, each, 0, 0))
    moov = box("moov", mvhd(whole_ms), trak(full("stts", "I", 0), timescale=600), mvex)
    made = FTYP + moov + sidx
    for _ in range(fragments):
        if lasting is None or default:
            run = full("trun", "I4I", 4, 10, 10, 10, 10, flags=0x200)
        else:
            run = full("trun", "Ii8I", 4, 0, *([lasting, 10] * 4), flags=0x301)
        made += box("moof", full("mfhd", "I", 1), box("traf", full("tfhd", "I", track, flags=0x20000), run))
        made += box("mdat", bytes(40))
    return made
