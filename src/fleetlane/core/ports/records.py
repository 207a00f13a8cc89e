"""Small things the store remembers: devices, answers that may be repeated, single values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fleetlane.core.device import Device
from fleetlane.core.hosts import Host, NewHost
from fleetlane.core.phones import ALONE, Adoption, Finding, Identity, Phone


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What is remembered of a device.

    `facts` is what it last said of itself; `seen` how the host saw it that did so last (`host_id`), None for none.
    """

    phone: Phone
    first_seen_ms: int
    last_seen_ms: int
    facts: Mapping[str, Any]
    host_id: str | None = None
    seen: Device | None = None

    @property
    def serial(self) -> str:
        """Return its lane."""
        return self.phone.serial


@dataclass(frozen=True, slots=True)
class SerialRecord:
    """A serial by which a device is or was reached at a host.

    `device` is its lane; `let_go`: it is not to be connected again.
    """

    serial: str
    device: str
    last_seen_ms: int
    let_go: bool
    host_id: str = ALONE


class DeviceRecords(Protocol):
    """What is remembered of devices."""

    def seen(self, serial: str, now_ms: int, facts: Mapping[str, Any] | None) -> None:
        """Note that a device is there, and what it says of itself; None keeps what is known.

        One that was never met is met by that.
        """
        ...

    def all(self) -> list[DeviceRecord]:
        """Return every device ever seen, by serial."""
        ...

    def get(self, serial: str) -> DeviceRecord | None:
        """Return a device, None when it was never seen."""
        ...

    def same(self, identity: Identity) -> str | None:
        """Return the lane of the phone on record that says the same of itself, None when there is none."""
        ...

    def serials(self, device: str | None = None) -> list[SerialRecord]:
        """Return every serial by which a device, None for any, is or was reached at any host, in order."""
        ...

    def lanes(self, texts: Collection[str]) -> Mapping[str, str]:
        """Return the lane that each serial, alias or name of a phone means; the bare text itself when it is none.

        Blanks around a text mean nothing, nor does the case of a name. A lane comes before other serials, and those
        before names. What means one phone at one host and another one at another means none.
        """
        ...

    def lane(self, text: str) -> str:
        """Return the lane of one text (see `lanes`)."""
        ...

    def meet(self, phones: Sequence[Phone], now_ms: int, host_id: str = ALONE) -> None:
        """Store phones that are new, each with its serial at a host."""
        ...

    def sighted(self, device: Device, host_id: str) -> None:
        """Store how a host sees a device. That one does not see it (absent) counts only where it saw it last.

        That one sees others in its place counts there, and where nobody sees it.
        """
        ...

    def inherit(self, host_id: str, *, all_others: bool) -> None:
        """Give a host what a server alone knew of serials, and was seen by it; with `all_others`, what any host did."""
        ...

    def keep(self, finding: Finding, now_ms: int, host_id: str = ALONE) -> None:
        """Store what the answer of a phone means, also of one that is new. The lane that it absorbs ends.

        All serials that led there lead to the phone's own lane from then on.
        """
        ...

    def refuse(self, serial: str, phone_id: str) -> None:
        """Store that a phone is known not to be another one."""
        ...

    def adopt(self, adoption: Adoption, now_ms: int, host_id: str = ALONE) -> None:
        """Store that a phone takes the place of another one: `Adoption.lane` is its own, and all that led to both.

        `Adoption.kept` and a lane of its own are the former phone's; without `former` it is forgotten.
        """
        ...

    def describe(self, serial: str, name: str, tags: Sequence[str]) -> None:
        """Store a device's name, "" for none, and tags."""
        ...

    def let_go(self, serial: str, *, gone: bool, host_id: str = ALONE) -> None:
        """Store whether an address is not to be connected again by a host.

        One that is attached to a phone again may be.
        """
        ...

    def forget(self, serial: str) -> bool:
        """Forget a device and its serials. False when it is not known."""
        ...


class HostRecords(Protocol):
    """The hosts on record, by name."""

    def all(self) -> list[Host]:
        """Return every host, by name."""
        ...

    def get(self, name: str) -> Host | None:
        """Return a host, None when there is none of that name."""
        ...

    def begin(self, host: NewHost, now_ms: int) -> None:
        """Note that a host has begun. It drains as before, and its token holds.

        The record that its id had under another name ends.
        """
        ...

    def seen(self, name: str, now_ms: int) -> None:
        """Note that a host lives."""
        ...

    def drain(self, name: str, *, drains: bool) -> bool:
        """Store whether a host is to take no new tasks. False when it is not known."""
        ...

    def let_in(self, name: str, token: str) -> None:
        """Let a host in by a token, given as its SHA-256, in the place of the one before; a new one gets a record."""
        ...

    def of_token(self, token: str) -> Host | None:
        """Return the host that a token lets in, given as its SHA-256; None for none."""
        ...

    def forget(self, name: str) -> Host | None:
        """Forget a host and its token, and return it; None when it is not known. Its phones are seen by nobody."""
        ...


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A phone that a person has taken over. `owner` is the worker that he did it at."""

    serial: str
    owner: str
    by: str
    since_ms: int


class TakeOvers(Protocol):
    """The phones that people have taken over, at any server."""

    def all(self) -> list[TakenOver]:
        """Return all of them, by serial; not those of workers that are no more."""
        ...

    def put(self, taken: TakenOver) -> None:
        """Note that a phone is taken over, in the place of what was noted of it."""
        ...

    def drop(self, serial: str, owner: str) -> None:
        """Note that a worker has given a phone back. Nothing happens when another one has it."""
        ...


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The first answer to a request that named a key. `request` is the hash of its body."""

    request: str
    data: Mapping[str, Any]


class IdempotencyKeys(Protocol):
    """Answers kept under the keys that clients choose, so that a repeated request changes nothing."""

    def get(self, key: str) -> StoredResponse | None:
        """Return the answer kept under a key, None when there is none."""
        ...

    def put(self, key: str, answer: StoredResponse, now_ms: int) -> None:
        """Keep an answer under a key that is new."""
        ...

    def prune(self, before_ms: int, most: int) -> int:
        """Forget the oldest answers older than an instant, at most so many. Returns how many."""
        ...


class KeyValues(Protocol):
    """Single values by name."""

    def get(self, name: str) -> str | None:
        """Return a value, None when there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a value in the place of the one before."""
        ...
