"""Other hosts on the store of a server in a test: rows, as a host that works there would write them."""

from __future__ import annotations

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.hosts import HostKind, NewHost
from support.rig import wait_for

TTL_MS = 600_000


def join(server, name, *phones, lives=True) -> None:
    """Let a host have begun, which sees phones; one that does not live has no worker any more."""
    now_ms, host_id = SystemClock().now_ms(), f"id of {name}"

    def begin(repositories):
        repositories.hosts.begin(NewHost(name, host_id, HostKind.HOST, "9.8.7"), now_ms)
        if lives:
            repositories.leases.begin(f"worker of {name}", host_id, TTL_MS)
        for serial in phones:
            repositories.devices.seen(serial, now_ms, None)
            repositories.devices.sighted(Device(serial, DeviceState.ONLINE, now_ms), host_id)

    do(server, begin)
    look(server)
    for serial in phones:
        wait_for(lambda serial=serial: server.call("GET", f"/device/{serial}")["data"]["host"] == name)


def look(server) -> None:
    """Let the server look at once at what others have written."""
    server._loop.call_soon_threadsafe(server.services.devices._devices.heard)


def do(server, work):
    """Run a unit of work in the server's store."""
    return server.store.submit(work).result(10)
