"""Writing the text of a post: typed in the ways a phone knows, and read back before it counts."""

from __future__ import annotations

from fleetlane.core.captions import Caption
from fleetlane.core.errors import DriverBrokenError, TaskFailedError
from fleetlane.core.ports.phone import TYPING_WAYS
from fleetlane.core.screens.recognition import Element, Pack
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.posting_page import PostingPage

_FOCUS_TRIES = 5
_SHOWS_TIMEOUT_S = 2.0
_SHOWS_LATE_S = 0.5


class CaptionWriter:
    """Writes on the last page."""

    def __init__(self, navigator: Navigator, page: PostingPage) -> None:
        self._navigator = navigator
        self._page = page
        self._elements = navigator.pack.elements

    def write(self, caption: Caption) -> None:
        """Write title and text, and read them back.

        Raises:
            TaskFailedError: `caption_refused`, or `step_unavailable` when there is no field for a title.
        """
        if caption.title:
            self._write("title_field", caption.title)
        if caption.text:
            self._write("caption_field", caption.text)

    def _write(self, name: str, text: str) -> None:
        shown = ""
        for way in TYPING_WAYS:
            self._empty(name)
            try:
                self._navigator.phone.type_text(text, way)
            except DriverBrokenError:
                continue
            other = self._read_back(name, text)
            if other is None:
                return
            shown = other
        raise TaskFailedError("caption_refused", f"It shows {shown[:200]!r}.")

    def _focus(self, name: str) -> Node:
        """Put the cursor into a field, and return it."""
        element = self._element(name)
        for _ in range(_FOCUS_TRIES):
            screen = self._navigator.reach("caption", self._page.all_screens)
            field = screen.find(element)
            if name == "title_field" and field is not None and field is screen.find(self._elements["caption_field"]):
                field = None  # the page has one field only
            if field is not None and field.focused:
                return field
            if field is not None:
                self._navigator.phone.tap(field)
            self._navigator.see(lambda s: _is_focused(s, element), timeout_s=0.5)
        if name == "title_field":
            raise TaskFailedError("step_unavailable", "The page has no field for a title.")
        raise TaskFailedError("screen_stuck", "The caption field does not take the cursor.")

    def _empty(self, name: str) -> None:
        """Put the cursor into a field, and empty it. The phone says that it did before it has."""
        field = self._focus(name)
        if self._text(field):
            self._navigator.phone.clear_text()
            element = self._elements[name]
            self._navigator.see(lambda s: (field := s.find(element)) is None or not self._text(field), _SHOWS_TIMEOUT_S)

    def _element(self, name: str) -> Element:
        if name not in self._elements:
            raise TaskFailedError("step_unavailable", "The page has no field for a title.")
        return self._elements[name]

    def _text(self, field: Node) -> str:
        return "" if _shows_hint(self._navigator.pack, field) else field.text

    def _read_back(self, name: str, text: str) -> str | None:
        """Return what a field holds that is not this text, None when it is; the keyboard is closed first."""
        element = self._elements[name]

        def holds(screen: Screen) -> bool:
            field = screen.find(element)
            return field is not None and bool(self._text(field)) and self._navigator.phone.holds(field, text)

        editing = self._navigator.see(holds, _SHOWS_TIMEOUT_S)
        self._close_keyboard()
        screen = self._navigator.reach("caption", self._page.screens)
        if holds(screen) or self._navigator.see(holds, _SHOWS_LATE_S) is not None:
            return None
        field = self._navigator.phone.look().find(element)
        shown = self._navigator.phone.whole(field) if field is not None and self._text(field) else ""
        if not shown and editing is not None and self._navigator.pack.facts.get("hides_caption"):
            return None  # the page never shows it: what its editor showed counts
        return shown

    def _close_keyboard(self) -> None:
        """Leave the page's editing form, by its own button where it has one."""
        screen = self._navigator.reach("caption", self._page.all_screens)
        if screen.name not in self._page.editing:
            return
        ok = screen.find(self._elements["caption_ok"]) if "caption_ok" in self._elements else None
        if ok is not None:
            self._navigator.phone.tap(ok)
        else:
            self._navigator.phone.press("back")


def _is_focused(screen: Screen, element: Element) -> bool:
    field = screen.find(element)
    return field is not None and field.focused


def _shows_hint(pack: Pack, field: Node) -> bool:
    """Return whether a field only shows its hint: an empty field reports it as its text."""
    hints = [pack.elements[name] for name in ("caption_hint", "title_hint") if name in pack.elements]
    return any(field.key_text in selector.texts for hint in hints for selector in hint.alternatives)
