"""Taking tasks in: from a request to rows, all of them or none, in one unit of work.

checked by itself -> what is on record, read -> files looked at -> issues -> targets found again, repeats asked,
stored: in one transaction
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from fleetlane.core.errors import ConflictError, InvalidParametersError, StoreBusyError
from fleetlane.core.issue import Issue, in_sentences, note
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.records import StoredResponse
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import NewTask
from fleetlane.scripts.registry import script
from fleetlane.work.preflight.known import Known
from fleetlane.work.preflight.outlook import Outlook, Subject, refuse_errors
from fleetlane.work.preflight.repeats import RepeatWindow, refuse, repeats_of
from fleetlane.work.preflight.subjects import media_field, plan_of, read_for, subjects_of, with_keys
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.tasks.batch import Batch
from fleetlane.work.tasks.pending_reasons import PendingReasons
from fleetlane.work.tasks.request import Rules, TaskRequest, check, lateness, scheduled
from fleetlane.work.tasks.targets import Target, find_targets

_LONGEST_KEY = 255
_MOST_TRIES = 5
_MANY = 200
"""So many tasks are not looked over on the event loop."""
_MOST_ALIKE = 100
"""An issue of more targets than so many is told once, for all of them."""


@dataclass(frozen=True, slots=True)
class Created:
    """What was created. `scheduled_ms` is None when the tasks start as soon as they can."""

    task_ids: Sequence[int]
    scheduled_ms: int | None
    warnings: Sequence[str]
    issues: Sequence[Issue] = ()
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class PreviewedTask:
    """A task that would be created, and the text it would publish ("" when there is none)."""

    task: NewTask
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a request would create; nothing was stored."""

    tasks: Sequence[PreviewedTask]
    scheduled_ms: int | None
    warnings: Sequence[str]
    issues: Sequence[Issue] = ()


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request that can be stored: its tasks, for the targets there were when it was looked at."""

    request: TaskRequest
    targets: Sequence[Target]
    tasks: Sequence[NewTask]
    texts: Sequence[str]
    batch_id: str
    scheduled_ms: int | None
    issues: Sequence[Issue]


@dataclass(slots=True)
class _Stored:
    """What the unit of work did: new tasks, or the answer that a former request got."""

    tasks: Sequence[NewTask] = field(default_factory=list[NewTask])
    created: Created | None = None


class Intake:
    """Creates tasks.

    Args:
        store: where they go.
        lanes: told of them.
        waiting: says what they wait for.
        clock: the time.
        rules: what the server's owner has set.
        outlook: says what will make them fail.
        window: for how long a post is not to be repeated.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        waiting: PendingReasons,
        clock: Clock,
        *,
        rules: Rules,
        outlook: Outlook,
        window: RepeatWindow,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._waiting = waiting
        self._clock = clock
        self._rules = rules
        self._outlook = outlook
        self._window = window

    async def create(
        self, request: TaskRequest, idempotency_key: str | None = None, *, listed_only: bool = True
    ) -> Created:
        """Create one task for each target, all or none.

        Args:
            request: what is asked for.
            idempotency_key: a repeated request with the same key gets the first answer, and creates nothing.
            listed_only: refuse scripts that callers of the API may not name.

        Raises:
            ScriptNameMissingError, ScriptUnknownError: there is no such script.
            InvalidParametersError: with every field that is wrong; nothing was created.
            NoEnabledAccountError: every account is disabled; nothing was created.
            ConflictError: the key was used for another request, or a post would be a repeat.
            StoreError: nothing was created.
        """
        if idempotency_key is not None:
            if not 0 < len(idempotency_key) <= _LONGEST_KEY:
                raise InvalidParametersError.one("Idempotency-Key", f"must be 1 to {_LONGEST_KEY} characters")
            former = await self._store.read(lambda repositories: _former(repositories, idempotency_key, request))
            if former is not None:
                return former
        for _ in range(_MOST_TRIES):
            ready = await self._ready(request, listed_only=listed_only)
            stored = await self._store.write(partial(self._keep, request, ready, idempotency_key))
            if stored.created is not None:
                self._tell(stored)
                return stored.created
        raise StoreBusyError("The accounts of this request change all the time. Send it again.")

    async def preview(self, request: TaskRequest) -> Preview:
        """Return what `create` would do now, and do nothing. Texts drawn at random may come out otherwise.

        Raises:
            RequestError: as `create` does.
        """
        ready = await self._ready(request, listed_only=True)
        repeats = await self._store.read(partial(self._repeats, ready))
        shown = [PreviewedTask(task, text) for task, text in zip(ready.tasks, ready.texts, strict=True)]
        issues = [*ready.issues, *repeats]
        return Preview(shown, ready.scheduled_ms, in_sentences(issues, len(ready.tasks)), issues)

    # -- getting ready ---------------------------------------------------------------------------------

    async def _ready(self, request: TaskRequest, *, listed_only: bool) -> _Ready:
        """Check a request against all there is, and make its tasks; nothing is stored."""
        request = request.trimmed()
        told = check(request, self._rules, listed_only=listed_only)
        now_ms = self._clock.now_ms()
        scheduled_ms = scheduled(request, now_ms, self._rules)
        batch = Batch(request, now_ms, scheduled_ms, lateness(request, self._rules))
        plan = plan_of(request.script_name, request.script_config)

        def read(repositories: Repositories) -> tuple[list[Target], list[Issue], list[NewTask], list[Subject], Known]:
            issues: list[Issue] = []
            targets = find_targets(repositories, request, issues)
            tasks = batch.tasks(targets)
            subjects = subjects_of(plan, tasks)
            return targets, issues, tasks, subjects, read_for(repositories, subjects, reserve_others=True)

        targets, about_targets, tasks, subjects, known = await self._store.read(read)
        looks = await self._outlook.look(subjects, known)

        def finish() -> _Ready:
            if refused := self._outlook.refused(subjects, known):
                raise InvalidParametersError(refused)
            own = [issue for issues in self._outlook.issues(subjects, known, looks) for issue in issues]
            if request.strict:
                refuse_errors([*about_targets, *own])
            waits = [note(text) for text in self._waiting.warnings(tasks)]
            issues = [*told, *about_targets, *(plan.idle() if plan else ()), *_told_once(own), *waits]
            texts = [subject.planned.text for subject in subjects] or _texts(request, tasks)
            keyed = with_keys(tasks, subjects, looks)
            return _Ready(request, targets, keyed, texts, batch.id, scheduled_ms, issues)

        return finish() if len(subjects) < _MANY else await asyncio.to_thread(finish)

    # -- storing ---------------------------------------------------------------------------------------

    def _keep(
        self, request: TaskRequest, ready: _Ready, idempotency_key: str | None, repositories: Repositories
    ) -> _Stored:
        """Store the tasks; nothing when the targets are not any more what they were looked at for."""
        if idempotency_key is not None and (former := _former(repositories, idempotency_key, request)) is not None:
            return _Stored([], former)
        if find_targets(repositories, ready.request, []) != ready.targets:
            return _Stored()
        issues = [*ready.issues, *self._repeats(ready, repositories)]
        ids = repositories.tasks.add(ready.tasks)
        sentences = in_sentences(issues, len(ready.tasks))
        created = Created(list(ids), ready.scheduled_ms, sentences, issues, ready.batch_id)
        if idempotency_key is not None:
            answer = StoredResponse(request.fingerprint(), _kept(created))
            repositories.answers.put(idempotency_key, answer, self._clock.now_ms())
        return _Stored(ready.tasks, created)

    def _repeats(self, ready: _Ready, repositories: Repositories) -> list[Issue]:
        """Refuse what repeats a post, unless that is allowed, and return the repeats there are."""
        repeats = repeats_of(repositories, ready.tasks, self._clock.now_ms(), self._window)
        if not ready.request.allow_repeat:
            refuse(repeats, self._rules.zone)
        return _told_once([repeat.issue(media_field(ready.request.script_name)) for repeat in repeats])

    def _tell(self, stored: _Stored) -> None:
        assert stored.created is not None
        for task_id, task in zip(stored.created.task_ids, stored.tasks, strict=False):
            if task.serial is not None:
                self._lanes.added(task.serial, Head(task.due_ms, task_id))


