"""What a dump of the screen can show of a text.

The automation server writes "." for each UTF-16 unit that XML 1.0 does not take, and for both halves of every character
beyond the first 65,536: an emoji, a bold maths letter or a rare Han character reads "..". So what a dump shows may be a
text, and where a "." stands only the whole text, asked for by itself, can tell.

Source: `stripInvalidXMLChars` in u2.jar 0.4.1, see docs/explanation/automation-server.md.
"""

from __future__ import annotations

import re

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff]")
_DOT = "."


def as_dumped(text: str) -> str:
    """Return a text as a dump shows it."""
    return _REFUSED.sub(_DOT, _ASTRAL.sub(_DOT * 2, text))


def may_hide(shown: str) -> bool:
    """Return whether what a dump shows may stand for another text."""
    return _DOT in shown


def sure_start(shown: str) -> str:
    """Return the beginning of what a dump shows that surely is the text's own."""
    return shown.partition(_DOT)[0]
