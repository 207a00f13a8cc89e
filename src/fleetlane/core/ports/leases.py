"""Who may work on which device: leases in the store, and the heartbeats of those who hold them.

A heartbeat is a number that grows, and no time: whoever waits for a lease to expire watches it on his own clock, so
that a clock that is set loses nobody a lease.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The heartbeat of a worker; without a new one its leases may be taken after `ttl_ms`."""

    beats: int
    ttl_ms: int


class Leases(Protocol):
    """Workers and their leases. A device has at most one lease."""

    def begin(self, owner: str, host_id: str, ttl_ms: int, beats: int = 1) -> None:
        """Note a worker that begins; those of the same host before it are forgotten, with their leases.

        Only who knows that no other worker of its host lives may begin.

        Args:
            owner: the worker, a new one at each start.
            host_id: the place of work, the same at each start: one worker lives there at a time.
            ttl_ms: how long its leases outlive its last beat.
            beats: from where its beats are counted: beyond all that it has had, when it begins once more.
        """
        ...

    def beat(self, owner: str, ttl_ms: int) -> bool:
        """Let a worker's heart beat once, for all its leases. False when it is not known: it has none."""
        ...

    def heartbeats(self) -> Mapping[str, Heartbeat]:
        """Return the heartbeat of each worker."""
        ...

    def living_hosts(self) -> frozenset[str]:
        """Return the hosts that have a worker."""
        ...

    def holders(self) -> Mapping[str, str]:
        """Return the owner of each device that has one."""
        ...

    def holds(self, owner: str, serial: str) -> bool:
        """Return whether a worker has the lease of a device."""
        ...

    def take(self, owner: str, serials: Collection[str]) -> None:
        """Give devices to a worker that is known, whoever has them."""
        ...

    def release(self, serials: Collection[str]) -> None:
        """Let nobody have the devices. Nothing happens to those that nobody has."""
        ...

    def dismiss(self, owner: str, seen: Heartbeat | None = None) -> bool:
        """Forget a worker and its leases. False when it is not known, or its heart has beaten since it was `seen`."""
        ...
