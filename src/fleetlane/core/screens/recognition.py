"""Recognition: which screen of which app a tree shows, and where its elements are.

The rules themselves are data (`scripts/packs/*.yaml`); this module only evaluates them. Texts are
compared normalised (see `core.screens.screen.normalise`), and only nodes that lie on the screen count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from fleetlane.core.screens.index import NodeIndex
from fleetlane.core.screens.layers import Layer, layer_on_top
from fleetlane.core.screens.screen import Node, Tree
from fleetlane.core.screens.selector import Names, Selector, picked
from fleetlane.core.screens.windows import below, covering, in_order, window_of

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Element:
    """Something to find on a screen: alternatives in order of preference."""

    name: str
    alternatives: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when at least `at_least` distinct nodes are found by any of the elements."""

    elements: tuple[Element, ...]
    at_least: int = 1


class Edge(StrEnum):
    """An edge of a button."""

    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class Action:
    """What to do on a screen for a goal. `verb` names a move of the flow; `element` what it is done to.

    `careful`: a second tap, or one on a popup that has just gone, could land on a button that publishes,
    and taps in the screen's first moments are dropped; so it is tapped later, again only after a long wait,
    and near the edge that is named: there the publishing button was not recorded.
    """

    verb: str
    element: Element | None = None
    argument: str = ""
    careful: Edge | None = None
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One way to know a screen: all that it needs is there, and nothing that it refuses."""

    needs: tuple[Condition, ...]
    refuses: tuple[Condition, ...] = ()
    layered: bool = False
    """Whether it only holds for what lies over a page (see `core.screens.layers`)."""


@dataclass(frozen=True, slots=True)
class ScreenRule:
    """How one screen is recognised, by any of its ways, and what is done there.

    `actions` is keyed by goal; "*" is any goal.
    """

    name: str
    ways: tuple[Way, ...]
    actions: Mapping[str, Action] = field(default_factory=dict[str, Action])
    any_package: bool = False
    unverified: bool = False
    over: bool = False
    """Whether it is something that lies over a page."""
    publishes: bool = False
    """Whether its button publishes: then words that nobody has seen do not make it what it is, alone."""

    def action_for(self, goal: str) -> Action | None:
        """Return the action for a goal, or None when the screen just waits."""
        return self.actions.get(goal) or self.actions.get("*")


@dataclass(frozen=True, slots=True)
class LayerMarks:
    """By what a pack knows that something lies over a page: sheets, and the surfaces between them and their pages.

    `refuse` answers what nobody has named.
    """

    sheet: Element = Element("sheet", ())
    dimmer: Element = Element("dimmer", ())
    refuse: Element = Element("refuse", ())


@dataclass(frozen=True, slots=True)
class PublishingPlace:
    """What publishes when it is tapped, and the part of a screen in which all builds were recorded to have it."""

    element: Element
    at: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """The screens of one app. Rules are tried in order; the first that holds names the screen.

    `packages` are in order of preference, for a phone that has several of them. `clones` are others whose
    screens are this app's, or patterns of them; `drawn_by` is all of both.
    `version` is the pack's own. `met` are the versions of the app that it is made from: "446" stands for each that
    begins with "446.".
    """

    app: str
    packages: tuple[str, ...]
    elements: Mapping[str, Element]
    screens: tuple[ScreenRule, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    clones: tuple[str, ...] = ()
    layers: LayerMarks = LayerMarks()
    publishes: tuple[PublishingPlace, ...] = ()
    person_marks: Element = Element("person_marks", ())
    """What pages that need a person may show: nothing is done on an unknown page with one of them."""
    version: str = ""
    met: tuple[str, ...] = ()
    drawn_by: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "drawn_by", Names([*self.packages, *self.clones]))

    def is_on(self, packages: Iterable[str]) -> bool:
        """Return whether one of some packages draws this app; a pack without any is for all."""
        return not self.packages or any(package in self.drawn_by for package in packages)

    @property
    def label(self) -> str:
        """Return the app's name for people."""
        return str(self.facts.get("label", self.app))

    def has_met(self, app_version: str) -> bool:
        """Return whether the pack is made from this version of the app, or says of none what it is made from."""
        return not self.met or any(app_version == met or app_version.startswith(f"{met}.") for met in self.met)

    def screen(self, name: str) -> ScreenRule:
        """Return the rule of a screen by its name."""
        return next(rule for rule in self.screens if rule.name == name)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The name of what a tree shows: `app` is a pack's app, or a package when no pack knows it."""

    app: str
    screen: str
    rule: ScreenRule | None = None
    window: Node | None = None
    """The root of the window that shows it, where that can be told."""
    view: View | None = None
    """What of the screen it was told by: without the page that something lies over."""
    below: View | None = None
    """The page below, when this lies over one."""
    pack: Pack | None = None
    """The pack of the app."""

    @property
    def over(self) -> str | None:
        """Return the name of the page below, "unknown" when nobody knows it; None when this lies over none."""
        if self.below is None or self.pack is None:
            return None
        page = self.below
        return next((rule.name for rule in self.pack.screens if page.shows(rule)), UNKNOWN)

    def __str__(self) -> str:
        return f"{self.app} {self.screen}"


