"""Recognition: which screen of which app a tree shows, and where its elements are.

The rules themselves are data (`scripts/packs/*.yaml`); this module only evaluates them. Texts are
compared normalised (see `core.screen.normalise`), and only nodes that lie on the screen count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fleetlane.core.patterns import BoundPattern
from fleetlane.core.screen import Bounds, Node, Tree, normalise
from fleetlane.core.windows import below, covering, in_order, window_of

UNKNOWN = "unknown"


class Pick(StrEnum):
    """Which of several matching nodes an element means."""

    FIRST = "first"
    LAST = "last"
    LOWEST = "lowest"
    HIGHEST = "highest"
    LARGEST = "largest"
    LEFTMOST = "leftmost"


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions on one node; all that are given must hold.

    `texts`, `descs`, `labels` (text or description) are whole strings; `starts` and `has` look at
    the label's beginning or inside; `pattern` must match the whole label. `not_ids` and
    `not_classes` leave out nodes that hold what people wrote (captions, names, input fields).
    `packages` are those that may draw the node; a node that names none counts too. `area` holds
    fractions (left, top, right, bottom) of the screen in which the node's centre must lie;
    `min_width` and `min_height` are parts of it too. `bare` is a node without text, description, id.
    """

    texts: frozenset[str] = frozenset()
    descs: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    pattern: BoundPattern | None = None
    ids: frozenset[str] = frozenset()
    not_ids: frozenset[str] = frozenset()
    id_packages: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()
    packages: frozenset[str] = frozenset()
    clickable: bool | None = None
    checked: bool | None = None
    selected: bool | None = None
    focused: bool | None = None
    area: tuple[float, float, float, float] | None = None
    min_width: float = 0.0
    min_height: float = 0.0
    bare: bool | None = None
    pick: Pick = Pick.FIRST

    @property
    def way(self) -> str:
        """Return by what it tells a node from others, in a word or two."""
        ways = {
            "id": self.ids,
            "text": self.texts,
            "description": self.descs,
            "label": self.labels,
            "part of its label": self.starts or self.has or self.pattern,
            "class": self.classes,
        }
        return next((way for way, given in ways.items() if given), "place")


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

    def action_for(self, goal: str) -> Action | None:
        """Return the action for a goal, or None when the screen just waits."""
        return self.actions.get(goal) or self.actions.get("*")


