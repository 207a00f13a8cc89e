"""One checkup under way: its rows, what it must put back, and when it had better end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetlane.core.checkup import NOTHING, Grade, Measured, Row, plain, said
from fleetlane.core.errors import (
    AdbServerDownError,
    CallLostError,
    DeviceError,
    DeviceGoneError,
    DeviceTimeoutError,
    InputNotAllowedError,
    TaskStoppedError,
)
from fleetlane.core.message import Message
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Driver
from fleetlane.core.screens.screen import Tree

_LONGEST_S = 180.0
_MOST_TIMEOUTS = 2
_UNDO_TRIES, _UNDO_PAUSE_S = 3, 1.0
_FIRST: Mapping[str, Message] = {
    "started": said("The phone must be unlocked once before this can be tried."),
    "automation": said("Not without the automation server: see there."),
    "dumps": said("Not without UI trees: see there."),
}
"""What is said of checks that need another one first."""


@dataclass(frozen=True, slots=True)
class Round:
    """Some checks that are made together.

    Attributes:
        names: of the rows it yields, in order.
        make: makes them.
        needs: rows without which they are not tried, when one of those is a fault.
    """

    names: tuple[str, ...]
    make: Callable[[Visit], Iterator[Row]]
    needs: tuple[str, ...] = ()


class Visit:
    """A checkup of one phone.

    Args:
        driver: of the phone.
        clock: this computer's time.
        wait: waits for some seconds.
    """

    def __init__(self, driver: Driver, clock: Clock, wait: Callable[[float], None]) -> None:
        self.driver = driver
        self.clock = clock
        self.wait = wait
        self.rows: list[Row] = []
        self.tree: Tree | None = None
        """The last UI tree that was read."""
        self.was_on: bool | None = None
        """Whether the screen was on before the first key; None before that."""
        self._until_s = clock.monotonic_s() + _LONGEST_S
        self._timeouts = 0
        self._over: Message | None = None
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def make(self, rounds: Sequence[Round]) -> None:
        """Make the checks one after another; what cannot be tried is a row that says why."""
        for one in rounds:
            reason = self._why_not(one)
            if reason is not None:
                self._leave_out(one.names, reason)
                continue
            try:
                for row in one.make(self):
                    self.rows.append(row)
            except DeviceError as error:
                self._failed(one, error)

    def failed(self, name: str) -> bool:
        """Return whether a check found a fault."""
        return any(row.name == name and row.grade is Grade.FAULT for row in self.rows)

    def ms_since(self, start_s: float) -> int:
        """Return the milliseconds since an instant of the monotonic clock."""
        return round((self.clock.monotonic_s() - start_s) * 1000)

    def later(self, what: str, undo: Callable[[], None]) -> None:
        """Note how to put something back; said before it is changed."""
        self._undo.append((what, undo))

    def put_back(self) -> Row:
        """Put back what was changed, the last first; a phone that does not answer is asked again."""
        left = [f"{what} ({error})" for what, undo in reversed(self._undo) if (error := self._undone(undo)) is not None]
        changed = [what for what, _ in self._undo]
        measured: Measured = {"changed": changed, "left": left}
        value = plain(f"{len(changed) - len(left)} / {len(changed)}")
        if left:
            sentence = said("This could not be put back: %(what)s. Do it by hand.", what="; ".join(left))
            return Row("put_back", Grade.FAULT, value, sentence, measured)
        return Row("put_back", Grade.OK, value, said("The phone is as it was before."), measured)

    def _undone(self, undo: Callable[[], None]) -> Exception | None:
        last: Exception | None = None
        for number in range(_UNDO_TRIES):
            if number:
                self.wait(_UNDO_PAUSE_S)
            self.driver.reset()  # a stop ends the checks, never this
            try:
                undo()
            except (DeviceError, TaskStoppedError) as error:
                last = error
            else:
                return None
        return last

    def _why_not(self, one: Round) -> Message | None:
        """Return why some checks are not tried, None when they are."""
        if self._over is None and self.clock.monotonic_s() > self._until_s:
            self._over = said("The checkup had taken %(s)s s already.", s=round(_LONGEST_S))
        if self._over is not None:
            return self._over
        missing = next((name for name in one.needs if self.failed(name)), None)
        return None if missing is None else _FIRST[missing]

    def _failed(self, one: Round, error: DeviceError) -> None:
        given = {row.name for row in self.rows}
        first, *rest = [name for name in one.names if name not in given] or [one.names[-1]]
        self.rows.append(Row(first, Grade.FAULT, NOTHING, why(error), {"code": error.code}))
        self._timeouts += isinstance(error, DeviceTimeoutError)
        gone = isinstance(error, DeviceGoneError) and not isinstance(error, CallLostError)
        if gone or isinstance(error, AdbServerDownError):
            self._over = said("The phone went away.")
        elif self._timeouts >= _MOST_TIMEOUTS:
            self._over = said("The phone does not answer.")
        self._leave_out(rest, self._over or said("The check before it failed."))

    def _leave_out(self, names: Collection[str], reason: Message) -> None:
        self.rows.extend(Row(name, Grade.NOT_TRIED, NOTHING, reason) for name in names)


def why(error: DeviceError) -> Message:
    """Return what an error means for a person."""
    if isinstance(error, InputNotAllowedError):
        return said("The phone lets this computer tap nothing. What to switch: %(switch)s", switch=error)
    return said("It failed: %(error)s", error=error)
