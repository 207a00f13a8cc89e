"""Patterns that somebody writes, for texts that somebody else writes: with a bound on what they can cost.

Python's `re` goes back and forth. What can do so without end is refused; what does so with the square of a text's
length, or more, is compared with short texts only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import _parser  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownVariableType]
from typing import Any, cast

_UNBOUNDED = 64
"""A repetition of so many times, or more, is as good as one without end."""
_MOST_UNBOUNDED = 4
_MOST_WAYS = 10_000
_LONGEST_TEXT = 500
"""Characters of a text that is compared with a pattern of several repetitions without end."""


@dataclass(frozen=True, slots=True)
class BoundPattern:
    """A regular expression for a whole text. `longest`: it fits no text of more characters; None: of any length."""

    pattern: re.Pattern[str]
    longest: int | None

    def fits(self, text: str) -> bool:
        """Return whether the whole text is as the pattern says."""
        return (self.longest is None or len(text) <= self.longest) and self.pattern.fullmatch(text) is not None


def bound_pattern(written: str) -> BoundPattern:
    """Return a pattern whose cost is bounded.

    Raises:
        ValueError: it is no regular expression, or one that could take for ever; a sentence.
    """
    try:
        pattern = re.compile(written)
        parsed: Any = _parser.parse(written)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    cost = _cost_of_all(cast("Iterable[tuple[Any, Any]]", parsed))
    if cost.unbounded > _MOST_UNBOUNDED:
        raise ValueError(f"could take too long: it has more than {_MOST_UNBOUNDED} repetitions without end (+, *)")
    if cost.ways > _MOST_WAYS:
        raise ValueError("could take too long: there are too many ways in which it can fit a text; make it simpler")
    return BoundPattern(pattern, _LONGEST_TEXT if cost.unbounded > 1 else None)


@dataclass(frozen=True, slots=True)
class _Cost:
    """How often a pattern repeats without end, and in how many ways it can fit a text beside that."""

    unbounded: int = 0
    ways: int = 1


def _cost_of_all(parts: Iterable[tuple[Any, Any]]) -> _Cost:
    unbounded, ways = 0, 1
    for kind, about in parts:
        cost = _cost(str(kind), about)
        unbounded, ways = unbounded + cost.unbounded, ways * cost.ways
    return _Cost(unbounded, ways)


def _cost(kind: str, about: Any) -> _Cost:
    match kind:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(*about)
        case "BRANCH":
            each = [_cost_of_all(way) for way in about[1]]
            return _Cost(max(cost.unbounded for cost in each), sum(cost.ways for cost in each))
        case "SUBPATTERN":
            return _cost_of_all(about[3])
        case "ATOMIC_GROUP":
            return _cost_of_all(about)
        case "ASSERT" | "ASSERT_NOT":
            return _cost_of_all(about[1])
        case "GROUPREF" | "GROUPREF_EXISTS":
            raise ValueError("could take too long: it refers to a group of its own")
        case _:
            return _Cost()


def _repeated(least: int, most: int, parts: Iterable[tuple[Any, Any]]) -> _Cost:
    inside = _cost_of_all(parts)
    if most > 1 and inside != _Cost():
        raise ValueError("could take too long: it repeats what itself repeats, or has several ways")
    if most >= _UNBOUNDED:
        return _Cost(unbounded=1)
    return _Cost(inside.unbounded, inside.ways + most - least if most == 1 else most - least + 1)
