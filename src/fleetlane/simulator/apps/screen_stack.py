"""How a simulated app goes from screen to screen, with the time that takes, and the nodes that it shows."""

from __future__ import annotations

from collections.abc import Callable

from fleetlane.simulator.apps.app_state import AppState
from fleetlane.simulator.models.compiled_model import ScreenSpec
from fleetlane.simulator.screens.node_builder import build_screen
from fleetlane.simulator.screens.nodes import SimNode


class ScreenStack(AppState):
    """An app whose screens lie one over another: the last of `stack` is on top."""

    @property
    def interactive(self) -> bool:
        """Return whether taps are taken now."""
        return not self._moving and self.phone.now_s() >= self._interactive_at_s

    def go(self, verb: str, screen: str) -> None:
        """Go to a screen ("home", "goto" or "push"), after the transition."""
        self.move(self.timing("transition"), lambda: self.arrive(verb, screen))

    def arrive(self, verb: str, screen: str) -> None:
        """Be on a screen now: alone ("home"), in place of the top one ("goto"), or over it ("push")."""
        if verb == "home":
            self.stack = [screen]
        elif verb == "goto" and self.stack:
            self.stack[-1] = screen
        else:
            self.stack.append(screen)
        self._shown(screen)

    def move(self, seconds: float, arrive: Callable[[], None]) -> None:
        """Arrive after some seconds; until then no tap is taken."""

        def arrived() -> None:
            self._moving = False
            arrive()

        self._moving = True
        self.later(seconds, arrived)

    def _shown(self, name: str) -> None:
        spec = self.model.screens[name]
        now = self.phone.now_s()
        self._shown_at_s = now
        wait = self.timing(spec.ready_after) if spec.ready_after else 0.0
        if spec.slide:
            wait = max(wait, self.timing(spec.slide[1]))
        self._interactive_at_s = now + wait
        if wait:
            self.phone.delay(wait, self.phone.touch)
        self.run(spec.on_show)
        for listener in self.phone.screen_listeners:
            listener(self, name)
        for index, (screen, popup) in enumerate(self.faults.popups):
            if screen in (name, "*") and popup != name:
                del self.faults.popups[index]
                self.phone.show_popup(self, popup)
                break
        self.phone.touch()

    def show_over(self, popup: str) -> None:
        """Put a popup screen over the present one, without a transition."""
        self.stack.append(popup)
        self._shown(popup)

    def slide_offset(self) -> int:
        """Return how far right of its place the top screen is drawn now, in design pixels."""
        spec = self.model.screens.get(self.screen)
        if not spec or not spec.slide:
            return 0
        length = self.timing(spec.slide[1])
        passed = self.phone.now_s() - self._shown_at_s
        return int(spec.slide[0] * (1 - passed / length)) if passed < length else 0

    def pop(self, count: int) -> None:
        """Go back by so many screens; from the last one, leave the app."""
        for _ in range(count):
            if len(self.stack) > 1:
                self.stack.pop()
            elif self.stack:
                self.finish()
                return
        self.blur()

    def visible_screens(self) -> list[ScreenSpec]:
        """Return the screens in the tree, bottom first: the top one and those it keeps below."""
        shown: list[ScreenSpec] = []
        for name in reversed(self.stack):
            spec = self.model.screens[name]
            shown.append(spec)
            if not spec.over:
                break
        return shown[::-1]

    def nodes(self) -> list[SimNode]:
        """Return the nodes of the app's window, bottom screen first."""
        context = self.context()
        screens = self.visible_screens()
        roots: list[SimNode] = []
        for index, spec in enumerate(screens):
            top = index == len(screens) - 1
            roots.append(build_screen(self, spec, context, self.phone.size, self.slide_offset() if top else 0, top=top))
        return roots
