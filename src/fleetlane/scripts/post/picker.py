"""Choosing the media in an app's own gallery. Cells never show a file's name.

So the own album is opened, which holds our files only. Where an app offers none, the first cells are taken when every
order that galleries are known for shows ours first; else nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.screens.recognition import Action
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.albums import OwnAlbum
from fleetlane.scripts.post.gallery import Gallery, PhoneMedia, ranks

_TICK_TIMEOUT_S = 3.0


class MediaPicker:
    """Takes our files in an app's gallery (the packs' verb `pick_media`)."""

    def __init__(self, navigator: Navigator, gallery: Gallery, media: Sequence[PhoneMedia]) -> None:
        self._navigator = navigator
        self._gallery = gallery
        self._media = media
        self._elements = navigator.pack.elements
        self._album = OwnAlbum(navigator, len(media), lambda screen: len(self._cells(screen)))
        navigator.verbs["pick_media"] = self._pick

    def _pick(self, screen: Screen, _action: Action) -> None:
        kind = self._media[0].file.kind
        chip = self._elements.get("chip_videos" if kind is MediaKind.VIDEO else "chip_photos")
        if chip is not None and (node := screen.find(chip)) is not None and not node.selected and node.clickable:
            self._navigator.phone.tap(node)
            screen = self._navigator.see(lambda s: _is_selected(s.find(chip)), _TICK_TIMEOUT_S) or screen
        cells = self._cells(screen)
        if not self._album.is_shown(screen) and self._album.can_be_opened(screen):
            opened = self._album.open(screen)
            if opened is None:
                return  # the next look shows where that led
            screen, cells = opened, self._cells(opened)
        if len(cells) < len(self._media):
            return  # they are still coming
        if not self._album.is_shown(screen):
            self._gallery.must_be_first(self._media)
        if len(self._media) > 1:
            self._pick_several(screen)
            return
        self._check_length(screen, cells[0])
        if 0 in self._ticked(screen):  # a gallery that keeps what is tapped, and waits
            self._go_on(screen)
            return
        # Left of the middle: the top right corner ticks the cell instead of opening it.
        box = cells[0].bounds
        self._navigator.phone.tap_at(box.left + box.width // 3, box.top + box.height * 2 // 3)

    def _go_on(self, screen: Screen) -> None:
        node = screen.find(self._elements["gallery_next"])
        if node is None:
            raise TaskFailedError("step_unavailable", "The gallery offers no way on with the chosen files.")
        self._navigator.phone.tap(node)

    def _cells(self, screen: Screen) -> list[Node]:
        cells = screen.top.find_all(self._elements["gallery_cells"])
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
            for node in screen.top.find_all(self._elements["duration_labels"])
            if node.bounds.within(cell.bounds)
        ]
        if not labels:
            raise TaskFailedError("step_unavailable", "The gallery's first item is no video.")
        if not _same_length(labels[0], duration_ms):
            raise TaskFailedError("step_unavailable", f"The gallery's first video is {labels[0]} long, not ours.")

    # -- several -------------------------------------------------------------------------------------

    def _pick_several(self, screen: Screen) -> None:
        """Turn on the choice of several, tick our cells in their order, and go on."""
        places = ranks(self._media)
        if places is None:
            raise TaskFailedError("step_unavailable", "In what order the gallery shows these files is not sure.")
        is_on = self._elements["multiple_on"]
        if screen.find(is_on) is None:
            screen = self._only_ours(screen, places[0])
            toggle = screen.find(self._elements["select_multiple"])
            if toggle is None:
                raise TaskFailedError("step_unavailable", "The gallery offers no choice of several files.")
            self._navigator.phone.tap(toggle)
            screen = self._await(lambda s: s.find(is_on) is not None, "does not let several files be chosen")
        while ticked := self._ticked(screen):  # what the app has ticked by itself
            screen = self._tick(screen, ticked[-1], ticked[:-1])
        for count, place in enumerate(places, 1):
            screen = self._tick(screen, place, sorted(places[:count]))
        if not self._album.is_shown(screen):
            self._gallery.must_be_first(self._media)
        self._go_on(screen)

    def _only_ours(self, screen: Screen, place: int) -> Screen:
        """Let a gallery that keeps what is tapped keep one of ours, and not what it has chosen in another album."""
        if "ticked_cells" not in self._elements or place in self._ticked(screen):
            return screen
        return self._tick(screen, place, [place])

    def _tick(self, screen: Screen, index: int, ticked: list[int]) -> Screen:
        """Tap the tick of a cell, and return the screen on which just these cells are ticked."""
        box = self._cells(screen)[index].bounds
        right, down = self._navigator.pack.facts["tick_at"]
        self._navigator.phone.tap_at(box.left + round(box.width * right), box.top + round(box.height * down))
        return self._await(lambda s: self._ticked(s) == ticked, f"does not count file {index + 1}")

    def _ticked(self, screen: Screen) -> list[int]:
        """Return the indexes of the cells that are ticked."""
        marks = [
            node
            for name in ("ticked_cells", "tick_numbers")
            if name in self._elements
            for node in screen.top.find_all(self._elements[name])
        ]
        return [
            index
            for index, cell in enumerate(self._cells(screen))
            if any(node.bounds.within(cell.bounds) for node in marks)
        ]

    def _await(self, shows: Callable[[Screen], bool], problem: str) -> Screen:
        screen = self._navigator.see(shows, _TICK_TIMEOUT_S)
        if screen is None:
            raise TaskFailedError("step_unavailable", f"The app's gallery {problem}.")
        return screen


def _is_selected(node: Node | None) -> bool:
    return node is not None and (node.selected or not node.clickable)


def _same_length(label: str, duration_ms: int) -> bool:
    minutes, _, seconds = label.rpartition(":")
    shown = int(minutes.replace(":", "") or 0) * 60 + int(seconds)
    return abs(shown - duration_ms / 1000) <= 1.0
