"""What a task is: its states, which changes are legal, and its row as a value.

Knows nothing of stores, phones or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from fleetlane.core.remark import Remark


class Status(IntEnum):
    """State of a task, with the numbers of the documented API."""

    PENDING = 0
    RUNNING = 1
    COMPLETED = 2
    FAILED = 3

    @property
    def text(self) -> str:
        """Return the word the API shows as `status_text`."""
        return self.name.lower()


class Source(StrEnum):
    """Who created a task."""

    API = "api"
    UI = "ui"

    @classmethod
    def of(cls, word: str) -> Source:
        """Return the source that a store calls so; one that only another version knows came over the API."""
        return cls(word) if word in set(cls) else cls.API


class LatePolicy(StrEnum):
    """What becomes of a task that could not begin in time."""

    HOLD = "hold"
    """A person decides."""
    RUN = "run"
    FAIL = "fail"


class NeedsPerson(StrEnum):
    """Why a task is on the list of those that need a person."""

    HELD = "held"
    """It could not begin in time."""
    OTHER_PHONE = "other_phone"
    """Another phone answers where its phone was."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    FAILED = "failed"
    """It failed in a way that a person must fix."""
    WILL_FAIL = "will_fail"
    """As things are now it will fail when it is due."""


LEGAL_TRANSITIONS: frozenset[tuple[Status, Status]] = frozenset(
    {
        (Status.PENDING, Status.RUNNING),  # claimed by the scheduler
        (Status.PENDING, Status.FAILED),  # stopped before it ran
        (Status.RUNNING, Status.COMPLETED),
        (Status.RUNNING, Status.FAILED),
        (Status.RUNNING, Status.PENDING),  # cut off, or in doubt: it runs again, or its post is looked for
        (Status.FAILED, Status.PENDING),  # retried
        (Status.FAILED, Status.COMPLETED),  # a person says that it did go out
    }
)


def is_legal(before: Status, after: Status) -> bool:
    """Return whether a task may go from `before` to `after`."""
    return (before, after) in LEGAL_TRANSITIONS


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be stored. Times are milliseconds since the Unix epoch, UTC.

    `serial` is the lane it waits in; None means that it is bound to a device later, through
    `username`. `position` is its index in its batch, from 0: captions are used in turn by it.
    `seed` fixes every random choice of the task, so that a retry publishes the same text.
    """

    batch_id: str
    position: int
    script_name: str
    script_config: str
    serial: str | None
    username: str | None
    source: Source
    seed: int
    created_ms: int
    due_ms: int
    scheduled_ms: int | None = None
    platform: str | None = None
    """The platform of the account, None when the task names no account that is known."""
    late_after_ms: int | None = None
    """How much later than `scheduled_ms` it may begin; None: it is never late."""
    late_policy: LatePolicy | None = None
    content_key: str | None = None
    """A hash of what it publishes, where; equal for two tasks that publish the same. None when it cannot be known."""
    repeat_allowed_ms: int | None = None
    """When somebody said that it may repeat what was made by then; None: nobody has."""


@dataclass(frozen=True, slots=True)
class Task:
    """A stored task. `attempt` counts its runs from 1; 0 means it never ran.

    `late_at_ms` is from when on it is late if it has not begun, `late_ms` by how much it was when it was let begin,
    `held_ms` since when a person must decide. `needs_note` says more about `needs_person` (`note_of`).
    `repeat_allowed_ms` is when somebody said that it may repeat what was made by then.
    """

    id: int
    batch_id: str
    position: int
    script_name: str
    script_config: Mapping[str, Any]
    serial: str | None
    username: str | None
    source: Source
    seed: int
    status: Status
    created_ms: int
    due_ms: int
    scheduled_ms: int | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    attempt: int = 0
    retry_count: int = 0
    stop_requested: bool = False
    remark: Remark = field(default_factory=Remark)
    error_code: str | None = None
    outcome: str | None = None
    platform: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    late_after_ms: int | None = None
    late_at_ms: int | None = None
    late_policy: LatePolicy | None = None
    late_ms: int | None = None
    held_ms: int | None = None
    needs_person: NeedsPerson | None = None
    needs_note: Mapping[str, Any] = field(default_factory=dict[str, Any])
    content_key: str | None = None
    repeat_allowed_ms: int | None = None

    @property
    def is_held(self) -> bool:
        """Return whether it starts only when a person says so."""
        return self.held_ms is not None

    @property
    def is_ended(self) -> bool:
        """Return whether the task has ended, well or not."""
        return self.status in (Status.COMPLETED, Status.FAILED)

    @property
    def need(self) -> Remark:
        """Return what is said of why it needs a person, nothing when `needs_person` says it all."""
        return Remark.of_json(self.needs_note.get("message", ""), self.needs_note.get("parts"))

    @property
    def in_doubt(self) -> bool:
        """Return whether its next attempt only looks for the post that a former one may have sent."""
        return not self.is_ended and self.outcome == "unknown"


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many tasks there are in each state."""

    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """Return the number of all tasks."""
        return self.pending + self.running + self.completed + self.failed


def note_of(said: Remark, code: str = "") -> dict[str, Any]:
    """Return what is noted of why a task needs a person.

    It has `message`, in English; `code`, an error code, when there is one; and `parts`, the message as JSON keeps it,
    when pages can translate it.
    """
    note = {"code": code, "message": str(said), "parts": said.as_json()}
    return {name: value for name, value in note.items() if value}


def username_key(username: str) -> str:
    """Return what two spellings of one username share: no leading `@`, no case."""
    return username.strip().removeprefix("@").casefold()
