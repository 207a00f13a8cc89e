"""A simulated phone: windows, apps, permissions, keyboard, files and time. Synchronous, without sockets.

The wire (`simulator.adbd`) and the fake driver of the deterministic tests stand on it. Time comes from
a `Clock`; timers run when somebody looks, in the order in which they were due.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fleetlane.core.media import MediaKind
from fleetlane.simulator.app import Account, App, Post
from fleetlane.simulator.files import FileSystem
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.media_store import MediaRow, MediaStore
from fleetlane.simulator.model import AppModel, PackageFacts
from fleetlane.simulator.nodes import SimNode, to_xml

SDK_OF = {9: 28, 10: 29, 11: 30, 12: 31, 13: 33, 14: 34, 15: 35, 16: 36}
_KEYBOARD_TOP = 0.62
KEY_CODES = {
    "home": 3,
    "back": 4,
    "menu": 82,
    "enter": 66,
    "delete": 67,
    "del": 67,
    "power": 26,
    "wakeup": 224,
    "sleep": 223,
}


class Clock(Protocol):
    """Gives the time: `now_s` never goes back, `wall_s` is seconds since the epoch."""

    def now_s(self) -> float:
        """Return a monotonic time in seconds."""
        ...

    def wall_s(self) -> float:
        """Return the wall-clock time in seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What a phone is. `size` is (width, height) in pixels."""

    serial: str
    model: str = "Pixel 6a"
    brand: str = "google"
    android: int = 13
    language: str = "en"
    size: tuple[int, int] = (1080, 2400)
    storage_bytes: int = 64 * 1024**3
    app_delay_factor: float = 1.0
    upload_s: float | None = None
    """Upload time of every post; None: as the app's model says."""
    secure_lock: bool = False


@dataclass(slots=True)
class _Permission:
    """A permission dialog that waits for an answer."""

    app: App
    permission: str
    answered: Callable[[bool], None]


@dataclass(slots=True)
class SystemFaults:
    """What goes wrong in the system, set by tests and fault files."""

    scan_ignored: bool = False
    share_refused: bool = False
    grant_refused: bool = False


def _silent(_line: str) -> None:
    """Log nothing."""


