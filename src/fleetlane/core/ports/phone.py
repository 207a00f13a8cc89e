"""Phones: the driver of one, and the devices there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fleetlane.core.device import Device, Transport
from fleetlane.core.media.files import MediaKind
from fleetlane.core.phones import Identity
from fleetlane.core.screens.screen import Node


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What a phone says of itself. `size` is (width, height) in pixels when it is not turned.

    `user` is the number of the Android user that is in front: phones have others beside it (Secure Folder, work).
    `screen_off_s` is after how long without touches the screen goes off; None when it does not say.
    """

    model: str
    android: str
    sdk: int
    size: tuple[int, int]
    user: int = 0
    screen_off_s: float | None = None


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """A row of the phone's media store.

    Galleries sort by when it was indexed, changed, or taken: whole seconds since the epoch by the phone's clock.
    `taken_s` is what a photo says of itself, None where nothing does. `duration_ms` is None for images and while it
    is not known.
    """

    uri: str
    path: str
    id: int
    added_s: int
    duration_ms: int | None
    modified_s: int = 0
    taken_s: int | None = None

    @property
    def dates_s(self) -> tuple[int, int, int]:
        """Return what galleries may sort by: the second in which it was added, changed, taken."""
        return self.added_s, self.modified_s, self.modified_s if self.taken_s is None else self.taken_s


@dataclass(frozen=True, slots=True)
class ShellAnswer:
    """How one of several commands ended."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A file that arrived whole.

    `modified_s` is when, by the phone's clock; None when it does not say. `entry` is its row in the media store, None
    while there is none.
    """

    sha256: str
    modified_s: int | None = None
    entry: MediaEntry | None = None


class Driver(Protocol):
    """Drives one phone. Blocking; used from one thread at a time, which the phone's own waits for; `abort` from any.

    Every call ends within its deadline. Coordinates are pixels from the top left corner. Paths on the phone are
    absolute, and have no quote (`'`) in them. When a phone was away, or did not answer, its driver can be used again
    once it is back.

    Raises (every method): `DeviceError` or a subclass; `CallLostError` where the connection went in mid-call, and it is
    not known what of it was done: no such call is ever taken for a success. `TaskStoppedError` after `abort`.
    """

    @property
    def serial(self) -> str:
        """Return the phone's serial."""
        ...

    def facts(self) -> PhoneFacts:
        """Return what the phone is. Asked once, then remembered."""
        ...

    def shell(self, *args: str, timeout_s: float = 20.0) -> str:
        """Run a command and return its output. The arguments are data, never parsed by a shell.

        Raises:
            ShellFailedError: it ended with another exit code than 0.
        """
        ...

    def shell_each(self, *commands: Sequence[str], timeout_s: float = 20.0) -> list[ShellAnswer]:
        """Run commands one after another in one call, whatever each ends with; each is a list of arguments."""
        ...

    def properties(self, packages: Collection[str] = ()) -> tuple[Mapping[str, str], list[str]]:
        """Return the phone's system properties, and which of some packages are installed, as they are now."""
        ...

    def push(self, source: Path, target: str, kind: MediaKind) -> Pushed:
        """Copy a media file to the phone, date it by the phone's own clock, check its size there, and index it.

        Raises:
            OSError: `source` cannot be read; then nothing is on the phone.
        """
        ...

    def scan(self, path: str, kind: MediaKind, *, by_broadcast: bool = False) -> MediaEntry | None:
        """Ask the phone's media store to index one file, and return its row, None while there is none.

        Args:
            path: of the file.
            kind: what it is.
            by_broadcast: the second way, where the usual one brings nothing.

        Raises:
            ShellFailedError: the media store could not be asked.
        """
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and let the media store forget them. Nothing happens to those that are not there."""
        ...

    def media(self, path: str, kind: MediaKind) -> MediaEntry | None:
        """Return the media store's row for a file, None while there is none."""
        ...

    def media_since(
        self, added_s: int, *, modified_s: int | None = None, taken_s: int | None = None
    ) -> list[MediaEntry]:
        """Return the videos and images that were indexed at an instant or later, newest first.

        With the other instants, those as well that were changed or taken then or later.
        """
        ...

    def clock_s(self) -> int:
        """Return the phone's own time, in whole seconds since the epoch."""
        ...

    def share(self, package: str, activity: str, uri: str, mime_type: str) -> None:
        """Hand one media URI to an app's share activity.

        Raises:
            ShareLostError: the app only came to the front, without it.
            ShellFailedError: the phone refused.
        """
        ...

    def open_link(self, package: str, url: str) -> None:
        """Let an app open a web address.

        Raises:
            ShellFailedError: the app does not open it.
        """
        ...

    def tree(self) -> str:
        """Return the UI tree as XML.

        Raises:
            DriverBrokenError: the phone could not make one, as happens now and then: asked again it may.
        """
        ...

    def renew(self) -> None:
        """Start the automation server on the phone anew, by the next call that needs it."""
        ...

    def whole_text(self, node: Node) -> str | None:
        """Return the whole text (or description) of a node that a tree showed; None when it cannot be told which it is.

        A tree shows some characters as dots (`core.screens.dumped`).
        """
        ...

    def tap(self, x: int, y: int) -> None:
        """Tap a point. May reach the phone twice when the connection is lost in mid-call."""
        ...

    def tap_once(self, x: int, y: int) -> None:
        """Tap a point by a path that can never repeat. When it raises, it may or may not have tapped."""
        ...

    def long_tap(self, x: int, y: int) -> None:
        """Press a point for a second."""
        ...

    def type_text(self, text: str, way: str) -> None:
        """Put text into the focused field.

        Args:
            text: what to type; any Unicode.
            way: one of `TYPING_WAYS`; another one is a ValueError.
        """
        ...

    def clipboard(self) -> str | None:
        """Return the text on the phone's clipboard, None or "" when there is none."""
        ...

    def copy(self, text: str) -> None:
        """Put a text on the phone's clipboard."""
        ...

    def clear_text(self) -> None:
        """Empty the focused field."""
        ...

    def press(self, key: str) -> None:
        """Press a key: "back", "home", "recent", "wakeup", "enter". "wakeup" also keeps a screen on that is on."""
        ...

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Swipe between two points."""
        ...

    def screenshot(self, width: int) -> bytes:
        """Return a JPEG of the screen, about `width` pixels wide."""
        ...

    def installed(self, packages: Collection[str]) -> list[str]:
        """Return those of the packages that are installed, in the given order."""
        ...

    def grant(self, package: str, permissions: Sequence[str]) -> None:
        """Give an installed app the permissions it lacks. Asked once for each version of the app.

        What the phone refuses is left: then the app asks for it.
        """
        ...

    def start_app(self, package: str, *, anew: bool = False) -> None:
        """Bring an app to the front, as from the launcher; `anew` ends it before.

        Raises:
            ShellFailedError: it has nothing that the launcher could start.
        """
        ...

    def launcher_activity(self, package: str) -> str:
        """Return what the launcher starts of an app: "package/activity".

        Raises:
            ShellFailedError: there is nothing.
        """
        ...

    def stop_app(self, package: str) -> None:
        """Force-stop an app. Nothing happens when it does not run."""
        ...

    def abort(self) -> None:
        """End the call in progress at once, and refuse every further one until `reset`. From any thread."""
        ...

    def reset(self) -> None:
        """Take calls again after `abort`."""
        ...

    def close(self) -> None:
        """Let go of the phone."""
        ...


TYPING_WAYS = ("paste", "set", "keyboard")
"""Ways to type: by clipboard, by the accessibility action, by an input method."""


@dataclass(frozen=True, slots=True)
class PhoneReport:
    """What a phone says of itself at a moment. `apps` maps the packages that matter to their versions."""

    model: str
    brand: str
    android: str
    size: tuple[int, int]
    battery_percent: int | None
    free_bytes: int | None
    apps: Mapping[str, str]


Where = Callable[[Callable[[], None]], Transport]
"""Says by which transport a phone is to be reached now. It may wait for a moment, and calls its argument meanwhile,
which raises when nobody waits any more.

