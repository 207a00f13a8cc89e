"""Runs the code of others, and waits for it no longer than a while.

It runs on a thread of its own. One that does not answer stays there, as nothing in Python ends it; but nobody
waits for it.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from fleetlane.core.errors import FleetlaneError
from fleetlane.scripts.phone import Phone

T = TypeVar("T")


_LOOK_EVERY_S = 0.5
_GRACE_S = 5.0
"""How long one that was told to end may take for it."""


class NoAnswerError(Exception):
    """It did not answer in time, or has still not answered what it was asked before."""


class Asking:
    """Asks one guest.

    Args:
        name: of the thread.
        longest_s: how long to wait for an answer, in seconds.
    """

    def __init__(self, name: str, longest_s: float) -> None:
        self._name = name
        self._longest_s = longest_s
        self._stuck: Future[Any] | None = None

    def __call__(self, ask: Callable[[], T]) -> T:
        """Return the answer.

        Raises:
            NoAnswerError: there was none in time. While one is missing, others are not waited for.
            BaseException: whatever the code raises, SystemExit among it.
        """
        if self._stuck is not None and not self._stuck.done():
            raise NoAnswerError("it has not answered what it was asked before")
        answer: Future[T] = Future()
        threading.Thread(target=_answer, args=(ask, answer), name=self._name, daemon=True).start()
        try:
            return answer.result(self._longest_s)
        except TimeoutError as error:
            if answer.done():
                raise  # its own
            self._stuck = answer
            raise NoAnswerError(f"it did not answer within {self._longest_s:g} s") from error


def run_apart(name: str, work: Callable[[], T], phone: Phone, grace_s: float = _GRACE_S) -> T:
    """Run an attempt's work, and leave it behind when it goes on although it must end.

    What is left behind is refused by the phone and by the journal when the attempt is over.

    Args:
        name: of its thread.
        work: what to run.
        phone: what it works with; its stop flag and deadline say when it must end.
        grace_s: how long it may take to end, and again to leave a call to the phone that is cut off then.

    Raises:
        TaskStoppedError, LeaseLostError, TaskFailedError: why it had to end, and it has not.
        BaseException: whatever the work raises.
    """
    control, answer, since_s = phone.control, Future[T](), None
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_answer, work, answer), name=name, daemon=True).start()
    while not wait([answer], _LOOK_EVERY_S).done:
        try:
            control.check()
        except FleetlaneError:
            since_s = control.clock.monotonic_s() if since_s is None else since_s
            if control.clock.monotonic_s() - since_s < grace_s:
                continue
            phone.cut_off()
            if not wait([answer], grace_s).done:
                raise
    return answer.result()


def _answer(ask: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(ask())
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)
