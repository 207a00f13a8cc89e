"""Writes nodes as a UI tree, plainly or as the automation server's jar does.

Source: `stripInvalidXMLChars` and the node dumper of the u2.jar 0.4.1 inside the uiautomator2 3.7.1 wheel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from xml.sax.saxutils import escape

from fleetlane.simulator.screens.nodes import Box, SimNode

_ATTRIBUTE = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
# By UTF-16 unit, so a character above U+FFFF is two of them.
_DOTTED = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe-\uffff]")
_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TreeForm:
    """How a tree is written. `size` is that of the screen."""

    dots: bool
    attributes: bool
    size: tuple[int, int]


def dotted(text: str) -> str:
    """Return a text as the jar writes it: each UTF-16 unit that it takes for no XML is a dot."""
    return _DOTTED.sub(".", _TWO_UNITS.sub("..", text))


def to_xml(roots: list[SimNode], rotation: int, form: TreeForm) -> str:
    """Return the nodes as `dumpWindowHierarchy` writes them."""
    parts = ["<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n", f'<hierarchy rotation="{rotation}">']
    writer = _Writer(form, parts)
    for index, root in enumerate(roots):
        writer.write(root, index)
    parts.append("</hierarchy>")
    return "".join(parts)


class _Writer:
    """Writes one tree."""

    def __init__(self, form: TreeForm, parts: list[str]) -> None:
        self._form = form
        self._parts = parts

    def write(self, node: SimNode, index: int) -> None:
        """Write a node and all below it; one that cannot be seen is left out where the form says so."""
        box = self._clipped(node.bounds) if self._form.attributes else node.bounds
        if box is None:
            return
        self._parts.append(self._open(node, index, box))
        if not node.children:
            self._parts.append(" />")
            return
        self._parts.append(">")
        for child_index, child in enumerate(node.children):
            self.write(child, child_index)
        self._parts.append("</node>")

    def _open(self, node: SimNode, index: int, box: Box) -> str:
        left, top, right, bottom = box
        dots = self._form.dots
        tail = f' hint="{_safe(node.hint, dots)}"' if node.hint or self._form.attributes else ""
        if self._form.attributes:
            tail = f' drawing-order="{index + 1}"{tail} display-id="0"'
        state = _state(
            node.checkable,
            node.checked,
            node.clickable,
            node.enabled,
            node.focused,
            node.scrollable,
            bool(node.long_tap),
            node.selected,
        )
        return (
            f'<node index="{index}" text="{_safe(node.text, dots)}" resource-id="{node.resource_id}" '
            f'class="{node.class_name}" package="{node.package}" content-desc="{_safe(node.desc, dots)}" '
            f'{state} visible-to-user="true" bounds="[{left},{top}][{right},{bottom}]"{tail}'
        )

    def _clipped(self, box: Box) -> Box | None:
        width, height = self._form.size
        left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
        return (left, top, right, bottom) if left < right and top < bottom else None


@lru_cache(maxsize=4096)
def _safe(text: str, dots: bool) -> str:
    kept = dotted(text) if dots else _NOT_XML.sub("", text)
    return escape(kept, _ATTRIBUTE)


@cache
def _state(*flags: bool) -> str:
    """Return the attributes that say what state a node is in."""
    checkable, checked, clickable, enabled, focused, scrollable, takes_long, selected = map(_bool, flags)
    return (
        f'checkable="{checkable}" checked="{checked}" clickable="{clickable}" enabled="{enabled}" '
        f'focusable="{clickable}" focused="{focused}" scrollable="{scrollable}" long-clickable="{takes_long}" '
        f'password="false" selected="{selected}"'
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"
