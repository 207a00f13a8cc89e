"""What an app's own profile says: who is signed in, and the newest posts. Read only.

It is how a post is known to have gone out: a new tile in the grid that, opened, carries the caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.screens.dumped import as_dumped
from fleetlane.core.screens.recognition import Action
from fleetlane.core.screens.screen import Node, normalise
from fleetlane.core.task import username_key
from fleetlane.scripts.apps import restart_app
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.phone import Phone

_LEAVE_EVERY = 3
_MOST_TEXTS = 40
_SETTLE_TIMEOUT_S = 4.0
_LEAST_LOOKS = 4
_EMPTY_FOR_S = 1.0
_LOOK_TIMEOUT_S = 15.0
_FULL_GRID = 6
_MOST_SINCE = 5  # posts that are opened behind the newest
UPLOADING = frozenset({"uploading", "pending"})
"""Screens of the apps on which an upload is seen running."""
_HOME_SCREENS = frozenset({"home_feed", "friends", "posted", *UPLOADING})
_CUT = re.compile(r"(…|\.\.\.) ?(more|lainnya|selengkapnya|更多|展开|ещё|plus|más|mais)?$")
_SHORTEST_STEM = 20


@dataclass(frozen=True, slots=True)
class ProfileState:
    """How a profile looks. `tiles` are the labels of the first tiles (play counts), newest first.

    Pinned posts and drafts are left out. `post_count` is the number the profile itself shows, None where it
    shows none. `newest_texts` are what the newest post shows when it is opened, its caption among them; empty
    when there is no post, None when nobody knows.
    """

    handle: str
    tiles: tuple[str, ...]
    post_count: int | None = None
    newest_texts: tuple[str, ...] | None = None

    def facts(self) -> dict[str, Any]:
        """Return it as plain values for the journal."""
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> ProfileState:
        """Return what `facts` gave, also when it has been JSON."""
        texts = facts["newest_texts"]
        return cls(facts["handle"], tuple(facts["tiles"]), facts["post_count"], None if texts is None else tuple(texts))

    def newest_shows(self, caption: str) -> bool:
        """Return whether the newest post was opened and carries this caption."""
        return any(same_caption(text, caption) for text in self.newest_texts or ())

    def newest_may_show(self, caption: str) -> bool:
        """Return whether the newest post may carry this caption: it does, or shows what a dump makes of it."""
        return any(
            same_caption(text, caption) or (as_dumped(text) == text and same_caption(text, as_dumped(caption)))
            for text in self.newest_texts or ()
        )


class Profile:
    """Reads the profile of the account that is signed in to an app."""

    def __init__(self, navigator: Navigator) -> None:
        self._navigator = navigator
        navigator.verbs["open_newest"] = self._open_newest
        self._elements = navigator.pack.elements
        self._behind = 0
        """How many newer posts there are in front of the one to open."""
        self.uploads_s = float("-inf")
        """When an upload was last seen running, while the page was brought up to date."""

    @property
    def phone(self) -> Phone:
        """Return the phone."""
        return self._navigator.phone

    def read(self, screen: Screen) -> ProfileState:
        """Return what the profile page on the screen says."""
        handle = screen.find(self._elements["handle"])
        count = screen.find(self._elements["post_count"]) if "post_count" in self._elements else None
        shown = count.text.strip() if count else ""
        return ProfileState(
            handle=handle.label.removeprefix("@") if handle else "",
            tiles=tuple(_tile_label(screen, tile) for tile in self._tiles(screen)),
            post_count=_whole_number(shown),
        )

    def open(self) -> tuple[Screen, ProfileState]:
        """Go to the profile and read it when it has come to rest: two looks show the same, and the grid is there."""
        clock = self.phone.clock
        screen = self._navigator.reach("profile", {"own_profile"})
        state, start_s, looks = self.read(screen), clock.monotonic_s(), 1
        while looks < _LEAST_LOOKS or clock.monotonic_s() - start_s < _SETTLE_TIMEOUT_S:
            looks += 1
            self.phone.control.pause(0.05)
            screen = self._navigator.reach("profile", {"own_profile"})
            former, state = state, self.read(screen)
            complete = state.tiles or state.post_count == 0 or clock.monotonic_s() - start_s >= _EMPTY_FOR_S
            if state == former and state.handle and complete and self._has_header(screen):
                break
        return screen, state

    def _has_header(self, screen: Screen) -> bool:
        """Return whether the page's header has come, as far as that can be told: the handle comes before it."""
        marks = [self._elements[name] for name in ("post_count", "post_count_box") if name in self._elements]
        return not marks or any(screen.find(mark) is not None for mark in marks)

    def look_at_newest(self, screen: Screen, state: ProfileState, caption: str = "") -> ProfileState:
        """Open the newest post from the profile page, note what it shows, and go back to the profile.

        What may be this caption is read whole.
        """
        state = self._with_newest(screen, state, caption)
        self._go_back()
        return state

    def _with_newest(self, screen: Screen, state: ProfileState, caption: str) -> ProfileState:
        """Open the newest post, when there is one, and note what it shows."""
        if not self._tiles(screen):
            return replace(state, newest_texts=())
        shown = self._navigator.reach("open_newest", {"own_post"}, timeout_s=_LOOK_TIMEOUT_S)
        return replace(state, newest_texts=tuple(self._texts(shown, caption)))

    def _go_back(self) -> None:
        self._navigator.reach("profile", {"own_profile"}, timeout_s=_LOOK_TIMEOUT_S)

    def _texts(self, screen: Screen, wanted: str) -> Iterator[str]:
        """Yield what a post shows: its caption, or in a build whose ids are not known all texts, one of which it is."""
        caption = screen.find(self._elements["post_caption"])
        if caption is not None:
            yield self.phone.whole(caption)
            return
        for node in self._labelled(screen)[:_MOST_TEXTS]:
            may_be = bool(wanted) and same_caption(node.label, as_dumped(wanted))
            yield self.phone.whole(node) if may_be else node.label

    def _labelled(self, screen: Screen) -> list[Node]:
        """Return the app's own texts: a card that shows what was copied, or a keyboard, proves nothing."""
        known = self._navigator.pack.drawn_by
        return [node for node in screen.top.nodes if node.label and (not node.package or node.package in known)]

    def before(self) -> ProfileState:
        """Return the profile as it is before a post, its newest post opened when the app allows it.

        An app that does not come back from the newest post is started again; then that is not known.
        """
        screen, state = self.open()
        try:
            return self.look_at_newest(screen, state)
        except TaskFailedError as error:
            if error.code not in ("screen_stuck", "screen_unrecognised"):
                raise
            self.restart_app()
            return self.open()[1]

    def restart_app(self) -> None:
        """End the app and start it again."""
        restart_app(self.phone, self._navigator.package)

    def shows(self, before: ProfileState, caption: str, screen: Screen, now: ProfileState) -> bool:
        """Return whether the profile on the screen shows a post that is new since `before`, and carries the caption."""
        if not caption:
            return is_newer(before, now)
        if _surely_the_same(before, now):
            return False  # the newest need not be opened
        now = self._with_newest(screen, now, caption)
        if now.newest_shows(caption) and before.newest_texts is not None and not before.newest_may_show(caption):
            return True
        self._go_back()
        if not now.newest_may_show(caption):
            return self._shows_behind(before, caption, now)
        return is_newer(before, now)

    def _shows_behind(self, before: ProfileState, caption: str, now: ProfileState) -> bool:
        """Return whether a post behind the newest one is new and carries the caption: others may be out since.

        What stands in front of the former newest post is new. When that is not among the next posts, nothing is proved.
        """
        former = before.newest_texts
        if former is None or len(former) > 1 or before.newest_may_show(caption):
            return False  # in a build whose ids are not known a post is not told from others so surely
        found, number = False, 0
        while not (former and now.newest_shows(former[0])):
            if (found and not former) or number == _MOST_SINCE:
                return found and not former
            number += 1
            opened = self._opened(number, now, caption)
            if opened is None:
                return False
            now, found = opened, found or opened.newest_shows(caption)
        return found

    def _opened(self, number: int, state: ProfileState, caption: str) -> ProfileState | None:
        """Open the post behind so many newer ones, and go back. None when the grid does not have it in sight."""
        screen = self._navigator.reach("profile", {"own_profile"})
        if len(self._tiles(screen)) <= number:
            return None
        self._behind = number
        try:
            return self.look_at_newest(screen, state, caption)
        finally:
            self._behind = 0

    def refresh(self, turn: int) -> tuple[Screen, ProfileState]:
        """Bring the grid up to date: pull it down, and now and then leave the page and come back."""
        if turn % _LEAVE_EVERY == 1:
            home = self._navigator.reach("home", _HOME_SCREENS)
            if home.name in UPLOADING:
                self.uploads_s = self.phone.clock.monotonic_s()
        else:
            self.phone.pull_down()
        screen = self._navigator.reach("profile", {"own_profile"})
        return screen, self.read(screen)

    def _open_newest(self, screen: Screen, _action: Action) -> None:
        """Tap the newest post on the profile page, or one behind it (a verb of the packs)."""
        tiles = self._tiles(screen)
        if len(tiles) > self._behind:
            self.phone.tap(tiles[self._behind])

    def _tiles(self, screen: Screen) -> list[Node]:
        """Return the posts in the grid, newest first, without what is pinned and without drafts."""
        cells = screen.top.find_all(self._elements["grid_cells"])
        other = screen.top.find_all(self._elements["no_posts"]) if "no_posts" in self._elements else []
        tiles = [cell for cell in cells if not any(node.bounds.within(cell.bounds) for node in other)]
        return sorted(tiles, key=lambda node: (node.bounds.top, node.bounds.left))


