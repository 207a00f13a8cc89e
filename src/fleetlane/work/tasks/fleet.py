"""What else tasks may wait for where several hosts share the store: what only the rows say, since others write them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from fleetlane.core.ports.store import Repositories


@dataclass(frozen=True, slots=True)
class FleetNow:
    """The fleet as it was read.

    Attributes:
        busy: which of the lanes asked for are at work, at any host.
        taken_over: the phones that people have taken over, at any server.
        draining: the names of the hosts that take no new tasks.
        running: how many tasks run at all hosts.
    """

    busy: frozenset[str]
    taken_over: frozenset[str]
    draining: frozenset[str]
    running: int


class Fleet:
    """Knows at which host each phone is, and reads what else matters.

    Args:
        host_of: returns the name of the other host that a phone is at, None when it is at none.
        this: the name of this host.
    """

    def __init__(self, host_of: Callable[[str], str | None], this: str) -> None:
        self._host_of = host_of
        self._this = this

    def host(self, serial: str) -> str:
        """Return the name of the host that a phone which is ready is at."""
        return self._host_of(serial) or self._this

    @staticmethod
    def read(repositories: Repositories, serials: Collection[str]) -> FleetNow:
        """Return the fleet as it is now, inside a unit of work; of lanes only some."""
        return FleetNow(
            busy=frozenset(task.serial for task in repositories.tasks.running(serials) if task.serial),
            taken_over=frozenset(one.serial for one in repositories.take_overs.all()),
            draining=frozenset(host.name for host in repositories.hosts.all() if host.drains),
            running=repositories.tasks.counts().running,
        )
