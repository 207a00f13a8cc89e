"""Phones for the suite of the driver: simulated ones on the wire and in virtual time, and a real one on USB."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from fleetlane.adapters.android.supervisor import DeviceSupervisor, adb_port
from fleetlane.adapters.clock import SystemClock
from fleetlane.core.errors import DriverBrokenError
from fleetlane.core.ports.phone import Driver
from fleetlane.core.screens.screen import Tree, parse_tree
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.rig import Rig, wait_for
from support.virtual import VirtualRig

REAL_PHONE = "FLEETLANE_REAL_PHONE"
"""Names the phone, by its serial, where several are on USB."""
_LISTED_WITHIN_S = 5.0
_STEP_S, _MOST_STEPS = 0.5, 60
_MOST_FAILURES = 9


class SimulatedPhone:
    """One phone of a rig, to drive and to hurt."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        [self.serial] = rig.serials

    def driver(self) -> Driver:
        return self.rig.driver(self.serial)

    def on(self, change: Callable[[Any], Any]) -> Any:
        """Change the phone, from where it may be."""
        return self.rig.on(self.serial, change)

    def until(self, condition: Callable[[], Any]) -> None:
        """Let time pass until a condition holds, in virtual time for at most half a minute."""
        if not isinstance(self.rig, VirtualRig):
            wait_for(condition)
            return
        for _ in range(_MOST_STEPS):
            if condition():
                return
            self.rig.wait(_STEP_S)
        raise AssertionError("not within its time")


class RealPhone:
    """A phone on USB. Nothing of it is changed but what a test puts there itself."""

    def __init__(self, supervisor: DeviceSupervisor, serial: str) -> None:
        self._supervisor = supervisor
        self.serial = serial

    def driver(self) -> Driver:
        return self._supervisor.driver(self.serial)

    def until(self, condition: Callable[[], Any]) -> None:
        wait_for(condition)


@contextmanager
def on_the_wire() -> Generator[SimulatedPhone]:
    with Rig(FleetSettings(phones=1, app_delay_factor=0.25, first_port=22660), call_timeout_s=5.0) as rig:
        yield SimulatedPhone(rig)


@contextmanager
def in_virtual_time(likeness: str) -> Generator[SimulatedPhone]:
    yield SimulatedPhone(VirtualRig.like(likeness, phones=1))


@contextmanager
def on_usb() -> Generator[RealPhone]:
    """Find the phone by the adb server that runs; a server of the test's own would be a stranger to the phone."""
    supervisor = DeviceSupervisor(adb_port(None), SystemClock())
    supervisor.start()
    try:
        yield RealPhone(supervisor, _on_usb(supervisor))
    finally:
        supervisor.stop()


def _on_usb(supervisor: DeviceSupervisor) -> str:
    wanted = os.environ.get(REAL_PHONE)

    def ready() -> list[str]:
        return [t.serial for t in supervisor.all() if t.usb and t.is_ready and wanted in (None, t.serial)]

    try:
        wait_for(ready, _LISTED_WITHIN_S)
    except AssertionError:
        listed = ", ".join(f"{t.serial} ({t.words or t.state.value})" for t in supervisor.all()) or "nothing"
        pytest.skip(f"no phone {wanted or 'on USB'} is ready; adb lists {listed}")
    found = ready()
    if len(found) > 1:
        pytest.skip(f"several phones are on USB ({', '.join(found)}): name one in {REAL_PHONE}")
    return found[0]


def tree_of(driver: Driver) -> Tree:
    """Return a phone's tree; one that it fails to make is asked for anew, as its port says."""
    for _ in range(_MOST_FAILURES):
        try:
            return parse_tree(driver.tree())
        except DriverBrokenError:
            continue
    return parse_tree(driver.tree())


IDEAL = (
    pytest.param(on_the_wire, marks=pytest.mark.phone, id="wire"),
    pytest.param(lambda: in_virtual_time("ideal"), id="virtual"),
)
SIMULATED = (*IDEAL, pytest.param(lambda: in_virtual_time("real"), id="virtual-real"))
EVERY = (*SIMULATED, pytest.param(on_usb, marks=pytest.mark.real_phone, id="usb"))
