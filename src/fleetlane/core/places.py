"""Places that publish: where on a screen a tap would send something out, also below what lies over the page.

A popup may be gone in the moment in which it is tapped; then the tap falls through. Where the page below is not in the
tree, the places count at which its pack says that they were recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleetlane.core.recognition import Pack, Recognised, View
from fleetlane.core.screen import Bounds, Node


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one screen: buttons that are in its tree, and parts of it where one may lie unseen."""

    buttons: tuple[Node, ...] = ()
    unseen: tuple[Bounds, ...] = ()

    def endangers(self, point: tuple[int, int], target: Node) -> bool:
        """Return whether a tap at a point, meant for `target`, could publish instead."""
        if any(button in (target, target.button) for button in self.buttons):
            return False
        return any(box.contains(*point) for box in (*(button.bounds for button in self.buttons), *self.unseen))


def places_of(view: View, seen: Recognised) -> Places:
    """Return the places that publish on a screen.

    Args:
        view: all of the screen.
        seen: what was recognised on it.
    """
    if seen.pack is None:
        return Places()
    elements = (place.element for place in seen.pack.publishes)
    buttons = {id(node.button): node.button for element in elements for node in view.find_all(element)}
    if buttons or not _hides_its_page(view, seen):
        return Places(tuple(buttons.values()))
    return Places(unseen=tuple(_boxes(seen.pack, view)))


def _hides_its_page(view: View, seen: Recognised) -> bool:
    """Return whether something lies over a page of which the tree shows nothing."""
    if seen.below is not None:
        return seen.over == "unknown"
    if seen.rule is None or not seen.rule.over or seen.pack is None:
        return False
    return not any(not rule.over and view.shows(rule) for rule in seen.pack.screens)


def _boxes(pack: Pack, view: View) -> Iterable[Bounds]:
    width, height = view.tree.width, view.tree.height
    for place in pack.publishes:
        if place.at is not None:
            left, top, right, bottom = place.at
            yield Bounds(int(left * width), int(top * height), int(right * width), int(bottom * height))
