"""Tasks as rows of the store: to and from the core's own shapes, and the conditions of a list."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, and_, case, exists, not_, null, or_, true
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.tables import tasks
from fleetlane.adapters.db.text import contains
from fleetlane.core.event import Change, EventKind
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.outcome import FailureClass, Outcome, PublishState
from fleetlane.core.ports.tasks import Pending, Rewritten, TaskFilter
from fleetlane.core.remark import Remark
from fleetlane.core.retrying import RetryWish
from fleetlane.core.task import LatePolicy, NeedsPerson, NewTask, Source, Status, Task, username_key

KNOWN_OUTCOME = or_(tasks.c.outcome.is_(None), tasks.c.outcome != PublishState.UNKNOWN.value)

NEEDS_NOBODY = {"needs_person": None, "needs_note": "{}"}

MAY_BE_LATE = and_(tasks.c.status == int(Status.PENDING), tasks.c.held_ms.is_(None), tasks.c.late_at_ms.is_not(None))

IN_DOUBT = and_(tasks.c.status < int(Status.COMPLETED), tasks.c.outcome == PublishState.UNKNOWN.value)


def matching(wanted: TaskFilter) -> ColumnElement[bool]:
    """Return the condition that a list's filter means."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(tasks.c.status == int(wanted.status))
    if wanted.serial is not None:
        conditions.append(tasks.c.serial == wanted.serial)
    if wanted.script_name is not None:
        conditions.append(tasks.c.script_name == wanted.script_name)
    if wanted.source is not None:
        conditions.append(tasks.c.source == wanted.source.value)
    if wanted.username is not None:
        conditions.append(tasks.c.username_key == username_key(wanted.username))
    if wanted.batch_id is not None:
        conditions.append(tasks.c.batch_id == wanted.batch_id)
    if wanted.due_from_ms is not None:
        conditions.append(tasks.c.due_ms >= wanted.due_from_ms)
    if wanted.due_before_ms is not None:
        conditions.append(tasks.c.due_ms < wanted.due_before_ms)
    if wanted.needs_person is not None:
        flagged = tasks.c.needs_person.is_not(None)
        conditions.append(flagged if wanted.needs_person else not_(flagged))
    if wanted.text is not None:
        looked_at = (tasks.c.serial, tasks.c.username, tasks.c.remark, tasks.c.error_code, tasks.c.script_config)
        conditions.append(or_(*(contains(column, wanted.text) for column in looked_at)))
    return and_(true(), *conditions)


_CAN_BE_LATE = and_(tasks.c.scheduled_ms.is_not(None), tasks.c.late_ms.is_(None))
"""It has a start time, and nobody has decided that it may be late."""


def failed_as_wished(wish: RetryWish) -> ColumnElement[bool]:
    """Return the condition for the failed tasks of a wish, whichever it names."""
    conditions: list[ColumnElement[bool]] = [tasks.c.status == int(Status.FAILED)]
    if wish.batch_id is not None:
        conditions.append(tasks.c.batch_id == wish.batch_id)
    if wish.error_codes is not None:
        conditions.append(tasks.c.error_code.in_(wish.error_codes))
    if wish.ended_since_ms is not None:
        conditions.append(tasks.c.ended_ms >= wish.ended_since_ms)
    if wish.ended_until_ms is not None:
        conditions.append(tasks.c.ended_ms <= wish.ended_until_ms)
    return and_(*conditions)


def nothing_runs(serial: str) -> ColumnElement[bool]:
    """Return the condition that no task of a lane is running."""
    others = tasks.alias()
    return ~exists().where(others.c.serial == serial, others.c.status == int(Status.RUNNING))


def waiting_again(now_ms: int) -> dict[str, Any]:
    """Return what a failed task becomes that a person retries: a start time that still lies ahead is kept."""
    ahead = tasks.c.scheduled_ms > now_ms
    return {
        **_anew(),
        "due_ms": case((ahead, tasks.c.scheduled_ms), else_=now_ms),
        "late_at_ms": case((ahead, tasks.c.scheduled_ms + tasks.c.late_after_ms), else_=null()),
        "late_ms": case((ahead, null()), else_=tasks.c.late_ms),
    }


def trying_again(due_ms: int) -> dict[str, Any]:
    """Return what a failed task becomes that is retried automatically: nobody has decided that it may be late."""
    late_at_ms = case((_CAN_BE_LATE, due_ms + tasks.c.late_after_ms), else_=null())
    return {**_anew(), "due_ms": due_ms, "late_at_ms": late_at_ms}


def from_its_place(now_ms: int) -> dict[str, Any]:
    """Return when a task that was cut off is due again: as before; one that was looked for, and is not out, is due now.

    A look is never late, the post that follows it is.
    """
    due_ms = case((tasks.c.due_ms == FIRST_MS, now_ms), else_=tasks.c.due_ms)
    was_in_doubt = and_(tasks.c.outcome == PublishState.UNKNOWN.value, _CAN_BE_LATE)
    late_at_ms = case((was_in_doubt, due_ms + tasks.c.late_after_ms), else_=tasks.c.late_at_ms)
    return {"due_ms": due_ms, "late_at_ms": late_at_ms}


def _anew() -> dict[str, Any]:
    """Return what is the same for every failed task that waits again."""
    return {
        "status": int(Status.PENDING),
        "retry_count": tasks.c.retry_count + 1,
        "stop_requested": False,
        "started_ms": None,
        "ended_ms": None,
        "error_code": None,
        "outcome": None,
        **saying(Remark()),
        "result": "{}",
        "held_ms": None,
        **NEEDS_NOBODY,
    }