def _former(repositories: Repositories, key: str, request: TaskRequest) -> Created | None:
    """Return the answer that the first request with a key got, None when there was none."""
    former = repositories.answers.get(key)
    if former is None:
        return None
    if former.request != request.fingerprint():
        raise ConflictError("This Idempotency-Key was used for another request. Use a new key for a new request.")
    kept: dict[str, Any] = dict(former.data)
    kept["issues"] = [Issue.of_facts(facts) for facts in kept.get("issues", ())]
    return Created(**kept)


def _texts(request: TaskRequest, tasks: Sequence[NewTask]) -> list[str]:
    """Return what tasks would publish, as their script says; "" where it cannot: that is no reason to refuse them."""
    chosen = script(request.script_name)
    try:
        return [chosen.preview(request.script_config, task.position, task.seed) for task in tasks]
    except InvalidParametersError:
        return [""] * len(tasks)


def _kept(created: Created) -> dict[str, Any]:
    return {
        "task_ids": list(created.task_ids),
        "scheduled_ms": created.scheduled_ms,
        "warnings": list(created.warnings),
        "issues": [issue.facts() for issue in created.issues],
        "batch_id": created.batch_id,
    }


def _told_once(issues: Sequence[Issue]) -> list[Issue]:
    """Return issues; one that very many targets share is told once, of no target."""
    if len(issues) <= _MOST_ALIKE:
        return list(issues)
    alike: dict[tuple[str, str, str], list[Issue]] = {}
    for issue in issues:
        alike.setdefault((issue.field, issue.code, str(issue.sentence)), []).append(issue)
    return [
        one
        for same in alike.values()
        for one in (same if len(same) <= _MOST_ALIKE else [replace(same[0], target=None)])
    ]