def _tile_label(screen: Screen, tile: Node) -> str:
    inside = [
        node.text
        for node in screen.top.nodes
        if node.text and node is not tile and node.package == tile.package and node.bounds.within(tile.bounds)
    ]
    return inside[0] if inside else ""


def same_handle(one: str, other: str) -> bool:
    """Return whether two spellings name one account."""
    return username_key(one) == username_key(other)


def same_caption(shown: str, wanted: str) -> bool:
    """Return whether a shown caption is the wanted one; apps cut long captions with an ellipsis."""
    whole, text = normalise(wanted), normalise(shown)
    if text == whole:
        return True
    cut = _CUT.search(text)
    stem = text[: cut.start()].rstrip() if cut else ""
    return len(stem) >= _SHORTEST_STEM and whole.startswith(stem)


def is_newer(before: ProfileState, after: ProfileState) -> bool:
    """Return whether the profile surely shows one post more than before: nothing else explains what it shows.

    Either its own count has grown, or the grid has moved on by one tile: a first one that nobody has played,
    and behind it the former ones in their order, with counts that have at most grown.
    """
    if before.post_count is not None and after.post_count is not None:
        return after.post_count > before.post_count
    if not after.tiles or after.tiles[0] != "0" or after.tiles == before.tiles:
        return False
    longer = len(after.tiles) - len(before.tiles)
    if longer != 1 and not (longer == 0 and len(before.tiles) >= _FULL_GRID):
        return False
    if not all(_may_have_grown(old, new) for old, new in zip(before.tiles, after.tiles[1:], strict=False)):
        return False
    # Counts that only grew where they stand explain it as well, unless there is one tile more.
    stayed = all(_may_have_grown(old, new) for old, new in zip(before.tiles, after.tiles, strict=False))
    return longer == 1 or not stayed


