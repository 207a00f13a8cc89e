"""Taking tasks in: from a request to rows, all of them or none."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from fleetlane.core.errors import FieldError, InvalidParametersError, ScriptNameMissingError
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Store
from fleetlane.core.schedule import next_start, parse_hhmm
from fleetlane.core.task import NewTask, Source, username_key
from fleetlane.scripts.script import script
from fleetlane.work.scheduler import Scheduler
from fleetlane.work.waiting import Waiting

MOST_TARGETS = 10_000
_LONGEST_NAME = 255
_SEED_BITS = 62


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a caller asks for. Accounts win when both kinds of target are given."""

    serials: Sequence[str]
    usernames: Sequence[str]
    script_name: str
    script_config: Mapping[str, Any]
    enable_multi_account: bool = False
    start_time: str | None = None
    source: Source = Source.API
    unknown_fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Created:
    """What was created. `scheduled_ms` is None when the tasks start as soon as they can."""

    task_ids: Sequence[int]
    scheduled_ms: int | None
    warnings: Sequence[str]


class Intake:
    """Creates tasks."""

    def __init__(self, store: Store, scheduler: Scheduler, waiting: Waiting, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._scheduler = scheduler
        self._waiting = waiting
        self._clock = clock
        self._zone = zone

    async def create(self, request: TaskRequest) -> Created:
        """Create one task for each target, all or none.

        Raises:
            ScriptNameMissingError, ScriptUnknownError: there is no such script.
            InvalidParametersError: with every field that is wrong; nothing was created.
            StoreError: nothing was created.
        """
        warnings = [f"the field {name} is not known and was ignored" for name in request.unknown_fields]
        warnings += self._check_script(request)
        targets = self._targets(request, warnings)
        now_ms = self._clock.now_ms()
        scheduled_ms = self._start(request, now_ms)
        new = self._tasks(request, targets, now_ms, scheduled_ms)
        ids = await self._store.write(lambda repositories: repositories.tasks.add(new))
        for task_id, task in zip(ids, new, strict=True):
            if task.serial is not None:
                self._scheduler.added(task.serial, Head(task.due_ms, task_id))
        warnings += self._waiting.warnings(new)
        return Created(list(ids), scheduled_ms, warnings)

    def _check_script(self, request: TaskRequest) -> Sequence[str]:
        if not request.script_name.strip():
            raise ScriptNameMissingError("script_name is missing or empty.")
        return script(request.script_name).check(request.script_config)

    def _targets(self, request: TaskRequest, warnings: list[str]) -> list[tuple[str | None, str | None]]:
        """Return (serial, username) of each task."""
        if request.usernames:
            names = _distinct("usernames", request.usernames, username_key, warnings)
            return [(None, name) for name in names]
        if not request.serials:
            raise InvalidParametersError.one("serials", "give at least one device serial, or usernames")
        return [(serial, None) for serial in _distinct("serials", request.serials, str, warnings)]

    def _start(self, request: TaskRequest, now_ms: int) -> int | None:
        if request.start_time is None:
            return None
        try:
            return next_start(parse_hhmm(request.start_time), now_ms, self._zone)
        except ValueError as error:
            raise InvalidParametersError.one("start_time", str(error)) from error

    def _tasks(
        self,
        request: TaskRequest,
        targets: Sequence[tuple[str | None, str | None]],
        now_ms: int,
        scheduled_ms: int | None,
    ) -> list[NewTask]:
        batch_id = str(uuid.uuid4())
        config = json.dumps(dict(request.script_config), ensure_ascii=False)
        draw = random.SystemRandom()
        return [
            NewTask(
                batch_id=batch_id,
                position=position,
                script_name=request.script_name,
                script_config=config,
                serial=serial,
                username=username,
                source=request.source,
                seed=draw.getrandbits(_SEED_BITS),
                created_ms=now_ms,
                due_ms=now_ms if scheduled_ms is None else scheduled_ms,
                scheduled_ms=scheduled_ms,
            )
            for position, (serial, username) in enumerate(targets)
        ]


def _distinct(field: str, names: Sequence[str], key: Any, warnings: list[str]) -> list[str]:
    errors = [FieldError(f"{field}.{i}", _NAME_RULE) for i, name in enumerate(names) if not _is_name(name)]
    if len(names) > MOST_TARGETS:
        errors.append(FieldError(field, f"at most {MOST_TARGETS} targets can be given in one request"))
    if errors:
        raise InvalidParametersError(errors[:50])
    found: dict[str, str] = {}
    for name in names:
        if key(name) in found:
            warnings.append(f"{field}: {name} is given more than once and was used once")
        found.setdefault(key(name), name)
    return list(found.values())


_NAME_RULE = f"must be a text of 1 to {_LONGEST_NAME} printable characters, not beginning with '-'"


def _is_name(name: str) -> bool:
    return len(name.strip()) > 0 and len(name) <= _LONGEST_NAME and name.isprintable() and not name.startswith("-")
