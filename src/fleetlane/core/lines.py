"""Lines of what people write: they end with LF, CRLF or CR, and with nothing else.

`str.splitlines()` and `str.strip()` also take U+2028, vertical tabs, form feeds, NEL and the separators U+001C
to U+001E for ends of lines or for blanks. In a caption they are part of what its writer wants to publish.
"""

from __future__ import annotations

import re

_END = re.compile(r"\r\n|\r|\n")
_BLANKS = " \t"
_EDGES = " \t\r\n"


def lines_of(text: str) -> list[str]:
    """Return the lines of a text that hold more than blanks, without the spaces and tabs around them."""
    return [line.strip(_BLANKS) for line in _END.split(text) if line.strip()]


def names_of(text: str) -> list[str]:
    """Return the names that are written one a line, without anything blank around them."""
    return [line.strip() for line in lines_of(text)]


def with_plain_ends(text: str) -> str:
    """Return a text whose lines all end with LF: typed on a phone, CRLF would be two line breaks."""
    return _END.sub("\n", text)


def trimmed(text: str) -> str:
    """Return a text without the spaces, tabs and ends of lines around it."""
    return text.strip(_EDGES)
