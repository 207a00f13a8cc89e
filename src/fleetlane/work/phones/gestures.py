"""What a person can do on a phone by hand: a touch, some text, a key.

Places are fractions of the picture the person sees, (0, 0) its top left corner.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fleetlane.core.errors import DriverBrokenError, InvalidParametersError
from fleetlane.core.ports.phone import TYPING_WAYS, Driver
from fleetlane.work.phones.acts import DriverAct

KEYS = ("back", "home", "recent", "wakeup", "enter")
MOST_TEXT = 5000


class Gesture(DriverAct[None]):
    """One thing done by hand."""

    __slots__ = ()

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """Return what the log is to say of it: never what was typed."""


@dataclass(frozen=True, slots=True)
class PicturePoint:
    """A place on a picture; `wide` when the picture is wider than high."""

    x: float
    y: float
    wide: bool = False

    def __post_init__(self) -> None:
        for name, value in (("x", self.x), ("y", self.y)):
            if not 0 <= value <= 1:
                raise InvalidParametersError.one(name, "must lie on the picture: from 0 to 1")

    @property
    def facts(self) -> Mapping[str, float]:
        """Return it as a log says it."""
        return {"x": round(self.x, 3), "y": round(self.y, 3)}

    def on(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the pixel of a phone; `size` as in `core.ports.phone.PhoneFacts`."""
        short, long = sorted(size)
        width, height = (long, short) if self.wide else (short, long)
        return min(round(self.x * width), width - 1), min(round(self.y * height), height - 1)


@dataclass(frozen=True, slots=True)
class Tap(Gesture):
    """A tap. It takes the path that never repeats: what lies there may be a button that publishes."""

    kind: ClassVar[str] = "tap"
    spot: PicturePoint

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return where it is."""
        return self.spot.facts

    def do(self, driver: Driver) -> None:
        """Tap."""
        driver.tap_once(*self.spot.on(driver.facts().size))


@dataclass(frozen=True, slots=True)
class LongTap(Gesture):
    """A press of a second."""

    kind: ClassVar[str] = "long_tap"
    spot: PicturePoint

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return where it is."""
        return self.spot.facts

    def do(self, driver: Driver) -> None:
        """Press."""
        driver.long_tap(*self.spot.on(driver.facts().size))


@dataclass(frozen=True, slots=True)
class Swipe(Gesture):
    """A swipe."""

    kind: ClassVar[str] = "swipe"
    start: PicturePoint
    end: PicturePoint

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return where it begins."""
        return self.start.facts

    def do(self, driver: Driver) -> None:
        """Swipe."""
        size = driver.facts().size
        driver.swipe(self.start.on(size), self.end.on(size))


@dataclass(frozen=True, slots=True)
class Press(Gesture):
    """A press on one of `KEYS`."""

    kind: ClassVar[str] = "press"
    key: str

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            raise InvalidParametersError.one("key", f"must be one of {', '.join(KEYS)}")

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the key."""
        return {"key": self.key}

    def do(self, driver: Driver) -> None:
        """Press it."""
        driver.press(self.key)


@dataclass(frozen=True, slots=True)
class TypeText(Gesture):
    """Typing into the field that has the cursor."""

    kind: ClassVar[str] = "type"
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.text or len(self.text) > MOST_TEXT:
            raise InvalidParametersError.one("text", f"must have 1 to {MOST_TEXT} characters")

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return how much is typed."""
        return {"characters": len(self.text)}

    def do(self, driver: Driver) -> None:
        """Type, in the first way that the phone takes."""
        for way in TYPING_WAYS:
            try:
                return driver.type_text(self.text, way)
            except DriverBrokenError:
                continue
        raise DriverBrokenError("The phone takes no text here. Tap a field first.", serial=driver.serial)
