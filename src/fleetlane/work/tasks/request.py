"""A request for tasks, and what is wrong with it by itself: before anything on record is looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import tzinfo
from typing import Any

from fleetlane.core.errors import FieldError, InvalidParametersError, ScriptNameMissingError
from fleetlane.core.issue import Issue, note
from fleetlane.core.names import NAME_RULE, is_name
from fleetlane.core.schedule import next_start, parse_hhmm, parse_instant
from fleetlane.core.task import LatePolicy, Source
from fleetlane.scripts.registry import script
from fleetlane.work.tasks.options import Unknown, schema_of, unknown_fields, unknown_options

MOST_TARGETS = 10_000
MOST_INTERVAL_MIN = 7 * 24 * 60
MOST_LATE_MIN = 366 * 24 * 60
_MOST_ERRORS = 50
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a caller asks for. Accounts win when both kinds of target are given.

    `start_time` is "HH:MM", `start_at` RFC 3339; intervals are minutes between the starts of two tasks.
    `late_after_min` and `late_policy` say what becomes of a task that cannot begin in time; None: as the server is set.
    `strict` refuses what would be an issue of severity error, `allow_repeat` lets a repeat through.
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
    unknown_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    late_after_min: float | None = None
    late_policy: str | None = None
    strict: bool = False
    allow_repeat: bool = False

    def trimmed(self) -> TaskRequest:
        """Return it with serials as adb knows them: without the blanks that copying brings along."""
        return replace(self, serials=[serial.strip() for serial in self.serials])

    def fingerprint(self) -> str:
        """Return a hash that is the same for the same request; fields at their default are as good as not there."""
        whole = asdict(self) | {"unknown_fields": sorted(self.unknown_fields)}
        for name in _LATER_FIELDS:
            if whole[name] == _DEFAULTS[name]:
                del whole[name]
        canonical = json.dumps(whole, sort_keys=True, ensure_ascii=False, default=list)
        return hashlib.sha256(canonical.encode()).hexdigest()


_LATER_FIELDS = ("late_after_min", "late_policy", "strict", "allow_repeat")
"""Fields that answers kept for an Idempotency-Key may be older than."""
_DEFAULTS: Mapping[str, Any] = {one.name: one.default for one in fields(TaskRequest)}
FIELDS = frozenset({*_DEFAULTS, "dry_run"} - {"source", "unknown_fields"})
"""The fields of a request as callers send it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the server's owner has set for requests."""

    zone: tzinfo
    refuse_unknown: bool = True
    late_after_ms: int = 120 * _MINUTE_MS
    late_policy: LatePolicy = LatePolicy.HOLD


def check(request: TaskRequest, rules: Rules, *, listed_only: bool) -> list[Issue]:
    """Check what can be checked without the store, and return what to know.

    Raises:
        ScriptNameMissingError, ScriptUnknownError: there is no such script.
        InvalidParametersError: with every field that is wrong.
    """
    if not request.script_name.strip():
        raise ScriptNameMissingError("script_name is missing or empty.")
    script(request.script_name, listed_only=listed_only)  # or there is none
    unknown = unknown_fields(request.unknown_fields, FIELDS, refuse=rules.refuse_unknown)
    issues = [*unknown.issues, *check_config(request.script_name, request.script_config, rules)]
    if errors := [
        *unknown.errors,
        *_no_target(request),
        *check_names(request),
        *_interval_errors(request),
        *check_late(request),
    ]:
        raise InvalidParametersError(errors[:_MOST_ERRORS])
    return issues


def check_config(script_name: str, config: Mapping[str, Any], rules: Rules) -> list[Issue]:
    """Check the settings of a script, and return what to know.

    Raises:
        InvalidParametersError: with every setting that is wrong, or not known and not empty.
    """
    chosen = script(script_name)
    schema = schema_of(chosen)
    unknown = Unknown() if schema is None else unknown_options(script_name, schema, config, refuse=rules.refuse_unknown)
    try:
        warnings = chosen.check(config)
    except InvalidParametersError as wrong:
        raise InvalidParametersError([*wrong.errors, *unknown.errors]) from wrong
    if unknown.errors:
        raise InvalidParametersError(unknown.errors)
    return [*unknown.issues, *(note(text, "script_config") for text in warnings)]


def scheduled(request: TaskRequest, now_ms: int, rules: Rules) -> int | None:
    """Return when a request's tasks start, None: as soon as they can.

    Raises:
        InvalidParametersError: the time is none, or over for too long.
    """
    if request.start_time is not None and request.start_at is not None:
        raise InvalidParametersError.one("start_at", "give start_time or start_at, not both")
    try:
        if request.start_at is not None:
            start_ms = parse_instant(request.start_at)
            _not_over(start_ms, now_ms, *lateness(request, rules))
            return start_ms
        if request.start_time is not None:
            return next_start(parse_hhmm(request.start_time), now_ms, rules.zone)
    except ValueError as error:
        name = "start_at" if request.start_at is not None else "start_time"
        raise InvalidParametersError.one(name, str(error)) from error
    return None


def lateness(request: TaskRequest, rules: Rules) -> tuple[int, LatePolicy]:
    """Return how late a request's tasks may begin, in milliseconds, and what becomes of them then."""
    minutes = request.late_after_min
    policy = LatePolicy(request.late_policy) if request.late_policy is not None else rules.late_policy
    return rules.late_after_ms if minutes is None else round(minutes * _MINUTE_MS), policy


def _not_over(start_ms: int, now_ms: int, late_after_ms: int, policy: LatePolicy) -> None:
    if policy is not LatePolicy.RUN and now_ms - start_ms > late_after_ms:
        raise ValueError(
            f"is over for more than {late_after_ms // _MINUTE_MS} minutes (late_after_min); leave it out to post now, "
            'or send {"late_policy": "run"}'
        )


def _no_target(request: TaskRequest) -> list[FieldError]:
    if request.serials or request.usernames:
        return []
    return [FieldError("serials", "give at least one device serial, or usernames")]


def check_names(request: TaskRequest) -> list[FieldError]:
    """Return what is wrong with the names of the targets."""
    errors: list[FieldError] = []
    for name, values in (("serials", request.serials), ("usernames", request.usernames)):
        if len(values) > MOST_TARGETS:
            errors.append(FieldError(name, f"at most {MOST_TARGETS} targets can be given in one request"))
        errors.extend(FieldError(f"{name}.{i}", NAME_RULE) for i, value in enumerate(values) if not is_name(value))
    return errors


def _interval_errors(request: TaskRequest) -> list[FieldError]:
    least, most = request.min_interval or 0, request.max_interval
    errors: list[FieldError] = []
    for name, value in (("min_interval", request.min_interval), ("max_interval", most)):
        if value is not None and not 0 <= value <= MOST_INTERVAL_MIN:
            errors.append(FieldError(name, f"must be minutes from 0 to {MOST_INTERVAL_MIN}"))
    if not errors and most is not None and most < least:
        errors.append(FieldError("max_interval", "must not be less than min_interval"))
    return errors


def check_late(request: TaskRequest) -> list[FieldError]:
    """Return what is wrong with how late the tasks may begin."""
    errors: list[FieldError] = []
    if request.late_after_min is not None and not 0 <= request.late_after_min <= MOST_LATE_MIN:
        errors.append(FieldError("late_after_min", f"must be minutes from 0 to {MOST_LATE_MIN}"))
    if request.late_policy is not None and request.late_policy not in set(LatePolicy):
        errors.append(FieldError("late_policy", f"must be one of {', '.join(LatePolicy)}"))
    return errors