_UNITS = {"k": 1e3, "rb": 1e3, "m": 1e6, "jt": 1e6, "万": 1e4, "w": 1e4, "тыс": 1e3, "млн": 1e6}
_COUNT = re.compile(r"(\d+(?:[.,]\d+)*)\s*([^\d\s.]*)")


def _surely_the_same(before: ProfileState, after: ProfileState) -> bool:
    if before.post_count is not None and after.post_count is not None:
        return after.post_count <= before.post_count
    first = _plays(after.tiles[0]) if after.tiles else None
    if after.tiles != before.tiles or first is None:
        return False
    # One more post would be one more tile, or move the others on: only a full grid of nothing but new ones stays alike.
    return len(after.tiles) < _FULL_GRID or any(_plays(tile) != 0 for tile in after.tiles)


def _may_have_grown(old: str, new: str) -> bool:
    before, after = _plays(old), _plays(new)
    if before is None or after is None:
        return old == new
    return after >= before


def _plays(label: str) -> float | None:
    """Return about how many plays a tile shows ("1.559", "118,6 rb", "3.5K"), None when it shows no number."""
    found = _COUNT.fullmatch(normalise(label))
    if found is None:
        return None
    unit = _UNITS.get(found[2].rstrip("."), 1.0 if not found[2] else None)
    if unit is None:
        return None
    digits = found[1]
    if unit == 1.0:
        return float(re.sub(r"[.,]", "", digits))
    return float(digits.replace(",", ".")) * unit if digits.count(".") + digits.count(",") <= 1 else None


def _whole_number(shown: str) -> int | None:
    """Return a count that is written out; a shortened one ("12.3K") does not tell one post more."""
    return int(re.sub(r"[.,\s]", "", shown)) if re.fullmatch(r"\d{1,3}([.,\s]?\d{3})*", shown) else None
