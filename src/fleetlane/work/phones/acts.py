"""What is done on a phone between attempts, as data; what a person does by hand is in `gestures`.

Acts do not know where they are carried out. What one needs beside a driver is there already: see `local_control`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from fleetlane.core.checkup import Row
from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.ports.execution import Act
from fleetlane.core.ports.phone import Driver, PhoneReport

WIDEST = 4096
"""Pixels of a picture."""

_T = TypeVar("_T")


class DriverAct(Act[_T]):
    """An act that needs nothing but the phone's driver."""

    __slots__ = ()

    @abstractmethod
    def do(self, driver: Driver) -> _T:
        """Do it, on the phone's own thread."""


@dataclass(frozen=True, slots=True)
class TakePicture(DriverAct[bytes]):
    """Take a picture of the screen: a JPEG, about `width` pixels wide."""

    kind: ClassVar[str] = "take_picture"
    width: int

    def __post_init__(self) -> None:
        if not 1 <= self.width <= WIDEST:
            raise InvalidParametersError.one("width", f"must be from 1 to {WIDEST} pixels")

    def do(self, driver: Driver) -> bytes:
        """Take it."""
        return driver.screenshot(self.width)


@dataclass(frozen=True, slots=True)
class ShownTree:
    """The UI tree of a moment as XML, and the phone's size as in `core.ports.phone.PhoneFacts`.

    What it shows is for the packs of whoever asked.
    """

    xml: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReadScreen(DriverAct[ShownTree]):
    """Read the UI tree of the screen."""

    kind: ClassVar[str] = "read_screen"

    def do(self, driver: Driver) -> ShownTree:
        """Read it."""
        return ShownTree(driver.tree(), driver.facts().size)


@dataclass(frozen=True, slots=True)
class CheckUp(Act[Sequence[Row]]):
    """Make a checkup; the row about the way to the phone is for whoever asks."""

    kind: ClassVar[str] = "check_up"


@dataclass(frozen=True, slots=True)
class Report(Act[PhoneReport]):
    """Ask the phone what it is, beside whatever runs there; `packages` are those whose versions matter."""

    kind: ClassVar[str] = "report"
    packages: tuple[str, ...]
