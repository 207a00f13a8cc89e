"""Running attempts, and what else is done on the thread of a phone.

An executor is told to start an attempt and tells of its end; what lies between is its own matter: a thread here, a
worker on another computer elsewhere. `tests/contracts` holds every executor to what is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, Protocol, TypeVar

from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.phone import Driver
from fleetlane.core.task import Task

_T = TypeVar("_T")

_OF_A_STOP = ("stopped", "outcome_unknown")
"""How an attempt ends that is asked to end: before Post may have been pressed, and after."""


class Ending(StrEnum):
    """How an attempt came to its end, which says whether its outcome or its journal decides about its task."""

    FINISHED = "finished"
    """Its script came to its end, or a person or its deadline stopped it: its outcome says what it did."""
    INTERRUPTED = "interrupted"
    """This server ended it, since it is going down: its journal says what becomes of its task."""
    LOST = "lost"
    """Its worker is gone, or may not work on the phone any more: likewise."""
    BROKE = "broke"
    """What ran it failed, and tells of its end in its place: the journal in the store knows more than its outcome."""

    @classmethod
    def of(cls, outcome: Outcome, *, stopping: bool = False, lost: bool = False, broke: bool = False) -> Ending:
        """Return how an attempt with an outcome has ended.

        Who does his work to the end although he was asked to stop has finished it.

        Args:
            outcome: what it ended with.
            stopping: it was asked to end because the server stops.
            lost: its worker may not work on the phone any more.
            broke: what ran it failed.
        """
        is_cut_short = outcome.error_code == "server_interrupted"
        if is_cut_short or ((stopping or lost) and outcome.error_code in _OF_A_STOP):
            return cls.INTERRUPTED if stopping and not lost else cls.LOST
        return cls.BROKE if broke else cls.FINISHED


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended.

    Attributes:
        task: as it was given to the executor: `task.attempt` says which attempt it is.
        outcome: what it ended with.
        ending: how it came to that.
        outcome_unseen: it could not see what became of its post; another look may. When the phone answered all the
            time (`outcome.unseen`), other tasks have their turn before it. Executors leave it to the scheduler.
    """

    task: Task
    outcome: Outcome
    ending: Ending = Ending.FINISHED
    outcome_unseen: bool = False

    @property
    def interrupted(self) -> bool:
        """Return whether it was not its own work that ended it, so that its journal says what becomes of its task."""
        return self.ending in (Ending.INTERRUPTED, Ending.LOST)


class Executor(Protocol):
    """Runs attempts. It is used on the event loop, and tells of each end there, by a callback given at its making.

    Each attempt that was started ends exactly once, by an `Ended` with the task that was started. The end comes after
    `start` has returned, never from within it. When it comes the attempt does nothing more on its phone, so the next
    one may be started there, also by the callback itself. The callback is awaited; the other phones' ends do not wait
    for it.

    An attempt of which nobody can tell any more is not told of by the executor that started it (its process is
    gone, or its call never returned): it is still marked as running in the store, and who finds it there tells of it
    as `Ending.LOST`.
    """

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device. Returns at once, and raises nothing that a phone does.

        The caller has claimed the attempt in the store. `task.serial` is set, and no other attempt that it has
        started runs on that device. Whatever goes wrong from then on is an end, `Ending.BROKE` at worst.
        """
        ...

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop. Returns at once; the lane is freed by the attempt's real end.

        Nothing happens when it has ended, or never began, or when it is another attempt of the task that runs. To ask
        twice is to ask once. The end is `Ending.FINISHED`: with the code `stopped`, or with what the attempt has come
        to before it could stop.
        """
        ...


class DeviceCalls(Protocol):
    """Lets others use a phone's driver, on the one thread that may, between attempts."""

    async def call(self, serial: str, what: Callable[[Driver], _T], *, preemptible: bool) -> _T:
        """Do something on a phone, after what its thread was given before. Returns what it returns.

        A call that its caller does not wait for any more is not begun.

        Args:
            serial: which phone.
            what: what to do; it is called at most once, with a driver that takes calls. What it raises is raised here.
            preemptible: it is cut off, or never begun, when an attempt or a call that does not give way comes.

        Raises:
            DeviceError: the phone failed.
            TaskStoppedError: it gave way, or the server stops.
        """
        ...


class Act(Generic[_T]):
    """Something to do on a phone, as data: it can be sent to the host that the phone is at.

    Acts are frozen, equal when they mean the same, and hold nothing but values of JSON. `_T` is what doing one returns;
    that can be sent back.

    Attributes:
        kind: what is done; each class of acts has a word of its own.
    """

    __slots__ = ()
    kind: ClassVar[str]


class DeviceControl(Protocol):
    """Lets others use phones between attempts, wherever the phones are."""

    async def do(self, serial: str, act: Act[_T], *, preemptible: bool) -> _T:
        """Do something on a phone, after what it was given before. Returns what the act returns.

        It is done at most once. What its caller does not wait for any more is not begun. What does not use the phone's
        driver, such as a report, waits for nothing and never gives way.

        Args:
            serial: which phone.
            act: what to do.
            preemptible: it is cut off, or never begun, when an attempt or an act that does not give way comes.

        Raises:
            DeviceError: the phone failed, or the way to its host did; `CallLostError` and `DeviceTimeoutError` where it
                is not known whether it was done.
            TaskStoppedError: it gave way, or what drives the phone stops.
        """
        ...
