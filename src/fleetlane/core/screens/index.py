"""The nodes of a screen by what they say and are called, so that a selector need not look at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fleetlane.core.screens.screen import Node, Tree
from fleetlane.core.screens.selector import Selector, fits, may_fit_in, without_unverified

_BETWEEN = "\n"  # no normalised label holds one


class NodeIndex:
    """Finds the nodes that fit a selector; each selector is looked for once.

    Args:
        tree: the screen.
        nodes: those to find, in the order in which they are returned.
    """

    def __init__(self, tree: Tree, nodes: Sequence[Node]) -> None:
        self._tree = tree
        self._nodes = nodes
        self._place = {id(node): place for place, node in enumerate(nodes)}
        self._by_text: dict[str, list[Node]] = {}
        self._by_desc: dict[str, list[Node]] = {}
        self._by_id: dict[str, list[Node]] = {}
        self._labelled = [node for node in nodes if node.label]
        self._found: dict[int, tuple[Selector, list[Node]]] = {}
        for node in nodes:
            if node.text:
                self._by_text.setdefault(node.key_text, []).append(node)
            if node.desc:
                self._by_desc.setdefault(node.key_desc, []).append(node)
            if node.id:
                self._by_id.setdefault(node.id, []).append(node)
        self._said = _BETWEEN.join(("", *self._by_text, *self._by_desc))

    def matching(self, selector: Selector) -> list[Node]:
        """Return the nodes that fit, in order."""
        known = self._found.get(id(selector))
        if known is None:
            known = self._found[id(selector)] = (
                selector,
                self._fitting(selector),
            )  # held, so that its id stays its own
        return known[1]

    def _fitting(self, selector: Selector) -> list[Node]:
        candidates = self._candidates(selector)
        if not candidates:
            return []
        found = {id(node): node for node in candidates if fits(node, selector, self._tree)}
        return sorted(found.values(), key=lambda n: self._place[id(n)]) if len(found) > 1 else list(found.values())

    def surely_matching(self, selector: Selector) -> list[Node]:
        """Return the nodes that fit by more than a word that nobody has seen, in order."""
        sure = without_unverified(selector)
        return [] if sure is None else self.matching(sure)

    def _candidates(self, selector: Selector) -> Sequence[Node]:
        # Whole strings and ids come from the index; the rest looks at every label, or every node.
        if selector.ids:
            return _gather(self._by_id, selector.ids)
        if selector.texts:
            return _gather(self._by_text, selector.texts)
        if selector.descs:
            return _gather(self._by_desc, selector.descs)
        if selector.labels:
            return [*_gather(self._by_text, selector.labels), *_gather(self._by_desc, selector.labels)]
        if selector.id_pattern:
            ids = [name for name in self._by_id if selector.id_pattern.fits(name)]
            return _gather(self._by_id, ids)
        if selector.is_partial:
            return self._labelled if may_fit_in(self._said, _BETWEEN, selector) else ()
        return self._nodes


def _gather(index: Mapping[str, list[Node]], keys: Iterable[str]) -> list[Node]:
    return [node for key in keys if key in index for node in index[key]]
