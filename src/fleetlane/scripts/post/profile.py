"""What an app's own profile says: who is signed in, and the newest posts. Read only.

It is how a post is known to have gone out: a new tile in the grid that, opened, carries the caption.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from fleetlane.core.recognition import Action
from fleetlane.core.screen import Node, normalise
from fleetlane.core.task import username_key
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.phone import Screen

_REFRESH_EVERY = 2
_MOST_TEXTS = 40
_HOME_SCREENS = frozenset({"home_feed", "friends", "uploading", "pending", "posted"})
_CAPTION_MORE = re.compile(r"(…|\.\.\.)? ?(more|lainnya|更多|ещё)$")


@dataclass(frozen=True, slots=True)
class ProfileState:
    """How a profile looks. `tiles` are the labels of the first tiles (play counts), newest first.

    `post_count` is the number the profile itself shows, None where it shows none.
    `newest_texts` are what the newest post shows when it is opened, its caption among them; None when
    it was not opened.
    """

    handle: str
    tiles: tuple[str, ...]
    post_count: int | None = None
    newest_texts: tuple[str, ...] | None = None

    def facts(self) -> dict[str, Any]:
        """Return it as plain values for the journal."""
        return asdict(self)

    @property
    def is_fresh(self) -> bool:
        """Return whether the newest tile has not been played yet, as that of a post just published."""
        return bool(self.tiles) and self.tiles[0] in ("0", "")

    def newest_shows(self, caption: str) -> bool:
        """Return whether the newest post was opened and carries this caption."""
        return any(same_caption(text, caption) for text in self.newest_texts or ())


class Profile:
    """Reads the profile of the account that is signed in to an app."""

    def __init__(self, navigator: Navigator) -> None:
        self._navigator = navigator
        navigator.verbs["open_newest"] = self.open_newest
        self._elements = navigator.pack.elements

    def read(self, screen: Screen) -> ProfileState:
        """Return what the profile page on the screen says."""
        handle = screen.find(self._elements["handle"])
        count = screen.find(self._elements["post_count"]) if "post_count" in self._elements else None
        digits = re.sub(r"\D", "", count.text) if count else ""
        return ProfileState(
            handle=handle.label.removeprefix("@") if handle else "",
            tiles=tuple(self._tile_label(screen, tile) for tile in self._tiles(screen)),
            post_count=int(digits) if digits else None,
        )

    def open(self) -> tuple[Screen, ProfileState]:
        """Go to the profile and read it."""
        screen = self._navigator.reach("profile", {"own_profile"})
        return screen, self.read(screen)

    def look_at_newest(self, screen: Screen, state: ProfileState) -> ProfileState:
        """Open the newest post from the profile page, note what it shows, and go back to the profile."""
        if not self._tiles(screen):
            return state
        shown = self._navigator.reach("open_newest", {"own_post"})
        caption = shown.find(self._elements["post_caption"])
        # In a build whose ids are not known the caption is one of the texts.
        texts = (caption.label,) if caption else tuple(n.label for n in shown.view.nodes if n.label)[:_MOST_TEXTS]
        self._navigator.reach("profile", {"own_profile"})
        return replace(state, newest_texts=texts)

    def open_newest(self, screen: Screen, _action: Action) -> None:
        """Tap the newest post on the profile page (a verb of the packs)."""
        tiles = self._tiles(screen)
        if tiles:
            self._navigator.phone.tap(tiles[0])

    def refresh(self, turn: int) -> Screen:
        """Bring the grid up to date: pull it down, and now and then leave the page and come back."""
        if turn % _REFRESH_EVERY:
            self._navigator.reach("home", _HOME_SCREENS)
        else:
            self._navigator.phone.pull_down()
        return self._navigator.reach("profile", {"own_profile"})

    def _tiles(self, screen: Screen) -> list[Node]:
        cells = screen.view.find_all(self._elements["grid_cells"])
        return sorted(cells, key=lambda node: (node.bounds.top, node.bounds.left))

    def _tile_label(self, screen: Screen, tile: Node) -> str:
        inside = [
            node.text
            for node in screen.view.nodes
            if node.text and node is not tile and node.bounds.within(tile.bounds)
        ]
        return inside[0] if inside else ""


def same_handle(one: str, other: str) -> bool:
    """Return whether two spellings name one account."""
    return username_key(one) == username_key(other)


def same_caption(shown: str, wanted: str) -> bool:
    """Return whether a shown caption is the wanted one; apps cut long captions with an ellipsis."""
    cut = normalise(_CAPTION_MORE.sub("", shown.strip()))
    whole = normalise(wanted)
    if cut == whole:
        return True
    stem = cut.rstrip("….").rstrip()
    return len(stem) >= 20 and whole.startswith(stem) and cut != stem


def is_newer(before: ProfileState, after: ProfileState) -> bool:
    """Return whether the profile shows a post that was not there before."""
    if before.post_count is not None and after.post_count is not None:
        return after.post_count > before.post_count
    if not after.tiles or after.tiles == before.tiles:
        return False
    if not before.tiles:
        return True
    kept = len(after.tiles) - 1
    return after.tiles[1:] == before.tiles[:kept]
