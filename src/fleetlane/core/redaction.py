"""Taking personal text out of what is handed to others. What is not known to be harmless goes.

A tree is handed out in one of three kinds: whole, redacted (no text at all), or blanked (`core.blanking`: what an app
says to everybody stays, what people wrote becomes stand-ins).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

from fleetlane.core.screen import parse_tree

REMOVED = "(removed)"
Shown = Callable[[str, str], str]
"""Given a text and the package of its node: what is shown instead."""
_HARMLESS = frozenset(
    {
        "index",
        "class",
        "package",
        "resource-id",
        "bounds",
        "checkable",
        "checked",
        "clickable",
        "enabled",
        "focusable",
        "focused",
        "scrollable",
        "long-clickable",
        "password",
        "selected",
        "visible-to-user",
        "drawing-order",
        "display-id",
        "rotation",
        "width",
        "height",
    }
)


def _removed(_text: str, _package: str) -> str:
    return REMOVED


def redacted_tree(xml: str, shown: Shown = _removed) -> str:
    """Return a UI tree with other texts: its shape remains, and that there was a text.

    Args:
        xml: the tree.
        shown: says what is shown for each text; unless given, that there was one.

    Raises:
        ValueError: it is no UI tree.
    """
    parse_tree(xml)
    root = ET.fromstring(xml)  # noqa: S314 - parse_tree has refused what is not harmless
    for element in root.iter():
        element.text = element.tail = None
        package = element.get("package", "")
        for name, value in element.attrib.items():
            if name not in _HARMLESS and value:
                element.set(name, shown(value, package))
    return ET.tostring(root, encoding="unicode")
