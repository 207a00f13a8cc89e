"""Phones on record: what they are known by, and what is found out and decided about them (see `core.phone_book`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fleetlane.core.device import Device, DeviceState, Transport

NO_NUMBER = ("", "unknown", "0")
"""What phones say that have no serial number."""
ALONE = "embedded"
"""The host of a server that has its store to itself."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a phone says it is. `product` is its `ro.product.*`, joined; `android_id` is drawn anew by a reset."""

    serialno: str
    product: str
    android_id: str

    def is_same(self, other: Identity) -> bool:
        """Return whether both are one phone."""
        if (self.serialno, self.android_id) != (other.serialno, other.android_id):
            return False
        return bool(self.android_id) or self.product == other.product

    def may_be(self, other: Identity) -> bool:
        """Return whether one may be the other after a reset; or they are clones."""
        if self.serialno in NO_NUMBER or self.is_same(other):
            return False
        return (self.serialno, self.product) == (other.serialno, other.product)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone on record.

    Attributes:
        id: never changes, and is never another phone's.
        serial: its lane: the first serial it was known by.
        identity: None while it was never asked.
        name: what people call it; "" for none.
        tags: people's own words for it.
        refused: ids of phones that are known not to be this one.
    """

    id: str
    serial: str
    identity: Identity | None = None
    name: str = ""
    tags: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()


def name_key(name: str) -> str:
    """Return what two spellings of one name share."""
    return name.strip().casefold()


def one_meaning(serial: str, lanes: Collection[str]) -> str:
    """Return the lane that a serial means which leads to `lanes`, each at some host: itself where that is undecided."""
    if serial in lanes or len(lanes) != 1:
        return serial
    return next(iter(lanes))


@dataclass(frozen=True, slots=True)
class Finding:
    """What the answer of a phone means, to be stored before it is accepted.

    Attributes:
        phone: as it is from now on.
        attach: the serial that is its own from now on, too; None when that is another phone's.
        absorbed: a lane of the same phone, whose tasks and accounts become its own.
        apart: lanes of phones that are there at the same time, and so are others, however alike.
    """

    phone: Phone
    attach: str | None = None
    absorbed: str | None = None
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A phone answers that may not be the one that is meant; a person decides.

    Attributes:
        former, present: their lanes.
        at: the serial where the present one answers.
        is_reset: it has the former's serial number.
    """

    former: str
    present: str
    at: str
    is_reset: bool


@dataclass(frozen=True, slots=True)
class Adoption:
    """The present phone takes the former's place, in the former's lane.

    Attributes:
        lane: the lane that is the present phone's from now on, its tasks and accounts with it.
        left: the present phone's own lane, which ends.
        present: as it is from now on.
        former: as it is from now on, in a lane of its own; None when it was never asked, and is nobody else.
        kept: serials that stay the former's.
    """

    lane: str
    left: str
    present: Phone
    former: Phone | None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A device as it is now, and the transport to use; None while there is none."""

    device: Device
    transport: Transport | None = None

    @property
    def is_there(self) -> bool:
        """Return whether adb lists the phone here, in whatever state, or somebody in its place."""
        return self.device.state is not DeviceState.ABSENT
