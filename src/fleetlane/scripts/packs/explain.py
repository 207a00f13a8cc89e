"""Why a screen got its name, or none: which rules nearly held, and what each of them missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fleetlane.core.message import Message
from fleetlane.core.screens.recognition import Condition, Pack, Recognised, View, Way, recognise
from fleetlane.core.screens.screen import Bounds, Node
from fleetlane.core.screens.windows import below
from fleetlane.scripts.packs.nearly import named, nearest, said_of

LACKS = "it needs %(what)s, and nothing like it is there"
NEARLY = "it needs %(what)s: %(node)s fits but for its %(condition)s"
TOO_FEW = "it needs %(most)s different ones of %(what)s, and %(found)s are there"
REFUSES = "it must not show %(what)s, and %(node)s is there"
SENTENCES = (LACKS, NEARLY, TOO_FEW, REFUSES)
_MOST = 5
_MOST_NAMED = 2
_LEAST_WINDOW = 3
"""A root with fewer nodes than so many is one of a tree that is not nested."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A condition that kept a rule from holding: why, in a sentence, and the nodes that this is about."""

    why: Message
    nodes: Sequence[Node] = ()


@dataclass(frozen=True, slots=True)
class NearRule:
    """A rule that nearly held, by the best of its ways: the nodes it found, what it missed of `total` conditions."""

    app: str
    screen: str
    total: int
    found: Sequence[Node] = ()
    misses: Sequence[Miss] = ()

    @property
    def held(self) -> int:
        """Return how many of its conditions held."""
        return self.total - len(self.misses)

    @property
    def distance(self) -> tuple[int, int, int]:
        """Return how far it is from holding, to be compared: what is nowhere weighs most."""
        lacking = sum(not miss.nodes for miss in self.misses)
        return lacking, len(self.misses), -self.held


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a screen was taken for, and why.

    Attributes:
        view: the screen.
        seen: what it was recognised as.
        found: the nodes by which the rule that named it held; none when no rule did.
        near: the rules that nearly held, the nearest first; of a known screen those that are tried before its own.
        windows: the windows on the screen with their packages, the one on top first.
    """

    view: View
    seen: Recognised
    found: Sequence[Node] = ()
    near: Sequence[NearRule] = ()
    windows: Sequence[tuple[str, Bounds]] = field(default_factory=list[tuple[str, Bounds]])


def explain(packs: Sequence[Pack], view: View) -> Explanation:
    """Return why packs take a screen for what they take it for: where something lies over a page, by that alone."""
    seen = recognise(packs, view)
    shown = seen.view or view
    near = sorted(_near(packs, shown, seen), key=lambda rule: rule.distance)
    held = (way for way in seen.rule.ways if shown.holds_way(way)) if seen.rule is not None else iter(())
    found = [node for way in [*held][:1] for node in _found(shown, way)]
    return Explanation(view, seen, found, near[:_MOST], _windows(view))


def _near(packs: Sequence[Pack], view: View, seen: Recognised) -> Iterator[NearRule]:
    """Yield the rules that were tried in vain and found at least something."""
    for pack in packs:
        here = pack.is_on(view.packages)
        for rule in pack.screens:
            if rule is seen.rule:
                return
            if not (here or rule.any_package):
                continue
            ways = [_near_by(view, pack.app, rule.name, way) for way in rule.ways if view.is_layer or not way.layered]
            best = min(ways, key=lambda one: one.distance, default=None)
            if best is None:
                continue
            if best.found or all(miss.nodes for miss in best.misses):
                yield best


def _near_by(view: View, app: str, screen: str, way: Way) -> NearRule:
    misses = list(_misses(view, way))
    return NearRule(app, screen, len(way.needs) + len(way.refuses), _found(view, way), misses)


def _found(view: View, way: Way) -> list[Node]:
    nodes = (node for need in way.needs if view.holds(need) for e in need.elements for node in view.find_all(e)[:1])
    return list({id(node): node for node in nodes}.values())


def _misses(view: View, way: Way) -> Iterator[Miss]:
    for need in way.needs:
        if not view.holds(need):
            yield _lack(view, need)
    for refusal in way.refuses:
        if view.holds(refusal):
            yield _too_much(view, refusal)


def _lack(view: View, need: Condition) -> Miss:
    others = len(need.elements) - _MOST_NAMED
    names = [named(element) for element in need.elements[:_MOST_NAMED]]
    what = " or ".join([*names, f"{others} more"] if others > 0 else names)
    there = [node for element in need.elements for node in view.find_all(element)]
    if there:
        facts = {"what": what, "most": str(need.at_least), "found": str(len({id(node) for node in there}))}
        return Miss(Message(TOO_FEW, facts), there)
    close = [found for element in need.elements if (found := nearest(view, element))]
    if not close:
        return Miss(Message(LACKS, {"what": what}))
    nodes, condition = min(close, key=lambda one: len(one[0]))
    return Miss(Message(NEARLY, {"what": what, "node": said_of(nodes[0]), "condition": condition}), nodes)


def _too_much(view: View, refusal: Condition) -> Miss:
    element, nodes = next((e, nodes) for e in refusal.elements if (nodes := view.find_all(e)))
    return Miss(Message(REFUSES, {"what": named(element), "node": said_of(nodes[0])}), nodes)


def _windows(view: View) -> list[tuple[str, Bounds]]:
    """Return the windows of a screen, smaller ones first: of two that overlap the smaller lies on top.

    A tree whose nodes are not nested does not tell its windows: then they are what each package draws.
    """
    roots = [root for root in view.windows if len(list(below(root))) >= _LEAST_WINDOW]
    if roots:
        return [(root.package, root.bounds) for root in reversed(roots)]
    return [(package, _around(view, package)) for package in sorted(view.packages)]


def _around(view: View, package: str) -> Bounds:
    boxes = [node.bounds for node in view.nodes if node.package == package]
    return Bounds(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
