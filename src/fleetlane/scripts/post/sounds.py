"""The sound of a post: used from its own page, added in the editor, or taken off.

No recording of the real app shows these pages: they are found by words and places (see docs/screen-packs.md).
"""

from __future__ import annotations

from collections.abc import Callable

from fleetlane.core.errors import ShellFailedError, TaskFailedError
from fleetlane.core.ports.phone import TYPING_WAYS
from fleetlane.core.screen import Node, normalise
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.phone import Screen
from fleetlane.scripts.post.config import AddSound, PostConfig, PostWay
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
        sound: the one to use or to search for.
    """

    def __init__(self, navigator: Navigator, config: PostConfig, sound: Sound | None) -> None:
        self._navigator = navigator
        self._phone = navigator.phone
        self._elements = navigator.pack.elements
        self._config = config
        self._sound = sound

    @property
    def has_to_act(self) -> bool:
        """Return whether there is anything to do in the editor."""
        return self._config.adds_sound or self._config.add_sound is not AddSound.DEFAULT

    def use(self) -> str:
        """Open the page of the sound, and go on from there to the camera with it. Returns the sound's name.

        Raises:
            TaskFailedError: `step_unavailable`; the sound is not found, or cannot be used.
        """
        sound = self._sound
        if sound is None or self._config.post_way != PostWay.USE_SOUND:
            raise ValueError("there is no sound to use")
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
        if not self._shows(self._phone.look(), "sounds_tab"):
            raise TaskFailedError("step_unavailable", "The search has no tab for sounds.")

        def is_open(screen: Screen) -> bool:
            tab = screen.find(self._elements["sounds_tab"])
            return tab is not None and tab.selected

        self._tap(self._finder("sounds_tab"), is_open, "The search does not show sounds.")

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
        if self._config.add_sound is AddSound.CUSTOM and self._sound is not None:
            self._navigator.reach("sound_search", {"search"})
            self._search(self._sound.text)
            self._tap_first_result(self._sound.text)
            self._navigator.reach("sounds", {"sounds"})
        elif self._config.add_sound is AddSound.ADD:
            self._tap_first_result("")
        self._await_loaded()
        self._set_volumes()
        self._navigator.reach("editor", _EDITOR)
        self._see(lambda s: not self._shows(s, "sound_chip_empty"), _REACTS_S, "The editor did not take the sound.")

    def _take_off(self) -> None:
        """Take off the sound that the app has added by itself; it may come a moment after the editor."""
        if self._navigator.see(lambda s: self._shows(s, "sound_remove"), _LATE_SOUND_S) is None:
            return
        gone = "The editor keeps the sound it added."
        self._tap(self._finder("sound_remove"), lambda s: not self._shows(s, "sound_remove"), gone)

    def _search(self, text: str) -> None:
        """Type into the search field, and start the search."""
        for way in TYPING_WAYS:
            field = self._phone.look().find(self._elements["search_field"])
            if field is None:
                raise TaskFailedError("step_unavailable", "The search has no field.")
            self._phone.tap(field)
            self._navigator.see(self._is_focused, _REACTS_S)
            self._phone.type_text(text, way)
            if self._navigator.see(lambda s: self._field_text(s) == text, _REACTS_S) is not None:
                self._phone.press("enter")
                return
            self._phone.clear_text()
        raise TaskFailedError("step_unavailable", "The search field does not keep what is typed.")

    def _is_focused(self, screen: Screen) -> bool:
        field = screen.find(self._elements["search_field"])
        return field is not None and field.focused

    def _field_text(self, screen: Screen) -> str:
        field = screen.find(self._elements["search_field"])
        return field.text if field else ""

    def _tap_first_result(self, wanted: str) -> None:
        here = self._see(lambda s: bool(self._rows(s)), _RESULTS_S, f"No sound was found for {wanted!r}.").name

        def is_chosen(screen: Screen) -> bool:
            rows = self._rows(screen)
            return screen.name != here or bool(rows and rows[0].selected)

        self._tap(lambda s: next(iter(self._rows(s)), None), is_chosen, "The app did not take the sound.")

    def _rows(self, screen: Screen) -> list[Node]:
        """Return the rows of sounds, from the top; on a sheet only those that lie on it."""
        rows = screen.view.find_all(self._elements["result_rows"])
        sheet = screen.find(self._elements["sheet"]) if screen.name == "sounds" else None
        named = [
            row
            for row in rows
            if (sheet is None or row.bounds.within(sheet.bounds))
            and any(node.text and node.bounds.within(row.bounds) for node in screen.view.nodes if node is not row)
        ]
        return sorted(named, key=lambda row: row.bounds.top)

    def _await_loaded(self) -> str:
        """Wait until the chosen sound is loaded, and return what the app calls it."""
        seconds = self._config.sound_wait_time
        screen = self._see(
            lambda s: not self._shows(s, "sound_loading"), seconds, f"The sound did not load within {seconds} s."
        )
        chip = screen.find(self._elements["sound_chip"])
        return chip.text if chip else ""

    # -- volumes -------------------------------------------------------------------------------------

    def _set_volumes(self) -> None:
        self._navigator.reach("volume", {"volume"})
        self._set_volume("origin_volume", self._config.origin_sound_volume)
        self._set_volume("added_volume", self._config.add_sound_volume)

    def _set_volume(self, name: str, percent: int) -> None:
        until_s = self._phone.clock.monotonic_s() + _DROPS_TAPS_S
        while (node := self._phone.look().find(self._elements[name])) is not None and not _slider_shows(node, percent):
            if self._phone.clock.monotonic_s() >= until_s:
                raise TaskFailedError("step_unavailable", f"The volume did not become {percent}.")
            box = node.bounds
            self._phone.tap_at(box.left + round((box.width - 1) * percent / 100), box.center[1])
            self._navigator.see(lambda s: _slider_shows(s.find(self._elements[name]), percent), _REACTS_S)
        if node is None:
            raise TaskFailedError("step_unavailable", "The app has no slider for a volume.")

    def _finder(self, name: str) -> Callable[[Screen], Node | None]:
        return lambda screen: screen.find(self._elements[name])

    def _tap(self, find: Callable[[Screen], Node | None], shows: Callable[[Screen], bool], problem: str) -> None:
        if self._navigator.tap_until(find, shows, _DROPS_TAPS_S) is None:
            raise TaskFailedError("step_unavailable", problem)

    def _shows(self, screen: Screen, name: str) -> bool:
        return screen.find(self._elements[name]) is not None

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
