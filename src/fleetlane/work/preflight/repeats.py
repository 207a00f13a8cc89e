"""Repeats: the same content for the same target, twice. Asked in the same transaction as whatever makes a task wait.

Content is compared by a key that is made beforehand, of the hashes of its files and its text (`content_key`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TypeVar

from fleetlane.core.errors import RepeatError
from fleetlane.core.issue import REPEAT, Issue, Severity
from fleetlane.core.message import Message
from fleetlane.core.outcome import failed
from fleetlane.core.ports.store import Repositories
from fleetlane.core.ports.tasks import Twin
from fleetlane.core.remark import RemarkTemplate
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import NewTask, Task, username_key
from fleetlane.scripts.platforms import platforms
from fleetlane.scripts.script import Planned

WAITS = "the same post waits or runs already as task %(task)s"
UNKNOWN = "nobody knows whether the same post went out with task %(task)s"
PUBLISHED = "the same post was published with task %(task)s"
SENTENCES = (WAITS, UNKNOWN, PUBLISHED)
_DROPPED = {
    WAITS: RemarkTemplate.REPEATS_WAITING,
    UNKNOWN: RemarkTemplate.REPEATS_UNKNOWN,
    PUBLISHED: RemarkTemplate.REPEATS_PUBLISHED,
}
"""What the remark of a task says that is not to begin for it."""
_ANY = "any"
_T = TypeVar("_T", NewTask, Task, NewTask | Task)
_DIGITS = 40
_MOST_TOLD = 100
_MINUTE_MS, _DAY_MS = 60_000, 24 * 60 * 60_000


@dataclass(frozen=True, slots=True)
class RepeatWindow:
    """For how long a post counts as not long ago. `refuse_ms` 0: no repeat is refused, they are only told of."""

    refuse_ms: int = 60 * _MINUTE_MS
    warn_ms: int = 7 * _DAY_MS

    @classmethod
    def of(cls, refuse_min: float, warn_days: float) -> RepeatWindow:
        """Return the window for the settings."""
        return cls(round(refuse_min * _MINUTE_MS), round(warn_days * _DAY_MS))


@dataclass(frozen=True, slots=True)
class Repeat:
    """A task that would publish again what another one published, or will. `at_ms` is when that was, or is due."""

    index: int
    target: str
    twin: Twin
    is_refused: bool

    @property
    def sentence(self) -> Message:
        """Return what a person should know of it."""
        return _told(self.twin)

    def issue(self, field: str) -> Issue:
        """Return it as something to know about a field, which forbids nothing."""
        return Issue(field, REPEAT, Severity.WARNING, self.sentence, self.target)


def content_key(planned: Planned, hashes: Sequence[str], platform: str | None) -> str:
    """Return the key of what is published, where: the files in their order, the text, the kind of post, the app.

    Args:
        planned: the post.
        hashes: the sha256 of its files.
        platform: where it goes; None while that is not known.
    """
    text = planned.text.replace("\r\n", "\n").strip()
    canonical = json.dumps([planned.shape, list(hashes), text], ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest[:_DIGITS]}.{platform or _ANY}"


def repeats_of(
    repositories: Repositories, tasks: Sequence[NewTask | Task], now_ms: int, window: RepeatWindow
) -> list[Repeat]:
    """Return which tasks would repeat a post, the nearest twin of each. They are not compared with one another.

    What a task was let repeat is told of, and not to be refused.

    Args:
        repositories: a transaction; what is found there holds until it ends.
        tasks: tasks to be stored, or stored ones, which are no twins of themselves.
        now_ms: the time.
        window: what counts as not long ago.
    """
    repeats: list[Repeat] = []
    for index, task, twins in _with_twins(repositories, tasks, now_ms, window):
        refused = [twin for twin in twins if _is_refused(twin, now_ms, window) and not _may_repeat(task, twin.made_ms)]
        first = min(refused or twins, key=lambda twin: (-twin.at_ms, twin.task_id))
        repeats.append(Repeat(index, task.username or task.serial or "", first, bool(refused)))
    return repeats


def unallowed(task: Task) -> Task:
    """Return a task that nobody has let repeat a post: what was allowed is asked about again."""
    return replace(task, repeat_allowed_ms=None)


def _with_twins(
    repositories: Repositories, tasks: Sequence[_T], now_ms: int, window: RepeatWindow
) -> Iterator[tuple[int, _T, list[Twin]]]:
    """Yield those of some tasks that have twins, each with its place among them."""
    keyed = [(index, task, task.content_key) for index, task in enumerate(tasks) if task.content_key]
    if not keyed:
        return
    since_ms = now_ms - max(window.refuse_ms, window.warn_ms)
    keys = {same for _, _, key in keyed for same in _same_keys(key)}
    own = {task.id for task in tasks if isinstance(task, Task)}
    found = repositories.tasks.twins(keys, since_ms, *_names([task for _, task, _ in keyed]))
    twins = _by_target(twin for twin in found if twin.task_id not in own)
    for index, task, key in keyed:
        fitting = [twin for same in _same_keys(key) for name in _targets(task) for twin in twins.get((same, name), ())]
        fitting = [twin for twin in fitting if _is_same_target(task, twin)]
        if fitting:
            yield index, task, fitting


def is_twin_of(task: Task, others: Sequence[Task]) -> bool:
    """Return whether one of these tasks publishes the same on the same target, if all of them run."""
    if not task.content_key:
        return False
    same = set(_same_keys(task.content_key))
    return any(
        other.content_key in same
        and not _may_repeat(task, other.created_ms)
        and (
            username_key(task.username) == username_key(other.username)
            if task.username and other.username
            else task.serial == other.serial
        )
        for other in others
    )


def refuse(repeats: Iterable[Repeat], zone: tzinfo) -> None:
    """Refuse the whole of a request when there is one repeat that is to be refused.

    Raises:
        RepeatError: it says which tasks have published the same, or will.
    """
    refused = [repeat for repeat in repeats if repeat.is_refused]
    if not refused:
        return
    first = refused[0]
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    raise RepeatError(
        f'{first.target}: {first.sentence}{more}. To post it again all the same, send {{"allow_repeat": true}}.',
        first.twin.task_id,
        [
            {"target": repeat.target, "task_id": repeat.twin.task_id, "at": rfc3339(repeat.twin.at_ms, zone)}
            for repeat in refused[:_MOST_TOLD]
        ],
    )


def drop_repeats(
    repositories: Repositories,
    tasks: Sequence[Task],
    now_ms: int,
    window: RepeatWindow,
    of: Collection[int] | None = None,
) -> list[Task]:
    """End what repeats a post since some waiting tasks wait where they do now: they were asked about for elsewhere.

    Returns what has ended.

    Two go out where the one made later was let repeat the other. Else one that was not let repeat a post ends: that of
    the given tasks, if it can be.

    Args:
        repositories: the unit of work.
        tasks: what may be a repeat. What does not wait stays as it is.
        now_ms: the time.
        window: what counts as not long ago.
        of: the tasks that it may repeat; None for all.
    """
    meant = None if of is None else frozenset(of)
    ended: list[Task | None] = []
    for _, task, twins in _with_twins(repositories, tasks, now_ms, window):
        for twin in twins:
            both = _may_repeat(task, twin.made_ms) or _may_repeat(twin, task.created_ms)
            if both or (meant is not None and twin.task_id not in meant) or not _is_refused(twin, now_ms, window):
                continue
            if task.repeat_allowed_ms is None:
                ended.append(_drop(repositories, task.id, now_ms, _told(twin)))
                break
            ended.append(_drop(repositories, twin.task_id, now_ms, Message(WAITS, {"task": str(task.id)})))
    return [task for task in ended if task is not None]


def _drop(repositories: Repositories, task_id: int, now_ms: int, why: Message) -> Task | None:
    return repositories.tasks.drop(task_id, now_ms, failed("repeat", Message(_DROPPED[why.template], why.facts)))


def _may_repeat(task: NewTask | Task | Twin, made_ms: int) -> bool:
    """Return whether a task was let repeat a post that was made at an instant: by then, or before."""
    return task.repeat_allowed_ms is not None and made_ms <= task.repeat_allowed_ms


def _told(twin: Twin) -> Message:
    template = WAITS if twin.is_open else UNKNOWN if twin.is_unknown else PUBLISHED
    return Message(template, {"task": str(twin.task_id)})


def _same_keys(key: str) -> list[str]:
    """Return the keys of the same content: a post whose app is not known yet may come to be on any."""
    digest, _, platform = key.partition(".")
    named = platforms() if platform == _ANY else [platform]
    return [f"{digest}.{name}" for name in (*named, _ANY)]


def _is_refused(twin: Twin, now_ms: int, window: RepeatWindow) -> bool:
    if not window.refuse_ms:
        return False
    return twin.is_open or twin.is_unknown or twin.at_ms > now_ms - window.refuse_ms


def _targets(task: NewTask | Task) -> list[tuple[str, str]]:
    """Return the names under which a task of the same target is found."""
    found: list[tuple[str, str]] = []
    if task.username:
        found.append(("account", username_key(task.username)))
    if task.serial:
        found.append(("device", task.serial))
    return found


def _names(tasks: Sequence[NewTask | Task]) -> tuple[set[str], set[str]]:
    names = {name for task in tasks for name in _targets(task)}
    return {name for kind, name in names if kind == "account"}, {name for kind, name in names if kind == "device"}


def _by_target(twins: Iterable[Twin]) -> Mapping[tuple[str, tuple[str, str]], list[Twin]]:
    found: dict[tuple[str, tuple[str, str]], list[Twin]] = {}
    for twin in twins:
        for name in (("account", twin.username_key), ("device", twin.serial)):
            if name[1]:
                found.setdefault((twin.content_key, (name[0], name[1])), []).append(twin)
    return found


def _is_same_target(task: NewTask | Task, twin: Twin) -> bool:
    """Return whether two tasks may publish on one account: the same one, or on one phone where not both name theirs."""
    if task.username and twin.username_key:
        return username_key(task.username) == twin.username_key
    return task.serial == twin.serial
