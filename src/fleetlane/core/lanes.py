"""Lanes: which task is next. Each device is a lane that does one task at a time, in order of (due, id).

Only the head of each lane is kept in memory, so nothing here grows with the backlog. Pure: the
scheduler feeds it and acts on what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

FIRST_MS = 0
"""When a task is due that goes before all others of its lane."""


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """The task that is next in a lane."""

    due_ms: int
    task_id: int


@dataclass(slots=True)
class LaneTable:
    """The heads of all lanes, and the lanes that are at work.

    A lane whose head may have changed in an unknown way is *stale*: it starts nothing until its head
    has been read from the store again. A lane that is *held* starts nothing until it is given back: a
    person has taken it over.
    """

    heads: dict[str, Head] = field(default_factory=dict[str, Head])
    busy: set[str] = field(default_factory=set[str])
    held: set[str] = field(default_factory=set[str])
    _stale: set[str] = field(default_factory=set[str])
    _reading: set[str] = field(default_factory=set[str])
    _reads_all: bool = False

    def added(self, serial: str, head: Head) -> None:
        """Note a task that has become pending in a lane."""
        if self._reads_all or serial in self._stale or serial in self._reading:
            self._stale.add(serial)
            return
        known = self.heads.get(serial)
        if known is None or head < known:
            self.heads[serial] = head

    def changed(self, serial: str) -> None:
        """Note that a pending task of this lane has gone or moved."""
        self._stale.add(serial)

    def take_stale(self, *, whole: bool = False) -> frozenset[str]:
        """Return the lanes whose heads must be read again; the answer comes by `refreshed`, or `unread`.

        Args:
            whole: the heads of all lanes will be read, whatever was told of them.
        """
        self._reading, self._stale, self._reads_all = self._stale, set(), whole
        return frozenset(self._reading)

    def refreshed(self, heads: Mapping[str, Head]) -> None:
        """Take the heads that were read for `take_stale`; a lane that was read and is not in it is empty."""
        for serial in {*self.heads, *heads} if self._reads_all else self._reading:
            if serial in heads:
                self.heads[serial] = heads[serial]
            else:
                self.heads.pop(serial, None)
        self._reading, self._reads_all = set(), False

    def unread(self) -> None:
        """Note that what `take_stale` has returned could not be read."""
        self._stale |= self._reading
        self._reading, self._reads_all = set(), False

    def taken(self, serial: str) -> None:
        """Note that the head of a lane is being claimed: the lane is busy and its next head unknown."""
        self.busy.add(serial)
        self.heads.pop(serial, None)
        self._stale.add(serial)

    def freed(self, serial: str) -> None:
        """Note that a lane is free again."""
        self.busy.discard(serial)

    def startable(self, ready: Collection[str], now_ms: int, slots: int | None) -> list[tuple[str, Head]]:
        """Return the tasks to start now, earliest (due, id) first.

        Args:
            ready: serials of the devices that can take a task.
            now_ms: the present instant.
            slots: how many more devices may work at the same time; None for no limit.
        """
        due = [
            (head, serial)
            for serial in ready
            if serial not in self.busy
            and serial not in self.held
            and serial not in self._stale
            and (head := self.heads.get(serial)) is not None
            and head.due_ms <= now_ms
        ]
        due.sort()
        return [(serial, head) for head, serial in (due if slots is None else due[: max(slots, 0)])]

    def next_due_ms(self, ready: Iterable[str]) -> int | None:
        """Return the earliest due instant among the free ready lanes, or None when nothing waits."""
        return min(
            (self.heads[s].due_ms for s in ready if s in self.heads and s not in self.busy and s not in self.held),
            default=None,
        )
