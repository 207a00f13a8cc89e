"""Choosing the media in an app's own gallery. Cells never show a file's name: what is taken is the newest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.media import MediaKind
from fleetlane.core.recognition import Action
from fleetlane.core.screen import Node
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.phone import Screen
from fleetlane.scripts.post.gallery import Gallery, PhoneMedia

_TICK_TIMEOUT_S = 3.0
_DIGITS = re.compile(r"\d+")


class MediaPicker:
    """Takes the newest files in an app's gallery (the packs' verb `pick_media`)."""

    def __init__(self, navigator: Navigator, gallery: Gallery, media: Sequence[PhoneMedia]) -> None:
        self._navigator = navigator
        self._gallery = gallery
        self._media = media
        self._elements = navigator.pack.elements
        navigator.verbs["pick_media"] = self._pick

    def _pick(self, screen: Screen, _action: Action) -> None:
        kind = self._media[0].file.kind
        chip = self._elements.get("chip_videos" if kind is MediaKind.VIDEO else "chip_photos")
        if chip is not None and (node := screen.find(chip)) is not None and not node.selected and node.clickable:
            self._navigator.phone.tap(node)
            screen = self._navigator.see(lambda s: _is_selected(s.find(chip)), _TICK_TIMEOUT_S) or screen
        cells = self._cells(screen)
        if len(cells) < len(self._media):
            return  # they are still coming
        self._gallery.must_be_newest(self._media)
        if len(self._media) > 1:
            self._pick_several(screen)
            return
        self._check_length(screen, cells[0])
        # Left of the middle: the top right corner ticks the cell instead of opening it.
        box = cells[0].bounds
        self._navigator.phone.tap_at(box.left + box.width // 3, box.top + box.height * 2 // 3)

    def _cells(self, screen: Screen) -> list[Node]:
        cells = screen.view.find_all(self._elements["gallery_cells"])
        return sorted(cells, key=lambda node: (node.bounds.top, node.bounds.left))

    def _check_length(self, screen: Screen, cell: Node) -> None:
        """Check that a cell shows the length that our video has.

        Raises:
            TaskFailedError: `step_unavailable`; it shows another, or none.
        """
        duration_ms = self._media[0].file.duration_ms
        if duration_ms is None:
            return
        labels = [
            node.text
            for node in screen.view.find_all(self._elements["duration_labels"])
            if node.bounds.within(cell.bounds)
        ]
        if not labels:
            raise TaskFailedError("step_unavailable", "The gallery's first item is no video.")
        if not _same_length(labels[0], duration_ms):
            raise TaskFailedError("step_unavailable", f"The gallery's first video is {labels[0]} long, not ours.")

    # -- several -------------------------------------------------------------------------------------

    def _pick_several(self, screen: Screen) -> None:
        """Turn on the choice of several, tick the first cells in their order, and go on."""
        ticks = self._elements["gallery_ticks"]
        toggle = screen.find(self._elements["select_multiple"])
        if not screen.view.find_all(ticks):
            if toggle is None:
                raise TaskFailedError("step_unavailable", "The gallery offers no choice of several files.")
            self._navigator.phone.tap(toggle)
            screen = self._await(lambda s: bool(s.view.find_all(ticks)), "does not let several files be chosen")
        screen = self._untick(screen)
        for index in range(len(self._media)):
            screen = self._choose(screen, index)
        self._gallery.must_be_newest(self._media)
        go_on = screen.find(self._elements["gallery_next"])
        if go_on is None:
            raise TaskFailedError("step_unavailable", "The gallery offers no way on with several files.")
        self._navigator.phone.tap(go_on)

    def _choose(self, screen: Screen, index: int) -> Screen:
        """Tick a cell, and return the screen that counts it."""
        self._navigator.phone.tap(self._tick(screen, index))

        def is_counted(now: Screen) -> bool:
            return _number(self._tick(now, index)) == index + 1

        return self._await(is_counted, f"does not count file {index + 1}")

    def _untick(self, screen: Screen) -> Screen:
        """Take off what the app has ticked by itself."""
        while chosen := self._ticked(screen):
            self._navigator.phone.tap(self._tick(screen, chosen[-1]))
            left = len(chosen) - 1

            def is_off(now: Screen, most: int = left) -> bool:
                return len(self._ticked(now)) <= most

            screen = self._await(is_off, "keeps a file that it chose itself")
        return screen

    def _ticked(self, screen: Screen) -> list[int]:
        """Return the indexes of the cells that are ticked."""
        return [i for i in range(len(self._cells(screen))) if _number(self._tick(screen, i)) is not None]

    def _tick(self, screen: Screen, index: int) -> Node:
        """Return the tick of a cell."""
        cells = self._cells(screen)
        ticks = screen.view.find_all(self._elements["gallery_ticks"])
        for tick in ticks if index < len(cells) else ():
            if tick.bounds.within(cells[index].bounds):
                return tick
        raise TaskFailedError("step_unavailable", "The gallery does not show what is chosen.")

    def _await(self, shows: Callable[[Screen], bool], problem: str) -> Screen:
        screen = self._navigator.see(shows, _TICK_TIMEOUT_S)
        if screen is None:
            raise TaskFailedError("step_unavailable", f"The app's gallery {problem}.")
        return screen


def _number(tick: Node) -> int | None:
    """Return the number on a tick ("2", "selected 2"), None when it is not ticked."""
    found = _DIGITS.findall(tick.label)
    return int(found[-1]) if found else None


def _is_selected(node: Node | None) -> bool:
    return node is not None and (node.selected or not node.clickable)


def _same_length(label: str, duration_ms: int) -> bool:
    minutes, _, seconds = label.rpartition(":")
    shown = int(minutes.replace(":", "") or 0) * 60 + int(seconds)
    return abs(shown - duration_ms / 1000) <= 1.0
