"""An event loop whose time passes as soon as nothing else is left to do: who waits for an hour waits for nothing."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _NothingComes(selectors.SelectSelector):
    """Waits for nothing from outside; instead of that it lets time pass."""

    def __init__(self, let_pass: Callable[[float], None]) -> None:
        super().__init__()
        self._let_pass = let_pass

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing will ever come"
        self._let_pass(timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop of one thread: what would run on others runs in their place at once."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_NothingComes(self._pass))

    def time(self) -> float:
        return self._now_s

    def _pass(self, seconds: float) -> None:
        self._now_s += max(seconds, 0.0)

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        del executor
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
            done.set_exception(error)
        return done
