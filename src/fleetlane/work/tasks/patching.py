"""Changing a task that has not begun: when, what and where, with the checks of a creation. All of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from fleetlane.core.errors import ConflictError, InvalidParametersError, NotFoundError, StoreBusyError
from fleetlane.core.issue import Issue
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import Rewritten
from fleetlane.core.remark import Remark
from fleetlane.core.task import LatePolicy, NeedsPerson, Status, Task, note_of
from fleetlane.work.preflight.known import Known
from fleetlane.work.preflight.outlook import Outlook, Subject, refuse_errors
from fleetlane.work.preflight.repeats import RepeatWindow, refuse, repeats_of, unallowed
from fleetlane.work.preflight.subjects import key_of, media_field, plan_of, read_for, subjects_of
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.tasks.options import unknown_fields
from fleetlane.work.tasks.request import (
    FIELDS,
    Rules,
    TaskRequest,
    check_config,
    check_late,
    check_names,
    lateness,
    scheduled,
)
from fleetlane.work.tasks.targets import Target, find_targets

_MOST_TRIES = 5
_START = frozenset({"start_time", "start_at", "late_after_min", "late_policy"})
_CHANGES = frozenset({*_START, "script_config", "serial", "username"})
_KNOWN = frozenset({*_CHANGES, "strict", "allow_repeat", "dry_run"})


@dataclass(frozen=True, slots=True)
class Patch:
    """What is to change. `given` names the fields that were sent: null is a value, too."""

    given: Collection[str]
    script_config: Mapping[str, Any] | None = None
    serial: str | None = None
    username: str | None = None
    start_time: str | None = None
    start_at: str | None = None
    late_after_min: float | None = None
    late_policy: str | None = None
    strict: bool = False
    allow_repeat: bool = False
    dry_run: bool = False
    unknown_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Patched:
    """A task as it is, or would be, after a change, and what to know of it."""

    task: Task
    issues: Sequence[Issue]


class Patching:
    """Changes tasks that have not begun.

    Args:
        store: where they are.
        lanes: told of the lanes that change.
        clock: the time.
        rules: what the server's owner has set for requests.
        outlook: says what will make them fail.
        window: for how long a post is not to be repeated.
    """

    def __init__(
        self, store: Store, lanes: Lanes, clock: Clock, *, rules: Rules, outlook: Outlook, window: RepeatWindow
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._rules = rules
        self._outlook = outlook
        self._window = window

    async def patch(self, task_id: int, patch: Patch) -> Patched:
        """Change a task.

        Raises:
            NotFoundError: there is none.
            InvalidParametersError: with every field that is wrong; nothing was changed.
            ConflictError: it has begun, or ended, or its post is looked for; or it would repeat a post.
        """
        unknown = unknown_fields(patch.unknown_fields, {*FIELDS, *_KNOWN}, refuse=self._rules.refuse_unknown)
        if unknown.errors:
            raise InvalidParametersError(unknown.errors)
        if not _CHANGES.intersection(patch.given):
            raise InvalidParametersError.one("body", f"give at least one of {', '.join(sorted(_CHANGES))}")
        for _ in range(_MOST_TRIES):
            before = await self._waiting(task_id)
            done = await self._try(before, patch)
            if done is not None:
                return Patched(done.task, [*unknown.issues, *done.issues])
        raise StoreBusyError(f"Task {task_id} changes all the time. Send it again.")

    async def _waiting(self, task_id: int) -> Task:
        task = await self._store.read(lambda repositories: repositories.tasks.get(task_id))
        if task is None:
            raise NotFoundError("task", task_id)
        if task.in_doubt:
            raise ConflictError(f"Task {task_id} may have published already: its post is looked for first.")
        if task.status is not Status.PENDING:
            raise ConflictError(f"Task {task_id} is {task.status.text}; only a task that has not begun can be changed.")
        return task

    async def _try(self, before: Task, patch: Patch) -> Patched | None:
        """Change a task, unless something else has happened to it since it was read."""
        request = _request(before, patch)
        told = check_config(before.script_name, request.script_config, self._rules)
        now_ms = self._clock.now_ms()
        late = lateness(request, self._rules)
        start_ms = scheduled(request, now_ms, self._rules)
        plan = plan_of(before.script_name, request.script_config)

        def read(repositories: Repositories) -> tuple[Task, list[Issue], list[Subject], Known]:
            issues: list[Issue] = []
            target = _target(repositories, before, patch, request, issues)
            after = _after(before, patch, request, target, now_ms=now_ms, start_ms=start_ms, late=late)
            subjects = subjects_of(plan, [after])
            return after, issues, subjects, read_for(repositories, subjects)

        after, about_target, subjects, known = await self._store.read(read)
        if refused := self._outlook.refused(subjects, known):
            raise InvalidParametersError(refused)
        looks = await self._outlook.look(subjects, known)
        own = [issue for issues in self._outlook.issues(subjects, known, looks) for issue in issues]
        if patch.strict:
            refuse_errors([*about_target, *own])
        key = key_of(subjects[0], looks) if subjects else None
        after = replace(after, content_key=key, repeat_allowed_ms=_allowed_ms(before, key, patch, now_ms))
        issues = [*told, *about_target, *(plan.idle() if plan else ()), *own]
        keep = partial(self._keep, before, after, patch, issues)
        if patch.dry_run:
            return Patched(after, [*issues, *await self._store.read(partial(self._repeats, after, patch))])
        kept = await self._store.write(keep)
        if kept is not None:
            self._tell(before, kept.task)
        return kept

    def _keep(
        self, before: Task, after: Task, patch: Patch, issues: Sequence[Issue], repositories: Repositories
    ) -> Patched | None:
        if repositories.tasks.get(before.id) != before:
            return None
        target = _target(repositories, before, patch, _request(before, patch), [])
        if (target.serial, target.username) != (after.serial, after.username):
            return None
        repeats = self._repeats(after, patch, repositories)
        stays = not _START.intersection(patch.given)
        other_phone = before.needs_person is NeedsPerson.OTHER_PHONE and after.serial == before.serial
        held = (stays and before.is_held) or other_phone
        task = repositories.tasks.rewrite(before.id, _rewritten(after, keeps_start=stays, keeps_flag=held))
        if task is None:
            return None
        wrong = next((issue for issue in issues if issue.is_error), None)
        if wrong is not None and before.needs_person is NeedsPerson.WILL_FAIL:
            note = note_of(Remark.of(wrong.sentence), wrong.code)
            repositories.tasks.flag([before.id], NeedsPerson.WILL_FAIL, note)
            task = repositories.tasks.get(before.id) or task
        return Patched(task, [*issues, *repeats])

    def _repeats(self, after: Task, patch: Patch, repositories: Repositories) -> list[Issue]:
        repeats = repeats_of(repositories, [unallowed(after)], self._clock.now_ms(), self._window)
        if not patch.allow_repeat:
            refuse(repeats, self._rules.zone)
        return [repeat.issue(media_field(after.script_name)) for repeat in repeats]

    def _tell(self, before: Task, after: Task) -> None:
        if before.serial is not None:
            self._lanes.changed(before.serial)
        if after.serial is not None:
            self._lanes.changed(after.serial)
            self._lanes.added(after.serial, Head(after.due_ms, after.id))


def _request(before: Task, patch: Patch) -> TaskRequest:
    """Return the request that would make the task as it is to be.

    Raises:
        InvalidParametersError: with every field that is wrong by itself.
    """
    given = patch.given
    if "script_config" in given and patch.script_config is None:
        raise InvalidParametersError.one("script_config", "must be an object; it replaces the whole of the settings")
    config = patch.script_config if patch.script_config is not None else before.script_config
    late_min = patch.late_after_min
    if "late_after_min" not in given and before.late_after_ms is not None:
        late_min = before.late_after_ms / 60_000
    policy = patch.late_policy
    if "late_policy" not in given and before.late_policy is not None:
        policy = before.late_policy.value
    serial = patch.serial.strip() if patch.serial is not None else None
    request = TaskRequest(
        serials=[serial] if serial is not None else [],
        usernames=[patch.username] if patch.username is not None else [],
        script_name=before.script_name,
        script_config=config,
        start_time=patch.start_time,
        start_at=patch.start_at,
        source=before.source,
        late_after_min=late_min,
        late_policy=policy,
    )
    if errors := [*check_names(request), *check_late(request)]:
        raise InvalidParametersError([replace(one, field=_FIELD.get(one.field, one.field)) for one in errors])
    return request


_FIELD = {"serials.0": "serial", "usernames.0": "username"}


def _target(
    repositories: Repositories, before: Task, patch: Patch, request: TaskRequest, issues: list[Issue]
) -> Target:
    """Return whom the task is for from now on, by the rules of a creation."""
    if patch.username is not None:
        return find_targets(repositories, request, issues)[0]
    leaves_account = "username" in patch.given
    if patch.serial is not None:
        if before.username and not leaves_account:
            why = f"the task is for account {before.username}, and waits for its device"
            raise InvalidParametersError.one("serial", f'{why}; send {{"username": null}} too')
        return find_targets(repositories, request, issues)[0]
    if "serial" in patch.given or (leaves_account and before.serial is None):
        raise InvalidParametersError.one("serial", "is needed for a task without an account")
    if leaves_account:
        return Target(before.serial)
    if before.username and "script_config" in patch.given:  # which may name another platform
        return find_targets(repositories, replace(request, usernames=[before.username]), issues)[0]
    return Target(before.serial, before.username, before.platform)


def _after(
    before: Task,
    patch: Patch,
    request: TaskRequest,
    target: Target,
    *,
    now_ms: int,
    start_ms: int | None,
    late: tuple[int, LatePolicy],
) -> Task:
    """Return the task as it is to be; a start time that is taken away means now."""
    due_ms, scheduled_ms = before.due_ms, before.scheduled_ms
    if {"start_time", "start_at"}.intersection(patch.given):
        due_ms, scheduled_ms = (now_ms, None) if start_ms is None else (start_ms, start_ms)
    return replace(
        before,
        script_config=dict(request.script_config),
        serial=target.serial,
        username=target.username,
        platform=target.platform,
        due_ms=due_ms,
        scheduled_ms=scheduled_ms,
        late_after_ms=late[0] if scheduled_ms is not None else None,
        late_policy=late[1] if scheduled_ms is not None else None,
    )


def _allowed_ms(before: Task, content_key: str | None, patch: Patch, now_ms: int) -> int | None:
    """Return when a changed task was let repeat a post: what was said of another post says nothing of this one."""
    if patch.allow_repeat:
        return now_ms
    return before.repeat_allowed_ms if content_key == before.content_key else None


def _rewritten(after: Task, *, keeps_start: bool, keeps_flag: bool) -> Rewritten:
    return Rewritten(
        script_config=json.dumps(dict(after.script_config), ensure_ascii=False),
        serial=after.serial,
        username=after.username,
        platform=after.platform,
        due_ms=after.due_ms,
        scheduled_ms=after.scheduled_ms,
        late_after_ms=after.late_after_ms,
        late_policy=after.late_policy,
        content_key=after.content_key,
        repeat_allowed_ms=after.repeat_allowed_ms,
        keeps_start=keeps_start,
        keeps_flag=keeps_flag,
    )
