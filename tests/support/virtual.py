"""The rig of the flow in virtual time: the same phones, driver and scripts, without sockets and without waiting."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.core.device import DeviceState, Transport
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.script import ScriptSettings
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.reader import likeness, trait_values
from fleetlane.simulator.likeness.traits import Traits
from fleetlane.simulator.virtual.control import VirtualControl
from fleetlane.simulator.virtual.fleet import VirtualFleet, VirtualLink
from support.rig import ANYWHERE, Result, Rig

PATIENT = ScriptSettings(folders=ANYWHERE)
A_POST_S = 3600.0


def like(name: str, **traits: Any) -> Traits:
    """Return a likeness with some traits as YAML would say them."""
    return replace(likeness(name), **trait_values(traits, "test"))


class VirtualRig(Rig):
    """Phones in virtual time, and ways to run the post script on them. It needs no `with`."""

    def __init__(self, settings: FleetSettings) -> None:
        self.fleet = VirtualFleet(settings)
        self.clock = self.fleet.clock
        self._task_ids = itertools.count(1)

    @classmethod
    def like(cls, base: str, **fleet: Any) -> VirtualRig:
        """Return phones of a likeness: ideal ones with apps that are quick, others with all the patience they need."""
        if base == "ideal":
            return cls(FleetSettings(**fleet))
        rig = cls(FleetSettings(**{**fleet, "traits": like(base), "app_delay_factor": 1.0}))
        rig.settings, rig.timeout_s = PATIENT, A_POST_S
        return rig

    def __enter__(self) -> VirtualRig:
        return self

    def __exit__(self, *error) -> None:
        pass

    def driver(self, serial: str) -> AndroidDriver:
        at = Transport(serial, DeviceState.ONLINE, 0)
        return AndroidDriver(self.fleet.adb, serial, lambda _check: at)

    def control(self, deadline_s: float) -> AttemptControl:
        return VirtualControl(self.clock, deadline_s)

    def on(self, serial: str, change: Callable[[VirtualLink], Any]) -> Any:
        return change(self.fleet.link(serial))

    def app(self, serial: str, name: str = "tiktok"):
        return next(a for a in self.fleet.link(serial).phone.apps.values() if a.model.app == name)

    def post_all(self, jobs: Sequence[tuple[str, Mapping[str, Any]]], **options: Any) -> list[Result]:
        """Run posts one after another: there is one clock, and it costs no time."""
        return [self.post(serial, config, **options) for serial, config in jobs]

    def wait(self, seconds: float) -> None:
        """Let time pass on every phone."""
        self.clock.advance(seconds)
        for link in self.fleet.links:
            link.phone.settle()


def one_post(config: dict[str, Any] | None = None, *, traits: Traits, **fleet: Any) -> tuple[Result, VirtualRig]:
    """Run one post on one phone, with as much time as it wants; what is still under way comes to its end."""
    rig = VirtualRig(FleetSettings(phones=1, traits=traits, **fleet))
    result = rig.post(rig.serials[0], config, settings=PATIENT, timeout_s=A_POST_S)
    rig.wait(600)
    return result, rig


def post_until_known(rig: VirtualRig, config: dict[str, Any] | None = None, wait_s: float = 3600.0) -> Result:
    """Run one post on the rig's only phone; while its outcome is in doubt look for it, as a server's lane does."""
    [serial] = rig.serials
    first = rig.post(serial, config, settings=PATIENT, timeout_s=600.0)
    result = look_until_known(rig, config, first, wait_s)
    rig.wait(600)
    return result


def look_until_known(rig: VirtualRig, config: Mapping[str, Any] | None, result: Result, wait_s: float) -> Result:
    """Look for a post of the rig's only phone between pauses that grow, until it is known what became of it.

    Returns the last look's result after `wait_s` seconds, or `result` itself when it is in no doubt.
    """
    [serial] = rig.serials
    until_s, pause_s = rig.clock.monotonic_s() + wait_s, 60.0
    while is_in_doubt(result) and rig.clock.monotonic_s() < until_s:
        rig.wait(pause_s)
        pause_s = min(pause_s * 2, 900.0)
        result = rig.post(serial, config, former=result.phases, settings=PATIENT, timeout_s=600.0)
    return result


def is_in_doubt(result: Result) -> bool:
    """Return whether a later look may tell what became of a post."""
    return result.outcome.error_code == "outcome_unknown" and result.phases.phase.in_doubt
