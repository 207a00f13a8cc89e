"""How many random cases a run draws: few each time, many for `make thorough`."""

from __future__ import annotations

import os

IS_THOROUGH = bool(os.environ.get("THOROUGH"))


def cases(usual: int, thorough: int) -> int:
    """Return how many cases this run draws."""
    return thorough if IS_THOROUGH else usual
