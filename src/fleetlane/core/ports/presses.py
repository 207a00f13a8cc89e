"""Where a host remembers of itself what it pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fleetlane.core.presses import Press


class PressLog(Protocol):
    """What was pressed here, attempt by attempt. From any thread."""

    def note(self, press: Press) -> None:
        """Remember how far an attempt has come. What may be in doubt is on the disk when this returns.

        Raises:
            OSError: it cannot be kept.
        """
        ...

    def of(self, task_id: int) -> Press | None:
        """Return how far the last attempt of a task came that came so far; None when it pressed nothing here."""
        ...

    def latest(self, most: int) -> Sequence[Press]:
        """Return what was noted last of so many tasks at most, oldest first."""
        ...
