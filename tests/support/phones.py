"""What tests of a whole server do with its simulated phones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from fleetlane.simulator.apps.app import App
from fleetlane.simulator.fleets.fleet import FleetThread
from fleetlane.simulator.wire.phone_server import PhoneServer


def change(phones: FleetThread, serial: str, what: Callable[[PhoneServer], Any]) -> Any:
    """Change a phone on its own thread."""
    return phones.call(lambda: what(phones.fleet.server(serial)))


def app_on(server: PhoneServer, name: str = "tiktok") -> App:
    """Return an app on a phone."""
    return next(app for app in server.phone.apps.values() if app.model.app == name)


def on_screen(server: PhoneServer, name: str, act: Callable[[], Any]) -> None:
    """Do something once, when an app comes to a screen."""
    seen = itertools.count()
    server.phone.screen_listeners.append(lambda _app, screen: screen == name and next(seen) == 0 and act())


def posts(phones: FleetThread, serial: str) -> list[dict[str, Any]]:
    """Return what was really published on a phone."""
    return [entry for entry in phones.fleet.ledger.entries if entry["serial"] == serial]