Raises:
    DeviceGoneError: the phone cannot be reached.
"""


class Transports(Protocol):
    """The ways to phones that adb has. They know addresses; which phone is behind one, only the phone can say."""

    @property
    def problem(self) -> str | None:
        """Return why the adb server cannot be used, None when it can."""
        ...

    def all(self) -> Sequence[Transport]:
        """Return every transport that is listed, and an absent one for each serial seen since the start that is not.

        One that comes back has a new, larger `Transport.connection`; the others stay as they are.
        """
        ...

    def is_current(self, transport: Transport) -> bool:
        """Return whether a connection still stands and takes commands. From any thread."""
        ...

    def ask(self, transport: Transport) -> Identity:
        """Ask the phone behind a transport who it is. Blocking, for some seconds at most.

        Raises:
            DeviceError: it cannot say, or not yet.
        """
        ...

    def driver_at(self, serial: str, where: Where) -> Driver:
        """Return a new driver for a phone, which asks before each call where it is. The caller closes it.

        `serial` is what its errors call the phone by. What `where` raises is raised by the call.
        """
        ...

    def report_at(self, serial: str, where: Where, packages: Collection[str]) -> PhoneReport:
        """Ask a phone what it is, as `driver_at` would. Blocking. Of the packages the installed ones have a version.

        Raises:
            DeviceError: it cannot be asked.
        """
        ...

    def keep(self, addresses: Collection[str]) -> None:
        """Connect these again and again while they are not there, beside those that were seen since the start.

        What was let go of (`disconnect`) is left alone until somebody connects it.
        """
        ...

    def connect(self, address: str) -> str:
        """Connect a phone by TCP ("host:port") and keep it connected. Blocking; returns the serial that adb lists.

        One that is connected already stays as it is.

        Raises:
            DeviceError: it does not answer.
        """
        ...

    def disconnect(self, address: str) -> bool:
        """Let go of a TCP phone, and do not connect it again. False when there is none."""
        ...


class Devices(Protocol):
    """The devices this server knows, and how to drive them."""

    def all(self) -> Sequence[Device]:
        """Return every device seen since the start, by serial: one for each phone, whatever ways lead to it.

        One that went stays listed, as absent. From any thread, as every method.
        """
        ...

    def get(self, serial: str) -> Device | None:
        """Return a device by its lane, None when it is not on record."""
        ...

    def driver(self, serial: str) -> Driver:
        """Return a new driver for a device, also for one that is not there: its calls say so, until it is.

        The caller closes it; other drivers of the device are not disturbed by that.
        """
        ...

    def report(self, serial: str, packages: Collection[str]) -> PhoneReport:
        """Ask a device what it is. Blocking; may be called while a task runs on it.

        Raises:
            DeviceGoneError: it is not there.
            DeviceError: it cannot be asked.
        """
        ...
