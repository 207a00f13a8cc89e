"""How a post is known to have gone out: by the account's own profile, or by the ring around its story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.profile import Profile, ProfileState
from fleetlane.scripts.waits import LONGEST_UPLOAD_S, UPLOAD_PAUSE_S

_LOOK_FOR_S = 25.0
_FIRST_PAUSE_S, _PAUSE_GROWTH = 0.15, 1.3


class Proof(Protocol):
    """Knows a post when it went out."""

    @property
    def is_conclusive(self) -> bool:
        """Return whether not finding the post means that it is not there."""
        ...

    @property
    def can_come_late(self) -> bool:
        """Return whether a later look may find the post that this one did not."""
        ...

    @property
    def missing(self) -> str:
        """Return a sentence for a post that was not found."""
        ...

    def look(self, until_s: float) -> str | None:
        """Look for the post until a time of the monotonic clock, and long enough in any case.

        Returns what proves it, None when nothing does.
        """
        ...

    def restart_app(self) -> None:
        """End the app and start it again, so that it does nothing by itself any more."""
        ...


class ProfileProof:
    """The post is the newest on the own profile, was not there before, and carries the caption.

    It is looked for at least `least_s` seconds, and so long after an upload was seen running in the first `upload_s`.
    """

    def __init__(
        self,
        profile: Profile,
        before: ProfileState,
        caption: str,
        *,
        least_s: float = _LOOK_FOR_S,
        upload_s: float = LONGEST_UPLOAD_S,
    ) -> None:
        self._least_s = least_s
        self._upload_s = upload_s
        self._profile = profile
        self._before = before
        self._caption = caption
        self.restart_app = profile.restart_app

    @property
    def is_conclusive(self) -> bool:
        """Return whether the profile would have shown the post."""
        return self._before.newest_texts is not None

    @property
    def can_come_late(self) -> bool:
        """Return whether the post can be told from what else is posted meanwhile."""
        return bool(self._caption)

    @property
    def missing(self) -> str:
        """Return a sentence for a post that was not found."""
        return "It was not seen on the profile in time."

    def look(self, until_s: float) -> str | None:
        """Look at the profile again and again (see `Proof`)."""

        def shows(screen: Screen, state: ProfileState) -> bool:
            return self._profile.shows(self._before, self._caption, screen, state)

        return (
            "own profile" if _profile_comes_to(shows, self._profile, until_s, self._least_s, self._upload_s) else None
        )


class StoryProof:
    """The own picture has got the ring of a story that was not there before."""

    is_conclusive = False
    can_come_late = False

    def __init__(self, navigator: Navigator, profile: Profile) -> None:
        self._navigator = navigator
        self._ring = navigator.pack.elements["story_ring"]
        self._profile = profile
        self.restart_app = profile.restart_app
        self._had_ring = self._has_ring(*profile.open())

    @property
    def missing(self) -> str:
        """Return a sentence for a story that was not found."""
        if self._had_ring:
            return "The account already had a story: the ring around its picture does not tell of another one."
        return "The ring of a story was not seen in time."

    def _has_ring(self, screen: Screen, _state: ProfileState) -> bool:
        return screen.find(self._ring) is not None

    def look(self, until_s: float) -> str | None:
        """Look at the own picture again and again (see `Proof`)."""
        if self._had_ring:
            return None
        return "ring of the story" if _profile_comes_to(self._has_ring, self._profile, until_s) else None


def _profile_comes_to(
    shows: Callable[[Screen, ProfileState], bool],
    profile: Profile,
    until_s: float,
    least_s: float = _LOOK_FOR_S,
    upload_s: float = 0.0,
) -> bool:
    """Look at the profile, brought up to date again and again, and return whether it showed something in time."""
    clock, control = profile.phone.clock, profile.phone.control
    until_s = max(until_s, clock.monotonic_s() + least_s)
    longest_s = clock.monotonic_s() + upload_s
    screen, state = profile.open()
    turn, pause_s = 0, _FIRST_PAUSE_S
    while not shows(screen, state):
        until_s = max(until_s, min(profile.uploads_s, longest_s) + least_s)
        if clock.monotonic_s() >= until_s:
            return False
        control.pause(pause_s)
        began_s = clock.monotonic_s()
        screen, state = profile.refresh(turn)
        refresh_s = clock.monotonic_s() - began_s  # where that takes long, it is left alone twice as long in between
        pause_s = min(max(pause_s * _PAUSE_GROWTH, 2 * refresh_s), UPLOAD_PAUSE_S)
        turn += 1
    return True
