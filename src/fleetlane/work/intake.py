"""Taking tasks in: from a request to rows, all of them or none, in one unit of work."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import tzinfo
from typing import Any

from fleetlane.core.errors import ConflictError, FieldError, InvalidParametersError, ScriptNameMissingError
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.records import StoredAnswer
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.schedule import next_start, parse_hhmm, parse_instant
from fleetlane.core.task import NewTask, Source
from fleetlane.scripts.script import script
from fleetlane.work.scheduler import Scheduler
from fleetlane.work.targets import Target, find_targets
from fleetlane.work.waiting import Waiting

MOST_TARGETS = 10_000
MOST_INTERVAL_MIN = 7 * 24 * 60
_LONGEST_NAME = 255
_LONGEST_KEY = 255
_SEED_BITS = 62
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a caller asks for. Accounts win when both kinds of target are given.

    `start_time` is "HH:MM", `start_at` RFC 3339; intervals are minutes between the starts of two tasks.
    """

    serials: Sequence[str]
    usernames: Sequence[str]
    script_name: str
    script_config: Mapping[str, Any]
    enable_multi_account: bool = False
    start_time: str | None = None
    start_at: str | None = None
    min_interval: float | None = None
    max_interval: float | None = None
    source: Source = Source.API
    unknown_fields: Sequence[str] = ()

    def fingerprint(self) -> str:
        """Return a hash that is the same for the same request."""
        canonical = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=list)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Created:
    """What was created. `scheduled_ms` is None when the tasks start as soon as they can."""

    task_ids: Sequence[int]
    scheduled_ms: int | None
    warnings: Sequence[str]


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


@dataclass(slots=True)
class _Stored:
    """What the unit of work did: new tasks, or the answer that a former request got."""

    tasks: list[NewTask] = field(default_factory=list[NewTask])
    created: Created | None = None
    is_new: bool = True


