"""A host among those that work on one store: it begins there under its name, and says now and then that it lives."""

from __future__ import annotations

from fleetlane.core.errors import StoreError
from fleetlane.core.hosts import NewHost, skewed
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories


class MembershipError(StoreError):
    """This host may not work beside those that do. The sentence says why, and what to do."""


class Membership:
    """What is noted in the store of this host.

    Args:
        host: what it says of itself.
        clock: the time.
    """

    def __init__(self, host: NewHost, clock: Clock) -> None:
        self.host = host
        self._clock = clock

    def begin(self, repositories: Repositories) -> None:
        """Note that the host begins, inside a unit of work.

        Raises:
            MembershipError: another host works under its name, or one that it cannot work beside.
        """
        living = repositories.leases.living_hosts() - {self.host.id}
        others = [other for other in repositories.hosts.all() if other.id in living]
        if any(other.name == self.host.name for other in others):
            raise MembershipError(
                f"Another host called {self.host.name} works on this store. Give this one another --name, or stop the "
                "other one and wait half a minute."
            )
        if why := skewed(self.host, others):
            raise MembershipError(why)
        repositories.hosts.begin(self.host, self._clock.now_ms())

    def lives(self, repositories: Repositories) -> None:
        """Note that the host lives, inside a unit of work."""
        repositories.hosts.seen(self.host.name, self._clock.now_ms())
