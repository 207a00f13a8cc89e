"""The windows of a UI tree, told without their order: which of them a node is in, and which lie over others.

A tree has all windows of the phone, in the order of a hash set: no order may be read from it. What can be relied on:
a window that is wholly covered, or that takes no taps, is not in it. So of two that overlap the smaller one lies on
top. Two of the same size tell nothing.

Source: `getWindowRoots` of u2.jar 0.4.1; AOSP `AccessibilityWindowManager` (which windows it lists).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fleetlane.core.screens.screen import Node

_SMALL = 0.5  # of the lower window: a card or a bar, of which every point takes taps


def window_of(node: Node) -> Node:
    """Return the root of the window a node is in."""
    while node.parent is not None:
        node = node.parent
    return node


def in_order(roots: Iterable[Node]) -> list[Node]:
    """Return the windows in an order that only depends on what they are: larger ones first.

    Roots without children keep their place behind the others: they are trees whose nodes are not nested.
    """
    roots = list(roots)
    nested = [root for root in roots if root.children]
    if len(nested) > 1:
        nested.sort(key=_rank)
    return [*nested, *(root for root in roots if not root.children)]


def below(root: Node) -> Iterator[Node]:
    """Yield a node and all below it, in document order."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def covering(roots: Sequence[Node], x: int, y: int, target: Node) -> Node | None:
    """Return the window of another package that takes a tap which is meant for `target`, None when none does."""
    own = window_of(target)
    return next((root for root in roots if _lies_over(root, own) and _takes(root, x, y, own)), None)


def _lies_over(root: Node, own: Node) -> bool:
    other = bool(root.package) and root.package != own.package
    return other and bool(own.children) and 0 < root.bounds.area < own.bounds.area


def _takes(root: Node, x: int, y: int, own: Node) -> bool:
    if not root.bounds.contains(x, y):
        return False
    if root.bounds.area <= _SMALL * own.bounds.area:
        return True
    return any((node.clickable or not node.children) and node.bounds.contains(x, y) for node in below(root))


def _rank(root: Node) -> tuple[int, int, str]:
    nodes = list(below(root))
    said = "\n".join(f"{n.class_name} {n.id} {n.text} {n.desc} {n.bounds}" for n in nodes)
    return -root.bounds.area, -len(nodes), said