class SimPhone:
    """One phone. All methods must be called from one thread."""

    def __init__(
        self,
        facts: PhoneFacts,
        system: AppModel,
        clock: Clock,
        ledger: Ledger,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.facts = facts
        self.clock = clock
        self.ledger = ledger
        self.log: Callable[[str], None] = log or _silent
        self.android = facts.android
        self.sdk = SDK_OF[facts.android]
        self.language = facts.language
        self.size = facts.size
        self.app_delay_factor = facts.app_delay_factor
        self.upload_s = facts.upload_s
        self.files = FileSystem(facts.storage_bytes)
        self.media = MediaStore(self.files)
        self.apps: dict[str, App] = {}
        self.system = App(system, next(iter(system.packages.values())), self)
        self.system.running = True
        self.launcher = App(system, next(iter(system.packages.values())), self)
        self.launcher.running = True
        self.launcher.stack = ["launcher"]
        self.foreground: App = self.launcher
        self.granted: dict[str, set[str]] = {}
        self.refused: dict[str, set[str]] = {}
        self.clipboard = ""
        self.keyboard_visible = False
        self.settings: dict[tuple[str, str], str] = {
            ("secure", "default_input_method"): "com.android.inputmethod.latin/.LatinIME"
        }
        self.screen_on = True
        self.locked = False
        self.rotation = 0
        self.battery_percent = 87
        self.faults = SystemFaults()
        self.screen_listeners: list[Callable[[App, str], None]] = []
        self.reboot_listeners: list[Callable[[], None]] = []
        self.app_delay_s = 0.0
        self.version = 0
        self._asking: list[_Permission] = []
        self._blamed: App | None = None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = itertools.count()
        self._delayed_until_s = 0.0
        self._timer_at_s: float | None = None
        self._tree: tuple[tuple[Any, ...], list[SimNode], str] | None = None

    # -- time ----------------------------------------------------------------------------------

    def now_s(self) -> float:
        """Return the phone's monotonic time in seconds; inside a timer, when that was due."""
        return self.clock.now_s() if self._timer_at_s is None else self._timer_at_s

    def wall_s(self) -> float:
        """Return the wall-clock time of `now_s`."""
        return self.clock.wall_s() - (self.clock.now_s() - self.now_s())

    def delay(self, seconds: float, call: Callable[[], None], *, counts: bool = True) -> None:
        """Call something after `seconds`. Delays that `count` are the app's own, not the caller's."""
        now = self.now_s()
        if counts:
            self.app_delay_s += max(0.0, now + seconds - max(now, self._delayed_until_s))
            self._delayed_until_s = max(self._delayed_until_s, now + seconds)
        heapq.heappush(self._timers, (now + seconds, next(self._sequence), call))
        if seconds <= 0:
            self.settle()

    def settle(self) -> None:
        """Run the timers that are due, each at the time it was due."""
        if self._timer_at_s is not None:
            return
        while self._timers and self._timers[0][0] <= self.clock.now_s():
            self._timer_at_s, _, call = heapq.heappop(self._timers)
            try:
                call()
            finally:
                self._timer_at_s = None

    def next_timer_s(self) -> float | None:
        """Return when the next timer is due, None when there is none."""
        return self._timers[0][0] if self._timers else None

    def touch(self) -> None:
        """Note that something on the screen may have changed."""
        self.version += 1

    # -- packages ------------------------------------------------------------------------------

    def install(self, model: AppModel, package: str, *, build: str = "") -> App:
        """Install a package of a model, and return the app."""
        app = App(model, model.packages[package], self, build)
        self.apps[package] = app
        return app

    def uninstall(self, package: str) -> bool:
        """Remove a package. Return whether it was there."""
        app = self.apps.pop(package, None)
        if app is None:
            return False
        app.kill()
        self.granted.pop(package, None)
        return True

    def start_app(self, package: str) -> bool:
        """Bring an app to the front. Return False when it is not installed."""
        app = self.apps.get(package)
        if app is None:
            return False
        self._front(app)
        app.launch()
        return True

    def share(self, package: str, rows: Sequence[MediaRow]) -> None:
        """Start an app's share activity with media."""
        app = self.apps[package]
        self._front(app)
        app.share(rows)

    def stop_app(self, package: str) -> None:
        """Force-stop an app."""
        app = self.apps.get(package)
        if app:
            self._asking = [q for q in self._asking if q.app is not app]
            if not self._asking and self.system.screen.startswith("perm_"):
                self.system.stack = []
            app.kill()

    def _front(self, app: App) -> None:
        self.hide_keyboard()
        self.foreground = app
        self.touch()

    def app_left(self, app: App) -> None:
        """Note that an app went away from the front."""
        if self.foreground is app:
            self._front(self.launcher)

    def show_popup(self, app: App, popup: str) -> None:
        """Show a popup of the app or of the system over an app."""
        if popup in app.model.screens:
            app.show_over(popup)
        elif popup in ("app_crashed", "not_responding"):
            (self.crash if popup == "app_crashed" else self.hang)(app)
        elif popup == "lock_screen":
            self.locked = True
        elif popup.startswith("perm_"):
            self._asking.append(_Permission(app, popup.removeprefix("perm_"), lambda _ok: None))
            self._show_question()
        else:
            raise KeyError(f"{app.model.app} has no screen {popup!r}")
        self.touch()

    def crash(self, app: App) -> None:
        """Crash an app: its process ends and the system says so."""
        self._blamed = app
        app.kill()
        self.system.stack = ["app_crashed"]
        self.touch()

    def hang(self, app: App) -> None:
        """Show the system's "isn't responding" dialog over an app."""
        self._blamed = app
        self.system.stack = ["not_responding"]
        self.touch()

    # -- permissions ---------------------------------------------------------------------------

    def permission_names(self, permission: str) -> tuple[str, ...]:
        """Return Android's names for "media", "camera", "audio" or "notifications"; () when not needed."""
        match permission:
            case "media":
                new = ("READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES")
                names = new if self.sdk >= 33 else ("READ_EXTERNAL_STORAGE",)
            case "camera":
                names = ("CAMERA",)
            case "audio":
                names = ("RECORD_AUDIO",)
            case "notifications":
                names = ("POST_NOTIFICATIONS",) if self.sdk >= 33 else ()
            case _:
                raise KeyError(permission)
        return tuple(f"android.permission.{name}" for name in names)

    def is_granted(self, package: str, permission: str) -> bool:
        """Return whether an app holds a permission."""
        held = self.granted.get(package, set())
        return all(name in held for name in self.permission_names(permission))

    def may_read_media(self, package: str) -> bool:
        """Return whether an app may read the media store."""
        return self.is_granted(package, "media")

    def ask_permission(self, app: App, permission: str, answered: Callable[[bool], None]) -> None:
        """Ask the user for a permission, as an app does; the answer may come at once."""
        if self.is_granted(app.package.name, permission):
            answered(True)
        elif permission in self.refused.get(app.package.name, set()):
            answered(False)
        else:
            self._asking.append(_Permission(app, permission, answered))
            self._show_question()

    def _show_question(self) -> None:
        if self._asking and not self.system.stack:
            question = self._asking[0]
            self.system.session["permission"] = question.permission
            self.system.stack = [f"perm_{question.permission}"]
            self.touch()

    def system_action(self, verb: str, argument: Any) -> None:
        """Do what a system screen's button says."""
        match verb:
            case "answer":
                self._answer(str(argument))
            case "keep_waiting":
                self.system.stack = []
            case "unlock":
                self.unlock()
            case "open":
                if not self.start_app(str(argument)):
                    self.log(f"the launcher has no app {argument!r}")
            case _:
                raise AssertionError(verb)
        self._show_question()
        self.touch()

    def _answer(self, answer: str) -> None:
        self.system.stack = []
        if answer == "close" or not self._asking:
            return
        question = self._asking.pop(0)
        package = question.app.package.name
        allowed = answer in ("allow", "once")
        if allowed:
            self.granted.setdefault(package, set()).update(self.permission_names(question.permission))
        else:
            self.refused.setdefault(package, set()).add(question.permission)
        question.answered(allowed)

    def string_context(self, app: App) -> dict[str, Any]:
        """Return what strings are filled in with."""
        blamed = self._asking[0].app if self._asking else self._blamed
        label = blamed.model.label if blamed and app in (self.system, self.launcher) else app.model.label
        account = app.account
        return {"app_label": label, "handle": account.handle if account else ""}

    # -- keyboard, keys and fingers --------------------------------------------------------------

    def show_keyboard(self) -> None:
        """Show the keyboard."""
        self.keyboard_visible = True
        self.touch()

    def hide_keyboard(self) -> None:
        """Hide the keyboard; the field loses nothing of its text."""
        self.keyboard_visible = False
        self.touch()

    @property
    def keyboard_top(self) -> int:
        """Return the y at which the keyboard begins when it is shown."""
        return int(self.size[1] * _KEYBOARD_TOP)

    def tap(self, x: int, y: int, *, long: bool = False) -> None:
        """Tap a point."""
        self.settle()
        if not self.screen_on or self.locked:
            return
        over_keyboard = self.keyboard_visible and y >= self.keyboard_top and not self.system.stack
        if over_keyboard:
            self.foreground.type_text("g")  # a tap on the keyboard types a letter
            return
        owner = self.system if self.system.stack else self.foreground
        target = _hit(owner.nodes(), x, y)
        if target is not None:
            owner.tap(target, long=long)
        self.settle()

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Swipe from one point to another."""
        self.settle()
        if self.locked and self.screen_on:
            if end[1] < start[1] and not self.facts.secure_lock:
                self.unlock()
            return
        if end[1] - start[1] > self.size[1] * 0.15 and not self.system.stack:
            self.foreground.swipe_down()

    def press(self, key: str | int) -> bool:
        """Press a key by name or code. Return False for a key the phone does not have."""
        self.settle()
        code = KEY_CODES.get(key.lower(), -1) if isinstance(key, str) else key
        match code:
            case 4:
                self._back()
            case 3:
                self._front(self.launcher)
            case 224:
                self.screen_on = True
            case 223:
                self.screen_on, self.locked = False, True
            case 26:
                self.screen_on = not self.screen_on
                self.locked = self.locked or not self.screen_on
            case 82:
                if not self.facts.secure_lock:
                    self.unlock()
            case 66 if self.foreground.focused:
                self.foreground.type_text("\n")
            case 67 if self.foreground.focused:
                name = self.foreground.focused
                self.foreground.fields[name] = self.foreground.fields.get(name, "")[:-1]
            case _:
                return code in KEY_CODES.values()
        self.touch()
        return True

    def _back(self) -> None:
        if self.locked or not self.screen_on:
            return
        if self.system.stack:
            self.system.back()
        elif self.keyboard_visible:
            self.hide_keyboard()
            self.foreground.focused = None
            if self.foreground.session.get("back_leaves_with_keyboard"):
                self.foreground.back()
        else:
            self.foreground.back()

    def unlock(self) -> None:
        """Remove the lock screen."""
        if self.screen_on:
            self.locked = False
            self.touch()

    # -- what is on the screen ---------------------------------------------------------------------

    def windows(self) -> list[SimNode]:
        """Return the root nodes of all windows, bottom first."""
        self.settle()
        return self._current()[0]

    def dump(self) -> str:
        """Return the UI tree as the uiautomator server writes it."""
        self.settle()
        return self._current()[1]

    def _current(self) -> tuple[list[SimNode], str]:
        front = self.foreground
        percent = front.upload.percent(self.now_s()) if front.upload else -1
        key = (self.version, front, percent, front.slide_offset())
        if self._tree is None or self._tree[0] != key:
            roots = self._build()
            self._tree = (key, roots, to_xml(roots, self.rotation))
        return self._tree[1], self._tree[2]

    def _build(self) -> list[SimNode]:
        if self.locked:
            self.launcher.stack = ["lock_screen"]
            roots = self.launcher.nodes()
            self.launcher.stack = ["launcher"]
            return roots
        roots = self.foreground.nodes() if self.foreground.stack else [self._splash()]
        if self.system.stack:
            roots.extend(self.system.nodes())
        elif self.keyboard_visible:
            roots.append(self._keyboard())
        return roots

    def _splash(self) -> SimNode:
        return SimNode(
            "android.widget.FrameLayout",
            self.foreground.package.name,
            (0, 0, *self.size),
            background="#000000",
        )

    def _keyboard(self) -> SimNode:
        width, height = self.size
        box = (0, self.keyboard_top, width, height)
        package = "com.google.android.inputmethod.latin"
        return SimNode("android.widget.FrameLayout", package, box, background="#d5d8dd", paint="keyboard")

    @property
    def focused_activity(self) -> str:
        """Return "package/activity" of what has the focus."""
        if self.locked:
            return "com.android.systemui/.keyguard.KeyguardService"
        if self.system.screen.startswith("perm_"):
            controller = "com.android.permissioncontroller"
            return f"{controller}/{controller}.permission.ui.GrantPermissionsActivity"
        app = self.foreground
        return f"{app.package.name}/{app.model.activities.get('main', '.MainActivity')}"

    # -- results -------------------------------------------------------------------------------------

    def published(
        self, app: App, account: Account, post: Post, media: Sequence[MediaRow], values: dict[str, str]
    ) -> None:
        """Write to the ledger what was really published."""
        hashes: list[str] = []
        for row in media:
            file = self.files.get(row.path)
            hashes.append(file.blob.sha256 if file else "")
        self.ledger.write(
            {
                "serial": self.facts.serial,
                "time": self.wall_s(),
                "app": app.package.name,
                "account": account.handle,
                "kind": post.kind,
                "caption": post.caption,
                "title": values.get("title", ""),
                "media_sha256": hashes,
                "placement": post.placement,
                "sound": values.get("sound", ""),
                "product_link": values.get("link", ""),
            }
        )


def _hit(roots: list[SimNode], x: int, y: int) -> SimNode | None:
    for root in reversed(roots):
        if not root.contains(x, y):
            continue
        for node in reversed(list(root.walk())):
            if (node.tap or node.field_name is not None or node.long_tap) and node.contains(x, y) and node.enabled:
                return node
        if root.modal:
            return None
    return None


def standard_account(app: App, handle: str, name: str, *, older_posts: int = 3) -> Account:
    """Sign an account in to an app, with some older posts on its profile."""
    plays = ["1,559", "118.6K", "2.1M", "3.5K", "42"]
    posts = [
        Post("video", f"older post {number}", plays[number % len(plays)], -1000.0 * (number + 1))
        for number in range(older_posts)
    ]
    account = Account(handle, name, posts, list(posts))
    app.accounts.append(account)
    return account


__all__ = ["SDK_OF", "Clock", "MediaKind", "PackageFacts", "PhoneFacts", "SimPhone", "standard_account"]
