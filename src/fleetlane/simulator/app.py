"""A running simulated app: interprets its model (`simulator.model`) as time passes and fingers tap.

Synchronous and without I/O: the phone gives the time and is told what happens. Everything that takes
time is a timer of the phone, so that the same app runs in real and in virtual time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from fleetlane.core.media import MediaKind
from fleetlane.simulator.media_store import MediaRow
from fleetlane.simulator.model import Action, AppModel, PackageFacts, ScreenSpec
from fleetlane.simulator.nodes import SimNode, build_screen

if TYPE_CHECKING:
    from fleetlane.simulator.phone import SimPhone

_HASHTAG = re.compile(r"#(\w+)")
_OPEN_HASHTAG = re.compile(r"#(\w*)$")


@dataclass(slots=True)
class Post:
    """A post as its profile shows it. `posted_at_s` is on the phone's clock."""

    kind: str
    caption: str
    plays: str
    posted_at_s: float
    placement: str = ""
    pinned: bool = False


@dataclass(slots=True)
class Account:
    """An account signed in to an app on one phone."""

    handle: str
    name: str
    posts: list[Post] = field(default_factory=list[Post])
    shown: list[Post] = field(default_factory=list[Post])
    """What the profile grid shows: refreshed late, as on a phone."""
    story: bool = False


@dataclass(slots=True)
class Upload:
    """An upload in progress."""

    started_s: float
    duration_s: float
    stuck: bool = False

    def percent(self, now_s: float) -> int:
        """Return how much is done, 0 to 99."""
        if self.stuck or self.duration_s <= 0:
            return 0
        return max(0, min(99, int(100 * (now_s - self.started_s) / self.duration_s)))


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


