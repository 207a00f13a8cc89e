"""Lets faults strike a simulated phone when their conditions are met (see `simulator.faults`)."""

from __future__ import annotations

import itertools

from fleetlane.simulator.apps.app import App
from fleetlane.simulator.apps.host import InstalledApp
from fleetlane.simulator.faults import SYSTEM_POPUPS, Fault
from fleetlane.simulator.link.connection import Connection

_REBOOT_S = 3.0
_START_S = 1.0
_SLOW_S = 0.05
_builds = itertools.count(1)


class FaultInjector:
    """The faults to come of one phone: `connection.faults`. All methods must be called on the event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def arm(self) -> None:
        """Begin to count the seconds of those that wait for a time. Call it once."""
        for fault in self._connection.faults:
            if fault.after_s is not None:
                self._connection.later(fault.after_s, lambda fault=fault: self._due(fault))

    def called(self, call: str) -> None:
        """Note that a call came, such as "sync:SEND"."""
        for fault in list(self._connection.faults):
            if fault.call and call.startswith(fault.call):
                self._count(fault)

    def screen_shown(self, app: InstalledApp, screen: str) -> None:
        """Note that a screen of an app came up."""
        for fault in list(self._connection.faults):
            if fault.screen == screen and (not fault.app or fault.app == app.model.app):
                self._count(fault)

    def _count(self, fault: Fault) -> None:
        fault.times -= 1
        if fault.times <= 0:
            self._due(fault)

    def _due(self, fault: Fault) -> None:
        self._connection.faults.remove(fault)
        self.inject(fault)

    def inject(self, fault: Fault) -> None:
        """Let a fault happen now."""
        self._connection.phone.log(f"fault: {fault.kind}")
        if not (self._in_connection(fault) or self._in_phone(fault)):
            self._in_app(fault)
        self._connection.phone.touch()

    def _in_connection(self, fault: Fault) -> bool:
        connection, seconds = self._connection, fault.for_s
        match fault.kind:
            case "unplug":
                connection.unplug(seconds)
            case "offline":
                connection.fall_silent(silent=True)
                if seconds is not None:
                    connection.later(seconds, lambda: connection.fall_silent(silent=False))
            case "unauthorized":
                connection.trust(trusted=False)
                if seconds is not None:
                    connection.later(seconds, connection.trust)
            case "kill_adb_server":
                connection.on_kill_adb_server()
            case "drop":
                connection.drop_streams()
            case "hang":
                connection.hang(hanging=True)
                if seconds is not None:
                    connection.later(seconds, lambda: connection.hang(hanging=False))
            case "slow":
                self._slow(fault.factor * _SLOW_S, seconds)
            case "kill_ui_server":
                connection.kill_ui_server()
            case _:
                return False
        return True

    def _slow(self, more_s: float, for_s: float | None) -> None:
        def end() -> None:
            self._connection.latency_s -= more_s

        self._connection.latency_s += more_s
        if for_s is not None:
            self._connection.later(for_s, end)

    def _in_phone(self, fault: Fault) -> bool:
        phone = self._connection.phone
        match fault.kind:
            case "reboot":
                phone.shut_down()
                phone.started = False
                away_s = _REBOOT_S if fault.for_s is None else fault.for_s
                self._connection.unplug(away_s)
                self._connection.later(away_s + _START_S, lambda: setattr(phone, "started", True))
            case "lock":
                phone.press("sleep")
            case "storage_full":
                phone.files.capacity_bytes = phone.files.used_bytes
            case "trait":
                self._trait(fault)
            case _:
                return False
        return True

    def _trait(self, fault: Fault) -> None:
        """Change one of the phone's traits, for a while."""
        phone = self._connection.phone
        former = getattr(phone.traits, fault.trait)
        phone.change_traits({fault.trait: fault.value})
        if fault.for_s is not None:
            self._connection.later(fault.for_s, lambda: phone.change_traits({fault.trait: former}))

    def _in_app(self, fault: Fault) -> None:
        phone = self._connection.phone
        apps = [app for app in phone.apps.values() if _concerns(fault, app)]
        app = next((app for app in apps if app is phone.foreground), apps[0] if apps else None)
        if app is None:
            phone.log(f"fault {fault.kind}: no app on this phone has what it needs")
            return
        match fault.kind:
            case "crash":
                phone.crash(app)
            case "not_responding":
                phone.hang(app)
            case "update_ids":
                app.build = f"update-{next(_builds)}"
            case "upload_fail" | "upload_stuck":
                app.faults.upload = fault.kind.removeprefix("upload_")
            case "log_out":
                app.logged_in = False
                app.kill()
            case "security_check" | "account_blocked":
                phone.show_popup(app, fault.kind)
            case "popup":
                phone.show_popup(app, fault.popup)
            case "ignore_tap":
                app.faults.ignored_taps[fault.role] = fault.count
            case "eat_text":
                app.faults.eat_text = True
            case "uninstall":
                phone.uninstall(app.package.name)
            case _:
                raise AssertionError(fault.kind)


def _concerns(fault: Fault, app: App) -> bool:
    needed = fault.kind if fault.kind in ("security_check", "account_blocked") else fault.popup
    has_it = not needed or needed in app.model.screens or needed in SYSTEM_POPUPS
    return has_it and fault.app in ("", app.model.app)
