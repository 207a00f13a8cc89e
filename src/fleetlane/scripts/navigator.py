"""Look, recognise, act: takes an app from whatever screen it shows to a wanted one.

What to do on a screen is the pack's: this module knows the verbs and when to do them. A node is tapped
when two looks show it at the same place, and again only when nothing came of the former tap: when a look that
was asked for long after it still shows the screen. A careful tap is one whose repetition could press the next
screen's Post: it never repeats by itself, goes where Post was not recorded, waits until the screen takes taps
(`editor_dwell` of the pack), and is repeated only when two looks in a row, both asked for long after it, show the same;
then what repeats it says so first (`on_risk`). A tap that could fall through on a button that publishes
(`core.screens.places`) is careful as well, and made elsewhere on its target, or Back is pressed instead.

A sheet that nobody has named is refused, or left by Back. A page that nobody knows is left by Back once, before the
task fails: never where something publishes, or a person is needed.

How long is waited is said by `scripts.waits`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fleetlane.core.errors import CallLostError, ShellFailedError, TaskFailedError
from fleetlane.core.screens.recognition import UNKNOWN, Action, Edge, Pack
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.looks import Attempt, Screen, Watched, beside_places, near_edge, not_left, the_last
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.waits import STARTED_FOR_S, WAITS, Situation, Wait, grown, has_passed

Verb = Callable[[Screen, Action], None]

_FIRST_POLL_S, _LAST_POLL_S, _POLL_GROWTH = 0.03, 0.3, 1.16
_LONGEST_REST_S = 2.0
_SAME_MOMENT_S = 0.02
_FORMER_S = 5.0
_SEE_POLL_S = 0.05
_RETRY_AFTER_S = 0.6
_TAP_AGAIN_AFTER_S = 1.0
_CAREFUL_RETRY_AFTER_S = 2.0
_CAREFUL_AGE_S = 0.45
_STALE_S = 6.0
_MOST_TRIES = 6
UNKNOWN_PATIENCE_S = 12.0
_LEAST_LOOKS = 2
_LEAST_TAPS = 3
_UNLOCK_S = 5.0
_REFUSALS = 2
_AFTER_BACK_S = 3.0
_TAPS = ("tap", "tap_last", "tap_or_back", "tap_or_scroll")


class Navigator:
    """Moves one app on one phone.

    Args:
        phone: the phone.
        pack: the app's pack.
        package: which of the app's packages is used.
        verbs: moves of the script, by the names the pack uses for them.
        unknown_patience_s: how long a screen nobody knows may stay before the task fails; longer when the app was
            just started, or something is visibly loading.
        dwell_s: how long an editor is left alone before a careful tap; None as the pack says.
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
        dwell_s: float | None = None,
        on_risk: Callable[[], None] | None = None,
    ) -> None:
        self.phone = phone
        self.pack = pack
        self.package = package
        self.unknown_patience_s = unknown_patience_s
        dwell: Mapping[str, Any] = pack.facts.get("editor_dwell", {})
        self._dwells = frozenset(dwell.get("screens", ()))
        self._dwell_s = float(dwell.get("seconds", 0)) if dwell_s is None else dwell_s
        self._loading = frozenset(pack.facts.get("loading", ()))
        self._on_risk = on_risk
        self._refusal = Action("tap_or_back", pack.layers.refuse, "screen_unrecognised")
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

    def reach(
        self,
        goal: str,
        until: Collection[str],
        *,
        situation: Situation = Situation.OTHERWISE,
        timeout_s: float | None = None,
    ) -> Screen:
        """Act on screens until one of `until` is shown, and return it.

        Args:
            goal: what the pack's actions are chosen by.
            until: the wanted screens of the app.
            situation: what the app is about to do: it says how long that may take.
            timeout_s: how long instead, whatever the situation.

        Raises:
            TaskFailedError: `screen_unrecognised`, `screen_stuck`, or what a screen means (a security
                check, a crash, ...). Nothing is tapped on a screen that needs a person.
        """
        wait = WAITS[situation] if timeout_s is None else Wait(timeout_s, timeout_s)
        start_s, looks = self.phone.clock.monotonic_s(), 0
        poll_s = _FIRST_POLL_S
        attempts: dict[str, Attempt] = {}
        went_back = False
        before = self._former_sight()
        if before is not None and start_s - before.since_s <= _SAME_MOMENT_S:
            if self._shows(before.screen, until):
                return before.screen
            if before.looks >= _LEAST_LOOKS:
                self._act(goal, before.screen, before, attempts, before.asked_s)
        if before is not None:
            self.phone.control.pause(max(0.0, self._dwell_left_s(goal, before.screen, before)))
        while True:
            asked_s = self.phone.clock.monotonic_s()
            screen = self.phone.look()
            now_s, looks = self.phone.clock.monotonic_s(), looks + 1
            if screen.app == self.pack.app and screen.name != UNKNOWN:
                self.phone.shown()
                if screen.name in until:
                    return screen
            if before is None or str(before.screen.seen) != str(screen.seen):
                before, poll_s = Watched(screen, asked_s, now_s), _FIRST_POLL_S
            else:
                before.looks += 1
                if screen.name != UNKNOWN or self._is_over_page(screen):
                    self._act(goal, screen, before, attempts, asked_s)
                elif self._must_not_stay(screen, before, now_s, wait, until, went_back=went_back):
                    went_back = True
                    self._go_back(screen)
                before.screen, before.asked_s = screen, asked_s
            if wait.is_over(now_s - start_s, looks, busy=self._is_busy(screen)):
                raise not_left(screen, until)
            self.phone.control.pause(max(poll_s, self._rest_s(goal, screen, before, now_s - asked_s)))
            poll_s = grown(poll_s, _POLL_GROWTH, _LAST_POLL_S, self.phone.look_s)

    def _former_sight(self) -> Watched | None:
        """Return the look before this way began, when nothing was done since: it need not be taken twice."""
        last = self.phone.sight
        if last is None or last.screen.name == UNKNOWN or self.phone.clock.monotonic_s() - last.ended_s > _FORMER_S:
            return None
        return Watched(last.screen, last.asked_s, last.ended_s, _LEAST_LOOKS if last.is_still else 1)

    def _shows(self, screen: Screen, until: Collection[str]) -> bool:
        return screen.app == self.pack.app and screen.name in until

    def _rest_s(self, goal: str, screen: Screen, before: Watched, look_s: float) -> float:
        """Return how long to leave a screen alone that nothing can be done on yet.

        Where something is waited for, phones that take long for a look get as much time between two of them.
        """
        if (dwell_s := self._dwell_left_s(goal, screen, before)) > 0:
            return dwell_s
        action = self._action_for(goal, screen)
        waits = action is None or action.verb == "wait"
        if not waits or before.looks < _LEAST_LOOKS:
            return 0.0
        shown_s = self.phone.clock.monotonic_s() - before.since_s
        return min(max(look_s, min(2 * look_s, shown_s / 4)), _LONGEST_REST_S)

    def _dwell_left_s(self, goal: str, screen: Screen, sight: Watched) -> float:
        """Return how long a screen drops careful taps yet, none when this is not what is to be done on it."""
        action = screen.seen.rule.action_for(goal) if screen.seen.rule else None
        if action is None or not action.careful or screen.name not in self._dwells:
            return 0.0
        return sight.since_s + self._dwell_s - self.phone.clock.monotonic_s()

    def _must_not_stay(
        self,
        screen: Screen,
        sight: Watched,
        now_s: float,
        wait: Wait,
        until: Collection[str],
        *,
        went_back: bool,
    ) -> bool:
        """Fail when a screen that nobody knows has stayed for too long; return whether it is time for one Back."""
        limit_s = wait.busy_s if self._is_busy(screen) else self.unknown_patience_s
        if (started_s := self.phone.started_s) is not None:
            limit_s = max(limit_s, started_s + STARTED_FOR_S - sight.since_s)
        if not has_passed(limit_s + went_back * _AFTER_BACK_S, now_s - sight.since_s, sight.looks):
            return False
        if not went_back and not self._is_busy(screen) and self._may_go_back(screen):
            return True
        raise not_left(screen, until)

    def _may_go_back(self, screen: Screen) -> bool:
        """Return whether Back can do no harm on a page that nobody knows."""
        if screen.app != self.pack.app:  # another app came in between, or a question of the system's
            return not any(node.class_name.endswith("EditText") for node in screen.view.nodes)
        needs_person = screen.top.find(self.pack.person_marks) is not None
        return not needs_person and not screen.places.buttons

    def _go_back(self, screen: Screen) -> None:
        with self.phone.step("go back from a page nobody knows", f"shown by {screen.app}"):
            self.phone.press("back")

    def _is_over_page(self, screen: Screen) -> bool:
        """Return whether this is a sheet or dialog that nobody has named, over a page of the app."""
        return screen.name == UNKNOWN and screen.app == self.pack.app and screen.seen.below is not None

    def _action_for(self, goal: str, screen: Screen) -> Action | None:
        """Return what to do on a screen for a goal, None for nothing."""
        if self._is_over_page(screen):
            return self._refusal
        return screen.seen.rule.action_for(goal) if screen.seen.rule else None

    def _is_busy(self, screen: Screen) -> bool:
        """Return whether something is visibly loading: a page that says so, or a strange one with a bar or wheel."""
        if screen.name != UNKNOWN:
            return screen.app == self.pack.app and screen.name in self._loading
        return any(
            node.class_name.endswith("ProgressBar") and node.package in self.pack.drawn_by for node in screen.top.nodes
        )

    def see(self, shows: Callable[[Screen], bool], timeout_s: float) -> Screen | None:
        """Look until a screen shows something, and return it; None when it does not come in time."""
        until_s, looks = self.phone.clock.monotonic_s() + timeout_s, 0
        while True:
            screen, looks = self.phone.look(), looks + 1
            if shows(screen):
                return screen
            if looks >= _LEAST_LOOKS and self.phone.clock.monotonic_s() >= until_s:
                return None
            self.phone.control.pause(_SEE_POLL_S)

    def tap_until(
        self, find: Callable[[Screen], Node | None], shows: Callable[[Screen], bool], timeout_s: float
    ) -> Screen | None:
        """Tap a node until a screen shows something; again when nothing came of it, as apps drop taps.

        For taps that may be repeated. Returns None when it does not come in time.
        """
        until_s, taps = self.phone.clock.monotonic_s() + timeout_s, 0
        while taps < _LEAST_TAPS or self.phone.clock.monotonic_s() < until_s:
            taps += 1
            screen = self.phone.look()
            if shows(screen):
                return screen
            if node := find(screen):
                self.phone.tap(node)
            if (seen := self.see(shows, _TAP_AGAIN_AFTER_S)) is not None:
                return seen
        return None

    def _act(self, goal: str, screen: Screen, before: Watched, attempts: dict[str, Attempt], asked_s: float) -> None:
        """Do what the pack says, when it is time to; `asked_s` is when the look was asked for."""
        action = self._action_for(goal, screen)
        if action is None or action.verb == "wait":
            return
        node = self._target(screen, action)
        is_careful = self._is_careful(screen, action, node)
        if is_careful and not self._is_ready(screen, before, asked_s):
            return
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
            if not self._may_repeat(former, before.asked_s, asked_s, is_careful=is_careful):
                return
            if former.tries >= _MOST_TRIES:
                raise TaskFailedError(action.argument or "screen_stuck", f"{screen.seen} does not react.")
            tries = former.tries + 1
            if action.careful and self._on_risk is not None:
                self._on_risk()
        if action.careful and node is not None and self._free_edge(screen, node, action.careful) is None:
            return  # another window lies over it
        if action is self._refusal and tries > _REFUSALS:
            self.phone.press("back")
        else:
            self.verbs[action.verb](screen, action)
        attempts[str(screen.seen)] = Attempt(bounds, self.phone.clock.monotonic_s(), tries)

    @staticmethod
    def _is_careful(screen: Screen, action: Action, node: Node | None) -> bool:
        """Return whether something could be published by an action when it comes too late, or twice."""
        return bool(action.careful) or (action.verb in _TAPS and node is not None and screen.endangers(node))

    def _is_ready(self, screen: Screen, before: Watched, asked_s: float) -> bool:
        """Return whether a screen has been there for long enough to take a careful tap."""
        dwell_s = self._dwell_s if screen.name in self._dwells else 0.0
        shown_s = self.phone.clock.monotonic_s() - before.since_s
        return asked_s - before.since_s >= _CAREFUL_AGE_S and shown_s >= dwell_s

    def _may_repeat(self, former: Attempt, before_s: float, asked_s: float, *, is_careful: bool) -> bool:
        """Return whether nothing came of an attempt: this look was asked for long after it.

        For a careful one also the look before this one, which showed the same: a page that changes is not tapped.
        What a very slow look shows may be gone.
        """
        if not is_careful:
            return asked_s - former.at_s >= _RETRY_AFTER_S * former.tries
        is_fresh = self.phone.clock.monotonic_s() - asked_s <= _STALE_S
        return is_fresh and before_s - former.at_s >= _CAREFUL_RETRY_AFTER_S * former.tries

    def _target(self, screen: Screen, action: Action) -> Node | None:
        if action.element is None:
            return None
        element = the_last(action.element) if action.verb == "tap_last" else action.element
        return screen.find(element)

    # -- verbs ---------------------------------------------------------------------------------------

    def _tap(self, screen: Screen, action: Action) -> None:
        node = self._target(screen, action)
        if node is None:
            return
        if action.careful:
            if (point := self._free_edge(screen, node, action.careful)) is not None:
                self.tap_once(*point)
        else:
            self._tap_beside_places(screen, node)

    def _tap_beside_places(self, screen: Screen, node: Node) -> None:
        """Tap a node; where that could fall through on a button that publishes, elsewhere on it, once, or go back."""
        if not screen.endangers(node):
            self.phone.tap(node)
            return
        if (point := beside_places(screen, node)) is not None:
            self.tap_once(*point)
        else:
            self.phone.press("back")

    @staticmethod
    def _free_edge(screen: Screen, node: Node, edge: Edge) -> tuple[int, int] | None:
        """Return a point near an edge over which no other window lies."""
        return screen.free_point(node, near_edge(node, edge))

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
            self._tap_beside_places(screen, node)
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
