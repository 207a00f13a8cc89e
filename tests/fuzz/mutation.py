"""Rubbish that begins as something real: texts and bytes, changed at random, the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T", str, bytes)
_LARGEST = 200_000
_TEXTS = (
    "",
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "²",
    "٣",
    "é",
    "\u2028",
    "\ud800",
    "\U0001f600",
    "-1",
    "0",
    "9" * 30,
    "9" * 5000,
    "1e999",
    "NaN",
    "{",
    "}",
    "{a|b}",
    "|",
    "[",
    "]",
    "<",
    ">",
    "&",
    '"',
    "'",
    "=",
    ":",
    ";",
    ",",
    "##",
    "_x000D_",
    "<!DOCTYPE",
    "]]>",
    "<a/>",
    "null",
    "true",
    "[]",
    "{}",
    "level: ",
    "Row: 0 ",
    "_id=",
    "X4NEXT:0\n",
    "Physical size: 0x0",
    "package:",
    "%s",
    "\\u0000",
)
_BYTES = (
    b"",
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\0\0\0\1",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda\0\x08",
    b"IHDR",
    b"IDAT",
    b"IEND",
    b"moov",
    b"trak",
    b"stbl",
    b"stsz",
    b"stsc",
    b"moof",
    b"mdat",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"<a>",
    b"&lt;",
    b"</v>",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
)


def mutations(seeds: Sequence[T], count: int, seed: int) -> list[Callable[[], T]]:
    """Return what makes `count` inputs, each when it is called."""
    return [lambda number=number: _mutated(seeds, random.Random(seed * 1_000_003 + number)) for number in range(count)]


def _mutated(seeds: Sequence[T], draw: random.Random) -> T:
    content = draw.choice(seeds)
    tokens: Sequence[T] = _TEXTS if isinstance(content, str) else _BYTES
    for _ in range(draw.choice((1, 1, 2, 3, 5, 20))):
        start = draw.randint(0, len(content))
        end = min(len(content), start + draw.choice((0, 1, 4, 50, 1000)))
        match draw.randrange(6):
            case 0:
                content = content[:start] + content[end:]
            case 1:
                content = content[:start] + draw.choice(tokens) + content[end:]
            case 2:
                content = content[:end] + content[start:]
            case 3:
                content = content[:start] + draw.choice(tokens) * draw.choice((2, 10, 5000)) + content[start:]
            case 4:
                other = draw.choice(seeds)
                content = content[:start] + other[draw.randint(0, len(other)) :]
            case _:
                content = content[:start]
        content = content[:_LARGEST]
    return content
