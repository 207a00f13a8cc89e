"""Reads one selector of a pack: conditions on one node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fleetlane.core.document import known_keys, strings
from fleetlane.core.errors import PackError
from fleetlane.core.screens.patterns import BoundPattern, bound_pattern
from fleetlane.core.screens.screen import normalise
from fleetlane.core.screens.selector import Names, Pick, Selector
from fleetlane.scripts.packs.words import Words

_TEXT_KEYS = ("text", "desc", "label", "starts", "has", "pattern")
_STATE_KEYS = ("clickable", "checked", "selected", "focused", "bare")
_GROUPS = "has_all"
_KEYS = {
    _GROUPS,
    *_TEXT_KEYS, *_STATE_KEYS, "id", "not_id", "id_package", "class", "not_class", "package",
    "id_pattern", "area", "min_width", "min_height", "pick",
}  # fmt: skip
_NAMED = re.compile(r"\$([a-z]\w*)")
_WRITTEN_KEYS = {"id", "class"}
_ANY_PACKAGE = ["any"]


@dataclass(frozen=True, slots=True)
class Written:
    """Nodes that hold what people wrote (captions, names): no text of theirs says what a screen is."""

    ids: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()


def read_written(raw: Mapping[str, Any], place: str) -> Written:
    """Return what a pack says under `written`.

    Raises:
        PackError: it says something else.
    """
    known_keys(raw, _WRITTEN_KEYS, place)
    return Written(frozenset(strings(raw.get("id", []), place)), tuple(strings(raw.get("class", []), place)))


class SelectorReader:
    """Reads the selectors of one pack.

    Args:
        words: texts by the name that selectors use for them (`$next`).
        written: left out by selectors that look at texts and name neither id nor class.
        packages: who draws a selector's nodes, unless it says otherwise; none is anybody.
    """

    def __init__(self, words: Words, written: Written, packages: Iterable[str]) -> None:
        self._words = words
        self._written = written
        self._packages = tuple(packages)

    def read(self, raw: Mapping[str, Any], place: str, *, any_package: bool = False) -> Selector:
        """Return a selector.

        Raises:
            PackError: it is none; says what is wrong.
        """
        known_keys(raw, _KEYS, place)
        if not set(raw) - {"pick"}:
            raise PackError(place, "a selector has at least one condition")
        prose = any(key in raw for key in (*_TEXT_KEYS, _GROUPS)) and not ("id" in raw or "class" in raw)
        written = self._written if prose else Written()
        packages = strings(raw.get("package", [] if any_package else list(self._packages)), place)
        return Selector(
            texts=self._texts(raw, "text", place),
            descs=self._texts(raw, "desc", place),
            labels=self._texts(raw, "label", place),
            starts=tuple(sorted(self._texts(raw, "starts", place))),
            has=tuple(sorted(self._texts(raw, "has", place))),
            has_all=self._groups(raw, place),
            pattern=_pattern(self._filled(raw.get("pattern"), place), place),
            ids=frozenset(strings(raw.get("id", []), place)),
            not_ids=frozenset(strings(raw.get("not_id", []), place)) | written.ids,
            id_pattern=_pattern(raw.get("id_pattern"), place),
            id_packages=frozenset(strings(raw.get("id_package", []), place)),
            classes=tuple(strings(raw.get("class", []), place)),
            not_classes=(*strings(raw.get("not_class", []), place), *written.classes),
            unverified=self._unverified(raw),
            packages=Names(() if packages == _ANY_PACKAGE else packages),
            **{key: _state(raw, key, place) for key in _STATE_KEYS},
            area=read_area(raw.get("area"), place),
            min_width=_part(raw, "min_width", place),
            min_height=_part(raw, "min_height", place),
            pick=_pick(raw.get("pick", "first"), place),
        )

    def _list(self, name: str, place: str) -> tuple[str, ...]:
        if name not in self._words.lists:
            raise PackError(place, f"there are no words '${name}'")
        return self._words.lists[name]

    def _filled(self, pattern: object, place: str) -> object:
        """Return a pattern with `$name` replaced by any of those words."""
        if not isinstance(pattern, str):
            return pattern

        def any_of(found: re.Match[str]) -> str:
            texts = sorted({normalise(text) for text in self._list(found[1], place)}, key=len, reverse=True)
            return f"(?:{'|'.join(map(re.escape, texts))})"

        return _NAMED.sub(any_of, pattern)

    def _unverified(self, raw: Mapping[str, Any]) -> frozenset[str]:
        """Return those of a selector's texts, normalised, that nobody has seen."""
        given = (str(raw.get(key, "")) for key in (*_TEXT_KEYS, _GROUPS))
        names = (found[1] for text in given for found in _NAMED.finditer(text))
        return frozenset(text for name in names for text in self._words.unverified.get(name, ()))

    def _groups(self, raw: Mapping[str, Any], place: str) -> tuple[tuple[str, ...], ...]:
        groups: object = raw.get(_GROUPS, [])
        if not isinstance(groups, list):
            raise PackError(place, f"`{_GROUPS}` is a list of lists of texts")
        return tuple(
            tuple(sorted(self._texts({_GROUPS: group}, _GROUPS, place))) for group in cast("list[object]", groups)
        )

    def _texts(self, raw: Mapping[str, Any], key: str, place: str) -> frozenset[str]:
        texts: list[str] = []
        for text in strings(raw.get(key, []), place):
            if text.startswith("$"):
                texts.extend(self._list(text[1:], place))
            else:
                texts.append(text)
        if key in raw and not all(normalise(text) for text in texts):
            raise PackError(place, f"`{key}` has an empty text, which every node would fit")
        return frozenset(normalise(text) for text in texts)


def _state(raw: Mapping[str, Any], key: str, place: str) -> bool | None:
    value: object = raw.get(key)
    if value is not None and not isinstance(value, bool):
        raise PackError(place, f"`{key}` is true or false")
    return value


def _pattern(value: object, place: str) -> BoundPattern | None:
    if value is None:
        return None
    try:
        return bound_pattern(str(value))
    except ValueError as error:
        raise PackError(place, f"the pattern {value!r} {error}") from error


def _part(raw: Mapping[str, Any], key: str, place: str) -> float:
    value: object = raw.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise PackError(place, f"`{key}` is a part of the screen, from 0 to 1")
    return float(value)


def read_area(value: object, place: str) -> tuple[float, float, float, float] | None:
    """Return a part of the screen, None when none is given.

    Raises:
        PackError: it is none.
    """
    if value is None:
        return None
    numbers = cast("list[object]", value) if isinstance(value, list) else []
    parts = [float(n) for n in numbers if isinstance(n, (int, float)) and 0 <= n <= 1]
    if len(numbers) != 4 or len(parts) != 4 or parts[0] >= parts[2] or parts[1] >= parts[3]:
        raise PackError(place, "`area` is [left, top, right, bottom], each from 0 to 1")
    return (parts[0], parts[1], parts[2], parts[3])


def _pick(value: object, place: str) -> Pick:
    try:
        return Pick(str(value))
    except ValueError as error:
        raise PackError(place, f"`pick` is one of {', '.join(Pick)}, not {value!r}") from error
