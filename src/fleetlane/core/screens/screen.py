"""A phone's screen as its accessibility tree: parsing, geometry and what is really visible.

Coordinates are pixels, the origin is the top left corner, bounds are (left, top, right, bottom).
Standard library only: trees come from an untrusted phone, so nothing here resolves entities.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_BOUNDS = re.compile(r"\[(-?[0-9]{1,9}),(-?[0-9]{1,9})\]\[(-?[0-9]{1,9}),(-?[0-9]{1,9})\]")
_RAW_RESOURCE = re.compile(r"@\d{7,10}")  # a label that is an unresolved resource number says nothing
_QUARTER_TURNS = ("1", "3")  # android.view.Surface.ROTATION_90 and ROTATION_270
_LARGEST_TREE = 4_000_000
_MOST_TAGS = 100_000
"""A page of an app has some hundred nodes, and some 100 kB."""
_MAX_SIDE = 5000  # no phone has a longer side; larger bounds are pages kept off screen


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle on the screen."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def center(self) -> tuple[int, int]:
        """Return the middle point (x, y)."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Return the area in square pixels, 0 for an empty rectangle."""
        return max(self.width, 0) * max(self.height, 0)

    def contains(self, x: int, y: int) -> bool:
        """Return whether the point lies inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom

    def within(self, other: Bounds) -> bool:
        """Return whether this rectangle lies wholly inside `other`."""
        return (
            other.left <= self.left
            and other.top <= self.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


@dataclass(slots=True, eq=False)
class Node:
    """One node of the tree. `id` is the resource id without its package (`android:id/x` -> `x`)."""

    text: str
    desc: str
    id: str
    id_package: str
    class_name: str
    package: str
    bounds: Bounds
    clickable: bool
    enabled: bool
    checked: bool
    selected: bool
    focused: bool
    parent: Node | None = None
    children: list[Node] = field(default_factory=list["Node"])

    @property
    def label(self) -> str:
        """Return the text, or the content description where there is none."""
        return self.text or self.desc

    @property
    def button(self) -> Node:
        """Return what takes a tap on this node: itself, or the nearest node around it that is clickable."""
        node: Node | None = self
        while node is not None and not node.clickable:
            node = node.parent
        return node or self

    @property
    def key_text(self) -> str:
        """Return the text normalised for comparison."""
        return normalise(self.text)

    @property
    def key_desc(self) -> str:
        """Return the content description normalised for comparison."""
        return normalise(self.desc)


@dataclass(slots=True)
class Tree:
    """A parsed screen. `nodes` are in document order: what is drawn later comes later."""

    nodes: list[Node]
    width: int
    height: int
    xml: str

    @property
    def packages(self) -> frozenset[str]:
        """Return the packages of all nodes."""
        return frozenset(node.package for node in self.nodes if node.package)

    def visible(self) -> Iterator[Node]:
        """Yield the nodes that lie on the screen; old pages kept beside it are left out."""
        return (node for node in self.nodes if self.is_visible(node))

    def is_visible(self, node: Node) -> bool:
        """Return whether a node lies on the screen: 0 <= left < right <= width, top >= 0, some area."""
        box = node.bounds
        return 0 <= box.left < box.right <= self.width and 0 <= box.top < box.bottom and box.top < self.height


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """Return text as it is compared: compatibility forms folded, no case, straight quotes, one space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = folded.replace("’", "'").replace("‘", "'").replace("\u200e", "").replace("\u200f", "")
    return " ".join(folded.split())


@lru_cache(maxsize=4096)
def parse_bounds(text: str) -> Bounds:
    """Return the bounds of "[l,t][r,b]"; anything else is an empty rectangle."""
    found = _BOUNDS.fullmatch(text)
    if not found:
        return Bounds(0, 0, 0, 0)
    return Bounds(int(found[1]), int(found[2]), int(found[3]), int(found[4]))


def parse_tree(xml: str, size: tuple[int, int] | None = None) -> Tree:
    """Return the tree of a uiautomator dump.

    Args:
        xml: the dump; nodes may be nested or flat, attributes may be missing.
        size: (width, height) of the screen in pixels as the phone is built; a tree that says it was
            turned a quarter is read with the sides exchanged. Guessed from the bounds when not given.

    Raises:
        ValueError: the text is no UI tree.
    """
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ValueError("a UI tree has no document type")
    if len(xml) > _LARGEST_TREE or xml.count("<") > _MOST_TAGS:
        raise ValueError("a UI tree is not so large")
    try:
        root = ET.fromstring(xml)  # noqa: S314 - entities are refused above; expat bounds the rest
    except ET.ParseError as error:
        raise ValueError(f"this is not a UI tree: {error}") from error
    if root.tag != "hierarchy":
        raise ValueError(f"this is not a UI tree: it begins with <{root.tag}>, not <hierarchy>")
    nodes: list[Node] = []
    _collect(root, None, nodes)
    width, height = _turned(size, root.get("rotation", "")) if size else _guess_size(nodes)
    return Tree(nodes, width, height, xml)


def _collect(root: ET.Element, parent: Node | None, into: list[Node]) -> None:
    # Iterative: a hostile tree may be deeper than the interpreter's stack.
    stack: list[tuple[ET.Element, Node | None]] = [(child, parent) for child in reversed(root)]
    while stack:
        element, above = stack.pop()
        node = _node(element, above)
        into.append(node)
        if above is not None:
            above.children.append(node)
        stack.extend((child, node) for child in reversed(element))


def _node(element: ET.Element, parent: Node | None) -> Node:
    get = element.attrib.get
    id_package, _, short_id = get("resource-id", "").rpartition(":id/")
    desc = get("content-desc", "")
    return Node(
        text=get("text", ""),
        desc="" if desc.startswith("@") and _RAW_RESOURCE.fullmatch(desc) else desc,
        id=short_id,
        id_package=id_package,
        class_name=get("class", ""),
        package=get("package", ""),
        bounds=parse_bounds(get("bounds", "")),
        clickable=get("clickable") == "true",
        enabled=get("enabled", "true") == "true",
        checked=get("checked") == "true",
        selected=get("selected") == "true",
        focused=get("focused") == "true",
        parent=parent,
    )


def _turned(size: tuple[int, int], rotation: str) -> tuple[int, int]:
    return (size[1], size[0]) if rotation in _QUARTER_TURNS else size


def _guess_size(nodes: list[Node]) -> tuple[int, int]:
    boxes = [n.bounds for n in nodes if 0 < n.bounds.right <= _MAX_SIDE and 0 < n.bounds.bottom <= _MAX_SIDE]
    if not boxes:
        return 1080, 2400
    full = [box for box in boxes if box.left == 0 and box.top == 0]
    if not full and all(box.left > 0 and box.top > 0 for box in boxes):
        return _size_around(boxes)
    widest = full or boxes
    return max(box.right for box in widest), max(box.bottom for box in boxes)


def _size_around(boxes: list[Bounds]) -> tuple[int, int]:
    """Return the size of a screen of which a tree has only a dialog: dialogs stand in the middle."""
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    return left + right, max(bottom, top + bottom)
