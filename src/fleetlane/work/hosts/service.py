"""The hosts that share a store: which live, what runs there, and who may join.

All of it is read from the store, so that every server says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError, InvalidParametersError, NotFoundError
from fleetlane.core.hosts import NAME, NAME_RULE, Host, HostKind
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store


class HostState(StrEnum):
    """How a host is."""

    WORKING = "working"
    DRAINING = "draining"
    """It lives, and takes no new tasks."""
    AWAY = "away"
    """It does not live: it was stopped, has failed, or cannot reach the store."""
    EXPECTED = "expected"
    """It may join, and has not begun yet."""


class IssueToken(Protocol):
    """Lets a host in by a new token."""

    def __call__(self, name: str, /) -> Awaitable[str]:
        """Return a new token of a host, which holds in the place of the one before; a new host gets a record."""
        ...


@dataclass(frozen=True, slots=True)
class ShownHost:
    """A host.

    Attributes:
        host: what is on record.
        lives: whether it has a worker.
        lag_s: since when nothing was heard of it, by its own clock against this one's; None when it has never begun.
        phones: how many it sees, in whatever state.
        phones_ready: how many of these can take a task.
        running: how many tasks run there.
        is_this: whether it is the one that is asked.
    """

    host: Host
    lives: bool
    lag_s: float | None
    phones: int
    phones_ready: int
    running: int
    is_this: bool

    @property
    def state(self) -> HostState:
        """Return how it is."""
        if self.lives:
            return HostState.DRAINING if self.host.drains else HostState.WORKING
        return HostState.EXPECTED if self.host.id is None else HostState.AWAY


class HostService:
    """Answers questions about the hosts, and changes what people decide of them.

    Args:
        store: where they are on record.
        clock: the time.
        this: the name of this host; None where the store has one server for itself: there are no hosts then.
        issue: gives a host its token.
    """

    def __init__(self, store: Store, clock: Clock, this: str | None, issue: IssueToken) -> None:
        self.this = this
        """The name of this host; None where there are none."""
        self._store = store
        self._clock = clock
        self._issue = issue

    @property
    def is_shared(self) -> bool:
        """Return whether others may work on the store."""
        return self.this is not None

    async def all(self) -> Sequence[ShownHost]:
        """Return every host on record, by name; none where the store is not shared."""
        return await self._store.read(self._read) if self.is_shared else ()

    async def get(self, name: str) -> ShownHost:
        """Return a host.

        Raises:
            NotFoundError: it is not on record.
        """
        for shown in await self.all():
            if shown.host.name == name:
                return shown
        raise NotFoundError("host", name)

    def _read(self, repositories: Repositories) -> list[ShownHost]:
        living = repositories.leases.living_hosts()
        host_of: dict[str, str] = {}
        phones, ready = Counter[str](), Counter[str]()
        for record in repositories.devices.all():
            if record.host_id is None or record.seen is None:
                continue
            host_of[record.serial] = record.host_id
            phones[record.host_id] += record.seen.state is not DeviceState.ABSENT
            ready[record.host_id] += record.seen.is_ready
        running = Counter(host_of.get(task.serial or "") for task in repositories.tasks.running())
        return [
            self._shown(host, living, phones[host.id or ""], ready[host.id or ""], running[host.id] if host.id else 0)
            for host in repositories.hosts.all()
        ]

    def _shown(self, host: Host, living: Collection[str], phones: int, ready: int, running: int) -> ShownHost:
        lives = host.id in living
        lag_s = None if host.seen_ms is None else max(self._clock.now_ms() - host.seen_ms, 0) / 1000
        return ShownHost(host, lives, lag_s, phones, ready if lives else 0, running, host.name == self.this)

    async def drain(self, name: str, *, drains: bool) -> ShownHost:
        """Let a host take no new tasks, or take tasks again. What runs there goes on to its end.

        Raises:
            NotFoundError: it is not on record.
        """
        if not await self._store.write(lambda repositories: repositories.hosts.drain(name, drains=drains)):
            raise NotFoundError("host", name)
        return await self.get(name)

    async def forget(self, name: str) -> None:
        """Forget a host that does not live, and its token. Its phones are seen by nobody until they are elsewhere.

        Raises:
            NotFoundError: it is not on record.
            ConflictError: it lives.
        """
        await self._store.write(lambda repositories: _forget(repositories, name))

    async def add(self, name: str) -> str:
        """Let a host join, and return the token that it shows. The token that it had before holds no more.

        Raises:
            InvalidParametersError: the name is none.
            ConflictError: the store is not shared, or a server has this name.
        """
        if not NAME.fullmatch(name):
            raise InvalidParametersError.one("name", NAME_RULE)
        if not self.is_shared:
            raise ConflictError(
                "No host can join: the store is a file of this server alone. Move it to PostgreSQL first (fleetlane "
                "store move --to URL)."
            )
        known = await self._store.read(lambda repositories: repositories.hosts.get(name))
        if known is not None and known.id is not None and known.kind is HostKind.SERVER:
            raise ConflictError(f"{name} is a server: it needs no token. Choose another name.")
        return await self._issue(name)


def _forget(repositories: Repositories, name: str) -> None:
    """Forget a host, inside a unit of work."""
    known = repositories.hosts.get(name)
    if known is None:
        raise NotFoundError("host", name)
    if known.id in repositories.leases.living_hosts():
        raise ConflictError(
            f"Host {name} still works, or did until less than a minute ago. Stop it, wait half a minute, and then "
            "forget it."
        )
    repositories.hosts.forget(name)
