"""Reading documents that people write (screen packs, app models, fault files): clear errors with a place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from fleetlane.core.errors import PackError


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        PackError: it cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PackError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PackError(str(path), "is no text in UTF-8") from error


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """Return `value` as a mapping.

    Raises:
        PackError: it is none.
    """
    if not isinstance(value, dict):
        raise PackError(place, f"must be a mapping, not {type(value).__name__}")
    return cast("Mapping[str, Any]", value)


def strings(value: object, place: str) -> list[str]:
    """Return a text, or a list of texts, as a list.

    Raises:
        PackError: it holds anything else.
    """
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(item, (str, int)) and not isinstance(item, bool) for item in items):
        raise PackError(place, "must be a text or a list of texts")
    return [str(item) for item in items]


def items(value: object, place: str) -> list[object]:
    """Return `value` as a list.

    Raises:
        PackError: it is none.
    """
    if not isinstance(value, list):
        raise PackError(place, f"must be a list, not {type(value).__name__}")
    return cast("list[object]", value)


def known_keys(raw: Mapping[str, Any], known: Collection[str], place: str) -> None:
    """Check that every key is known.

    Raises:
        PackError: names the first that is not, and those that are.
    """
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise PackError(place, f"unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
