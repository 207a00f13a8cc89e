"""What a script reports while it runs: its trace and its publish journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fleetlane.core.journal import Phase


class Trace(Protocol):
    """Takes the steps of one attempt. Never fails a script: what cannot be kept is logged."""

    def add(
        self,
        name: str,
        detail: str,
        screen: str,
        started_ms: int,
        duration_ms: int,
        *,
        ok: bool,
        screenshot: bytes | None,
        tree: str | None,
        selectors: Sequence[str],
    ) -> None:
        """Keep one step. `selectors` are by what the nodes that were tapped were found, in order."""
        ...


class TraceWriter(Protocol):
    """Takes the files of traces. Blocking; from any thread, also for one task at the same time."""

    def write(self, task_id: int, attempt: int, name: str, content: bytes) -> str:
        """Keep a file whole, in the place of one of that name, and return its path: what rows keep, with `/`.

        Args:
            task_id: whose it is.
            attempt: likewise, from 1.
            name: letters, digits, dots and dashes, the first and the last of them no dot.
            content: its bytes, possibly none.

        Raises:
            OSError: it cannot be kept.
        """
        ...


class TraceFiles(TraceWriter, Protocol):
    """Keeps the files of traces. Blocking; from any thread, also for one task at the same time."""

    def read(self, relative: str) -> bytes | None:
        """Return a file by the path that `write` gave; None when it is not there any more, or `write` gives no such.

        Nothing else is ever read, whatever the path: the row may come from a backup that somebody else has made.
        """
        ...

    def forget(self, task_id: int) -> None:
        """Remove the files of a task. Nothing happens when there are none."""
        ...

    def sizes(self) -> dict[int, int]:
        """Return how many bytes the files of each task take that has some."""
        ...


class Journal(Protocol):
    """The publish journal of one attempt (`core.journal`).

    Raises (every method): `TaskStoppedError` when the attempt is no longer the one running, or, for `arm`,
    when its task is to stop; `StoreError` when it could not be kept.
    """

    @property
    def phase(self) -> Phase:
        """Return how far the attempt has come."""
        ...

    def at_risk(self, facts: Mapping[str, Any]) -> None:
        """Commit that a tap is repeated that could land on Post. Nothing happens when it was noted before.

        `facts` are those of `prepared`, as far as they are known.
        """
        ...

    def prepared(self, facts: Mapping[str, Any]) -> None:
        """Note what will be published, and how the profile looked before."""
        ...

    def arm(self) -> None:
        """Commit, as durably as the store can, that the tap on Post comes next."""
        ...

    def tapped(self) -> None:
        """Note that the tap was sent."""
        ...

    def note(self, facts: Mapping[str, Any]) -> None:
        """Commit something more that was seen, in the present phase."""
        ...

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        """Note what became of the post."""
        ...
