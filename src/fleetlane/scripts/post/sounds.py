"""The sound of a post: used from its own page, added in the editor, or taken off.

No recording of the real app shows these pages: they are found by words and places (see docs/reference/screen-packs.md).
"""

from __future__ import annotations

from collections.abc import Callable

from fleetlane.core.errors import ShellFailedError, TaskFailedError
from fleetlane.core.ports.phone import TYPING_WAYS
from fleetlane.core.screens.screen import Node, normalise
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.config import AddSound, PostConfig
from fleetlane.scripts.post.content import Sound

_EDITOR = frozenset({"editor"})
_LATE_SOUND_S = 2.0
_REACTS_S = 3.0
_DROPS_TAPS_S = 8.0
_RESULTS_S = 10.0


class Sounds:
    """Sets the sound of a post.

    Args:
        navigator: moves the app.
        config: what is asked for.
    """

    def __init__(self, navigator: Navigator, config: PostConfig) -> None:
        self._navigator = navigator
        self._phone = navigator.phone
        self._elements = navigator.pack.elements
        self._config = config

    def use(self, sound: Sound) -> str:
        """Open the page of a sound, and go on from there to the camera with it. Returns the sound's name.

        Raises:
            TaskFailedError: `step_unavailable`; the sound is not found, or cannot be used.
        """
        if sound.is_link:
            try:
                self._phone.open_link(self._navigator.package, sound.text)
            except ShellFailedError as error:
                raise TaskFailedError("step_unavailable", f"The app does not open {sound.text}.") from error
        else:
            self._navigator.reach("search", {"search"})
            self._search(sound.text)
            self._navigator.reach("results", {"search_results"})
            self._open_sounds_tab()
            self._tap_first_result(sound.text)
        self._navigator.reach("sound", {"sound_page"})
        self._navigator.reach("camera", {"camera", "camera_wall"})
        return self._await_loaded()

    def _open_sounds_tab(self) -> None:
        def tab_on(screen: Screen) -> Node | None:
            return self._find(screen, "sounds_tab")

        def is_open(screen: Screen) -> bool:
            tab = tab_on(screen)
            return tab is not None and tab.selected

        if tab_on(self._phone.look()) is None:
            raise TaskFailedError("step_unavailable", "The search has no tab for sounds.")
        self._tap(tab_on, is_open, "The search does not show sounds.")

    def set(self) -> None:
        """Set the sound in the editor.

        Raises:
            TaskFailedError: `step_unavailable`; the app has no such sound, or does not keep it.
        """
        self._navigator.reach("editor", _EDITOR)
        if self._config.add_sound is AddSound.NONE:
            self._take_off()
            return
        self._navigator.reach("sounds", {"sounds"})
        if self._config.add_sound is AddSound.CUSTOM:
            wanted = self._config.custom_sound_keyword.strip()
            self._navigator.reach("sound_search", {"search"})
            self._search(wanted)
            self._tap_first_result(wanted)
            self._navigator.reach("sounds", {"sounds"})
        elif self._config.add_sound is AddSound.ADD:
            self._tap_first_result("")
        self._await_loaded()
        self._set_volumes()
        self._navigator.reach("editor", _EDITOR)
        kept_out = "The editor did not take the sound."
        self._see(lambda s: self._find(s, "sound_chip_empty") is None, _REACTS_S, kept_out)

    def _take_off(self) -> None:
        """Take off the sound that the app has added by itself; it may come a moment after the editor."""

        def cross_on(screen: Screen) -> Node | None:
            return self._find(screen, "sound_remove")

        if self._navigator.see(lambda s: cross_on(s) is not None, _LATE_SOUND_S) is not None:
            self._tap(cross_on, lambda s: cross_on(s) is None, "The editor keeps the sound it added.")

    def _search(self, text: str) -> None:
        """Type into the search field, and start the search."""
        for way in TYPING_WAYS:
            field = self._find(self._phone.look(), "search_field")
            if field is None:
                raise TaskFailedError("step_unavailable", "The search has no field.")
            self._phone.tap(field)
            self._navigator.see(self._is_focused, _REACTS_S)
            self._phone.type_text(text, way)
            if self._navigator.see(lambda s: self._holds(s, text), _REACTS_S) is not None:
                self._phone.press("enter")
                return
            self._phone.clear_text()
        raise TaskFailedError("step_unavailable", "The search field does not keep what is typed.")

    def _is_focused(self, screen: Screen) -> bool:
        field = self._find(screen, "search_field")
        return field is not None and field.focused

    def _holds(self, screen: Screen, text: str) -> bool:
        return self._phone.holds(self._find(screen, "search_field"), text)

    def _tap_first_result(self, wanted: str) -> None:
        here = self._see(lambda s: bool(self._rows(s)), _RESULTS_S, f"No sound was found for {wanted!r}.").name

        def is_chosen(screen: Screen) -> bool:
            rows = self._rows(screen)
            return screen.name != here or bool(rows and rows[0].selected)

        self._tap(lambda s: next(iter(self._rows(s)), None), is_chosen, "The app did not take the sound.")

    def _rows(self, screen: Screen) -> list[Node]:
        """Return the rows of sounds, from the top; on a sheet only those that lie on it."""
        rows = screen.top.find_all(self._elements["result_rows"])
        sheet = self._find(screen, "sheet") if screen.name == "sounds" else None
        named = [
            row
            for row in rows
            if (sheet is None or row.bounds.within(sheet.bounds))
            and any(node.text and node.bounds.within(row.bounds) for node in screen.top.nodes if node is not row)
        ]
        return sorted(named, key=lambda row: row.bounds.top)

    def _await_loaded(self) -> str:
        """Wait until the chosen sound is loaded, and return what the app calls it."""
        seconds = self._config.sound_wait_time
        screen = self._see(
            lambda s: self._find(s, "sound_loading") is None, seconds, f"The sound did not load within {seconds} s."
        )
        chip = self._find(screen, "sound_chip")
        return chip.text if chip else ""

    # -- volumes -------------------------------------------------------------------------------------

    def _set_volumes(self) -> None:
        self._navigator.reach("volume", {"volume"})
        self._set_volume("origin_volume", self._config.origin_sound_volume)
        self._set_volume("added_volume", self._config.add_sound_volume)

    def _set_volume(self, name: str, percent: int) -> None:
        until_s = self._phone.clock.monotonic_s() + _DROPS_TAPS_S
        while (node := self._find(self._phone.look(), name)) is not None and not _slider_shows(node, percent):
            if self._phone.clock.monotonic_s() >= until_s:
                raise TaskFailedError("step_unavailable", f"The volume did not become {percent}.")
            box = node.bounds
            self._phone.tap_at(box.left + round((box.width - 1) * percent / 100), box.center[1])
            self._navigator.see(lambda s: _slider_shows(self._find(s, name), percent), _REACTS_S)
        if node is None:
            raise TaskFailedError("step_unavailable", "The app has no slider for a volume.")

    def _find(self, screen: Screen, name: str) -> Node | None:
        return screen.find(self._elements[name])

    def _tap(self, find: Callable[[Screen], Node | None], shows: Callable[[Screen], bool], problem: str) -> None:
        if self._navigator.tap_until(find, shows, _DROPS_TAPS_S) is None:
            raise TaskFailedError("step_unavailable", problem)

    def _see(self, shows: Callable[[Screen], bool], seconds: float, problem: str) -> Screen:
        screen = self._navigator.see(shows, seconds)
        if screen is None:
            raise TaskFailedError("step_unavailable", problem)
        return screen


def _slider_shows(node: Node | None, percent: int) -> bool:
    try:
        return node is not None and abs(float(normalise(node.text)) - percent) <= 1
    except ValueError:
        return False
