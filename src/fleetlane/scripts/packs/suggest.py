"""A rule suggested for a screen: what tells it from others, and what is careful to do there. A person decides.

It never suggests a tap on a page that can publish, nor on what is not known to refuse or to close.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetlane.core.errors import PackError
from fleetlane.core.screens.blanking import OwnWords
from fleetlane.core.screens.recognition import UNKNOWN, Element, Pack, Recognised, View, recognise
from fleetlane.core.screens.screen import Node, normalise
from fleetlane.scripts.packs.in_force import HeldPack, InForce
from fleetlane.scripts.packs.selectors import Written, read_written

_MOST_NEEDS = 2
_LONGEST = 60
_SHORT = 30
_TITLE_WIDTH = 0.3
_PERSONAL = re.compile(r"[@#]|https?:|\d{3}|\n")
_ID = re.compile(r"[a-z]+(_[a-z]+)+\d*")
"""Ids that say something: those of obfuscated builds are three letters."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something that tells a screen: a condition of a selector (`key: value`), and how well it does.

    `is_own`: packs know it already, so it is the app's word, and on other screens as well.
    """

    key: str
    value: str
    worth: float
    is_own: bool = False

    def __str__(self) -> str:
        return f"{{{self.key}: {json.dumps(self.value, ensure_ascii=False)}}}"


def suggest(packs: InForce, view: View, others: Iterable[View] = (), name: str = "") -> str:
    """Return a patch (YAML) with a rule for a screen.

    Args:
        packs: those in force.
        view: the screen.
        others: screens that the rule should not name, such as recordings: what they show as well says little.
        name: of the screen; made of what it says unless given.

    Raises:
        PackError: no pack is for an app on this screen, or nothing on it tells it from others.
    """
    seen = recognise(packs.packs, view)
    view = seen.view or view
    held = _pack_for(packs, view, seen)
    own = OwnWords.of(packs.packs).phrases
    marks = _best(_marks(view, held, own), _shown_by(others))
    if not marks:
        raise PackError("the tree", "nothing on this screen tells it from others: it has neither labels nor ids")
    screen = name or _name_of(marks)
    lines = [f"patches: {held.pack.app}", "screens:", f"  - name: {screen}"]
    if seen.app == held.pack.app and seen.screen not in (UNKNOWN, screen):
        lines.append(f"    before: {seen.screen}   # it was taken for this")
    lines += ["    needs:", *(f"      - {mark}" for mark in marks), *_what_to_do(packs, held.pack, view)]
    return "\n".join(lines) + "\n"


def _pack_for(packs: InForce, view: View, seen: Recognised) -> HeldPack:
    if (held := packs.held.get(seen.app)) is not None and held.pack.packages:
        return held
    for one in packs.held.values():
        if one.pack.packages and one.pack.is_on(view.packages):
            return one
    there = ", ".join(sorted(view.packages)) or "none"
    raise PackError(
        "the tree", f"no pack is for an app on this screen (packages: {there}); see docs/how-to/extending.md"
    )


def _marks(view: View, held: HeldPack, own: Container[str]) -> Iterator[_Mark]:
    """Yield what could tell a screen; labels in `own` are words that packs know."""
    written = read_written(held.document.get("written", {}), "written")
    for node in view.nodes:
        if node.package and node.package not in held.pack.drawn_by:
            continue
        if _is_written(node, written):
            continue
        for key, label in (("text", node.text), ("desc", node.desc)):
            if 1 < len(label.strip()) <= _LONGEST and not _PERSONAL.search(label):
                yield _Mark(key, label.strip(), _worth(node, label, view), normalise(label) in own)
                break
        else:
            if _ID.fullmatch(node.id):
                yield _Mark("id", node.id, 0.5)


def _is_written(node: Node, written: Written) -> bool:
    return node.id in written.ids or bool(written.classes and node.class_name.endswith(written.classes))


def _worth(node: Node, label: str, view: View) -> float:
    is_button = node.button.clickable
    is_title = not is_button and node.bounds.width >= _TITLE_WIDTH * view.tree.width
    return 1.0 + (1.0 if is_title else 0.5 if is_button else 0.0) + (0.5 if len(label) <= _SHORT else 0.0)


def _shown_by(others: Iterable[View]) -> Mapping[str, int]:
    """Return in how many other screens each label and id is."""
    shown: Counter[str] = Counter()
    for view in others:
        shown.update({said for node in view.nodes for said in (node.text.strip(), node.desc.strip(), node.id) if said})
    return shown


def _best(marks: Iterable[_Mark], shown: Mapping[str, int]) -> Sequence[_Mark]:
    """Return the best mark that no pack knows, and the best of the others: rather the app's word than somebody's."""
    different = {normalise(mark.value): mark for mark in marks}.values()
    new, own = (
        sorted(
            (mark for mark in different if mark.is_own is known), key=lambda mark: shown.get(mark.value, 0) - mark.worth
        )
        for known in (False, True)
    )
    return [*new[:1], *own, *new[1:]][:_MOST_NEEDS]


def _name_of(marks: Sequence[_Mark]) -> str:
    said = re.sub(r"[^a-z0-9]+", "_", marks[0].value.casefold()).strip("_")[:40].strip("_")
    return f"own_{said or 'screen'}"


# -- what to do there --------------------------------------------------------------------------------------


def _what_to_do(packs: InForce, pack: Pack, view: View) -> list[str]:
    if any(view.find(button) for button in publishing(pack)):
        return ["    # This page has a button that publishes: say yourself what is to be done on it."]
    if (code := _needs_person(pack, view)) is not None:
        return [f"    person: {code}   # it shows what pages show that need one; nothing is tapped"]
    button = next((node for node in view.nodes if node.label and _closes(node, packs)), None)
    if button is not None:
        key = "text" if button.text else "desc"
        return [f"    dismiss: {{{key}: {json.dumps(button.label.strip(), ensure_ascii=False)}}}"]
    return ['    do: {"*": back}']


def _needs_person(pack: Pack, view: View) -> str | None:
    """Return the error code of a page that needs a person, when this one shows something of it."""
    for rule in pack.screens:
        action = rule.actions.get("*")
        if action is not None and action.verb == "person":
            for need in (need for way in rule.ways for need in way.needs):
                if any(view.find(element) for element in need.elements):
                    return action.argument
    return None


def publishing(pack: Pack) -> Sequence[Element]:
    """Return the buttons of a pack that publish: what is tapped there goes out."""
    pages: Mapping[str, Mapping[str, object]] = pack.facts.get("last_pages", {})
    last = [pack.elements[name] for page in pages.values() if (name := str(page.get("button"))) in pack.elements]
    return [*last, *(place.element for place in pack.publishes)]


def _closes(node: Node, packs: InForce) -> bool:
    return node.button.clickable and bool({node.key_text, node.key_desc} & _closing(packs))


def _closing(packs: InForce) -> frozenset[str]:
    """Return the labels of what the packs tap to get rid of a screen, whatever the goal is."""
    labels: set[str] = set()
    for pack in packs.packs:
        published = {id(element) for element in publishing(pack)}
        for rule in pack.screens:
            action = rule.actions.get("*")
            if action is None or action.verb != "tap" or action.element is None or id(action.element) in published:
                continue
            for selector in action.element.alternatives:
                labels |= selector.texts | selector.descs | selector.labels
    return frozenset(labels)
