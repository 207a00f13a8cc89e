"""Places that publish: where on a screen a tap would send something out, also below what lies over the page.

A popup may be gone in the moment in which it is tapped; then the tap falls through. Where the page below is not in the
tree, the places count where they were last seen on this phone, or else where its pack says that they were recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleetlane.core.screens.recognition import UNKNOWN, Pack, PublishingPlace, Recognised, View
from fleetlane.core.screens.screen import Bounds, Node, Tree


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


class SeenPlaces:
    """Where each place that publishes was last seen on one phone, for when its page is not in the tree."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[str, int], tuple[Bounds, ...]] = {}

    def note(self, view: View, seen: Recognised) -> None:
        """Note the places that a screen shows."""
        if seen.pack is None:
            return
        for number, place in enumerate(seen.pack.publishes):
            if boxes := tuple(node.button.bounds for node in view.find_all(place.element)):
                self._boxes[seen.pack.app, number] = boxes

    def boxes(self, pack: Pack, tree: Tree) -> tuple[Bounds, ...]:
        """Return where the places of an app may lie unseen: where they were last seen, or recorded."""
        return tuple(
            box
            for number, place in enumerate(pack.publishes)
            for box in self._boxes.get((pack.app, number), _recorded(place, tree))
        )


def places_of(view: View, seen: Recognised, before: SeenPlaces) -> Places:
    """Return the places that publish on a screen.

    Args:
        view: all of the screen.
        seen: what was recognised on it.
        before: the places that were seen on this phone.
    """
    if seen.pack is None:
        return Places()
    elements = (place.element for place in seen.pack.publishes)
    buttons = {id(node.button): node.button for element in elements for node in view.find_all(element)}
    if buttons or not _hides_its_page(view, seen):
        return Places(tuple(buttons.values()))
    return Places(unseen=before.boxes(seen.pack, view.tree))


def _hides_its_page(view: View, seen: Recognised) -> bool:
    """Return whether something lies over a page of which the tree shows nothing."""
    if seen.below is not None:
        return seen.over == UNKNOWN
    if seen.rule is None or not seen.rule.over or seen.pack is None:
        return False
    return not any(not rule.over and view.shows(rule) for rule in seen.pack.screens)


def _recorded(place: PublishingPlace, tree: Tree) -> tuple[Bounds, ...]:
    if place.at is None:
        return ()
    left, top, right, bottom = place.at
    width, height = tree.width, tree.height
    return (Bounds(int(left * width), int(top * height), int(right * width), int(bottom * height)),)
