"""Spans of time on a simulated phone, and how they are drawn: a number, a range, or quantiles.

    2.5                        # always
    [0.8, 1.0]                 # anything between, equally likely
    {0.25: 8.8, 0.5: 21.9}     # quantiles: straight lines between them; the outermost are the least and the most

Each draw is fixed by the phone's seed, by what is drawn and by how often that was drawn before.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from typing import cast

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """How long something takes: (share of cases, seconds) in order, from share 0 to share 1."""

    points: Points

    @classmethod
    def of(cls, *seconds: float) -> Span:
        """Return the span of one number, or between two."""
        return cls(((0.0, seconds[0]), (1.0, seconds[-1])))

    @property
    def longest_s(self) -> float:
        """Return the most it can be."""
        return self.points[-1][1]

    def at(self, share: float) -> float:
        """Return the seconds that so many of all cases stay below: the inverse of the distribution."""
        index = min(max(bisect_right(self.points, share, key=lambda point: point[0]), 1), len(self.points) - 1)
        (low, low_s), (high, high_s) = self.points[index - 1], self.points[index]
        if high == low:
            return high_s
        return low_s + (high_s - low_s) * (share - low) / (high - low)

    def __bool__(self) -> bool:
        """Return whether it is ever more than nothing."""
        return self.longest_s > 0


def read_span(value: object) -> Span:
    """Return the span that a YAML value says.

    Raises:
        ValueError: it says none; the message ends a sentence that begins with the name.
    """
    if _is_seconds(value):
        return Span.of(cast("float", value))
    if isinstance(value, list):
        numbers = cast("list[object]", value)
        if len(numbers) == 2 and all(map(_is_seconds, numbers)):
            return _ordered(((0.0, cast("float", numbers[0])), (1.0, cast("float", numbers[1]))))
    if isinstance(value, dict):
        pairs = list(cast("dict[object, object]", value).items())
        if pairs and all(_is_share(share) and _is_seconds(seconds) for share, seconds in pairs):
            return _ordered(_whole(sorted(cast("list[tuple[float, float]]", pairs))))
    raise ValueError("is a number of seconds, [least, most], or {share: seconds, …} with shares from 0 to 1")


def _whole(points: list[tuple[float, float]]) -> Points:
    """Return quantiles from share 0 to share 1: what lies beyond the outermost is as they are."""
    first, last = points[0], points[-1]
    return ((0.0, first[1]),) * (first[0] > 0) + tuple(points) + ((1.0, last[1]),) * (last[0] < 1)


def _ordered(points: Points) -> Span:
    seconds = [second for _, second in points]
    if seconds != sorted(seconds):
        raise ValueError("has its seconds in the wrong order: they grow")
    return Span(points)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


class Draws:
    """What is drawn on one phone: for each name a sequence of its own, fixed by the seed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._sources: dict[str, random.Random] = {}

    def _source(self, name: str) -> random.Random:
        if name not in self._sources:
            self._sources[name] = random.Random(f"{self.seed}/{name}")
        return self._sources[name]

    def seconds(self, name: str, span: Span) -> float:
        """Return the next length of a span."""
        if span.points[0][1] == span.longest_s:
            return span.longest_s
        return span.at(self._source(name).random())

    def happens(self, name: str, share: float) -> bool:
        """Return whether something that comes in such a share of cases comes now."""
        return share > 0 and self._source(name).random() < share
