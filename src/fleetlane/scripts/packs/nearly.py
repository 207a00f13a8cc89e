"""Which nodes nearly fit a selector: what fits when one of its conditions is left out, or read less strictly."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any, cast

from fleetlane.core.screens.patterns import BoundPattern
from fleetlane.core.screens.recognition import Element, View
from fleetlane.core.screens.screen import Node, normalise
from fleetlane.core.screens.selector import Selector

_NAMES: Mapping[str, str] = {
    "texts": "text", "descs": "desc", "labels": "label", "ids": "id", "classes": "class", "packages": "package",
    "not_ids": "not_id", "not_classes": "not_class", "id_packages": "id_package",
}  # fmt: skip
"""What packs call the conditions of a selector that have another name in code."""
_WHOLE = ("texts", "descs", "labels")
_TELLING = (*_WHOLE, "starts", "has", "has_all", "pattern", "ids", "id_pattern")
_SAYS_NOTHING = ("pick", "unverified")
_MOST = 3
_LEAST_PART = 2
"""Shorter texts are inside of nearly every label."""


def describe(selector: Selector) -> str:
    """Return what a selector asks for in the words of packs, without who may draw the node and what is left out."""
    hidden = ("packages", "not_ids", "not_classes")
    shown = (f"{name}: {_short(value)}" for field, name, value in _given(selector) if field not in hidden)
    return "{" + ", ".join(shown) + "}"


def named(element: Element) -> str:
    """Return what to call an element: its name, or its first selectors."""
    return element.name or " or ".join(describe(selector) for selector in element.alternatives[:2])


def nearest(view: View, element: Element) -> tuple[Sequence[Node], str] | None:
    """Return the few nodes that fit an element but for one condition, and that condition; None when none does."""
    found: list[tuple[Sequence[Node], str]] = []
    for selector in element.alternatives:
        for name, wider in _wider(selector):
            nodes = view.find_all(Element("", (wider,)))
            if 0 < len(nodes) <= _MOST:
                found.append((nodes, name))
    return min(found, key=lambda one: len(one[0]), default=None)


def _wider(selector: Selector) -> Iterator[tuple[str, Selector]]:
    """Yield a selector with one condition less each time, and the name of that condition."""
    empty = _defaults()
    for field, name, _ in _given(selector):
        without = replace(selector, **{field: empty[field]})
        if any(getattr(without, telling) for telling in _TELLING):
            yield name, without
    for field in _WHOLE:
        parts = tuple(sorted(text for text in getattr(selector, field) if len(text) > _LEAST_PART))
        if parts and not selector.has:
            yield _NAMES[field], replace(selector, **{field: empty[field], "has": parts})


def _given(selector: Selector) -> Iterator[tuple[str, str, Any]]:
    empty = _defaults()
    for field in fields(selector):
        value = getattr(selector, field.name)
        if field.name not in _SAYS_NOTHING and value != empty[field.name] and value not in (None, ()):
            yield field.name, _NAMES.get(field.name, field.name), value


def _defaults() -> dict[str, Any]:
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(Selector)
    }


def _short(value: Any) -> str:
    if isinstance(value, (frozenset, tuple)):
        items = [str(item) for item in cast("Collection[object]", value)]
        items = sorted(items) if isinstance(value, frozenset) else items
        shown = ", ".join(items[:_MOST] if len(items) > _MOST + 1 else items)
        return f"[{shown}{', …' if len(items) > _MOST + 1 else ''}]" if len(items) > 1 else shown
    return str(value.pattern.pattern if isinstance(value, BoundPattern) else value).lower()


def said_of(node: Node) -> str:
    """Return a node in words: its label, class and id."""
    label = f"“{' '.join(node.label.split())[:60]}” " if normalise(node.label) else ""
    kind = node.class_name.rpartition(".")[2] or "node"
    return f"{label}({kind}{f', id {node.id}' if node.id else ''})"
