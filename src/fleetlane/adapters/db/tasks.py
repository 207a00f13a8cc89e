"""Tasks in the store (`core.ports.tasks.Tasks`); they are read in `task_reads`, their rows are in `task_rows`.

Every change of state is one conditional UPDATE, and moves the counters in the same transaction.
Nothing here commits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, not_, null, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import changed_rows, chunks, insert_many
from fleetlane.adapters.db.ids import take_ids
from fleetlane.adapters.db.recalled import RecalledTasks
from fleetlane.adapters.db.tables import tasks
from fleetlane.adapters.db.task_rows import (
    IN_DOUBT,
    KNOWN_OUTCOME,
    NEEDS_NOBODY,
    after_outcome,
    as_before,
    from_its_place,
    new_row,
    nothing_runs,
    rewritten,
    saying,
    to_pending,
    to_task,
    told,
    told_of,
    trying_again,
    waiting_again,
)
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.outcome import Outcome, PublishState, failed
from fleetlane.core.ports.tasks import Pending, Rewritten
from fleetlane.core.remark import Remark
from fleetlane.core.task import NeedsPerson, NewTask, Status, Task

_COUNTED = (tasks.c.serial, tasks.c.script_name, tasks.c.source)
_OTHER_PHONE = tasks.c.needs_person == NeedsPerson.OTHER_PHONE.value
_DISMISSED = {
    "needs_person": None,
    "needs_note": case((_OTHER_PHONE, tasks.c.needs_note), else_=NEEDS_NOBODY["needs_note"]),
}
"""What a task becomes that a person takes off the list. What was said of its phone is kept: it is not said again."""
_DECIDED = {
    "late_at_ms": None,
    "held_ms": None,
    "needs_person": case((_OTHER_PHONE, tasks.c.needs_person), else_=null()),
    "needs_note": case(
        (or_(_OTHER_PHONE, tasks.c.needs_person.is_(None)), tasks.c.needs_note), else_=NEEDS_NOBODY["needs_note"]
    ),
}
"""What a task becomes when a person has said when it begins. That another phone answers is still so."""


class TaskRepository(RecalledTasks):
    """The tasks, inside one transaction. `note` is told of each task that changes."""

    # -- adding and reading --------------------------------------------------------------------------

    def add(self, new: Sequence[NewTask]) -> list[int]:
        """Store tasks and return their ids, in order."""
        if not new:
            return []
        ids = take_ids(self._connection, "task", len(new))
        insert_many(self._connection, insert(tasks), list(map(new_row, new, ids)))
        self._counters.add(Counter((t.serial or "", t.script_name, t.source.value, int(Status.PENDING)) for t in new))
        for task_id, task in zip(ids, new, strict=True):
            self._note(told(task_id, task.batch_id, task.serial, Status.PENDING))
        return ids

    # -- changes of state ----------------------------------------------------------------------------

    def claim(self, task_id: int, serial: str, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it does not wait, due, in this lane, or one runs.

        The attempt of a task in doubt gets the journal of the former one. One that may be late is not claimed before
        that was judged.
        """
        late = and_(tasks.c.late_ms.is_not(None), tasks.c.scheduled_ms < now_ms)
        values = {
            "status": int(Status.RUNNING),
            "attempt": tasks.c.attempt + 1,
            "started_ms": func.coalesce(tasks.c.started_ms, now_ms),
            "ended_ms": None,
            "error_code": None,
            "remark": case((KNOWN_OUTCOME, ""), else_=tasks.c.remark),
            "remark_parts": case((KNOWN_OUTCOME, "[]"), else_=tasks.c.remark_parts),
            "stop_requested": False,
            "late_ms": case((late, now_ms - tasks.c.scheduled_ms), else_=null()),
            **NEEDS_NOBODY,
        }
        here = and_(tasks.c.serial == serial, tasks.c.due_ms <= now_ms, tasks.c.held_ms.is_(None))
        in_time = or_(tasks.c.late_at_ms.is_(None), tasks.c.late_at_ms >= now_ms, not_(KNOWN_OUTCOME))
        row = self._change(task_id, Status.PENDING, Status.RUNNING, values, here, in_time, nothing_runs(serial))
        if row is None:
            return None
        task = to_task(row)
        if task.in_doubt:
            self._attempts.carry_on(task.id, task.attempt, serial, now_ms)
        else:
            self._attempts.begin(task.id, task.attempt, serial, now_ms)
        return task

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        after = Status.COMPLETED if outcome.ok else Status.FAILED
        values = {
            "status": int(after),
            "ended_ms": now_ms,
            "error_code": outcome.error_code,
            "outcome": outcome.publish_state.value,
            **saying(outcome.remark),
            "result": json.dumps(dict(outcome.result), ensure_ascii=False),
            **after_outcome(outcome),
        }
        if self._change(task_id, Status.RUNNING, after, values, tasks.c.attempt == attempt) is None:
            return False
        self._attempts.end(task_id, attempt, outcome.error_code, now_ms)
        return True

    def requeue(self, task_id: int, attempt: int, remark: Remark, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones."""
        values = {"started_ms": None, "outcome": None, **saying(remark), **from_its_place(now_ms)}
        return self._go_on_later(task_id, attempt, "server_interrupted", values, now_ms)

    def look_later(self, task_id: int, attempt: int, outcome: Outcome, due_ms: int, now_ms: int) -> bool:
        """Put a running attempt's task back into its lane, in doubt: its next attempt looks for the post."""
        values = {
            "outcome": PublishState.UNKNOWN.value,
            "due_ms": due_ms,
            **saying(outcome.remark),
            "late_at_ms": None,
            **NEEDS_NOBODY,
        }
        if outcome.result:
            values["result"] = json.dumps(dict(outcome.result), ensure_ascii=False)
        return self._go_on_later(task_id, attempt, outcome.error_code, values, now_ms)

    def _go_on_later(
        self, task_id: int, attempt: int, error_code: str | None, values: Mapping[str, Any], now_ms: int
    ) -> bool:
        values = {"status": int(Status.PENDING), **values}
        if self._change(task_id, Status.RUNNING, Status.PENDING, values, tasks.c.attempt == attempt) is None:
            return False
        self._attempts.end(task_id, attempt, error_code, now_ms)
        return True

    def looks_due(self, now_ms: int) -> list[str]:
        """Put the waiting tasks in doubt that are due first in their lanes. Returns the lanes in which that was one."""
        waits = and_(IN_DOUBT, tasks.c.status == int(Status.PENDING))
        due = and_(waits, tasks.c.due_ms > FIRST_MS, tasks.c.due_ms <= now_ms)
        statement = update(tasks).where(due).values(due_ms=FIRST_MS).returning(tasks.c.serial)
        return sorted({row.serial for row in self._connection.execute(statement)})

    def give_up(self, task_id: int, outcome: Outcome, now_ms: int, *, stopped: bool = False) -> Task | None:
        """End a pending task in doubt without looking for its post. None when it is no such task."""
        return self._end_pending(task_id, outcome, now_ms, IN_DOUBT, stop_requested=stopped)

    def stop_pending(self, task_id: int, now_ms: int) -> Task | None:
        """End a pending task without running it. None when it is not pending, or in doubt."""
        return self._end_pending(task_id, failed("stopped"), now_ms, KNOWN_OUTCOME, stop_requested=True)

    def _end_pending(
        self, task_id: int, outcome: Outcome, now_ms: int, condition: ColumnElement[bool], **values: Any
    ) -> Task | None:
        values |= {
            "status": int(Status.FAILED),
            "ended_ms": now_ms,
            "error_code": outcome.error_code,
            "outcome": outcome.publish_state.value,
            **saying(outcome.remark),
            "held_ms": None,
            **after_outcome(outcome),
        }
        row = self._change(task_id, Status.PENDING, Status.FAILED, values, condition)
        return to_task(row) if row else None

    def request_stop(self, task_id: int) -> Task | None:
        """Note that a running task is to stop. None when it does not run."""
        statement = (
            update(tasks)
            .where(tasks.c.id == task_id, tasks.c.status == int(Status.RUNNING))
            .values(stop_requested=True)
            .returning(*tasks.c)
        )
        row = self._connection.execute(statement).first()
        if row is not None:
            self._note(told_of(row, stop_requested=True))
        return to_task(row) if row else None

    def retry(self, task_id: int, now_ms: int, *, force: bool) -> Pending | None:
        """Make a failed task pending again. None when it did not fail, or its outcome is unknown and not forced."""
        conditions = () if force else (KNOWN_OUTCOME,)
        row = self._change(task_id, Status.FAILED, Status.PENDING, waiting_again(now_ms), *conditions)
        return to_pending(row) if row else None

    def try_again(self, task_id: int, due_ms: int, remark: Remark) -> Pending | None:
        """Make a task that has just failed by itself pending again, due later."""
        values = trying_again(due_ms) | saying(remark)
        row = self._change(task_id, Status.FAILED, Status.PENDING, values, KNOWN_OUTCOME)
        return to_pending(row) if row else None

    def put_back(self, before: Task, now: Status) -> Task | None:
        """Make a task again what it was before a stop or a retry. None when anything happened to it since."""
        retries = before.retry_count + (now is Status.PENDING)
        untouched = and_(tasks.c.attempt == before.attempt, tasks.c.retry_count == retries)
        row = self._change(before.id, now, before.status, as_before(before), untouched)
        return to_task(row) if row else None

    def resolve(self, task_id: int, outcome: Outcome, now_ms: int) -> bool:
        """Give a task whose outcome is unknown the one that a person saw. False when it is not unknown."""
        after = Status.COMPLETED if outcome.ok else Status.FAILED
        values = {"status": int(after), "error_code": outcome.error_code, **saying(outcome.remark)}
        values |= {"outcome": outcome.publish_state.value, **NEEDS_NOBODY}
        row = self._change(task_id, Status.FAILED, after, values, tasks.c.outcome == PublishState.UNKNOWN.value)
        if row is not None:
            self._attempts.answer(task_id, row.attempt, outcome.publish_state, now_ms)
        return row is not None

    def doubt(self, outcome: Outcome, now_ms: int) -> int:
        """Give every task that could have run by now, and may run or be retried, an outcome. Returns how many."""
        cut_off = sum(self.finish(task.id, task.attempt, outcome, now_ms) for task in self.running())
        due = select(tasks.c.id).where(tasks.c.status == int(Status.PENDING), tasks.c.due_ms <= now_ms)
        doubtful = {
            "error_code": outcome.error_code,
            "outcome": outcome.publish_state.value,
            **saying(outcome.remark),
            **after_outcome(outcome),
        }
        ended = {**doubtful, "held_ms": None, "status": int(Status.FAILED), "ended_ms": now_ms}
        waiting = list(self._connection.execute(due).scalars())
        for task_id in waiting:
            self._change(task_id, Status.PENDING, Status.FAILED, ended)
        failed_ = and_(tasks.c.status == int(Status.FAILED), KNOWN_OUTCOME)
        retriable = self._connection.execute(update(tasks).where(failed_).values(doubtful)).rowcount
        return cut_off + len(waiting) + retriable

    def delete(self, task_ids: Collection[int]) -> list[Pending]:
        """Delete those of the tasks that do not run, with all they left. Returns what was deleted."""
        deleted: list[Pending] = []
        changes: Counter[tuple[str, str, str, int]] = Counter()
        for part in chunks(sorted(set(task_ids))):
            statement = (
                delete(tasks).where(tasks.c.id.in_(part), tasks.c.status != int(Status.RUNNING)).returning(*tasks.c)
            )
            gone = changed_rows(self._connection, statement)
            for row in gone:
                changes[row.serial or "", row.script_name, row.source, row.status] -= 1
                self._note(told_of(row, deleted=True))
            deleted.extend(to_pending(row) for row in gone)
            self._attempts.forget([row.id for row in gone])
        if changes:
            self._counters.add(changes)
        return deleted

    def bind(self, key: str, platform: str, serial: str | None) -> list[Pending]:
        """Give the pending tasks of an account another device. Returns those that changed, as they were before.

        Those in doubt stay: their post can only be seen where it was made.
        """
        mine = and_(
            tasks.c.username_key == key,
            tasks.c.status == int(Status.PENDING),
            KNOWN_OUTCOME,
            or_(tasks.c.platform.is_(None), tasks.c.platform == platform),
            tasks.c.serial.is_distinct_from(serial),
        )
        before = self._connection.execute(
            select(tasks.c.id, tasks.c.due_ms, tasks.c.username, tasks.c.batch_id, *_COUNTED)
            .where(mine)
            .order_by(tasks.c.id)
        ).all()
        if not before:
            return []
        self._connection.execute(update(tasks).where(mine).values(serial=serial, platform=platform))
        changes: Counter[tuple[str, str, str, int]] = Counter()
        for row in before:
            changes[row.serial or "", row.script_name, row.source, int(Status.PENDING)] -= 1
            changes[serial or "", row.script_name, row.source, int(Status.PENDING)] += 1
            self._note(told(row.id, row.batch_id, serial, Status.PENDING))
        self._counters.add(changes)
        return [to_pending(row) for row in before]

    def move(self, serial: str, to: str, *, in_doubt: bool = False) -> list[int]:
        """Give a lane's tasks that do not run to another lane of the same phone. Returns which."""
        which = IN_DOUBT if in_doubt else or_(tasks.c.status >= int(Status.COMPLETED), KNOWN_OUTCOME)
        mine = and_(tasks.c.serial == serial, tasks.c.status != int(Status.RUNNING), which)
        moved = update(tasks).where(mine).values(serial=to).returning(*tasks.c)
        rows = changed_rows(self._connection, moved)
        changes: Counter[tuple[str, str, str, int]] = Counter()
        for row in rows:
            changes[serial, row.script_name, row.source, row.status] -= 1
            changes[to, row.script_name, row.source, row.status] += 1
            if row.status == int(Status.PENDING):
                self._note(told_of(row))
        if changes:
            self._counters.add(changes)
        return [row.id for row in rows]

    def flag(self, task_ids: Collection[int], why: NeedsPerson, note: Mapping[str, Any]) -> list[int]:
        """Put pending tasks on the list of those that need a person. Returns which it put there: not those on it.

        Nor those that were taken off it when the same was said of their phone.
        """
        values = {"needs_person": why.value, "needs_note": json.dumps(dict(note), ensure_ascii=False)}
        without_parts = {name: value for name, value in note.items() if name != "parts"}  # as older versions noted it
        same = [values["needs_note"], json.dumps(without_parts, ensure_ascii=False)]
        listed = or_(tasks.c.needs_person.is_not(None), tasks.c.needs_note.in_(same))
        return self._set(task_ids, values, and_(tasks.c.status == int(Status.PENDING), not_(listed)))

    def unflag(self, task_ids: Collection[int], why: NeedsPerson | None = None) -> list[int]:
        """Take tasks off the list of those that need a person; None: dismissed, whatever it is. Held ones stay so."""
        if why is None:
            return self._set(task_ids, _DISMISSED, tasks.c.needs_person.is_not(None))
        return self._set(task_ids, NEEDS_NOBODY, tasks.c.needs_person == why.value)

    def rewrite(self, task_id: int, after: Rewritten) -> Task | None:
        """Change a task that has not begun. None when it is not pending, or its post is to be looked for."""
        before = self._connection.execute(select(tasks.c.serial).where(tasks.c.id == task_id)).scalar()
        row = self._change(task_id, Status.PENDING, Status.PENDING, rewritten(after), KNOWN_OUTCOME)
        if row is None:
            return None
        if row.serial != before:
            key = (row.script_name, row.source, int(Status.PENDING))
            self._counters.add({(before or "", *key): -1, (row.serial or "", *key): 1})
        return to_task(row)

    # -- late tasks, and what a person says of them ----------------------------------------------------

    def rekey(self, task_id: int, content_key: str) -> None:
        """Note what a task has really published, for those that would be its repeats."""
        self._connection.execute(update(tasks).where(tasks.c.id == task_id).values(content_key=content_key))

    def allow_repeat(self, task_id: int, now_ms: int) -> None:
        """Note that a task may repeat what was made by now."""
        self._connection.execute(update(tasks).where(tasks.c.id == task_id).values(repeat_allowed_ms=now_ms))

    def put_off(self, task_id: int, late_at_ms: int | None, late_ms: int | None = None) -> None:
        """Note up to when a pending task may begin, None for ever; with `late_ms` it may although it is that late."""
        values = {"late_at_ms": late_at_ms, **({} if late_ms is None else {"late_ms": late_ms})}
        mine = and_(tasks.c.id == task_id, tasks.c.status == int(Status.PENDING))
        self._connection.execute(update(tasks).where(mine).values(values))

    def hold(self, task_id: int, now_ms: int, late_ms: int, note: Mapping[str, Any]) -> Task | None:
        """Let a pending task that is late wait for a person. None when it is not pending, held already, or in doubt."""
        values = {
            "held_ms": now_ms,
            "late_ms": late_ms,
            "needs_person": NeedsPerson.HELD.value,
            "needs_note": json.dumps(dict(note), ensure_ascii=False),
        }
        return self._wait_otherwise(task_id, values, tasks.c.held_ms.is_(None))

    def miss(self, task_id: int, now_ms: int, late_ms: int, outcome: Outcome) -> Task | None:
        """End a pending task that is late. None when it is not pending, or in doubt."""
        return self._end_pending(task_id, outcome, now_ms, KNOWN_OUTCOME, late_ms=late_ms)

    def drop(self, task_id: int, now_ms: int, outcome: Outcome) -> Task | None:
        """End a pending task that is not to begin. None when it is not pending, or in doubt."""
        return self._end_pending(task_id, outcome, now_ms, KNOWN_OUTCOME)

    def start(self, task_id: int, now_ms: int) -> Task | None:
        """Let a pending task be due now, held or not. None when it is not pending, or in doubt."""
        held, ahead = tasks.c.held_ms.is_not(None), tasks.c.scheduled_ms > now_ms
        values = {
            "due_ms": case((or_(held, tasks.c.due_ms > now_ms), now_ms), else_=tasks.c.due_ms),
            "scheduled_ms": case((ahead, null()), else_=tasks.c.scheduled_ms),
            **_DECIDED,
        }
        return self._wait_otherwise(task_id, values)

    def _wait_otherwise(self, task_id: int, values: Mapping[str, Any], *conditions: ColumnElement[bool]) -> Task | None:
        """Change how a pending task waits that is not in doubt."""
        row = self._change(task_id, Status.PENDING, Status.PENDING, values, KNOWN_OUTCOME, *conditions)
        return to_task(row) if row else None
