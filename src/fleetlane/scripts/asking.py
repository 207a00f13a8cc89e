"""Asks the code of others for an answer, and waits for it no longer than a while.

It runs on a thread of its own. One that does not answer stays there, as nothing in Python ends it; but nobody
waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


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


def _answer(ask: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(ask())
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)
