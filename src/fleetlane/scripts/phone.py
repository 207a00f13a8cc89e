"""The phone a script is given: a blocking facade over a driver, with a deadline, a stop flag and a trace.

Before every call it checks the flag and the deadline. Waiting is looking again, never a blind sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fleetlane.core.errors import (
    CallLostError,
    DeviceError,
    DeviceTimeoutError,
    DriverBrokenError,
    ShareLostError,
    ShellFailedError,
    TaskFailedError,
    TaskStoppedError,
)
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.phone import Driver, MediaEntry, PhoneFacts, Pushed, ShellAnswer
from fleetlane.core.ports.report import Trace
from fleetlane.core.screens.dumped import as_dumped, may_hide
from fleetlane.core.screens.places import SeenPlaces
from fleetlane.core.screens.recognition import Pack
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.looks import Screen, Sighting, points_of, read_screen

T = TypeVar("T")
_ATTEMPTS = 3
_LOOK_AGAIN_FOR_S = 15.0
_LEAST_TRIES = 5  # one that hung may have taken all of the time
_NEW_SERVER_AFTER_S = 5.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.2, 1.0
_AWAKE_EVERY_S = 8.0
_AWAKE_PART = 0.6  # of the time after which the screen goes off; a look and a pause come on top
_SHOT_WIDTH = 360
_COVERED_FOR_S, _COVERED_PAUSE_S = 20.0, 0.5


class Phone:
    """One phone for the length of one attempt."""

    def __init__(self, driver: Driver, packs: Sequence[Pack], control: AttemptControl, trace: Trace) -> None:
        self._driver = driver
        self._packs = packs
        self._trace = trace
        self.control = control
        self.clock = control.clock
        self._last: Screen | None = None
        self.sight: Sighting | None = None
        self.look_s = 0.0
        """How long the last look took."""
        """The last look, while nothing was done since."""
        self._touched_s = self.clock.monotonic_s()
        self.started_s: float | None = None
        """When an app was started, or given something, that has not shown itself yet (see `shown`)."""
        self._places = SeenPlaces()
        self._used: list[str] = []
        """By what the nodes were found that this step has tapped."""

    @property
    def serial(self) -> str:
        """Return the phone's serial."""
        return self._driver.serial

    def cut_off(self) -> None:
        """End the call in progress on whatever thread, and refuse more: the attempt must end."""
        self._driver.abort()

    def _ready(self) -> Driver:
        self.control.check()
        return self._driver

    # -- looking -------------------------------------------------------------------------------------

    def look(self) -> Screen:
        """Return what the screen shows now.

        A look changes nothing, so one that fails is repeated: while windows change a dump fails now and then. Meanwhile
        the automation server is started anew, once. A screen that nobody touches is kept on.
        """
        self._stay_awake()
        clock = self.clock
        start_s, pause_s, renewed, tries = clock.monotonic_s(), _FIRST_PAUSE_S, False, 0
        while True:
            asked_s, tries = clock.monotonic_s(), tries + 1
            try:
                self._last = read_screen(self._ready(), self._packs, former=self._last, before=self._places)
            except (CallLostError, DriverBrokenError):
                waited_s = clock.monotonic_s() - start_s
                if waited_s >= _LOOK_AGAIN_FOR_S and tries >= _LEAST_TRIES:
                    raise
                if waited_s >= _NEW_SERVER_AFTER_S and not renewed:
                    renewed = True
                    self._driver.renew()
                self.control.pause(pause_s)
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)
            else:
                is_still = self.sight is not None and self.sight.screen is self._last
                self.sight = Sighting(self._last, asked_s, clock.monotonic_s(), is_still)
                self.look_s = self.sight.ended_s - asked_s
                return self._last

    def _stay_awake(self) -> None:
        """Touch a key that does nothing else when nothing was touched for a while: a screen goes off by itself."""
        untouched_s = self.clock.monotonic_s() - self._touched_s
        if untouched_s < _AWAKE_EVERY_S:
            return
        if untouched_s >= max(_AWAKE_EVERY_S, (self.facts().screen_off_s or 0.0) * _AWAKE_PART):
            sight = self.sight
            self.press("wakeup")
            self.sight = sight  # it shows what it showed

    def whole(self, node: Node) -> str:
        """Return the text of a node of the last look, whole where a dump may have hidden some of it.

        What cannot be told is returned as the dump shows it: then it equals no text with characters that dumps hide.
        """
        if not may_hide(node.label):
            return node.label
        whole = self._again(lambda: self._ready().whole_text(node))
        return node.label if whole is None else whole

    def holds(self, node: Node | None, text: str) -> bool:
        """Return whether a node's text is exactly this one."""
        return node is not None and node.label in (text, as_dumped(text)) and self.whole(node) == text

    def _again(self, do: Callable[[], T]) -> T:
        """Do what may be done twice; again when it was lost on the way."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return do()
            except (CallLostError, DriverBrokenError):
                if attempt == _ATTEMPTS:
                    raise
                self.control.pause(0.2 * attempt)
        raise AssertionError

    def facts(self) -> PhoneFacts:
        """Return what the phone is."""
        return self._ready().facts()

    # -- acting --------------------------------------------------------------------------------------

    def tap(self, node: Node) -> None:
        """Tap a node: its middle, or where no other window lies over it.

        A lost call is not an error here, nor a node that has gone while it was covered: the next look shows what
        became of it.

        Raises:
            TaskFailedError: `screen_stuck`; another window stayed over all of it.
        """
        if (point := self._free_point(node, points_of(node))) is not None:
            self._tap(*point)

    def tap_at(self, x: int, y: int) -> None:
        """Tap a point of the largest window there, like `tap`."""
        node = self._last.view.at(x, y) if self._last else None
        if node is None or self._free_point(node, [(x, y)]) is not None:
            self._tap(x, y)

    def _tap(self, x: int, y: int) -> None:
        self._note_use(x, y)
        self._act(lambda driver: driver.tap(x, y))

    def _free_point(self, node: Node, points: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
        """Return where a node can be tapped, None when it has gone; waits while another window lies over it."""
        until_s = self.clock.monotonic_s() + _COVERED_FOR_S
        screen = self._last
        while screen is not None:
            if (point := screen.free_point(node, points)) is not None:
                return point
            if screen.endangers(node):
                raise TaskFailedError("screen_stuck", "A button that publishes lies below what is to be tapped.")
            if self.clock.monotonic_s() >= until_s:
                raise TaskFailedError("screen_stuck", "Another window lies over what is to be tapped.")
            self.control.pause(_COVERED_PAUSE_S)
            screen = self.look()
            if not any(other.bounds == node.bounds and other.label == node.label for other in screen.view.nodes):
                return None
        return points[0]

    def tap_once(self, x: int, y: int) -> None:
        """Tap a point by the path that never repeats.

        Neither stop flag nor deadline is looked at: whoever taps what cannot be taken back has just done so.
        When it raises, the tap may or may not have happened.
        """
        self.control.must_not_be_over()
        self._note_use(x, y)
        self._touched_s, self.sight = self.clock.monotonic_s(), None
        self._driver.tap_once(x, y)

    def long_tap(self, node: Node) -> None:
        """Press a node for a second, like `tap`."""
        if (point := self._free_point(node, points_of(node))) is not None:
            self._note_use(*point)
            self._act(lambda driver: driver.long_tap(*point))

    def press(self, key: str) -> None:
        """Press a key, like `tap`."""
        self._act(lambda driver: driver.press(key))

    def pull_down(self) -> None:
        """Pull the page down to refresh it."""
        width, height = self.facts().size
        self._act(lambda driver: driver.swipe((width // 2, height * 35 // 100), (width // 2, height * 80 // 100)))

    def swipe_up(self) -> None:
        """Swipe up from the bottom, as to unlock."""
        width, height = self.facts().size
        self._act(lambda driver: driver.swipe((width // 2, height * 85 // 100), (width // 2, height * 25 // 100)))

    def _note_use(self, x: int, y: int) -> None:
        how = self._last.top.found_at(x, y) if self._last else ""
        if how and how not in self._used:
            self._used.append(how)

    def _act(self, act: Callable[[Driver], None]) -> None:
        self._touched_s, self.sight = self.clock.monotonic_s(), None
        try:
            act(self._ready())
        except CallLostError:
            self.control.check()

    def type_text(self, text: str, way: str) -> None:
        """Put text into the focused field; `way` is one of `core.ports.phone.TYPING_WAYS`."""
        self.sight = None
        self._ready().type_text(text, way)

    def clear_text(self) -> None:
        """Empty the focused field."""
        self.sight = None
        self._ready().clear_text()

    # -- files and apps --------------------------------------------------------------------------------

    def push(self, source: Path, target: str, kind: MediaKind) -> Pushed:
        """Copy a media file to the phone, dated by its own clock, and let it be indexed.

        Give it with its links resolved, as it was when it was checked: none is followed any more.
        """
        return self._again(lambda: self._ready().push(source, target, kind))

    def scan(self, path: str, kind: MediaKind, *, by_broadcast: bool = False) -> MediaEntry | None:
        """Ask the media store to index a file, and return its row; `by_broadcast` is the second way."""
        return self._again(lambda: self._ready().scan(path, kind, by_broadcast=by_broadcast))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and let the media store forget them."""
        self._again(lambda: self._ready().remove(paths))

    def media(self, path: str, kind: MediaKind) -> MediaEntry | None:
        """Return the media store's row for a file."""
        return self._again(lambda: self._ready().media(path, kind))

    def media_since(
        self, added_s: int, *, modified_s: int | None = None, taken_s: int | None = None
    ) -> list[MediaEntry]:
        """Return the videos and images indexed at an instant of the phone's clock or later, newest first.

        With the other instants, those as well that were changed or taken then or later.
        """
        return self._again(lambda: self._ready().media_since(added_s, modified_s=modified_s, taken_s=taken_s))

    def clock_s(self) -> int:
        """Return the phone's own time, in whole seconds since the epoch."""
        return self._again(lambda: self._ready().clock_s())

    def open_link(self, package: str, url: str) -> None:
        """Let an app open a web address."""
        self._with_app(package, lambda driver: driver.open_link(package, url))

    def share(self, package: str, activity: str, uri: str, mime_type: str) -> None:
        """Hand a media URI to an app."""
        self._with_app(package, lambda driver: driver.share(package, activity, uri, mime_type))

    def shell(self, *args: str) -> str:
        """Run a command on the phone."""
        return self._ready().shell(*args)

    def shell_each(self, *commands: Sequence[str]) -> list[ShellAnswer]:
        """Run commands on the phone in one call, whatever each ends with. For what may be done twice."""
        return self._again(lambda: self._ready().shell_each(*commands))

    def properties(self, packages: Collection[str] = ()) -> tuple[Mapping[str, str], list[str]]:
        """Return the phone's system properties, and which of some packages are installed, as they are now."""
        return self._again(lambda: self._ready().properties(packages))

    def grant(self, package: str, permissions: Sequence[str]) -> None:
        """Give an app the permissions it lacks, as far as the phone allows it."""
        self._ready().grant(package, permissions)

    def installed(self, packages: Collection[str]) -> list[str]:
        """Return those of the packages that are installed."""
        return self._ready().installed(packages)

    def shown(self) -> None:
        """Note that the app that was started shows what is known."""
        self.started_s = None

    def start_app(self, package: str, *, anew: bool = False) -> None:
        """Bring an app to the front; `anew` ends it before (see `_with_app`)."""
        self._with_app(package, lambda driver: driver.start_app(package, anew=anew))

    def _with_app(self, package: str, act: Callable[[Driver], None]) -> None:
        """Do what needs an app.

        Raises:
            TaskFailedError: `app_not_installed`; it was removed.
        """
        self.sight = None
        try:
            act(self._ready())
            self.started_s = self.clock.monotonic_s()
        except ShareLostError:
            raise
        except ShellFailedError as error:
            if self.installed([package]):
                raise
            raise TaskFailedError("app_not_installed", f"{package} is gone.") from error

    def stop_app(self, package: str) -> None:
        """Force-stop an app."""
        self.sight = None
        self._ready().stop_app(package)

    # -- trace -----------------------------------------------------------------------------------------

    @contextmanager
    def step(self, name: str, detail: str = "", *, picture: bool = True) -> Generator[None]:
        """Do a step of the script, and keep it in the trace with a picture of how it ended.

        Args:
            name: what is done, a constant.
            detail: with what, for people.
            picture: whether the phone's screen says anything about this step.
        """
        started_ms, started_s = self.clock.now_ms(), self.clock.monotonic_s()
        ok, answers = False, True
        outer, self._used = self._used, []
        try:
            yield
            ok = True
        except DeviceTimeoutError:
            answers = False
            raise
        finally:
            duration_ms = round((self.clock.monotonic_s() - started_s) * 1000)
            shot = self._picture() if answers and (picture or not ok) else None
            screen = str(self._last.seen) if self._last and picture else ""
            tree = self._last.xml if self._last and not ok else None
            self._trace.add(
                name,
                detail,
                screen,
                started_ms,
                duration_ms,
                ok=ok,
                screenshot=shot,
                tree=tree,
                selectors=self._used,
            )
            self._used = outer

    def _picture(self) -> bytes | None:
        if self.control.stopped:
            return None
        try:
            self.control.must_not_be_over()
            return self._driver.screenshot(_SHOT_WIDTH)
        except (DeviceError, TaskStoppedError):
            return None  # the step's own error says what is wrong with the phone
