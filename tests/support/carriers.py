"""What carries calls to the phones of a test: sockets (the real adb) to ideal phones, or virtual time to any."""

from __future__ import annotations

from typing import Any

import pytest

from fleetlane.adapters.android.transport import CALL_TIMEOUT_S
from fleetlane.simulator.fleets.fleet import FleetSettings
from support.rig import Rig
from support.virtual import VirtualRig

CARRIERS = (pytest.param("wire", marks=pytest.mark.phone), "real")
EACH_CARRIER = pytest.mark.parametrize("carrier", CARRIERS)
"""The wire with ideal phones; virtual time with phones as the evidence says."""
_FAST = 0.25


def rig_of(carrier: str, call_timeout_s: float = CALL_TIMEOUT_S, **fleet: Any) -> Rig:
    """Return a rig, on the wire with apps that are quick, or in virtual time as a likeness says.

    On the wire calls may take `call_timeout_s`; in virtual time as long as they may for a server, which costs nothing.
    """
    if carrier == "wire":
        return Rig(FleetSettings(**{"app_delay_factor": _FAST, **fleet}), call_timeout_s)
    return VirtualRig.like(carrier, **fleet)
