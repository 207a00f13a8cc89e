"""A simulated phone: windows, apps, permissions, keyboard, files and time. Synchronous, without sockets.

The wire (`simulator.wire.adbd`) and the fake driver of the deterministic tests stand on it. Time comes from
a `Clock`; see `simulator.android.timers`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fleetlane.simulator.android.media_store import MediaRow
from fleetlane.simulator.android.phone_facts import PhoneFacts
from fleetlane.simulator.android.phone_state import PhoneState
from fleetlane.simulator.android.timers import Clock
from fleetlane.simulator.android.wakefulness import Wakefulness
from fleetlane.simulator.apps.accounts import Account, Post, standard_account
from fleetlane.simulator.apps.app import App
from fleetlane.simulator.apps.host import InstalledApp, RunningApp
from fleetlane.simulator.apps.permissions import Permissions, Question
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.compiled_model import AppModel
from fleetlane.simulator.screens.nodes import SimNode
from fleetlane.simulator.screens.system_windows import in_bars, typed_by
from fleetlane.simulator.screens.windows import Windows, hit

__all__ = ["PhoneFacts", "SimPhone", "standard_account"]

KEY_CODES = {
    "home": 3,
    "back": 4,
    "menu": 82,
    "enter": 66,
    "delete": 67,
    "del": 67,
    "power": 26,
    "recent": 187,
    "app_switch": 187,
    "wakeup": 224,
    "sleep": 223,
}


def _number(text: str | None) -> int | None:
    return int(text) if text else None


class SimPhone(PhoneState):
    """One phone. All methods must be called from one thread."""

    def __init__(
        self,
        facts: PhoneFacts,
        system: AppModel,
        clock: Clock,
        ledger: Ledger,
        log: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(facts, clock, log)
        self.ledger = ledger
        self.apps: dict[str, App] = {}
        self.system = App(system, next(iter(system.packages.values())), self)
        self.system.running = True
        self.launcher = App(system, next(iter(system.packages.values())), self)
        self.launcher.running = True
        self.launcher.stack = ["launcher"]
        self.foreground: App = self.launcher
        self.permissions = Permissions(self.sdk, self.system, self.touch)
        self.screen_listeners: list[Callable[[InstalledApp, str], None]] = []
        self.reboot_listeners: list[Callable[[], None]] = []
        self._blamed: InstalledApp | None = None
        self._windows = Windows(self)
        self.wakefulness = Wakefulness(self)

    def settle(self) -> None:
        """Let what is due happen."""
        super().settle()
        self.wakefulness.settle()

    @property
    def asks_for_pin(self) -> bool:
        """Return whether the lock screen shows where a PIN is typed."""
        return self.wakefulness.asks_for_pin

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
        self.permissions.granted.pop(package, None)
        self.permissions.refused.pop(package, None)
        return True

    def start_app(self, package: str) -> bool:
        """Bring an app to the front. Return False when it is not installed."""
        app = self.apps.get(package)
        if app is None or self.is_sealed:
            return False
        self._front(app)
        app.launch()
        return True

    def view(self, package: str, url: str) -> bool:
        """Open a link in an app. Return False when the app does not take it."""
        app = self.apps.get(package)
        if app is None or self.is_sealed or not app.model.links.takes(url):
            return False
        self._front(app)
        app.view(url)
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
            self.permissions.forget(app)
            app.kill()

    def _front(self, app: App) -> None:
        self.hide_keyboard()
        self.foreground = app
        if app is self.launcher:
            app.stack = ["launcher"]
        self.touch()

    def clear_app(self, package: str) -> bool:
        """Wipe an app's data: nobody is signed in any more. Return False when it is not installed."""
        app = self.apps.get(package)
        if app is None:
            return False
        self.stop_app(package)
        app.wipe()
        self.permissions.granted.pop(package, None)
        self.permissions.refused.pop(package, None)
        return True

    @property
    def running(self) -> list[str]:
        """Return the packages of the apps that run."""
        return [package for package, app in self.apps.items() if app.running]

    def reset(self, android_id: str) -> None:
        """Be as after a factory reset: nobody is signed in, and the ANDROID_ID is another one."""
        for package in list(self.apps):
            self.clear_app(package)
        self.facts = replace(self.facts, android_id=android_id)

    def app_left(self, app: InstalledApp) -> None:
        """Note that an app went away from the front."""
        if self.foreground is app:
            self._front(self.launcher)

    def show_popup(self, app: RunningApp, popup: str) -> None:
        """Show a popup of the app or of the system over an app."""
        if popup in app.model.screens:
            app.show_over(popup)
        elif popup in ("app_crashed", "not_responding"):
            (self.crash if popup == "app_crashed" else self.hang)(app)
        elif popup == "lock_screen":
            self.locked = True
        elif popup.startswith("perm_"):
            self.permissions.asking.append(Question(app, popup.removeprefix("perm_"), lambda _ok: None))
            self.permissions.show()
        else:
            raise KeyError(f"{app.model.app} has no screen {popup!r}")
        self.touch()

    def shut_down(self) -> None:
        """End every app, as a restart does; the screen is locked afterwards."""
        for app in self.apps.values():
            app.kill()
        self.system.stack = []
        self.locked = True
        self.files.sealed = self.has_pin

    def crash(self, app: RunningApp) -> None:
        """Crash an app: its process ends and the system says so."""
        self._blamed = app
        app.kill()
        self.system.stack = ["app_crashed"]
        self.touch()

    def hang(self, app: RunningApp) -> None:
        """Show the system's "isn't responding" dialog over an app."""
        self._blamed = app
        self.system.stack = ["not_responding"]
        self.touch()

    def system_action(self, verb: str, argument: Any) -> None:
        """Do what a system screen's button says."""
        match verb:
            case "answer":
                self.permissions.answer(str(argument))
            case "keep_waiting":
                self.system.stack = []
            case "unlock":
                self.unlock()
            case "open":
                if not self.start_app(str(argument)):
                    self.log(f"the launcher has no app {argument!r}")
            case _:
                raise AssertionError(verb)
        self.permissions.show()
        self.touch()

    def string_context(self, app: InstalledApp) -> dict[str, Any]:
        """Return what strings are filled in with."""
        asking = self.permissions.asking
        blamed = asking[0].app if asking else self._blamed
        label = blamed.model.label if blamed and app in (self.system, self.launcher) else app.model.label
        account = app.account
        return {"app_label": label, "handle": account.handle if account else ""}

    # -- keyboard, keys and fingers --------------------------------------------------------------

    def tap(self, x: int, y: int, *, long: bool = False) -> None:
        """Tap a point."""
        self.settle()
        self.wakefulness.used()
        if not self.screen_on or self.locked or self._taken_by_system(x, y):
            return
        over_keyboard = self.keyboard_visible and y >= self._windows.keyboard_top and not self.system.stack
        if over_keyboard:
            if letters := typed_by(self._windows.roots_of("keyboard")[0], x, y):
                self.foreground.type_text(letters)
            return
        owner = self.system if self.system.stack else self.foreground
        target = hit(owner.nodes(), x, y)
        if target is not None:
            owner.tap(target, x, long=long)
        self.settle()

    def _taken_by_system(self, x: int, y: int) -> bool:
        """Return whether a tap falls on the bars, or on the card after a copy, which it may take away."""
        if self.shows_clipboard_card and (card := self._windows.roots_of("clipboard")[0]).contains(x, y):
            if card.children[-1].contains(x, y):
                self.dismiss_clipboard_card()
            return True
        return self.traits.dump_windows and in_bars(self, y)

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Swipe from one point to another."""
        self.settle()
        self.wakefulness.used()
        if self.locked and self.screen_on:
            if end[1] < start[1]:
                self.unlock()
            return
        if self.system.stack or not self.screen_on:
            return
        slider = hit(self.foreground.nodes(), *start)
        if slider is not None and slider.slider:
            self.foreground.slide(slider, end[0])
        elif abs(end[1] - start[1]) > self.size[1] * 0.15:
            self.foreground.swipe("down" if end[1] > start[1] else "up")

    def press(self, key: str | int) -> bool:
        """Press a key by name or code. Return False for a key the phone does not have."""
        self.settle()
        self.wakefulness.used()
        code = KEY_CODES.get(key.lower(), -1) if isinstance(key, str) else key
        match code:
            case 4:
                self._back()
            case 3 | 187:
                self._front(self.launcher)
                if code == KEY_CODES["recent"]:
                    self.launcher.stack = ["recents"]
            case 224:
                self.wakefulness.wake()
            case 26 if not self.screen_on:
                self.wakefulness.wake()
            case 223 | 26:
                self.wakefulness.sleep()
            case 82:
                self.unlock()
            case 66 if self.foreground.focused:
                self.foreground.enter()
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
        """Take the lock screen away, unless it wants a PIN; it may take a moment."""
        self.wakefulness.unlock()

    # -- what is on the screen ---------------------------------------------------------------------

    def windows(self) -> list[SimNode]:
        """Return the root nodes of all windows, bottom first."""
        self.settle()
        return self._windows.roots()

    def dump(self) -> str:
        """Return the UI tree as the uiautomator server writes it."""
        self.settle()
        return self._windows.dump()

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
        self, app: InstalledApp, account: Account, post: Post, media: Sequence[MediaRow], values: dict[str, str]
    ) -> None:
        """Write to the ledger what was really published."""
        hashes: list[str] = []
        for row in media:
            file = self.files.get(row.path)
            hashes.append(file.blob.sha256 if file else "")
        self.ledger.write(
            {
                "serial": self.facts.serial,
                "time": self.true_wall_s(),
                "app": app.package.name,
                "account": account.handle,
                "kind": post.kind,
                "caption": post.caption,
                "title": values.get("title", ""),
                "media_sha256": hashes,
                "placement": post.placement,
                "sound": values.get("sound", ""),
                "original_volume": _number(values.get("original_volume")),
                "sound_volume": _number(values.get("sound_volume")),
                "product_link": values.get("product_link", ""),
            }
        )
