"""Ports: what the core and the use cases need from outside. A port's docstrings are its contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fleetlane.core.device import Device
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.media import MediaKind
from fleetlane.core.outcome import Outcome
from fleetlane.core.task import NewTask, Source, Status, Task, TaskCounts

T = TypeVar("T")


class Clock(Protocol):
    """Gives the time. Deadlines use `monotonic_s`; everything that is stored or shown uses `now_ms`."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        ...


# -- phones ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What a phone says of itself. `size` is (width, height) in pixels."""

    model: str
    android: str
    sdk: int
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """A row of the phone's media store. `duration_ms` is None for images and while it is not known."""

    uri: str
    path: str
    duration_ms: int | None
    is_newest: bool


class Driver(Protocol):
    """Drives one phone. Blocking; used from the phone's own thread only, `abort` from any.

    Every call ends within its deadline. Coordinates are pixels from the top left corner.

    Raises (every method): `DeviceError` or a subclass; `TaskStoppedError` after `abort`.
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

    def push(self, source: Path, target: str) -> None:
        """Copy a file to the phone and check its size there."""
        ...

    def scan(self, path: str) -> None:
        """Ask the phone's media store to index one file, or to forget it when it is gone."""
        ...

    def media(self, path: str, kind: MediaKind) -> MediaEntry | None:
        """Return the media store's row for a file, None while there is none."""
        ...

    def share(self, package: str, activity: str, uri: str, mime_type: str) -> None:
        """Hand one media URI to an app's share activity.

        Raises:
            ShellFailedError: the phone refused.
        """
        ...

    def tree(self) -> str:
        """Return the UI tree as XML."""
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
            way: one of `TYPING_WAYS`.
        """
        ...

    def clear_text(self) -> None:
        """Empty the focused field."""
        ...

    def press(self, key: str) -> None:
        """Press a key: "back", "home", "wakeup", "enter"."""
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

    def start_app(self, package: str) -> None:
        """Bring an app to the front, as from the launcher."""
        ...

    def stop_app(self, package: str) -> None:
        """Force-stop an app."""
        ...

    def current_app(self) -> str:
        """Return the package that has the focus, "" when none can be told."""
        ...

    def abort(self) -> None:
        """End the call in progress, and refuse every further one until `reset`. From any thread."""
        ...

    def reset(self) -> None:
        """Take calls again after `abort`."""
        ...

    def close(self) -> None:
        """Let go of the phone."""
        ...


TYPING_WAYS = ("paste", "set", "keyboard")
"""Ways to type: by clipboard, by the accessibility action, by an input method."""


class Devices(Protocol):
    """The devices this server knows, and how to drive them."""

    def all(self) -> Sequence[Device]:
        """Return every device seen since the start, by serial."""
        ...

    def get(self, serial: str) -> Device | None:
        """Return a device, None when it was never seen."""
        ...

    def driver(self, serial: str) -> Driver:
        """Return a new driver for a device. The caller closes it."""
        ...


# -- store -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks to list. None means any."""

    status: Status | None = None
    serial: str | None = None
    script_name: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a script did. Times are milliseconds since the epoch; files are relative to the traces folder."""

    task_id: int
    attempt: int
    number: int
    name: str
    detail: str
    screen: str
    started_ms: int
    duration_ms: int
    ok: bool
    screenshot: str = ""
    tree: str = ""


class Tasks(Protocol):
    """Tasks and their attempts. Every change of state is one conditional update."""

    def add(self, new: Sequence[NewTask]) -> range:
        """Store tasks and return their ids, in order."""
        ...

    def get(self, task_id: int) -> Task | None:
        """Return a task."""
        ...

    def find(self, wanted: TaskFilter, offset: int, limit: int) -> list[Task]:
        """Return tasks, newest id first."""
        ...

    def count(self, wanted: TaskFilter) -> int:
        """Return how many tasks there are, without counting rows."""
        ...

    def counts(self) -> TaskCounts:
        """Return how many tasks there are in each state, without counting rows."""
        ...

    def heads(self, serials: Collection[str] | None) -> dict[str, Head]:
        """Return the next pending task of each lane that has one; None for all lanes."""
        ...

    def claim(self, task_id: int, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it is not pending any more."""
        ...

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        ...

    def requeue(self, task_id: int, attempt: int, remark: str, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones."""
        ...

    def set_phase(self, task_id: int, attempt: int, phase: Phase, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Move an attempt's journal forward. False when the attempt is over, or it would move back."""
        ...

    def phase(self, task_id: int, attempt: int) -> Phase:
        """Return how far an attempt's journal came."""
        ...

    def running(self) -> list[Task]:
        """Return every running task."""
        ...

    def add_step(self, step: Step) -> None:
        """Store a step."""
        ...

    def steps(self, task_id: int) -> list[Step]:
        """Return the steps of a task, attempt by attempt."""
        ...


class Repositories(Protocol):
    """All repositories, inside one transaction."""

    @property
    def tasks(self) -> Tasks:
        """Return the tasks."""
        ...


class Store(Protocol):
    """The store. A unit of work is a plain function over the repositories.

    Raises (both methods): `StoreError` or a subclass; then nothing of the work was done.
    """

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` in a transaction that can write; it is durable when this returns."""
        ...

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        ...

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Like `write`, from any thread: the future is done when the work is durable."""
        ...


# -- what a script reports ---------------------------------------------------------------------------


class Trace(Protocol):
    """Takes the steps of one attempt. Never fails a script: what cannot be kept is logged."""

    def add(
        self,
        name: str,
        detail: str,
        screen: str,
        started_ms: int,
        duration_ms: int,
        *,
        ok: bool,
        screenshot: bytes | None,
        tree: str | None,
    ) -> None:
        """Keep one step."""
        ...


class TraceFiles(Protocol):
    """Keeps the files of traces."""

    def write(self, task_id: int, attempt: int, name: str, content: bytes) -> str:
        """Keep a file, and return its path relative to the traces folder, with `/`.

        Raises:
            OSError: it cannot be kept.
        """
        ...


class Journal(Protocol):
    """The publish journal of one attempt (`core.journal`).

    Raises (every method): `TaskStoppedError` when the attempt is no longer the one running.
    """

    def prepared(self, facts: Mapping[str, Any]) -> None:
        """Note what will be published, and how the profile looked before."""
        ...

    def arm(self) -> None:
        """Commit, as durably as the store can, that the tap on Post comes next."""
        ...

    def tapped(self) -> None:
        """Note that the tap was sent."""
        ...

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        """Note what became of the post."""
        ...


# -- execution -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended. `requeue`: it was interrupted before anything could be published."""

    task: Task
    outcome: Outcome
    requeue: bool = False


class Executor(Protocol):
    """Runs attempts, one at a time on each device."""

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device. The end comes by the callback given at the start."""
        ...

    def stop(self, task_id: int) -> bool:
        """Ask a running attempt to stop. False when it does not run here. The lane is freed by its real end."""
        ...
