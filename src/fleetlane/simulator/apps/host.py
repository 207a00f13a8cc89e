"""What apps and their phone know of each other, and all they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fleetlane.simulator.android.media_store import MediaRow, MediaStore
from fleetlane.simulator.apps.accounts import Account, Post
from fleetlane.simulator.likeness.spans import Draws
from fleetlane.simulator.likeness.traits import Traits
from fleetlane.simulator.models.compiled_model import AppModel, PackageFacts


class InstalledApp(Protocol):
    """An app as its phone's records know it."""

    model: AppModel
    package: PackageFacts

    @property
    def account(self) -> Account | None:
        """Return the account in use, None when nobody is signed in."""
        ...


class RunningApp(InstalledApp, Protocol):
    """An app as the phone's system handles it."""

    def kill(self) -> None:
        """End the process."""
        ...

    def show_over(self, popup: str) -> None:
        """Put a popup screen over the present one."""
        ...


class PermissionRequests(Protocol):
    """The permissions of a phone's apps, as an app asks for them."""

    def may_read_media(self, package: str) -> bool:
        """Return whether an app may read the media store."""
        ...

    def ask(self, app: InstalledApp, permission: str, answered: Callable[[bool], None]) -> None:
        """Ask the user for a permission; the answer may come at once."""
        ...


class AppHost(Protocol):
    """A phone as its apps know it.

    Attributes:
        android: its version.
        size: (width, height) of the screen in pixels.
        app_delay_factor: how many times longer than the model says an app's delays are.
        upload_s: upload time of every post; None: as the model says.
        app_started_at_s: when an app was started from nothing last, on its monotonic clock.
        screen_listeners: called with the app and the name of each screen that comes up.
    """

    android: int
    language: str
    size: tuple[int, int]
    app_delay_factor: float
    upload_s: float | None
    traits: Traits
    draws: Draws
    media: MediaStore
    keyboard_visible: bool
    app_started_at_s: float | None
    screen_listeners: list[Callable[[InstalledApp, str], None]]

    @property
    def permissions(self) -> PermissionRequests:
        """Return who may do what."""
        ...

    @property
    def running(self) -> list[str]:
        """Return the packages of the apps that run."""
        ...

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        ...

    def delay(self, seconds: float, call: Callable[[], None], *, counts: bool = True) -> None:
        """Call something after `seconds`. Delays that `count` are the app's own, not the caller's."""
        ...

    def touch(self) -> None:
        """Note that something on the screen may have changed."""
        ...

    def show_keyboard(self) -> None:
        """Show the keyboard."""
        ...

    def hide_keyboard(self) -> None:
        """Hide the keyboard."""
        ...

    def string_context(self, app: InstalledApp) -> dict[str, Any]:
        """Return what an app's strings are filled in with."""
        ...

    def app_left(self, app: InstalledApp) -> None:
        """Note that an app went away from the front."""
        ...

    def show_popup(self, app: RunningApp, popup: str) -> None:
        """Show a popup of the app or of the system over an app."""
        ...

    def crash(self, app: RunningApp) -> None:
        """Crash an app: its process ends and the system says so."""
        ...

    def system_action(self, verb: str, argument: Any) -> None:
        """Do what a system screen's button says."""
        ...

    def published(
        self, app: InstalledApp, account: Account, post: Post, media: Sequence[MediaRow], values: dict[str, str]
    ) -> None:
        """Note what was really published. `values` is what the post has beside its media: title, sound and so on."""
        ...
