"""What a person can do on a phone by hand: a touch, some text, a key.

Places are fractions of the picture the person sees, (0, 0) its top left corner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleetlane.core.errors import DriverBrokenError, InvalidParametersError
from fleetlane.core.ports.phone import TYPING_WAYS, Driver

KEYS = ("back", "home", "recent", "wakeup", "enter")
MOST_TEXT = 5000


@dataclass(frozen=True, slots=True)
class Gesture:
    """One act. `facts` are for the log: never what was typed."""

    name: str
    facts: Mapping[str, Any]
    do: Callable[[Driver], None]


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

    def on(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the pixel of a phone; `size` as in `core.ports.phone.PhoneFacts`."""
        short, long = sorted(size)
        width, height = (long, short) if self.wide else (short, long)
        return min(round(self.x * width), width - 1), min(round(self.y * height), height - 1)


def tap(spot: PicturePoint) -> Gesture:
    """Return a tap. It takes the path that never repeats: what lies there may be a button that publishes."""
    return Gesture("tap", _place(spot), lambda driver: driver.tap_once(*spot.on(driver.facts().size)))


def long_tap(spot: PicturePoint) -> Gesture:
    """Return a press of a second."""
    return Gesture("long_tap", _place(spot), lambda driver: driver.long_tap(*spot.on(driver.facts().size)))


def swipe(start: PicturePoint, end: PicturePoint) -> Gesture:
    """Return a swipe."""

    def do(driver: Driver) -> None:
        size = driver.facts().size
        driver.swipe(start.on(size), end.on(size))

    return Gesture("swipe", _place(start), do)


def press(key: str) -> Gesture:
    """Return a press on one of `KEYS`."""
    if key not in KEYS:
        raise InvalidParametersError.one("key", f"must be one of {', '.join(KEYS)}")
    return Gesture("press", {"key": key}, lambda driver: driver.press(key))


def type_text(text: str) -> Gesture:
    """Return typing into the field that has the cursor."""
    if not text or len(text) > MOST_TEXT:
        raise InvalidParametersError.one("text", f"must have 1 to {MOST_TEXT} characters")

    def do(driver: Driver) -> None:
        for way in TYPING_WAYS:
            try:
                return driver.type_text(text, way)
            except DriverBrokenError:
                continue
        raise DriverBrokenError("The phone takes no text here. Tap a field first.", serial=driver.serial)

    return Gesture("type", {"characters": len(text)}, do)


def _place(spot: PicturePoint) -> dict[str, float]:
    return {"x": round(spot.x, 3), "y": round(spot.y, 3)}