class Intake:
    """Creates tasks."""

    def __init__(self, store: Store, scheduler: Scheduler, waiting: Waiting, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._scheduler = scheduler
        self._waiting = waiting
        self._clock = clock
        self._zone = zone

    async def create(
        self, request: TaskRequest, idempotency_key: str | None = None, *, offered_only: bool = True
    ) -> Created:
        """Create one task for each target, all or none.

        Args:
            request: what is asked for.
            idempotency_key: a repeated request with the same key gets the first answer, and creates nothing.
            offered_only: refuse scripts that callers of the API may not name.

        Raises:
            ScriptNameMissingError, ScriptUnknownError: there is no such script.
            InvalidParametersError: with every field that is wrong; nothing was created.
            NoEnabledAccountError: every account is disabled; nothing was created.
            ConflictError: the key was used for another request.
            StoreError: nothing was created.
        """
        if idempotency_key is not None and not 0 < len(idempotency_key) <= _LONGEST_KEY:
            raise InvalidParametersError.one("Idempotency-Key", f"must be 1 to {_LONGEST_KEY} characters")
        warnings = _check(request, offered_only=offered_only)
        now_ms = self._clock.now_ms()
        scheduled_ms = self._start(request, now_ms)
        build = _TaskBuilder(request, now_ms, scheduled_ms)

        def work(repositories: Repositories) -> _Stored:
            if idempotency_key is not None:
                former = repositories.answers.get(idempotency_key)
                if former is not None:
                    return _repeated(former, request.fingerprint())
            told = list(warnings)
            tasks = build(find_targets(repositories.accounts, _at_phones(repositories, request), told))
            ids = repositories.tasks.add(tasks)
            created = Created(list(ids), scheduled_ms, [*told, *self._waiting.warnings(tasks)])
            if idempotency_key is not None:
                answer = StoredAnswer(request.fingerprint(), asdict(created))
                repositories.answers.put(idempotency_key, answer, now_ms)
            return _Stored(tasks, created)

        stored = await self._store.write(work)
        assert stored.created is not None
        for task_id, task in zip(stored.created.task_ids, stored.tasks, strict=stored.is_new):
            if task.serial is not None:
                self._scheduler.added(task.serial, Head(task.due_ms, task_id))
        return stored.created

    async def preview(self, request: TaskRequest) -> Preview:
        """Return what `create` would do now, and do nothing. Texts drawn at random may come out otherwise.

        Raises:
            RequestError: as `create` does.
        """
        warnings = _check(request, offered_only=True)
        now_ms = self._clock.now_ms()
        scheduled_ms = self._start(request, now_ms)
        build = _TaskBuilder(request, now_ms, scheduled_ms)

        def work(repositories: Repositories) -> list[NewTask]:
            return build(find_targets(repositories.accounts, _at_phones(repositories, request), warnings))

        tasks = await self._store.read(work)
        chosen = script(request.script_name)
        shown = [PreviewedTask(task, chosen.preview(request.script_config, task.position, task.seed)) for task in tasks]
        return Preview(shown, scheduled_ms, [*warnings, *self._waiting.warnings(tasks)])

    def _start(self, request: TaskRequest, now_ms: int) -> int | None:
        if request.start_time is not None and request.start_at is not None:
            raise InvalidParametersError.one("start_at", "give start_time or start_at, not both")
        try:
            if request.start_at is not None:
                return parse_instant(request.start_at)
            if request.start_time is not None:
                return next_start(parse_hhmm(request.start_time), now_ms, self._zone)
        except ValueError as error:
            name = "start_at" if request.start_at is not None else "start_time"
            raise InvalidParametersError.one(name, str(error)) from error
        return None


def _at_phones(repositories: Repositories, request: TaskRequest) -> TaskRequest:
    """Return a request whose serials are those of the phones that are meant: an alias or a name is its phone."""
    lanes = repositories.devices.lanes(request.serials)
    return replace(request, serials=[lanes[serial] for serial in request.serials])


def _repeated(former: StoredAnswer, fingerprint: str) -> _Stored:
    if former.request != fingerprint:
        raise ConflictError("This Idempotency-Key was used for another request. Use a new key for a new request.")
    return _Stored([], Created(**former.data), is_new=False)


def _check(request: TaskRequest, *, offered_only: bool) -> list[str]:
    """Check what can be checked without the store, and return warnings."""
    if not request.script_name.strip():
        raise ScriptNameMissingError("script_name is missing or empty.")
    warnings = [f"the field {name} is not known and was ignored" for name in request.unknown_fields]
    warnings += script(request.script_name, offered_only=offered_only).check(request.script_config)
    _check_names(request)
    return warnings


def _check_names(request: TaskRequest) -> None:
    errors: list[FieldError] = []
    if not request.serials and not request.usernames:
        errors.append(FieldError("serials", "give at least one device serial, or usernames"))
    for name, values in (("serials", request.serials), ("usernames", request.usernames)):
        if len(values) > MOST_TARGETS:
            errors.append(FieldError(name, f"at most {MOST_TARGETS} targets can be given in one request"))
        errors.extend(FieldError(f"{name}.{i}", NAME_RULE) for i, value in enumerate(values) if not is_name(value))
    errors.extend(_interval_errors(request))
    if errors:
        raise InvalidParametersError(errors[:50])


def _interval_errors(request: TaskRequest) -> list[FieldError]:
    least, most = request.min_interval or 0, request.max_interval
    errors: list[FieldError] = []
    for name, value in (("min_interval", request.min_interval), ("max_interval", most)):
        if value is not None and not 0 <= value <= MOST_INTERVAL_MIN:
            errors.append(FieldError(name, f"must be minutes from 0 to {MOST_INTERVAL_MIN}"))
    if not errors and most is not None and most < least:
        errors.append(FieldError("max_interval", "must not be less than min_interval"))
    return errors


NAME_RULE = f"must be a text of 1 to {_LONGEST_NAME} printable characters, not beginning with '-'"


def is_name(name: str) -> bool:
    """Return whether a text can be a serial or a username."""
    bare = name.strip().removeprefix("@")
    return bool(bare) and len(name) <= _LONGEST_NAME and name.isprintable() and not name.startswith("-")


class _TaskBuilder:
    """Makes the tasks of one request from its targets."""

    def __init__(self, request: TaskRequest, now_ms: int, scheduled_ms: int | None) -> None:
        self._request = request
        self._now_ms = now_ms
        self._scheduled_ms = scheduled_ms
        self._batch_id = str(uuid.uuid4())
        self._config = json.dumps(dict(request.script_config), ensure_ascii=False)
        self._draw = random.Random()  # seeded by the system, once a request

    def __call__(self, targets: Sequence[Target]) -> list[NewTask]:
        due_ms = self._now_ms if self._scheduled_ms is None else self._scheduled_ms
        spaced = self._request.min_interval is not None or self._request.max_interval is not None
        tasks: list[NewTask] = []
        for position, target in enumerate(targets):
            if position and spaced:
                due_ms += self._interval_ms()
            tasks.append(self._task(position, target, due_ms, scheduled=spaced or self._scheduled_ms is not None))
        return tasks

    def _interval_ms(self) -> int:
        least = self._request.min_interval or 0
        most = least if self._request.max_interval is None else self._request.max_interval
        return round(self._draw.uniform(least, most) * _MINUTE_MS)

    def _task(self, position: int, target: Target, due_ms: int, *, scheduled: bool) -> NewTask:
        return NewTask(
            batch_id=self._batch_id,
            position=position,
            script_name=self._request.script_name,
            script_config=self._config,
            serial=target.serial,
            username=target.username,
            source=self._request.source,
            seed=self._draw.getrandbits(_SEED_BITS),
            created_ms=self._now_ms,
            due_ms=due_ms,
            scheduled_ms=due_ms if scheduled else None,
            platform=target.platform,
        )
