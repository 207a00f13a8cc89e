"""What scripts hand over, made so that it can be stored and sent: texts, JSON, and what an error says of itself.

Scripts may be others' code. Nothing here raises, whatever it is given.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

LONGEST_TEXT = 10_000
"""How many characters of a sentence are kept."""
LARGEST_VALUES = 256 * 1024
"""How large the JSON of a result, or of the facts of a journal, may be."""
_LONGEST_ERROR = 300
_LONGEST_STRANGER = 200
_LARGEST_INTEGER = 2**63 - 1
_DEEPEST = 32
_MOST_VALUES = 20_000
_NO_TEXT = re.compile("[\ud800-\udfff\0]")


@dataclass(frozen=True, slots=True)
class Kept:
    """What could be kept of some values. `problems` say what could not, a clause each."""

    values: dict[str, Any]
    problems: tuple[str, ...] = ()


def text(value: object, most: int = LONGEST_TEXT) -> str:
    """Return a value as text that can be stored: halves of characters are replaced, and it ends after `most`."""
    try:
        found = str.__str__(value) if isinstance(value, str) else str(value)
    except BaseException:  # noqa: BLE001 - others' code, and its fault is told
        found = f"({type(value).__name__} that cannot be shown)"
    return _NO_TEXT.sub("\ufffd", found[:most])


def said_by(error: BaseException) -> str:
    """Return an error's kind and what it says."""
    what, kind = text(error, _LONGEST_ERROR), text(type(error).__name__)
    return f"{kind}: {what}"[:_LONGEST_ERROR] if what else kind


def storable(values: object) -> Kept:
    """Return a mapping as JSON takes it; what JSON cannot hold becomes text, or is left out."""
    if not isinstance(values, Mapping):
        return Kept({}, (f"it is no mapping but {_kind(values)}",))
    reader = _Reader()
    try:
        found: dict[str, Any] = reader.read(cast("Mapping[Any, Any]", values), "")
        size = len(json.dumps(found, ensure_ascii=False))
    except BaseException as error:  # noqa: BLE001 - others' code, and its fault is told
        return Kept({}, (f"it could not be read ({said_by(error)})",))
    if size > LARGEST_VALUES:
        return Kept({}, (f"its {size} characters are more than {LARGEST_VALUES}",))
    return Kept(found, tuple(dict.fromkeys(reader.problems)))


def _kind(value: object) -> str:
    return f"a {text(type(value).__name__)}"


@dataclass(slots=True)
class _Reader:
    problems: list[str] = field(default_factory=list[str])
    left: int = _MOST_VALUES

    def read(self, value: object, place: str, depth: int = 0) -> Any:
        """Return a value as JSON takes it."""
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            return self._problem(None, place, "is nested too deep" if depth > _DEEPEST else "is more than is kept")
        match value:
            case None | bool():
                return value
            case str():
                kept = text(value, len(value))
                return kept if kept == value else self._problem(kept, place, "holds half of a character")
            case int():
                whole = int(value)
                fits = -_LARGEST_INTEGER - 1 <= whole <= _LARGEST_INTEGER
                return whole if fits else self._problem(text(value, 40), place, "is a number of more than 64 bits")
            case float():
                return float(value) if math.isfinite(value) else self._problem(str(value), place, f"is {value}")
            case Mapping():
                return self._members(cast("Mapping[Any, Any]", value), place, depth)
            case list() | tuple():
                items = cast("list[Any]", value)
                return [self.read(item, f"{place}.{i}", depth + 1) for i, item in enumerate(items) if self.left >= 0]
            case _:
                return self._problem(text(value, _LONGEST_STRANGER), place, f"is {_kind(value)}")

    def _members(self, members: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in members.items():
            if self.left < 0:
                break
            name = text(key, _LONGEST_STRANGER)
            if isinstance(key, str) and (name != key or name in found):
                self._problem(None, place, "has a name that cannot be kept as it is")
            found[name] = self.read(value, f"{place}.{name}" if place else name, depth + 1)
        return found

    def _problem(self, kept: Any, place: str, what: str) -> Any:
        self.problems.append(f"{place[:80] or 'it'} {what}")
        return kept
