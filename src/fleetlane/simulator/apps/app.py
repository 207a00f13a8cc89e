"""A running simulated app: interprets its model (`simulator.models.loader`) as time passes and fingers tap.

Synchronous and without I/O: the phone gives the time and is told what happens. Everything that takes
time is a timer of the phone, so that the same app runs in real and in virtual time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleetlane.simulator.android.media_store import MediaRow
from fleetlane.simulator.apps.actions import Actions
from fleetlane.simulator.apps.host import AppHost
from fleetlane.simulator.apps.screen_stack import ScreenStack
from fleetlane.simulator.apps.text_fields import limited
from fleetlane.simulator.models.compiled_model import Action, AppModel, PackageFacts
from fleetlane.simulator.screens.nodes import SimNode


class App(ScreenStack):
    """One installed app on one phone."""

    def __init__(self, model: AppModel, package: PackageFacts, phone: AppHost, build: str = "") -> None:
        super().__init__(model, package, phone, build)
        self._actions = Actions(self)

    def run(self, actions: Sequence[Action], scope: dict[str, Any] | None = None) -> None:
        """Run actions of the model in turn. `scope` holds the values of the node that was tapped."""
        self._actions.run(actions, scope)

    # -- life cycle ----------------------------------------------------------------------------

    def launch(self) -> None:
        """Start from the launcher, or come to the front when running."""
        if not self.running:
            self._start_process(self.model.start)

    def share(self, rows: Sequence[MediaRow]) -> None:
        """Start with shared media."""
        self.selected = list(rows)
        if self.running:
            self.reset_session()
            self._begin(self.model.share, self.timing("transition"))
        elif self.phone.traits.loses_first_share and self.model.app == "instagram":
            self._start_process(self.model.start)  # what was shared is gone
            return
        else:
            self._start_process(self.model.share)
        self.selected = list(rows)

    def view(self, url: str) -> None:
        """Open a link."""
        found, steps = self.model.links.open(url)
        if self.running:
            self.reset_session()
            self._begin(steps, self.timing("transition"))
        else:
            self._start_process(steps)
        self.session["link"] = found

    def _start_process(self, steps: Sequence[Action]) -> None:
        self.running = True
        self.phone.app_started_at_s = self.phone.now_s()
        self.reset_session()
        self._begin(steps, self.timing("launch"))

    def _begin(self, steps: Sequence[Action], seconds: float) -> None:
        self.move(seconds, lambda: self._actions.run_at_once(steps))

    # -- input ---------------------------------------------------------------------------------

    def tap(self, node: SimNode, x: int, *, long: bool = False) -> None:
        """Tap a node at `x`. Nothing happens while the screen moves, or in its first moments."""
        if not self.interactive:
            return
        left = self.faults.ignored_taps.get(node.role, 0)
        if left > 0:
            self.faults.ignored_taps[node.role] = left - 1
            return
        if node.slider:
            self.slide(node, x)
        actions = node.long_tap if long and node.long_tap else node.tap
        if node.field_name is not None:
            self.focus(node.field_name)
        self.run(actions, node.scope)
        self.phone.touch()

    def back(self) -> None:
        """Press Back."""
        if self.stack and not self._moving:
            self.run(self.model.screens[self.screen].back)
            self.phone.touch()

    def swipe(self, direction: str) -> None:
        """Swipe the page "down" (refresh, or back to its top) or "up" (to what is below)."""
        if self.stack and self.interactive:
            spec = self.model.screens[self.screen]
            self.run(spec.swipe_down if direction == "down" else spec.swipe_up)
            self.phone.touch()

    def slide(self, node: SimNode, x: int) -> None:
        """Put a slider to where the finger is: its value, 0 to 100, is kept in the session."""
        left, _, right, _ = node.bounds
        if node.enabled:
            self.session[node.slider] = max(0, min(100, round(100 * (x - left) / (right - 1 - left))))
            self.phone.touch()

    def enter(self) -> None:
        """Press Enter: a field may have an action for it, else it ends the line."""
        fields = [node for root in self.nodes() for node in root.walk() if node.field_name == self.focused]
        if fields and fields[-1].enter:
            self.run(fields[-1].enter, fields[-1].scope)
            self.phone.touch()
        else:
            self.type_text("\n")

    def type_text(self, text: str, *, replace: bool = False, into: str | None = None) -> bool:
        """Put text into the focused field, or `into` one that needs no cursor. Return False when there is none."""
        name = into or self.focused
        if name is None:
            return False
        if self.faults.eat_text:
            self.faults.eat_text = False
            text = text[: max(len(text) - 2, 0)] + " " + text[-2:]
        whole = text if replace else self.fields[name] + text
        self.fields[name] = limited(name, whole, self.model.limits)
        self.phone.touch()
        return True
