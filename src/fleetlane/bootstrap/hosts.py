"""Builds what people see and decide of the hosts that share a store."""

from __future__ import annotations

from fleetlane.bootstrap.ground import Ground
from fleetlane.work.hosts.service import HostService
from fleetlane.work.hosts.tokens import HostTokens
from fleetlane.work.tasks.fleet import Fleet


def host_service(ground: Ground) -> HostService:
    """Return what answers questions about hosts."""
    this = ground.host.name if ground.host else None
    return HostService(ground.store, ground.clock, this, HostTokens(ground.store).issue)


def fleet(ground: Ground) -> Fleet | None:
    """Return what knows where phones are; None where the store is not shared."""
    return Fleet(ground.devices.host_of, ground.host.name) if ground.host else None