class View:
    """A tree with an index of its visible nodes, in which elements are found.

    Its windows come in an order of their own (see `core.screens.windows`): that of the tree changes nothing.

    Args:
        tree: the screen.
        part: its windows, and those of its nodes that are looked at; all of it when not given.
        is_layer: whether these nodes are what lies over a page.
    """

    def __init__(
        self, tree: Tree, part: tuple[list[Node], Sequence[Node]] | None = None, *, is_layer: bool = False
    ) -> None:
        self.tree = tree
        self.is_layer = is_layer
        if part is None:
            windows = in_order(node for node in tree.nodes if node.parent is None)
            part = windows, [n for root in windows for n in below(root) if tree.is_visible(n)]
        self.windows, self.nodes = part
        self._found: dict[int, tuple[Node, str]] = {}

    @cached_property
    def _index(self) -> NodeIndex:
        return NodeIndex(self.tree, self.nodes)

    @property
    def packages(self) -> frozenset[str]:
        """Return the packages of the visible nodes."""
        return frozenset(node.package for node in self.nodes if node.package)

    def layer(self, pack: Pack) -> Layer | None:
        """Return what lies over a page of a pack's app, None when nothing does."""
        sheets, dimmers = self.find_all(pack.layers.sheet), self.find_all(pack.layers.dimmer)
        return layer_on_top(self.tree, self.nodes, pack.drawn_by, sheets=sheets, dimmers=dimmers)

    def parted(self, pack: Pack, layer: Layer) -> tuple[View, View]:
        """Return the screen without the page that a layer lies over, and without the layer."""
        top = {id(node) for node in layer.nodes}
        others = {id(node) for node in self.nodes if node.package and node.package not in pack.drawn_by}
        over = [node for node in self.nodes if id(node) in top or id(node) in others]
        below_it = [node for node in self.nodes if id(node) not in top]
        return View(self.tree, (self.windows, over), is_layer=True), View(self.tree, (self.windows, below_it))

    def find(self, element: Element, window: Node | None = None) -> Node | None:
        """Return the node an element means, or None when it is not on the screen.

        One in the `window` with this root goes before all others.
        """
        if window is not None and (node := self._find(element, window)) is not None:
            return node
        return self._find(element, None)

    def _find(self, element: Element, window: Node | None) -> Node | None:
        for number, selector in enumerate(element.alternatives, 1):
            found = [n for n in self._index.matching(selector) if window is None or window_of(n) is window]
            if found:
                node = picked(found, selector.pick)
                self._found.pop(id(node), None)  # the latest is the last
                self._found[id(node)] = (
                    node,
                    f"{element.name} by {selector.way} ({number} of {len(element.alternatives)})",
                )
                return node
        return None

    def found_at(self, x: int, y: int) -> str:
        """Return by what the node at a point was found, the one found last of several; "" when none was."""
        at = (how for node, how in reversed(self._found.values()) if node.bounds.contains(x, y))
        return next(at, "")

    def covering(self, x: int, y: int, target: Node) -> Node | None:
        """Return the root of another package's window that takes a tap meant for a node, None when none does."""
        return covering(self.windows, x, y, target)

    def at(self, x: int, y: int) -> Node | None:
        """Return the last node at a point of the largest window there."""
        root = next((root for root in self.windows if root.children and root.bounds.contains(x, y)), None)
        return [node for node in below(root) if node.bounds.contains(x, y)][-1] if root else None

    def window_of(self, rule: ScreenRule) -> Node | None:
        """Return the root of the window that shows a rule's screen: it holds most of what the rule needs.

        None when there is one window only, or none of them holds anything.
        """
        if sum(bool(root.children) for root in self.windows) < 2:
            return None
        found: Counter[int] = Counter()
        roots: dict[int, Node] = {}
        for way in rule.ways:
            if not self.holds_way(way):
                continue
            for condition in way.needs:
                inside = {id(root): root for root in map(window_of, self._meet(condition))}
                found.update(inside.keys())
                roots |= inside
        return roots[max(found, key=lambda key: (found[key], -roots[key].bounds.area))] if found else None

    def _meet(self, condition: Condition) -> Iterator[Node]:
        return (node for e in condition.elements for s in e.alternatives for node in self._index.matching(s))

    def holds_way(self, way: Way) -> bool:
        """Return whether all that a way needs is here, and nothing that it refuses."""
        if way.layered and not self.is_layer:
            return False
        return all(self.holds(c) for c in way.needs) and not any(self.holds(c) for c in way.refuses)

    def find_all(self, element: Element) -> list[Node]:
        """Return every node that one of the element's alternatives matches, in document order."""
        if len(element.alternatives) == 1:
            return list(self._index.matching(element.alternatives[0]))
        found = {id(node): node for selector in element.alternatives for node in self._index.matching(selector)}
        return [node for node in self.nodes if id(node) in found]

    def holds(self, condition: Condition) -> bool:
        """Return whether a condition holds on this screen."""
        if condition.at_least == 1:
            matching = self._index.matching
            return any(matching(s) for e in condition.elements for s in e.alternatives)
        found = {id(n) for e in condition.elements for s in e.alternatives for n in self._index.matching(s)}
        return len(found) >= condition.at_least

    def shows(self, rule: ScreenRule) -> bool:
        """Return whether a rule holds on this screen."""
        return any(self.holds_way(way) and (not rule.publishes or self._is_sure(way)) for way in rule.ways)

    def _is_sure(self, way: Way) -> bool:
        return any(self.find_surely(element) for condition in way.needs for element in condition.elements)

    def find_surely(self, element: Element) -> list[Node]:
        """Return the nodes that an element matches by more than a word that nobody has seen."""
        return [node for selector in element.alternatives for node in self._index.surely_matching(selector)]


