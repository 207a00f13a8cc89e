"""Taking personal text out of what is handed to others. What is not known to be harmless goes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from fleetlane.core.screen import parse_tree

REMOVED = "(removed)"
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


def redacted_tree(xml: str) -> str:
    """Return a UI tree without its texts: what remains is its shape, and that there was a text.

    Raises:
        ValueError: it is no UI tree.
    """
    parse_tree(xml)
    root = ET.fromstring(xml)  # noqa: S314 - parse_tree has refused what is not harmless
    for element in root.iter():
        element.text = element.tail = None
        for name, value in element.attrib.items():
            if name not in _HARMLESS and value:
                element.set(name, REMOVED)
    return ET.tostring(root, encoding="unicode")
