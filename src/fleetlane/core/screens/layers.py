"""What lies on top of an app's page: a dialog's window, or a sheet over the page in the page's own window.

Which window covers which is told by their bounds and never by their order (see `windows`); inside one window
what comes later among siblings is drawn later. A sheet is known by what its pack calls one, or, in whatever language
and build, by its shape: a bare surface that takes every tap, and next to it a panel that reaches down to its lower
edge. Trees whose nodes are not nested have document order only: a sheet's nodes follow it and lie inside of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fleetlane.core.screens.screen import Bounds, Node, Tree
from fleetlane.core.screens.windows import below

_LEAST_DIALOG = 0.08  # of the window below it; smaller ones are badges and hints, which hide nothing
_DIMMER_WIDTH, _DIMMER_HEIGHT = 0.98, 0.8  # of the screen
_SHEET_WIDTH, _SHEET_HEIGHT = 0.9, 0.12  # of the surface beside it
_EDGE = 0.02


@dataclass(frozen=True, slots=True)
class Layer:
    """What of an app lies on top: its nodes, and the part of the screen it takes."""

    nodes: tuple[Node, ...]
    box: Bounds

    @property
    def is_empty(self) -> bool:
        """Return whether it shows nothing yet, as while a sheet slides in."""
        return not any(node.label or node.clickable for node in self.nodes)


def layer_on_top(
    tree: Tree,
    nodes: Sequence[Node],
    packages: Container[str],
    *,
    sheets: Sequence[Node] = (),
    dimmers: Sequence[Node] = (),
) -> Layer | None:
    """Return what lies over an app's page, None when nothing does.

    Args:
        tree: the screen.
        nodes: its visible nodes, the windows in an order that only depends on what they are.
        packages: the app's.
        sheets: what the pack calls a sheet, in document order.
        dimmers: what it calls a surface between a sheet and its page.
    """
    own = [node for node in nodes if not node.package or node.package in packages]
    if (dialog := _dialog(own)) is not None:
        inside = {id(node) for node in below(dialog)}
        return Layer(tuple(node for node in own if id(node) in inside), dialog.bounds)
    told = list(sheets)
    if not told and not dimmers and (shaped := _by_shape(own, tree)) is not None:
        told.append(shaped)
    for sheet in reversed(told):
        layer = Layer(tuple(_inside(sheet, own)), sheet.bounds)
        if dimmers or not layer.is_empty:
            return layer
    return Layer((), dimmers[-1].bounds) if dimmers else None


def _dialog(own: Iterable[Node]) -> Node | None:
    """Return the root of the smallest of the app's windows that lies over another of them."""
    roots = [node for node in own if node.parent is None and node.children]
    over = [root for root in roots if any(_lies_over(root.bounds, other.bounds) for other in roots)]
    return min(over, key=lambda root: root.bounds.area, default=None)


def _lies_over(box: Bounds, other: Bounds) -> bool:
    return _LEAST_DIALOG * other.area <= box.area < other.area and other.contains(*box.center)


def _inside(sheet: Node, own: Sequence[Node]) -> Iterator[Node]:
    """Yield a sheet and what is drawn on it."""
    if sheet.children:
        inside = {id(node) for node in below(sheet)}
        yield from (node for node in own if id(node) in inside)
        return
    started = False
    for node in own:
        if node is sheet:
            started = True
            yield node
        elif started and node.bounds != sheet.bounds and sheet.bounds.within(node.bounds):
            return  # another window's root
        elif started and node.bounds.within(sheet.bounds):
            yield node


def _by_shape(own: Sequence[Node], tree: Tree) -> Node | None:
    """Return the last sheet that is told by its shape only."""
    found: Node | None = None
    for node, panel in pairwise(own):
        if not node.clickable or node.children or panel.parent is not node.parent or not _is_last(panel):
            continue
        is_pair = _is_dimmer(node, tree) and _is_panel(panel.bounds, node.bounds)
        if is_pair and any(n.label for n in _inside(panel, own)):
            found = panel
    return found


def _is_last(node: Node) -> bool:
    """Return whether nothing is drawn over a node by its siblings, as far as these are told."""
    return node.parent is None or node.parent.children[-1] is node


def _is_dimmer(node: Node, tree: Tree) -> bool:
    box = node.bounds
    return not node.label and box.width >= _DIMMER_WIDTH * tree.width and box.height >= _DIMMER_HEIGHT * tree.height


def _is_panel(box: Bounds, beside: Bounds) -> bool:
    edge = _EDGE * beside.height
    reaches_down = abs(box.bottom - beside.bottom) <= edge and box.top >= beside.top + _SHEET_HEIGHT * beside.height
    return reaches_down and box.width >= _SHEET_WIDTH * beside.width and box.height >= _SHEET_HEIGHT * beside.height
