"""Taking personal text out of what is handed to others. What is not known to be harmless goes.

A tree is handed out in one of three kinds: whole, redacted (no text at all), or blanked (`blanking`: what an app says
to everybody stays, what people wrote becomes stand-ins).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

from fleetlane.core.screens.screen import parse_tree

REMOVED = "(removed)"
Shown = Callable[[str, str], str]
"""Given a text and the package of its node: what is shown instead."""
_FLAG, _NUMBER = re.compile(r"true|false"), re.compile(r"-?[0-9]{1,5}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}([.$][A-Za-z][A-Za-z0-9_]{0,63}){1,9}")
_SHAPES = {
    **dict.fromkeys(
        (
            *("checkable", "checked", "clickable", "enabled", "focusable", "focused", "scrollable", "long-clickable"),
            *("password", "selected", "visible-to-user"),
        ),
        _FLAG,
    ),
    **dict.fromkeys(("index", "drawing-order", "display-id", "rotation", "width", "height"), _NUMBER),
    "bounds": re.compile(r"(\[-?[0-9]{1,5},-?[0-9]{1,5}\]){2}"),
    "class": _CODE,
    "package": re.compile(rf"{_CODE.pattern}|android"),
    "resource-id": re.compile(rf"({_CODE.pattern}|android):id/[A-Za-z0-9_]{{1,64}}"),
}
"""What is kept where it looks as it does on phones; a value of another shape may hold anything."""
_TEXTS = frozenset({"text", "content-desc", "hint"})


def _removed(_text: str, _package: str) -> str:
    return REMOVED


def redacted_tree(xml: str, shown: Shown = _removed) -> str:
    """Return a UI tree with other texts: its shape remains, and that there was a text.

    Args:
        xml: the tree.
        shown: says what is shown for each text; unless given, that there was one.

    What an app chooses itself (texts, but also names of classes, ids, tags and attributes) is kept only where it has
    the shape that such a thing has on phones.

    Raises:
        ValueError: it is no UI tree.
    """
    parse_tree(xml)
    root = ET.fromstring(xml)  # noqa: S314 - parse_tree has refused what is not harmless
    for element in root.iter():
        element.text = element.tail = None
        package = element.get("package", "")
        element.tag = "hierarchy" if element is root else "node"
        for name, value in [*element.attrib.items()]:
            if name not in _SHAPES and name not in _TEXTS:
                del element.attrib[name]
            elif value and not (name in _SHAPES and _SHAPES[name].fullmatch(value)):
                element.set(name, shown(value, package))
    return _written(root)


def _written(root: ET.Element) -> str:
    """Return a tree as text. ElementTree's own writer ends at a tree deeper than the interpreter's stack."""
    out: list[str] = []
    stack: list[ET.Element | str] = [root]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            out.append(one)
            continue
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in one.attrib.items())
        out.append(f"<{one.tag}{attributes}{'>' if len(one) else ' />'}")
        if len(one):
            stack += [f"</{one.tag}>", *reversed(one)]
    return "".join(out)
