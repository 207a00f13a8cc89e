"""What a look at a phone shows, where on it a node can be tapped, and what it means when it never goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from fleetlane.core.errors import DriverBrokenError, TaskFailedError
from fleetlane.core.ports.phone import Driver
from fleetlane.core.screens.places import Places, SeenPlaces, places_of
from fleetlane.core.screens.recognition import UNKNOWN, Edge, Element, Pack, Recognised, View, recognise
from fleetlane.core.screens.screen import Bounds, Node, parse_tree
from fleetlane.core.screens.selector import Pick, Selector

_EDGE = 8
_ALONG = (0.25, 0.75, 0.1, 0.9)
_TALLEST_BUTTON = 4
_POINTS = (0.5, 0.25, 0.75, 0.1, 0.9)
"""Where else a node is tapped when its middle is covered, in parts of its width and height."""


def points_of(node: Node) -> list[tuple[int, int]]:
    """Return the points at which a node may be tapped, its middle first."""
    box = node.bounds
    others = [(box.left + int(box.width * x), box.top + int(box.height * y)) for y in _POINTS for x in _POINTS]
    return [box.center, *others[1:]]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a look at the phone showed."""

    view: View
    seen: Recognised
    xml: str
    before: SeenPlaces = field(default_factory=SeenPlaces, compare=False)
    """The places that publish, as they were seen on this phone."""

    @property
    def top(self) -> View:
        """Return what can be seen and tapped: all of it, but for the page that something lies over."""
        return self.seen.view or self.view

    @property
    def app(self) -> str:
        """Return the app's name, or a package that no pack knows."""
        return self.seen.app

    @property
    def name(self) -> str:
        """Return the screen's name, "unknown" when it is not known."""
        return self.seen.screen

    def find(self, element: Element) -> Node | None:
        """Return the node an element means, None when it is not there. The window that shows the screen goes first."""
        return self.top.find(element, self.seen.window)

    def free_point(self, node: Node, points: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
        """Return the first of some points at which a tap meant for a node cannot go elsewhere.

        Neither to another window, nor, when what is tapped is just going, to a button below it that publishes.
        """
        free = (point for point in points if self.view.covering(*point, node) is None)
        places = self.places
        return next((point for point in free if not places.endangers(point, node)), None)

    def endangers(self, node: Node) -> bool:
        """Return whether a tap on the middle of a node could publish something that lies below it."""
        return self.places.endangers(node.bounds.center, node)

    @property
    def places(self) -> Places:
        """Return the places that publish."""
        return places_of(self.view, self.seen, self.before)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A look at the phone: what it showed, when it was asked for and when it was answered (monotonic seconds).

    `is_still`: the look before showed the very same, and nothing was done in between.
    """

    screen: Screen
    asked_s: float
    ended_s: float
    is_still: bool = False


@dataclass(slots=True)
class Attempt:
    """An action done on a screen, when it was done last, and how often."""

    target: Bounds | None
    at_s: float
    tries: int = 1


@dataclass(slots=True)
class Watched:
    """The screen of the former look, when that was asked for, since when it is shown, and for how many looks."""

    screen: Screen
    asked_s: float
    since_s: float
    looks: int = 1


def read_screen(
    driver: Driver,
    packs: Sequence[Pack],
    xml: str | None = None,
    *,
    former: Screen | None = None,
    before: SeenPlaces | None = None,
) -> Screen:
    """Return what a tree of a phone shows, the present one unless given; `former` again when nothing has changed.

    Raises:
        DriverBrokenError: it is no UI tree.
    """
    xml = driver.tree() if xml is None else xml
    if former is not None and former.xml == xml:
        return former
    return screen_of(xml, driver.facts().size, packs, before, serial=driver.serial)


def screen_of(
    xml: str, size: tuple[int, int], packs: Sequence[Pack], before: SeenPlaces | None = None, *, serial: str = ""
) -> Screen:
    """Return what a tree shows of a phone of a size (`core.ports.phone.PhoneFacts`); errors call the phone by `serial`.

    Raises:
        DriverBrokenError: it is no UI tree.
    """
    try:
        view = View(parse_tree(xml, size))
    except ValueError as error:
        raise DriverBrokenError(str(error), serial=serial) from error
    seen, before = recognise(packs, view), before or SeenPlaces()
    before.note(view, seen)
    return Screen(view, seen, xml, before)


def near_edge(node: Node, edge: Edge) -> list[tuple[int, int]]:
    """Return points near an edge of the button that a node is, or that it is the label of; the middle one first."""
    box, button = node.bounds, node.button.bounds
    if box.within(button) and button.height <= _TALLEST_BUTTON * box.height:
        box = button
    inset = box.height // _EDGE
    y = box.top + inset if edge is Edge.TOP else box.bottom - 1 - inset
    return [(box.center[0], y), *((box.left + int(box.width * part), y) for part in _ALONG)]


def beside_places(screen: Screen, node: Node) -> tuple[int, int] | None:
    """Return where on a node a tap cannot fall through on a button that publishes, None when that is nowhere."""
    points = [*near_edge(node, Edge.TOP), *near_edge(node, Edge.BOTTOM), *points_of(node)]
    return screen.free_point(node, points)


def the_last(element: Element) -> Element:
    """Return an element that means the last of several nodes."""
    alternatives: tuple[Selector, ...] = tuple(replace(s, pick=Pick.LAST) for s in element.alternatives)
    return Element(element.name, alternatives)


def not_left(screen: Screen, until: Collection[str]) -> TaskFailedError:
    """Return the failure of a way that ends on a screen for longer than its wait."""
    if screen.name == UNKNOWN:
        return TaskFailedError("screen_unrecognised", f"It is shown by {screen.app}, on the way to {_words(until)}.")
    return TaskFailedError("screen_stuck", f"It stayed on {screen.seen} on the way to {_words(until)}.")


def _words(names: Collection[str]) -> str:
    return " or ".join(sorted(names))