def after_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return whether a task that ended like this needs a person."""
    why: NeedsPerson | None = None
    if outcome.publish_state is PublishState.UNKNOWN:
        why = NeedsPerson.OUTCOME_UNKNOWN
    elif outcome.failure_class is FailureClass.NEEDS_PERSON:
        why = NeedsPerson.FAILED
    return {**NEEDS_NOBODY, "needs_person": why}


def saying(remark: Remark | str) -> dict[str, Any]:
    """Return the columns of a remark: the text that is searched, in English, and what pages translate."""
    said = Remark.of(remark)
    return {"remark": str(said), "remark_parts": json.dumps(said.as_json(), ensure_ascii=False)}


def as_before(task: Task) -> dict[str, Any]:
    """Return what a task becomes that is put back: all that a stop or a retry has changed."""
    return {
        "status": int(task.status),
        "due_ms": task.due_ms,
        "started_ms": task.started_ms,
        "ended_ms": task.ended_ms,
        "retry_count": task.retry_count,
        "stop_requested": task.stop_requested,
        "error_code": task.error_code,
        "outcome": task.outcome,
        **saying(task.remark),
        "result": json.dumps(dict(task.result), ensure_ascii=False),
        "late_at_ms": task.late_at_ms,
        "late_ms": task.late_ms,
        "held_ms": task.held_ms,
        "needs_person": task.needs_person,
        "needs_note": json.dumps(dict(task.needs_note) if task.needs_person else {}, ensure_ascii=False),
        "repeat_allowed_ms": task.repeat_allowed_ms,
    }


def new_row(task: NewTask, task_id: int) -> dict[str, Any]:
    """Return the row of a new task."""
    return {
        "id": task_id,
        "batch_id": task.batch_id,
        "position": task.position,
        "script_name": task.script_name,
        "script_config": task.script_config,
        "serial": task.serial,
        "username": task.username,
        "username_key": username_key(task.username) if task.username else None,
        "source": task.source.value,
        "seed": task.seed,
        "status": int(Status.PENDING),
        "created_ms": task.created_ms,
        "due_ms": task.due_ms,
        "scheduled_ms": task.scheduled_ms,
        "platform": task.platform,
        "late_after_ms": task.late_after_ms,
        "late_at_ms": _late_at_ms(task),
        "late_policy": task.late_policy,
        "content_key": task.content_key,
        "repeat_allowed_ms": task.repeat_allowed_ms,
    }


def rewritten(after: Rewritten) -> dict[str, Any]:
    """Return what a task becomes that is changed before it begins."""
    values: dict[str, Any] = {
        "script_config": after.script_config,
        "serial": after.serial,
        "username": after.username,
        "username_key": username_key(after.username) if after.username else None,
        "platform": after.platform,
        "due_ms": after.due_ms,
        "scheduled_ms": after.scheduled_ms,
        "late_after_ms": after.late_after_ms,
        "late_policy": after.late_policy,
        "content_key": after.content_key,
        "repeat_allowed_ms": after.repeat_allowed_ms,
    }
    if not after.keeps_start:
        values |= {"late_at_ms": _late_at_ms(after), "late_ms": None, "held_ms": None}
    return values if after.keeps_flag else {**values, **NEEDS_NOBODY}


def _late_at_ms(task: NewTask | Rewritten) -> int | None:
    if task.late_after_ms is None or task.scheduled_ms is None:
        return None
    return task.scheduled_ms + task.late_after_ms


def told(task_id: int, batch_id: str, serial: str | None, status: Status, **facts: Any) -> Change:
    """Return what those who watch are told of a task."""
    facts = {"status": int(status), "status_text": status.text, **facts}
    return Change(EventKind.TASK, task_id, batch_id, serial, facts)


def told_of(row: Row[Any], **facts: Any) -> Change:
    """Return what those who watch are told of a task's row; `facts` are added."""
    if row.needs_person is not None:
        facts["needs_person"] = row.needs_person
    return told(row.id, row.batch_id, row.serial, Status(row.status), **facts)


def to_pending(row: Row[*tuple[Any, ...]]) -> Pending:
    """Return what the scheduler knows of a row."""
    return Pending(row.id, row.serial, row.due_ms, row.username)


def to_task(row: Row[Any]) -> Task:
    """Return the task of a row."""
    return Task(
        id=row.id,
        batch_id=row.batch_id,
        position=row.position,
        script_name=row.script_name,
        script_config=json.loads(row.script_config),
        serial=row.serial,
        username=row.username,
        source=Source.of(row.source),
        seed=row.seed,
        status=Status(row.status),
        created_ms=row.created_ms,
        due_ms=row.due_ms,
        scheduled_ms=row.scheduled_ms,
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        attempt=row.attempt,
        retry_count=row.retry_count,
        stop_requested=bool(row.stop_requested),
        remark=Remark.of_json(row.remark, json.loads(row.remark_parts)),
        error_code=row.error_code,
        outcome=row.outcome,
        platform=row.platform,
        result=json.loads(row.result),
        late_after_ms=row.late_after_ms,
        late_at_ms=row.late_at_ms,
        late_policy=LatePolicy(row.late_policy) if row.late_policy else None,
        late_ms=row.late_ms,
        held_ms=row.held_ms,
        needs_person=NeedsPerson(row.needs_person) if row.needs_person else None,
        needs_note=json.loads(row.needs_note),
        content_key=row.content_key,
        repeat_allowed_ms=row.repeat_allowed_ms,
    )
