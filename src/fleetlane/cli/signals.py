"""How the commands that run until they are stopped are stopped: in order, by Ctrl+C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_event() -> asyncio.Event:
    """Return an event that SIGINT or SIGTERM sets. A second Ctrl+C does not wait: it is a KeyboardInterrupt.

    On Windows the first one is.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def stopped() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stop.set()

    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, stopped)
    except NotImplementedError:
        return stop
    return stop


@contextmanager
def signals_as_interrupt() -> Generator[None]:
    """Let SIGTERM end the block as Ctrl+C does, so that everything it has started is ended too.

    SIGINT as well: a shell lets what it starts in the background ignore it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
