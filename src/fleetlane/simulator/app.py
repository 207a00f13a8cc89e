"""A running simulated app: interprets its model (`simulator.model`) as time passes and fingers tap.

Synchronous and without I/O: the phone gives the time and is told what happens. Everything that takes
time is a timer of the phone, so that the same app runs in real and in virtual time.

Long, because it is one class whose methods are what a model may say; the models themselves are data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from fleetlane.simulator.accounts import Account
from fleetlane.simulator.actions import Actions
from fleetlane.simulator.compiled_model import Action, AppModel, PackageFacts, ScreenSpec
from fleetlane.simulator.media_store import MediaRow
from fleetlane.simulator.nodes import SimNode, build_screen
from fleetlane.simulator.spans import Span
from fleetlane.simulator.text_fields import Fields, limited, suggestions
from fleetlane.simulator.uploads import Upload

if TYPE_CHECKING:
    from fleetlane.simulator.phone import SimPhone


@dataclass(slots=True)
class AppFaults:
    """What goes wrong in an app, set by tests and fault files."""

    upload: str = ""
    """"fail" or "stuck" for the next upload."""
    ignored_taps: dict[str, int] = field(default_factory=dict[str, int])
    """How many taps on nodes of an id role are dropped."""
    popups: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(screen, popup): when the screen appears next, the popup comes over it. "*" is any screen."""
    eat_text: bool = False
    """Suggestions garble the next typed text."""