def recognise(packs: Sequence[Pack], view: View) -> Recognised:
    """Return what a screen shows.

    Packs are tried in order, so that of the system, whose dialogs lie over every app, comes first.
    A pack is tried when one of its packages is on the screen; single rules may ask to be tried
    always (dialogs that another package draws for the app). Where something lies over the app's page, it alone
    is asked what it is: no rule of the page holds for it. Only a popup is not taken for the page of a named sheet.
    """
    packages = view.packages
    unknown: Recognised | None = None
    for pack in packs:
        here = pack.is_on(packages)
        layer = view.layer(pack) if here and pack.packages else None
        shown, page = view.parted(pack, layer) if layer else (view, None)
        for rule in pack.screens:
            if (here or rule.any_package) and shown.shows(rule):
                seen = Recognised(pack.app, rule.name, rule, shown.window_of(rule), shown, page, pack)
                return seen if page is None or rule.over else _popup_over(seen, page, pack) or seen
        if here and pack.packages and unknown is None:
            unknown = Recognised(pack.app, UNKNOWN, view=shown, below=page, pack=pack)
    return unknown or Recognised(_foreground(view), UNKNOWN, view=view)


def _popup_over(sheet: Recognised, page: View, pack: Pack) -> Recognised | None:
    """Return the popup where the page of a sheet is one: it comes over sheets in a window of its own, not below."""
    rule = next((rule for rule in pack.screens if rule.over and page.shows(rule)), None)
    return Recognised(pack.app, rule.name, rule, page.window_of(rule), page, sheet.view, pack) if rule else None


def _foreground(view: View) -> str:
    areas: dict[str, int] = {}
    for node in view.nodes:
        if node.package:
            areas[node.package] = max(areas.get(node.package, 0), node.bounds.area)
    return max(areas, key=lambda package: areas[package], default=UNKNOWN)
