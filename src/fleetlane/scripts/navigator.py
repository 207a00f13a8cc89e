"""Look, recognise, act: takes an app from whatever screen it shows to a wanted one.

What to do on a screen is the pack's: this module knows the verbs and when to do them. A node is tapped
when two looks show it at the same place, and again only when nothing came of the former tap: when a look that
was asked for long after it still shows the screen. A careful tap is one whose repetition could press the next
screen's Post, or which could fall through a popup on such a button: it never repeats by itself, goes where
Post was not recorded, and what repeats it says so first (`on_risk`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from fleetlane.core.errors import CallLostError, ShellFailedError, TaskFailedError
from fleetlane.core.recognition import UNKNOWN, Action, Edge, Element, Pack, Pick, Selector
from fleetlane.core.screen import Bounds, Node
from fleetlane.scripts.phone import Phone, Screen

Verb = Callable[[Screen, Action], None]

_FIRST_POLL_S, _LAST_POLL_S, _POLL_GROWTH = 0.03, 0.3, 1.16
_SEE_POLL_S = 0.05
_RETRY_AFTER_S = 0.6
_TAP_AGAIN_AFTER_S = 1.0
_CAREFUL_RETRY_AFTER_S = 2.0
_CAREFUL_AGE_S = 0.45
_FRESH_S = 1.0
_EDGE = 8
_TALLEST_BUTTON = 4
_MOST_TRIES = 6
UNKNOWN_PATIENCE_S = 12.0
_STAGE_TIMEOUT_S = 45.0
_UNLOCK_S = 5.0
_TAPS = ("tap", "tap_last", "tap_or_back", "tap_or_scroll")


@dataclass(slots=True)
class _Attempt:
    """An action done on a screen, when it was done last, and how often."""

    target: Bounds | None
    at_s: float
    tries: int = 1


@dataclass(slots=True)
class _Sight:
    """The screen of the former look, and since when it is shown."""

    screen: Screen
    since_s: float


class Navigator:
    """Moves one app on one phone.

    Args:
        phone: the phone.
        pack: the app's pack.
        package: which of the app's packages is used.
        verbs: moves of the script, by the names the pack uses for them.
        unknown_patience_s: how long a screen nobody knows may stay before the task fails.
        on_risk: called before a careful tap is repeated.
    """

    def __init__(
        self,
        phone: Phone,
        pack: Pack,
        package: str,
        verbs: Mapping[str, Verb],
        *,
        unknown_patience_s: float = UNKNOWN_PATIENCE_S,
        on_risk: Callable[[], None] | None = None,
    ) -> None:
        self.phone = phone
        self.pack = pack
        self.package = package
        self.unknown_patience_s = unknown_patience_s
        self._on_risk = on_risk
        self.verbs: dict[str, Verb] = {
            "tap": self._tap,
            "tap_last": self._tap,
            "tap_or_back": self._tap_or_back,
            "tap_or_scroll": self._tap_or_scroll,
            "back": lambda _screen, _action: self.phone.press("back"),
            "unlock": self._unlock,
            "open_app": lambda _screen, _action: self.phone.start_app(self.package),
            "premature": self._premature,
            "person": self._fail,
            "fail": self._fail,
            **verbs,
        }

    def reach(self, goal: str, until: Collection[str], *, timeout_s: float = _STAGE_TIMEOUT_S) -> Screen:
        """Act on screens until one of `until` is shown, and return it.

        Raises:
            TaskFailedError: `screen_unrecognised`, `screen_stuck`, or what a screen means (a security
                check, a crash, ...). Nothing is tapped on a screen that needs a person.
        """
        start_s = self.phone.clock.monotonic_s()
        poll_s = _FIRST_POLL_S
        before: _Sight | None = None
        attempts: dict[str, _Attempt] = {}
        while True:
            asked_s = self.phone.clock.monotonic_s()
            screen = self.phone.look()
            now_s = self.phone.clock.monotonic_s()
            if screen.app == self.pack.app and screen.name in until:
                return screen
            if before is None or str(before.screen.seen) != str(screen.seen):
                before, poll_s = _Sight(screen, now_s), _FIRST_POLL_S
            elif screen.name == UNKNOWN:
                if now_s - before.since_s >= self.unknown_patience_s:
                    raise TaskFailedError(
                        "screen_unrecognised", f"It is shown by {screen.app}, on the way to {_words(until)}."
                    )
            else:
                self._act(goal, screen, before, attempts, asked_s)
                before.screen = screen
            if now_s - start_s >= timeout_s:
                raise TaskFailedError("screen_stuck", f"It stayed on {screen.seen} on the way to {_words(until)}.")
            self.phone.control.pause(poll_s)
            poll_s = min(poll_s * _POLL_GROWTH, _LAST_POLL_S)

    def see(self, shows: Callable[[Screen], bool], timeout_s: float) -> Screen | None:
        """Look until a screen shows something, and return it; None when it does not come in time."""
        until_s = self.phone.clock.monotonic_s() + timeout_s
        while True:
            screen = self.phone.look()
            if shows(screen):
                return screen
            if self.phone.clock.monotonic_s() >= until_s:
                return None
            self.phone.control.pause(_SEE_POLL_S)

    def tap_until(
        self, find: Callable[[Screen], Node | None], shows: Callable[[Screen], bool], timeout_s: float
    ) -> Screen | None:
        """Tap a node until a screen shows something; again when nothing came of it, as apps drop taps.

        For taps that may be repeated. Returns None when it does not come in time.
        """
        until_s = self.phone.clock.monotonic_s() + timeout_s
        while self.phone.clock.monotonic_s() < until_s:
            screen = self.phone.look()
            if shows(screen):
                return screen
            if node := find(screen):
                self.phone.tap(node)
            if (seen := self.see(shows, _TAP_AGAIN_AFTER_S)) is not None:
                return seen
        return None

    def _act(self, goal: str, screen: Screen, before: _Sight, attempts: dict[str, _Attempt], asked_s: float) -> None:
        """Do what the pack says, when it is time to; `asked_s` is when the look was asked for."""
        action = screen.seen.rule.action_for(goal) if screen.seen.rule else None
        if action is None or action.verb == "wait" or (action.careful and asked_s - before.since_s < _CAREFUL_AGE_S):
            return
        node = self._target(screen, action)
        if action.verb in _TAPS:
            earlier = self._target(before.screen, action)
            if node is None and action.verb in ("tap", "tap_last"):
                return  # its button is not there yet
            if node is not None and (earlier is None or earlier.bounds != node.bounds):
                return  # it still moves
        bounds = node.bounds if node else None
        former = attempts.get(str(screen.seen))
        tries = 1
        if former is not None and former.target == bounds:
            if not self._may_repeat(action, former, asked_s):
                return
            if former.tries >= _MOST_TRIES:
                raise TaskFailedError(action.argument or "screen_stuck", f"{screen.seen} does not react.")
            tries = former.tries + 1
            if action.careful and self._on_risk is not None:
                self._on_risk()
        self.verbs[action.verb](screen, action)
        attempts[str(screen.seen)] = _Attempt(bounds, self.phone.clock.monotonic_s(), tries)

    def _may_repeat(self, action: Action, former: _Attempt, asked_s: float) -> bool:
        """Return whether nothing came of an attempt: the look was asked for long after it.

        A careful one is not repeated on what a slow look shows: the page may have changed since.
        """
        if action.careful and self.phone.clock.monotonic_s() - asked_s > _FRESH_S:
            return False
        wait_s = _CAREFUL_RETRY_AFTER_S if action.careful else _RETRY_AFTER_S
        return asked_s - former.at_s >= wait_s * former.tries

    def _target(self, screen: Screen, action: Action) -> Node | None:
        if action.element is None:
            return None
        element = _last(action.element) if action.verb == "tap_last" else action.element
        return screen.find(element)

    # -- verbs ---------------------------------------------------------------------------------------

    def _tap(self, screen: Screen, action: Action) -> None:
        node = self._target(screen, action)
        if node is None:
            return
        if action.careful:
            self.tap_once(*near_edge(node, action.careful))
        else:
            self.phone.tap(node)

    def tap_once(self, x: int, y: int) -> None:
        """Tap a point by the path that never repeats. When the call is lost, the next look shows what it did."""
        self.phone.control.check()
        try:
            self.phone.tap_once(x, y)
        except CallLostError:
            self.phone.control.check()

    def _tap_or_back(self, screen: Screen, action: Action) -> None:
        node = self._target(screen, action)
        if node is not None:
            self.phone.tap(node)
        else:
            self.phone.press("back")

    def _tap_or_scroll(self, screen: Screen, action: Action) -> None:
        node = self._target(screen, action)
        if node is not None:
            self.phone.tap(node)
        else:
            self.phone.swipe_up()

    def _unlock(self, _screen: Screen, _action: Action) -> None:
        """Swipe a lock screen away, and wait for its animation."""
        self.phone.press("wakeup")
        self.phone.swipe_up()
        if self.see(lambda screen: screen.name != "lock_screen", _UNLOCK_S) is None:
            raise TaskFailedError("screen_locked", "It asks for more than a swipe." if self._has_pin() else "")

    def _has_pin(self) -> bool:
        try:
            return "secure=true" in self.phone.shell("dumpsys", "window", "policy")
        except ShellFailedError:
            return False  # not every Android tells

    def _premature(self, screen: Screen, _action: Action) -> None:
        raise TaskFailedError(
            "outcome_unknown", f"The app shows {screen.name} although Post was not pressed by this task."
        )

    def _fail(self, screen: Screen, action: Action) -> None:
        raise TaskFailedError(action.argument, f"Screen: {screen.seen}.")


def _last(element: Element) -> Element:
    alternatives: tuple[Selector, ...] = tuple(replace(s, pick=Pick.LAST) for s in element.alternatives)
    return Element(element.name, alternatives)


def near_edge(node: Node, edge: Edge) -> tuple[int, int]:
    """Return a point near an edge of the button that a node is, or that it is the label of."""
    box, button = node.bounds, node.button.bounds
    if box.within(button) and button.height <= _TALLEST_BUTTON * box.height:
        box = button
    inset = box.height // _EDGE
    return box.center[0], box.top + inset if edge is Edge.TOP else box.bottom - 1 - inset


def _words(names: Collection[str]) -> str:
    return " or ".join(sorted(names))
