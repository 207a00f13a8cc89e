"""Conditions on one node of a screen: what packs call a selector, and whether a node fits it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from fleetlane.core.screens.patterns import BoundPattern
from fleetlane.core.screens.screen import Bounds, Node, Tree


class Pick(StrEnum):
    """Which of several matching nodes an element means."""

    FIRST = "first"
    LAST = "last"
    LOWEST = "lowest"
    HIGHEST = "highest"
    LARGEST = "largest"
    LEFTMOST = "leftmost"


class Names:
    """Names of packages, or of what packs know by name: each whole, or a pattern between slashes (`/.*launcher.*/`).

    Empty names stand for anybody's.
    """

    __slots__ = ("_known", "_pattern", "_whole")

    def __init__(self, names: Iterable[str] = ()) -> None:
        names = tuple(names)
        patterns = [name[1:-1] for name in names if is_pattern(name)]
        self._whole = frozenset(name for name in names if not is_pattern(name))
        self._pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._whole) or self._pattern is not None

    def __contains__(self, name: object) -> bool:
        if name in self._whole:
            return True
        if self._pattern is None or not isinstance(name, str):
            return False
        if name not in self._known:
            self._known[name] = self._pattern.fullmatch(name) is not None
        return self._known[name]


def is_pattern(name: str) -> bool:
    """Return whether a name is a pattern between slashes."""
    return len(name) > len("//") and name.startswith("/") and name.endswith("/")


NOBODY = Names()


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions on one node; all that are given must hold.

    `texts`, `descs`, `labels` (text or description) are whole strings; `starts` and `has` look at the label's
    beginning or inside; of each group in `has_all` one must be inside; `pattern` must match the whole label,
    `id_pattern` the whole id. `not_ids` and `not_classes` leave out nodes that hold what people wrote (captions,
    names, input fields). `packages` are those that may draw the node; a node that names none counts too. `area`
    holds fractions (left, top, right, bottom) of the screen in which the node's centre must lie; `min_width` and
    `min_height` are parts of it too. `bare` is a node without text, description, id. `unverified` are those of
    the texts that nobody has seen the app say.
    """

    texts: frozenset[str] = frozenset()
    descs: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    has_all: tuple[tuple[str, ...], ...] = ()
    pattern: BoundPattern | None = None
    ids: frozenset[str] = frozenset()
    id_pattern: BoundPattern | None = None
    not_ids: frozenset[str] = frozenset()
    id_packages: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()
    packages: Names = NOBODY
    clickable: bool | None = None
    checked: bool | None = None
    selected: bool | None = None
    focused: bool | None = None
    area: tuple[float, float, float, float] | None = None
    min_width: float = 0.0
    min_height: float = 0.0
    bare: bool | None = None
    unverified: frozenset[str] = frozenset()
    pick: Pick = Pick.FIRST

    @property
    def is_partial(self) -> bool:
        """Return whether it looks at parts of labels."""
        return bool(self.starts or self.has or self.has_all or self.pattern)

    @property
    def way(self) -> str:
        """Return by what it tells a node from others, in a word or two."""
        ways = {
            "id": self.ids or self.id_pattern,
            "text": self.texts,
            "description": self.descs,
            "label": self.labels,
            "part of its label": self.is_partial,
            "class": self.classes,
        }
        return next((way for way, given in ways.items() if given), "place")


def fits(node: Node, s: Selector, tree: Tree) -> bool:
    """Return whether a node of a screen fulfils all that a selector asks for."""
    return _is_of_kind(node, s) and _is_at(node.bounds, s, tree) and _says(node, s) and _is_in_state(node, s)


@cache
def without_unverified(s: Selector) -> Selector | None:
    """Return a selector without the texts that nobody has seen, None when it then says nothing that it said before."""
    if not s.unverified:
        return s
    kept = {name: getattr(s, name) - s.unverified for name in ("texts", "descs", "labels")}
    parts = {name: tuple(part for part in getattr(s, name) if part not in s.unverified) for name in ("starts", "has")}
    groups = tuple(tuple(part for part in group if part not in s.unverified) for group in s.has_all)
    left: dict[str, Any] = {**kept, **parts, "has_all": groups}
    if s.pattern or any(bool(getattr(s, name)) and not value for name, value in left.items()) or not all(groups):
        return None
    return replace(s, **left, unverified=frozenset())


def may_fit_in(said: str, between: str, s: Selector) -> bool:
    """Return whether one of some labels, normalised and each after `between`, may fit the parts that a selector wants.

    It says no for most selectors that look at parts of labels, and costs less than asking every node.
    """
    if s.starts and not any(f"{between}{part}" in said for part in s.starts):
        return False
    if s.has and not any(part in said for part in s.has):
        return False
    return all(any(part in said for part in group) for group in s.has_all)


def _is_of_kind(node: Node, s: Selector) -> bool:
    return (
        (not s.ids or node.id in s.ids)
        and (s.id_pattern is None or s.id_pattern.fits(node.id))
        and node.id not in s.not_ids
        and (not s.id_packages or node.id_package in s.id_packages)
        and (not s.classes or node.class_name.endswith(s.classes))
        and not (s.not_classes and node.class_name.endswith(s.not_classes))
        and (not s.packages or not node.package or node.package in s.packages)
    )


def _is_at(box: Bounds, s: Selector, tree: Tree) -> bool:
    return (
        (s.area is None or _in_area(box, s.area, tree))
        and (not s.min_width or box.width >= s.min_width * tree.width)
        and (not s.min_height or box.height >= s.min_height * tree.height)
    )


def _says(node: Node, s: Selector) -> bool:
    return (
        (not s.texts or node.key_text in s.texts)
        and (not s.descs or node.key_desc in s.descs)
        and (not s.labels or node.key_text in s.labels or node.key_desc in s.labels)
        and (not s.is_partial or _has_parts(node.key_text, s) or _has_parts(node.key_desc, s))
    )


def _has_parts(label: str, s: Selector) -> bool:
    return (
        bool(label)
        and (not s.starts or label.startswith(s.starts))
        and (not s.has or any(part in label for part in s.has))
        and all(any(part in label for part in group) for group in s.has_all)
        and (s.pattern is None or s.pattern.fits(label))
    )


def _is_in_state(node: Node, s: Selector) -> bool:
    return (
        (s.clickable is None or node.clickable is s.clickable)
        and (s.checked is None or node.checked is s.checked)
        and (s.selected is None or node.selected is s.selected)
        and (s.focused is None or node.focused is s.focused)
        and (s.bare is None or (not node.label and not node.id) is s.bare)
    )


def _in_area(box: Bounds, area: tuple[float, float, float, float], tree: Tree) -> bool:
    x, y = box.center
    left, top, right, bottom = area
    return left * tree.width <= x <= right * tree.width and top * tree.height <= y <= bottom * tree.height


def picked(found: Sequence[Node], pick: Pick) -> Node:
    """Return the one that is meant of several nodes, given in document order."""
    match pick:
        case Pick.FIRST:
            return found[0]
        case Pick.LAST:
            return found[-1]
        case Pick.LOWEST:
            return max(found, key=lambda node: node.bounds.bottom)
        case Pick.HIGHEST:
            return min(found, key=lambda node: node.bounds.top)
        case Pick.LARGEST:
            return max(found, key=lambda node: node.bounds.area)
        case Pick.LEFTMOST:
            return min(found, key=lambda node: node.bounds.left)