class Fields(dict[str, str]):
    """Texts of the input fields; a field nobody typed in is empty."""

    def __missing__(self, key: str) -> str:
        return ""


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
        self.running = False
        self.stack: list[str] = []
        self.session: dict[str, Any] = {}
        self.fields = Fields()
        self.focused: str | None = None
        self.selected: list[MediaRow] = []
        self.upload: Upload | None = None
        self.toast = ""
        self.generation = 0
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
            "gallery": self._gallery(),
            "upload": self.upload,
            "percent": self.upload.percent(now) if self.upload else 0,
            "toast": self.toast,
            "suggestions": self._suggestions(),
            "android": self.phone.android,
            "language": self.phone.language,
            "loading": now < self._interactive_at_s,
        }
        values["values"] = values
        return values

    def _string(self, name: str) -> str:
        return self.model.string(name, self.phone.language)(self.phone.string_context(self))

    def _gallery(self) -> list[MediaRow]:
        if not self.phone.may_read_media(self.package.name):
            return []
        return self.phone.media.newest_first()

    def _suggestions(self) -> list[str]:
        if not (self.focused and self.phone.keyboard_visible):
            return []
        found = _OPEN_HASHTAG.search(self.fields.get(self.focused, ""))
        if not found:
            return []
        stem = found[1] or "fyp"
        return [f"#{stem}", f"#{stem}s", f"#{stem}viral"]

    # -- life cycle ----------------------------------------------------------------------------

    def timing(self, name: str) -> float:
        """Return a delay of the model in seconds, as this phone is set."""
        return self.model.timings.get(name, 0.0) * self.phone.app_delay_factor

    def launch(self) -> None:
        """Start from the launcher, or come to the front when running."""
        if not self.running:
            self._start_process(self.model.start)

    def share(self, rows: Sequence[MediaRow]) -> None:
        """Start with shared media."""
        self.selected = list(rows)
        if self.running:
            self._reset_session()
            self._move(self.model.share, self.timing("transition"))
        else:
            self._start_process(self.model.share)
        self.selected = list(rows)

    def _start_process(self, steps: Sequence[Action]) -> None:
        self.running = True
        self._reset_session()
        self._move(steps, self.timing("launch"))

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
        self._run(self.model.on_kill)
        self.running = False
        self.upload = None
        self._reset_session()
        self.phone.app_left(self)
        self.phone.touch()

    # -- input ---------------------------------------------------------------------------------

    @property
    def interactive(self) -> bool:
        """Return whether taps are taken now."""
        return not self._moving and self.phone.now_s() >= self._interactive_at_s

    def tap(self, node: SimNode, *, long: bool = False) -> None:
        """Tap a node. Nothing happens while the screen moves, or in its first moments."""
        if not self.interactive:
            return
        left = self.faults.ignored_taps.get(node.role, 0)
        if left > 0:
            self.faults.ignored_taps[node.role] = left - 1
            return
        actions = node.long_tap if long and node.long_tap else node.tap
        if node.field_name is not None:
            self.focused = node.field_name
            self.phone.show_keyboard()
        self._run(actions, node.scope)
        self.phone.touch()

    def back(self) -> None:
        """Press Back."""
        if self.stack and not self._moving:
            self._run(self.model.screens[self.screen].back)
            self.phone.touch()

    def swipe_down(self) -> None:
        """Pull down (refresh)."""
        if self.stack and self.interactive:
            self._run(self.model.screens[self.screen].swipe_down)
            self.phone.touch()

    def type_text(self, text: str, *, replace: bool = False) -> bool:
        """Put text into the focused field. Return False when there is none."""
        if self.focused is None:
            return False
        if self.faults.eat_text:
            self.faults.eat_text = False
            text = text[: max(len(text) - 2, 0)] + " " + text[-2:]
        whole = text if replace else self.fields.get(self.focused, "") + text
        self.fields[self.focused] = self._limited(self.focused, whole)
        self.phone.touch()
        return True

    def _limited(self, name: str, text: str) -> str:
        limit = self.model.limits.get(name)
        if limit is not None:
            text = text[:limit]
        most = self.model.limits.get("hashtags")
        if most is None or name != "caption":
            return text
        seen = 0

        def keep(found: re.Match[str]) -> str:
            nonlocal seen
            seen += 1
            return found[0] if seen <= most else found[1]

        return _HASHTAG.sub(keep, text)

    # -- actions -------------------------------------------------------------------------------

    def _run(self, actions: Sequence[Action], scope: dict[str, Any] | None = None) -> None:
        for verb, argument in actions:
            self._do(verb, argument, scope or {})

    def _do(self, verb: str, argument: Any, scope: dict[str, Any]) -> None:  # noqa: C901, PLR0912 - one case a verb
        match verb:
            case "goto" | "push" | "home":
                self._go(verb, argument)
            case "pop":
                self._pop(int(argument))
            case "set":
                self.session.update({k: e({**self.context(), **scope}) for k, e in argument.items()})
            case "set_data":
                self.data.update({k: e({**self.context(), **scope}) for k, e in argument.items()})
            case "toggle":
                self.session[argument] = not self.session.get(argument)
            case "if":
                condition, then, otherwise = argument
                self._run(then if condition({**self.context(), **scope}) else otherwise, scope)
            case "after":
                name, steps = argument
                self._later(self.timing(name), steps, scope)
            case "ask":
                permission, granted, denied = argument
                self.phone.ask_permission(self, permission, lambda ok: self._run(granted if ok else denied, scope))
            case "select":
                self._select(argument({**self.context(), **scope}))
            case "publish":
                texts, outcomes = argument
                self._publish(texts, outcomes, scope)
            case "focus":
                self.focused = argument
                self.phone.show_keyboard()
            case "blur" | "hide_keyboard":
                self.focused = None
                self.phone.hide_keyboard()
            case "type_suggestion":
                self._take_suggestion(str(argument({**self.context(), **scope})))
            case "switch_account":
                self._switch(str(argument({**self.context(), **scope})))
            case "refresh_profile":
                self.refresh_profile()
            case "toast":
                self._show_toast(argument)
            case "finish":
                self._finish()
            case "crash":
                self.phone.crash(self)
            case "answer" | "unlock" | "keep_waiting" | "open":
                self.phone.system_action(verb, argument)
            case _:
                raise AssertionError(verb)

    def _go(self, verb: str, screen: str) -> None:
        def arrive() -> None:
            if verb == "home":
                self.stack = [screen]
            elif verb == "goto" and self.stack:
                self.stack[-1] = screen
            else:
                self.stack.append(screen)
            self._shown(screen)

        self._moving = True
        self.phone.delay(self.timing("transition"), self._guarded(lambda: self._arrived(arrive)))

    def _arrived(self, arrive: Any) -> None:
        self._moving = False
        arrive()

    def _move(self, steps: Sequence[Action], seconds: float) -> None:
        self._moving = True
        self.phone.delay(seconds, self._guarded(lambda: self._arrived(lambda: self._run_at_once(steps))))

    def _run_at_once(self, steps: Sequence[Action]) -> None:
        # The first screen of a start needs no transition of its own.
        for verb, argument in steps:
            if verb in ("goto", "push", "home"):
                self.stack = [argument] if verb == "home" else [*self.stack, argument]
                self._shown(argument)
            elif verb == "if":
                condition, then, otherwise = argument
                self._run_at_once(then if condition(self.context()) else otherwise)
            else:
                self._do(verb, argument, {})

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
        self._run(spec.on_show)
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

    def _pop(self, count: int) -> None:
        for _ in range(count):
            if len(self.stack) > 1:
                self.stack.pop()
            elif self.stack:
                self._finish()
                return
        self.focused = None
        self.phone.hide_keyboard()

    def _finish(self) -> None:
        self.phone.app_left(self)

    def _later(self, seconds: float, steps: Sequence[Action], scope: dict[str, Any]) -> None:
        self.phone.delay(seconds, self._guarded(lambda: self._run(steps, scope)))

    def _guarded(self, call: Any) -> Any:
        generation = self.generation

        def run() -> None:
            if self.generation == generation:
                call()
                self.phone.touch()

        return run

    def _select(self, row: MediaRow | None) -> None:
        if row is None:
            return
        if row in self.selected:
            self.selected.remove(row)
        else:
            self.selected.append(row)

    def _take_suggestion(self, tag: str) -> None:
        if self.focused:
            text = _OPEN_HASHTAG.sub(tag + " ", self.fields.get(self.focused, ""))
            self.fields[self.focused] = text

    def _switch(self, handle: str) -> None:
        for index, account in enumerate(self.accounts):
            if account.handle == handle:
                self.current = index
                account.shown = list(account.posts)

    def refresh_profile(self) -> None:
        """Bring the grid up to date, unless a post is too fresh to show yet."""
        account = self.account
        if account is None:
            return
        delay = self.timing("grid")
        now = self.phone.now_s()
        account.shown = [post for post in account.posts if now - post.posted_at_s >= delay]

    def _show_toast(self, name: str) -> None:
        self.toast = name
        self.phone.delay(self.timing("toast"), self._guarded(self._clear_toast), counts=False)

    def _clear_toast(self) -> None:
        self.toast = ""

    def _publish(self, texts: Any, steps: Any, scope: dict[str, Any]) -> None:
        account = self.account
        if account is None:
            return
        context = {**self.context(), **scope}
        values = {key: text(context) for key, text in texts.items()}
        media = list(self.selected)
        duration = self.phone.upload_s if self.phone.upload_s is not None else self.timing("upload")
        fault, self.faults.upload = self.faults.upload, ""
        self.upload = Upload(self.phone.now_s(), duration, stuck=fault == "stuck")
        self._run(steps["started"], scope)
        if fault == "stuck":
            return

        def end() -> None:
            self.upload = None
            if fault == "fail":
                self._run(steps["failed"], scope)
                return
            kind = values.get("kind") or ("video" if media and media[0].kind is MediaKind.VIDEO else "images")
            post = Post(kind, values.get("caption", ""), "0", self.phone.now_s(), values.get("placement", ""))
            if post.placement == "story":
                account.story = True
            else:
                account.posts.insert(sum(p.pinned for p in account.posts), post)
            self.phone.published(self, account, post, media, values)
            self._run(steps["done"], scope)

        self.phone.delay(duration, self._guarded(end))

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
