"""Finds the recorded answer to a request: by what is asked, in the order of the recording.

What acts on a phone (a tap, a key, a start) divides a recording into stretches. What only looks is answered from the
stretch that the last act led to: in order, and when that is used up by its last answer, as a poll may come more often.
An act must follow where it was recorded; one that was recorded and did not come is passed over, and told.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from fleetlane.core.errors import UnknownRequestError
from fleetlane.core.transcript import Exchange

_LOOKING_CALLS = frozenset(
    {
        "dumpWindowHierarchy", "takeScreenshot", "objInfo", "objInfoOfAllInstances", "getClipboard", "getText", "count",
        "deviceInfo", "exist", "waitForExists", "waitUntilGone",
    }
)  # fmt: skip
_LOOKING_COMMANDS = (
    "getprop", "wm size", "am get-current-user", "settings get", "dumpsys", "pm list", "cmd package resolve-activity",
    "content query", "date", "df", "ls", "stat", "echo", "toybox md5sum", "md5", "screencap", "id",
)  # fmt: skip
_INSTANT = re.compile(r"\d{10,}")
"""Seconds or milliseconds since the epoch: they are others each time."""
_NOT_KEPT = ("not_kept", "unread")
Key = tuple[str, str, str]


def is_look(kind: str, asked: str) -> bool:
    """Return whether a request changes nothing on the phone."""
    match kind:
        case "rpc":
            return asked in _LOOKING_CALLS
        case "sync":
            return not asked.startswith("SEND ")
        case "shell":
            return all(part.strip().startswith(_LOOKING_COMMANDS) for part in asked.split(";") if part.strip())
        case _:
            return True


def _key(kind: str, asked: str, params: Any) -> Key:
    written = json.dumps(params, sort_keys=True, ensure_ascii=False) if params else ""
    return kind, _INSTANT.sub("#", asked), _INSTANT.sub("#", written)


class RecordedAnswers:
    """The answers of one recording."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges
        self._at: dict[Key, list[int]] = {}
        for index, one in enumerate(exchanges):
            self._at.setdefault(_key(one.kind, one.asked, one.params), []).append(index)
        self._acts = [index for index, one in enumerate(exchanges) if not is_look(one.kind, one.asked)]
        self.due_s = 0.0
        """When, in the recording, the latest answer in its order was there."""
        self._start = 0
        """Where the present stretch begins."""
        self._is_again = False
        self._used: set[int] = set()
        self.skipped: list[str] = []
        """Acts that were recorded and did not come."""
        self.repeated: list[str] = []
        """Acts that came more often than they were recorded."""

    def to(self, kind: str, asked: str, params: Any = None) -> Exchange:
        """Return the recorded exchange for a request.

        Raises:
            UnknownRequestError: it was never recorded, or its answer was not kept.
        """
        indexes = self._at.get(_key(kind, asked, params), [])
        if not indexes:
            raise UnknownRequestError(
                f"The phone was asked what was never recorded: {Exchange(0, 0, kind, asked, params).named}. "
                f"Before it came: {self._before}."
            )
        one = self._exchanges[self._look(indexes) if is_look(kind, asked) else self._act(indexes)]
        if not self._is_again:
            self.due_s = one.at_s + one.took_s
        if any(word in one.answer for word in _NOT_KEPT):
            raise UnknownRequestError(f"The answer to this was not kept in the recording: {one.named}.")
        return one

    def peek(self, kinds: Sequence[str]) -> Exchange | None:
        """Return the next exchange of one of some kinds in the present stretch that was not used, None when none is."""
        stretch = range(self._start, self._end)
        return next((o for i in stretch if (o := self._exchanges[i]).kind in kinds and i not in self._used), None)

    def finish(self) -> None:
        """Note the acts that did not come any more."""
        self._pass_to(len(self._exchanges))

    @property
    def _end(self) -> int:
        """Return where the present stretch ends: at the next act."""
        index = bisect_right(self._acts, self._start - 1)
        return self._acts[index] if index < len(self._acts) else len(self._exchanges)

    @property
    def _before(self) -> str:
        return self._exchanges[self._start - 1].named if self._start else "nothing that acts"

    def _look(self, indexes: Sequence[int]) -> int:
        fresh = [index for index in indexes if self._start <= index < self._end and index not in self._used]
        former = [index for index in indexes if index < self._end]
        chosen = fresh[0] if fresh else former[-1] if former else indexes[0]
        self._used.add(chosen)
        self._is_again = not fresh
        return chosen

    def _act(self, indexes: Sequence[int]) -> int:
        later = next((index for index in indexes if index >= self._start), None)
        self._is_again = later is None
        if later is None:
            self.repeated.append(self._exchanges[indexes[-1]].named)
            return indexes[-1]
        self._pass_to(later)
        self._start = later + 1
        return later

    def _pass_to(self, end: int) -> None:
        self.skipped += [self._exchanges[index].named for index in self._acts if self._start <= index < end]
        self._start = end
