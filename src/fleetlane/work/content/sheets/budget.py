"""How much computing one piece of work may take, whatever else the computer does meanwhile."""

from __future__ import annotations

import time


class OverBudgetError(Exception):
    """The work took more computing than it may."""


class Budget:
    """Counts the time that one thread computes. To be used by the thread that made it.

    Args:
        most_s: how long, in seconds.
    """

    def __init__(self, most_s: float) -> None:
        self._until_s = time.thread_time() + most_s

    def check(self) -> None:
        """Go on.

        Raises:
            OverBudgetError: it has been too long.
        """
        if time.thread_time() > self._until_s:
            raise OverBudgetError
