"""The own album in an app's gallery: its folder holds what this task copied to the phone, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from fleetlane.core.screens.screen import Bounds, Node
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator

_LIST_TIMEOUT_S = 3.0
_SHOWN_TIMEOUT_S = 5.0
_MOST_TRIES = 2


class OwnAlbum:
    """Opens the own album, where the app's gallery has a list of albums (element `album_menu` of its pack).

    Args:
        navigator: moves the app.
        count: how many files the album holds.
        cells: returns how many files a gallery on the screen shows.
    """

    def __init__(self, navigator: Navigator, count: int, cells: Callable[[Screen], int]) -> None:
        self._navigator = navigator
        self._count = count
        self._cells = cells
        self._elements = navigator.pack.elements
        self._menu: Bounds | None = None
        self._tries = 0

    def is_shown(self, screen: Screen) -> bool:
        """Return whether the gallery shows the own album: it says so, and shows as many files as are in it."""
        title = screen.find(self._elements["album_shown"]) if "album_shown" in self._elements else None
        if title is None or self._cells(screen) != self._count:
            return False
        return self._menu is None or self._menu.top <= title.bounds.center[1] < self._menu.bottom

    def can_be_opened(self, screen: Screen) -> bool:
        """Return whether the gallery on the screen offers a list of albums that was not tried in vain."""
        return self._tries < _MOST_TRIES and self._menu_on(screen) is not None

    def open(self, screen: Screen) -> Screen | None:
        """Open it, and return the screen that shows it; None when it did not come, and Back was pressed.

        Then the list may be closed, or the gallery as well: a new look tells.
        """
        menu = self._menu_on(screen)
        if menu is None:
            return None
        self._tries += 1
        self._menu = menu.bounds
        self._navigator.phone.tap(menu)
        if self._choose() and (shown := self._navigator.see(self.is_shown, _SHOWN_TIMEOUT_S)) is not None:
            return shown
        self._navigator.phone.press("back")
        return None

    def _menu_on(self, screen: Screen) -> Node | None:
        return screen.find(self._elements["album_menu"]) if "album_menu" in self._elements else None

    def _choose(self) -> bool:
        """Tap the own album in the list, when two looks show it in the same place; return whether it was there."""
        before: list[Bounds] = []

        def stands_still(screen: Screen) -> bool:
            row = screen.find(self._elements["own_album"])
            before.append(row.bounds if row is not None else Bounds(0, 0, 0, 0))
            return row is not None and before[-2:] == [row.bounds] * 2

        screen = self._navigator.see(stands_still, _LIST_TIMEOUT_S)
        row = screen.find(self._elements["own_album"]) if screen is not None else None
        if row is None:
            return False
        self._navigator.phone.tap(row)
        return True
