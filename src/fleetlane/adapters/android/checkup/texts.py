"""Texts: whether the clipboard takes an emoji, and whether a text comes whole by JSON where a UI tree shows dots.

What is copied shows on a card on Android 13 and later, which is what an emoji can be read from without an app.
"""

from __future__ import annotations

from collections.abc import Iterator

from fleetlane.adapters.android.checkup.hands import look
from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.core.checkup import NOTHING, Grade, Row, plain, said
from fleetlane.core.screens.dumped import as_dumped, may_hide
from fleetlane.core.screens.screen import Node

TEXT = "Fleetlane 🎉 👩‍👩‍👧 𝗯𝗼𝗹𝗱 𠮷 .."
_CARD_SDK = 33
_CARD_LOOKS, _CARD_PAUSE_S = 3, 0.5
_MOST_COMPARED = 3


def _texts(visit: Visit) -> Iterator[Row]:
    former = visit.driver.clipboard() or ""
    if former.startswith("content:"):
        sentence = said("The clipboard holds something else than a text, which could not be put back.")
        yield from (Row(name, Grade.NOT_TRIED, NOTHING, sentence) for name in ("clipboard", "clipboard_card"))
        yield _compared(visit)
        return
    visit.later("clipboard", lambda: visit.driver.copy("" if former == TEXT else former))
    visit.driver.copy(TEXT)
    yield _clipboard(visit.driver.clipboard())
    card = _card(visit)
    yield _about_card(card)
    yield _compared(visit) if card is None else _read_whole(visit, card)


def _clipboard(held: str | None) -> Row:
    measured = {"whole": held == TEXT}
    if held == TEXT:
        return Row("clipboard", Grade.OK, NOTHING, said("A text with emoji came back whole."), measured)
    sentence = said("What is copied does not come back. Captions are typed in other ways, which take longer.")
    return Row("clipboard", Grade.WARNING, NOTHING, sentence, measured)


def _card(visit: Visit) -> Node | None:
    """Return where the text that was copied shows on the screen, None when it does not."""
    if visit.driver.facts().sdk < _CARD_SDK:
        return None
    for number in range(_CARD_LOOKS):
        if number:
            visit.wait(_CARD_PAUSE_S)
        tree = look(visit)
        found = next((n for n in tree.visible() if as_dumped(n.label) == as_dumped(TEXT)), None) if tree else None
        if found is not None:
            return found
    return None


def _about_card(card: Node | None) -> Row:
    if card is None:
        return Row("clipboard_card", Grade.OK, NOTHING, said("No card covers the screen after a copy."))
    box = card.bounds
    value = plain(f"({box.left}, {box.top})–({box.right}, {box.bottom})")
    sentence = said(
        "A card lies there for some seconds after a copy. A tap on what it covers waits until it is gone; there is "
        "nothing to do."
    )
    measured = {"bounds": [box.left, box.top, box.right, box.bottom]}
    return Row("clipboard_card", Grade.WARNING, value, sentence, measured)


def _read_whole(visit: Visit, card: Node) -> Row:
    whole, dotted = visit.driver.whole_text(card), card.label != TEXT
    measured = {"dots": dotted, "whole_by_json": whole == TEXT}
    if whole != TEXT:
        sentence = said(
            "A text with emoji cannot be read whole: captions with an emoji would be refused. Is the automation server "
            "the one that docs/explanation/automation-server.md names?"
        )
        return Row("emoji", Grade.FAULT, plain(card.label), sentence, measured)
    sentence = (
        said("A UI tree shows dots for emoji, as expected; asked for by JSON the text came whole.")
        if dotted
        else said("A text with emoji came whole, by a UI tree and by JSON.")
    )
    return Row("emoji", Grade.OK, plain(card.label), sentence, measured)


def _compared(visit: Visit) -> Row:
    """Compare texts that are on the screen: the way by JSON works, whatever they hold."""
    tree = visit.tree or look(visit)
    labelled = [node for node in tree.visible() if node.label.strip()] if tree is not None else []
    labelled.sort(key=lambda node: not may_hide(node.label))
    found = [(node, visit.driver.whole_text(node)) for node in labelled[:_MOST_COMPARED]]
    alike = [node for node, whole in found if whole is not None and as_dumped(whole) == as_dumped(node.label)]
    measured = {"compared": len(found), "alike": len(alike)}
    value = plain(f"{len(alike)} / {len(found)}")
    if not found:
        return Row("emoji", Grade.NOT_TRIED, NOTHING, said("There is no text on the screen."), measured)
    if not alike:
        sentence = said("No text of the screen came by JSON. Captions with an emoji may be refused; run this again.")
        return Row("emoji", Grade.WARNING, value, sentence, measured)
    sentence = said("Texts of the screen came by JSON as the UI tree shows them. None that was copied could be seen.")
    return Row("emoji", Grade.OK, value, sentence, measured)


ROUNDS = (Round(("clipboard", "clipboard_card", "emoji"), _texts, ("automation", "dumps")),)
