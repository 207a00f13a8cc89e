"""What a picture of a phone is made from: the phone and its apps, as far as they show."""

from __future__ import annotations

from typing import Protocol

from fleetlane.simulator.likeness.spans import Draws
from fleetlane.simulator.likeness.traits import Traits
from fleetlane.simulator.models.compiled_model import PackageFacts
from fleetlane.simulator.screens.nodes import SimNode


class Progress(Protocol):
    """Something that goes on for a while."""

    def percent(self, now_s: float) -> int:
        """Return how much is done, 0 to 99."""
        ...


class AppView(Protocol):
    """An app as it shows. `stack` names its screens, the top one last; it is empty until the first is there."""

    package: PackageFacts
    stack: list[str]

    @property
    def upload(self) -> Progress | None:
        """Return the upload that runs."""
        ...

    def slide_offset(self) -> int:
        """Return how far right of its place the top screen is drawn now, in design pixels."""
        ...

    def nodes(self) -> list[SimNode]:
        """Return the nodes of the app's window, bottom screen first."""
        ...


class PhoneView(Protocol):
    """A phone as it shows.

    Attributes:
        size: (width, height) of the screen in pixels.
        rotation: of the screen, in quarter turns.
        version: another one when something on the screen may have changed.
    """

    size: tuple[int, int]
    rotation: int
    version: int
    language: str
    traits: Traits
    draws: Draws
    battery_percent: int
    clipboard: str
    locked: bool
    keyboard_visible: bool

    @property
    def foreground(self) -> AppView:
        """Return the app in front."""
        ...

    @property
    def launcher(self) -> AppView:
        """Return the launcher, which shows the lock screen too."""
        ...

    @property
    def system(self) -> AppView:
        """Return what shows Android's own dialogs."""
        ...

    @property
    def asks_for_pin(self) -> bool:
        """Return whether the lock screen shows where a PIN is typed."""
        ...

    @property
    def shows_clipboard_card(self) -> bool:
        """Return whether the card after a copy is on the screen."""
        ...

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        ...

    def wall_s(self) -> float:
        """Return the seconds since the epoch by the phone's own clock."""
        ...


class ScreenView(Protocol):
    """A phone's screen, to take a picture of it."""

    size: tuple[int, int]
    screen_on: bool

    def windows(self) -> list[SimNode]:
        """Return the root nodes of all windows, bottom first."""
        ...

    def dump(self) -> str:
        """Return the UI tree as the uiautomator server writes it."""
        ...
