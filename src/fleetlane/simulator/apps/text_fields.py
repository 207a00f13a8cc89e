"""Text in the input fields of a simulated app: limits, hashtags and their suggestions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HASHTAG = re.compile(r"#(\w+)")
_OPEN_HASHTAG = re.compile(r"#(\w*)$")


class Fields(dict[str, str]):
    """Texts of the input fields; a field nobody typed in is empty."""

    def __missing__(self, key: str) -> str:
        return ""


def limited(name: str, text: str, limits: Mapping[str, int]) -> str:
    """Return what a field keeps of a text: so many characters, and in captions so many hashtags.

    A hashtag too many loses its sign.
    """
    limit = limits.get(name)
    if limit is not None:
        text = text[:limit]
    most = limits.get("hashtags")
    if most is None or name != "caption":
        return text
    seen = 0

    def keep(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return found[0] if seen <= most else found[1]

    return _HASHTAG.sub(keep, text)


def suggestions(text: str) -> list[str]:
    """Return the tags that are suggested for a text that ends in an open hashtag."""
    found = _OPEN_HASHTAG.search(text)
    if not found:
        return []
    stem = found[1] or "fyp"
    return [f"#{stem}", f"#{stem}s", f"#{stem}viral"]


def with_suggestion(text: str, tag: str) -> str:
    """Return the text with its open hashtag replaced by a tag."""
    return _OPEN_HASHTAG.sub(tag + " ", text)
