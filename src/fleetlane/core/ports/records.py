"""Small things the store remembers: devices, answers that may be repeated, single values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fleetlane.core.phones import Adoption, Finding, Phone


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What is remembered of a device. `facts` is what it last said of itself."""

    phone: Phone
    first_seen_ms: int
    last_seen_ms: int
    facts: Mapping[str, Any]

    @property
    def serial(self) -> str:
        """Return its lane."""
        return self.phone.serial


@dataclass(frozen=True, slots=True)
class SerialRecord:
    """A serial by which a device is or was reached. `device` is its lane; `let_go`: it is not to be connected again."""

    serial: str
    device: str
    last_seen_ms: int
    let_go: bool


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

    def serials(self, device: str | None = None) -> list[SerialRecord]:
        """Return every serial by which a device, None for any, is or was reached, in order."""
        ...

    def lanes(self, texts: Collection[str]) -> Mapping[str, str]:
        """Return the lane that each serial, alias or name of a phone means; the bare text itself when it is none.

        Blanks around a text mean nothing, nor does the case of a name. A serial comes before a name.
        """
        ...

    def lane(self, text: str) -> str:
        """Return the lane of one text (see `lanes`)."""
        ...

    def meet(self, phones: Sequence[Phone], now_ms: int) -> None:
        """Store phones that are new, each with its serial."""
        ...

    def keep(self, finding: Finding, now_ms: int) -> None:
        """Store what the answer of a phone means, also of one that is new. The lane that it absorbs ends.

        All serials that led there lead to the phone's own lane from then on.
        """
        ...

    def refuse(self, serial: str, phone_id: str) -> None:
        """Store that a phone is known not to be another one."""
        ...

    def adopt(self, adoption: Adoption, now_ms: int) -> None:
        """Store that a phone takes the place of another one: `Adoption.lane` is its own, and all that led to both.

        `Adoption.kept` and a lane of its own are the former phone's; without `former` it is forgotten.
        """
        ...

    def describe(self, serial: str, name: str, tags: Sequence[str]) -> None:
        """Store a device's name, "" for none, and tags."""
        ...

    def let_go(self, serial: str, *, gone: bool) -> None:
        """Store whether an address is not to be connected again. One that is attached to a phone again may be."""
        ...

    def forget(self, serial: str) -> bool:
        """Forget a device and its serials. False when it is not known."""
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