class App:
    """One installed app on one phone."""

    def __init__(self, model: AppModel, package: PackageFacts, phone: SimPhone, build: str = "") -> None:
        self.model = model
        self.package = package
        self.phone = phone
        self.build = build or package.build
        self.accounts: list[Account] = []
        self.current = 0
        self.logged_in = True
        self.data: dict[str, Any] = dict(model.data)
        self.faults = AppFaults()
        self.actions = Actions(self)
        self.running = False
        self.stack: list[str] = []
        self.session: dict[str, Any] = {}
        self.fields = Fields()
        self.focused: str | None = None
        self.selected: list[MediaRow] = []
        self.upload: Upload | None = None
        self.toast = ""
        self.generation = 0
        """Which of its sessions this is: each start, share and link begins a new one."""
        self.process = 0
        self._moving = False
        self._shown_at_s = 0.0
        self._interactive_at_s = 0.0

    # -- what expressions see ------------------------------------------------------------------

    @property
    def account(self) -> Account | None:
        """Return the account in use, None when nobody is signed in."""
        return self.accounts[self.current] if self.logged_in and self.accounts else None

    @property
    def screen(self) -> str:
        """Return the name of the top screen, "" when the app does not run."""
        return self.stack[-1] if self.stack else ""

    def context(self) -> dict[str, Any]:
        """Return the values expressions are evaluated with."""
        now = self.phone.now_s()
        values: dict[str, Any] = {
            **self.data,
            **self.session,
            "t": self._string,
            "now": now,
            "app_label": self.model.label,
            "package": self.package.name,
            "screen": self.screen,
            "stack": self.stack,
            "account": self.account,
            "accounts": self.accounts,
            "logged_in": self.logged_in,
            "fields": self.fields,
            "focused": self.focused,
            "keyboard": self.phone.keyboard_visible,
            "selected": self.selected,
            "gallery": self._gallery(self.session.get("album")),
            "albums": list(dict.fromkeys(row.album for row in self._gallery())),
            "upload": self.upload,
            "percent": self.upload.percent(now) if self.upload else 0,
            "toast": self.toast,
            "suggestions": self._suggestions(),
            "android": self.phone.android,
            "language": self.phone.language,
            "running": self.phone.running,
            "loading": now < self._interactive_at_s,
        }
        values["values"] = values
        return values

    def _string(self, name: str) -> str:
        return self.model.string(name, self.phone.language)(self.phone.string_context(self))

    def _gallery(self, album: str | None = None) -> list[MediaRow]:
        if not self.phone.permissions.may_read_media(self.package.name):
            return []
        rows = self.phone.media.in_gallery(self.phone.traits.gallery_order)
        return [row for row in rows if album in (None, "", row.album)]

    def _suggestions(self) -> list[str]:
        typing = self.focused and self.phone.keyboard_visible
        return suggestions(self.fields[self.focused]) if typing and self.focused else []

    # -- life cycle ----------------------------------------------------------------------------

    def timing(self, name: str) -> float:
        """Return a delay of the model in seconds, as this phone is set."""
        given = self._given(name)
        if given:
            return self.phone.draws.seconds(name, given)
        return self.model.timings.get(name, 0.0) * self.phone.app_delay_factor

    def _given(self, name: str) -> Span | None:
        """Return the span that the phone's traits give a delay, whatever the model says."""
        traits = self.phone.traits
        match name:
            case "launch":
                return traits.launch_s
            case "dwell":
                return traits.editor_dwell_s
            case "upload":
                return traits.upload_s
            case "grid":
                return traits.grid_s
            case _:
                return None

    def launch(self) -> None:
        """Start from the launcher, or come to the front when running."""
        if not self.running:
            self._start_process(self.model.start)

    def share(self, rows: Sequence[MediaRow]) -> None:
        """Start with shared media."""
        self.selected = list(rows)
        if self.running:
            self._reset_session()
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
            self._reset_session()
            self._begin(steps, self.timing("transition"))
        else:
            self._start_process(steps)
        self.session["link"] = found

    def _start_process(self, steps: Sequence[Action]) -> None:
        self.running = True
        self.phone.app_started_at_s = self.phone.now_s()
        self._reset_session()
        self._begin(steps, self.timing("launch"))

    def _begin(self, steps: Sequence[Action], seconds: float) -> None:
        self._move(seconds, lambda: self.actions.run_at_once(steps))

    def _reset_session(self) -> None:
        self.generation += 1
        self.stack = []
        self.session = {k: _copy(v) for k, v in self.model.session.items()}
        self.fields = Fields()
        self.focused = None
        self.selected = []
        self.toast = ""
        self._moving = False

    def kill(self) -> None:
        """End the process. An upload that is not done is lost."""
        if not self.running:
            return
        self.actions.run(self.model.on_kill)
        self.running = False
        self.upload = None
        self.process += 1
        self._reset_session()
        self.phone.app_left(self)
        self.phone.touch()

    def wipe(self) -> None:
        """Forget everything, as after the first installation."""
        self.data = dict(self.model.data)
        self.accounts, self.current, self.logged_in = [], 0, False

    # -- input ---------------------------------------------------------------------------------

    @property
    def interactive(self) -> bool:
        """Return whether taps are taken now."""
        return not self._moving and self.phone.now_s() >= self._interactive_at_s

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
        self.actions.run(actions, node.scope)
        self.phone.touch()

    def back(self) -> None:
        """Press Back."""
        if self.stack and not self._moving:
            self.actions.run(self.model.screens[self.screen].back)
            self.phone.touch()

    def swipe(self, direction: str) -> None:
        """Swipe the page "down" (refresh, or back to its top) or "up" (to what is below)."""
        if self.stack and self.interactive:
            spec = self.model.screens[self.screen]
            self.actions.run(spec.swipe_down if direction == "down" else spec.swipe_up)
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
            self.actions.run(fields[-1].enter, fields[-1].scope)
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

    # -- actions -------------------------------------------------------------------------------

    def go(self, verb: str, screen: str) -> None:
        """Go to a screen ("home", "goto" or "push"), after the transition."""
        self._move(self.timing("transition"), lambda: self.arrive(verb, screen))

    def arrive(self, verb: str, screen: str) -> None:
        """Be on a screen now: alone ("home"), in place of the top one ("goto"), or over it ("push")."""
        if verb == "home":
            self.stack = [screen]
        elif verb == "goto" and self.stack:
            self.stack[-1] = screen
        else:
            self.stack.append(screen)
        self._shown(screen)

    def _move(self, seconds: float, arrive: Callable[[], None]) -> None:
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
        self.actions.run(spec.on_show)
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

    def finish(self) -> None:
        """Leave the app for the launcher."""
        self.phone.app_left(self)

    def later(
        self, seconds: float, call: Callable[[], None], *, counts: bool = True, outlives_session: bool = False
    ) -> None:
        """Call something after `seconds`, unless the session, or at least the process, ended before."""
        generation, process = self.generation, self.process

        def run() -> None:
            if self.generation == generation or (outlives_session and self.process == process):
                call()
                self.phone.touch()

        self.phone.delay(seconds, run, counts=counts)

    def focus(self, name: str) -> None:
        """Put the cursor into an input field."""
        self.focused = name
        self.phone.show_keyboard()

    def blur(self) -> None:
        """Take the cursor out of the field, and the keyboard away."""
        self.focused = None
        self.phone.hide_keyboard()

    def switch_account(self, handle: str) -> None:
        """Use another of the accounts that are signed in."""
        for index, account in enumerate(self.accounts):
            if account.handle == handle:
                self.current = index
                account.shown = list(account.posts)

    def log_out(self) -> None:
        """Sign the account out; the next start shows the login page."""
        self.logged_in = False

    def refresh_profile(self) -> None:
        """Bring the grid up to date, unless a post is too fresh to show yet."""
        account = self.account
        if account is None:
            return
        now = self.phone.now_s()
        account.shown = [post for post in account.posts if now - post.posted_at_s >= post.shown_after_s]

    def show_toast(self, name: str) -> None:
        """Show a message for a while, by the name of its string."""

        def clear() -> None:
            self.toast = ""

        self.toast = name
        self.later(self.timing("toast"), clear, counts=False)

    # -- what the screen shows -----------------------------------------------------------------

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
            roots.append(build_screen(self, spec, context, self.slide_offset() if top else 0, top=top))
        return roots


def _copy(value: Any) -> Any:
    return list(cast("list[Any]", value)) if isinstance(value, list) else value