@dataclass(frozen=True, slots=True)
class Pack:
    """The screens of one app. Rules are tried in order; the first that holds names the screen.

    `packages` are in order of preference, for a phone that has several of them. `version` is the pack's own. `met`
    are the versions of the app that it is made from: "446" stands for each that begins with "446.".
    """

    app: str
    packages: tuple[str, ...]
    elements: Mapping[str, Element]
    screens: tuple[ScreenRule, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: str = ""
    met: tuple[str, ...] = ()

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

    def __str__(self) -> str:
        return f"{self.app} {self.screen}"


class View:
    """A tree with an index of its visible nodes, in which elements are found.

    Its windows come in an order of their own (see `core.windows`): that of the tree changes nothing.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.windows = in_order(node for node in tree.nodes if node.parent is None)
        self.nodes: list[Node] = [n for root in self.windows for n in below(root) if tree.is_visible(n)]
        self._labelled = [node for node in self.nodes if node.label]
        self._by_text: dict[str, list[Node]] = {}
        self._by_desc: dict[str, list[Node]] = {}
        self._by_id: dict[str, list[Node]] = {}
        self._found: dict[int, tuple[Node, str]] = {}
        for node in self.nodes:
            if node.text:
                self._by_text.setdefault(node.key_text, []).append(node)
            if node.desc:
                self._by_desc.setdefault(node.key_desc, []).append(node)
            if node.id:
                self._by_id.setdefault(node.id, []).append(node)

    @property
    def packages(self) -> frozenset[str]:
        """Return the packages of the visible nodes."""
        return frozenset(node.package for node in self.nodes if node.package)

    def find(self, element: Element, window: Node | None = None) -> Node | None:
        """Return the node an element means, or None when it is not on the screen.

        One in the `window` with this root goes before all others.
        """
        if window is not None and (node := self._find(element, window)) is not None:
            return node
        return self._find(element, None)

    def _find(self, element: Element, window: Node | None) -> Node | None:
        for number, selector in enumerate(element.alternatives, 1):
            found = [n for n in self._matches(selector) if window is None or window_of(n) is window]
            if found:
                node = _picked(found, selector.pick)
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
            if not self._holds_way(way):
                continue
            for condition in way.needs:
                inside = {id(root): root for root in map(window_of, self._meet(condition))}
                found.update(inside.keys())
                roots |= inside
        return roots[max(found, key=lambda key: (found[key], -roots[key].bounds.area))] if found else None

    def _meet(self, condition: Condition) -> Iterator[Node]:
        return (node for e in condition.elements for s in e.alternatives for node in self._matches(s))

    def _holds_way(self, way: Way) -> bool:
        return all(self.holds(c) for c in way.needs) and not any(self.holds(c) for c in way.refuses)

    def find_all(self, element: Element) -> list[Node]:
        """Return every node that one of the element's alternatives matches, in document order."""
        found = {id(node): node for selector in element.alternatives for node in self._matches(selector)}
        return [node for node in self.nodes if id(node) in found]

    def holds(self, condition: Condition) -> bool:
        """Return whether a condition holds on this screen."""
        if condition.at_least == 1:
            return any(next(self._matches(s), None) for e in condition.elements for s in e.alternatives)
        found = {id(n) for e in condition.elements for s in e.alternatives for n in self._matches(s)}
        return len(found) >= condition.at_least

    def shows(self, rule: ScreenRule) -> bool:
        """Return whether a rule holds on this screen."""
        return any(self._holds_way(way) for way in rule.ways)

    def _matches(self, selector: Selector) -> Iterator[Node]:
        return (node for node in self._candidates(selector) if _fits(node, selector, self.tree))

    def _candidates(self, selector: Selector) -> Iterable[Node]:
        # Whole strings and ids come from the index; the rest looks at every node, or every label.
        if selector.ids:
            return _gather(self._by_id, selector.ids)
        if selector.texts:
            return _gather(self._by_text, selector.texts)
        if selector.descs:
            return _gather(self._by_desc, selector.descs)
        if selector.labels:
            return [*_gather(self._by_text, selector.labels), *_gather(self._by_desc, selector.labels)]
        if selector.starts or selector.has or selector.pattern:
            return self._labelled
        return self.nodes


def _gather(index: Mapping[str, list[Node]], keys: Iterable[str]) -> list[Node]:
    return [node for key in keys if key in index for node in index[key]]


def _fits(node: Node, s: Selector, tree: Tree) -> bool:
    return (
        (not s.texts or node.key_text in s.texts)
        and (not s.descs or node.key_desc in s.descs)
        and (not s.labels or node.key_text in s.labels or node.key_desc in s.labels)
        and (not s.ids or node.id in s.ids)
        and node.id not in s.not_ids
        and (not s.id_packages or node.id_package in s.id_packages)
        and (not s.classes or node.class_name.endswith(s.classes))
        and not (s.not_classes and node.class_name.endswith(s.not_classes))
        and (not s.packages or not node.package or node.package in s.packages)
        and (s.clickable is None or node.clickable is s.clickable)
        and (s.checked is None or node.checked is s.checked)
        and (s.selected is None or node.selected is s.selected)
        and (s.focused is None or node.focused is s.focused)
        and _label_fits(node, s)
        and (s.area is None or _in_area(node.bounds, s.area, tree))
        and node.bounds.width >= s.min_width * tree.width
        and node.bounds.height >= s.min_height * tree.height
        and (s.bare is None or (not node.label and not node.id) is s.bare)
    )


def _label_fits(node: Node, s: Selector) -> bool:
    if not (s.starts or s.has or s.pattern):
        return True
    for label in (node.key_text, node.key_desc):
        if not label:
            continue
        if (
            (not s.starts or label.startswith(s.starts))
            and (not s.has or any(part in label for part in s.has))
            and (s.pattern is None or s.pattern.fits(label))
        ):
            return True
    return False


def _in_area(box: Bounds, area: tuple[float, float, float, float], tree: Tree) -> bool:
    x, y = box.center
    left, top, right, bottom = area
    return left * tree.width <= x <= right * tree.width and top * tree.height <= y <= bottom * tree.height


def _picked(found: Sequence[Node], pick: Pick) -> Node:
    match pick:
        case Pick.FIRST:
            return found[0]
        case Pick.LAST:
            return found[-1]
        case Pick.LOWEST:
            return max(found, key=lambda node: node.bounds.bottom)
        case Pick.HIGHEST:
            return min(found, key=lambda node: node.bounds.top)
        case Pick.LARGEST:
            return max(found, key=lambda node: node.bounds.area)
        case Pick.LEFTMOST:
            return min(found, key=lambda node: node.bounds.left)


def recognise(packs: Sequence[Pack], view: View) -> Recognised:
    """Return what a screen shows.

    Packs are tried in order, so that of the system, whose dialogs lie over every app, comes first.
    A pack is tried when one of its packages is on the screen; single rules may ask to be tried
    always (dialogs that another package draws for the app).
    """
    packages = view.packages
    for pack in packs:
        here = not pack.packages or not packages.isdisjoint(pack.packages)
        for rule in pack.screens:
            if (here or rule.any_package) and view.shows(rule):
                return Recognised(pack.app, rule.name, rule, view.window_of(rule))
    for pack in packs:
        if not packages.isdisjoint(pack.packages):
            return Recognised(pack.app, UNKNOWN)
    return Recognised(_foreground(view), UNKNOWN)


def _foreground(view: View) -> str:
    areas: dict[str, int] = {}
    for node in view.nodes:
        if node.package:
            areas[node.package] = max(areas.get(node.package, 0), node.bounds.area)
    return max(areas, key=lambda package: areas[package], default=UNKNOWN)


def words(*texts: str) -> frozenset[str]:
    """Return texts normalised for a selector."""
    return frozenset(normalise(text) for text in texts)
