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
def sigterm_as_interrupt() -> Generator[None]:
    """Let SIGTERM end the block as Ctrl+C does, so that everything it has started is ended too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
