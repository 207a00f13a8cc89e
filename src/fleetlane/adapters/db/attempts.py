"""Attempts with their journals, and their steps, in the store (`core.ports.attempts.Attempts`).

Nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import MOST_PARAMETERS, chunks
from fleetlane.adapters.db.tables import attempts, steps, tasks
from fleetlane.core.event import Change, EventKind
from fleetlane.core.journal import Phase, moves_forward
from fleetlane.core.lateness import Span
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.attempts import Attempt, Step
from fleetlane.core.presses import Press

_REACHED = "reached"
"""Where an attempt's facts keep when each phase was."""
_VERIFIES = "verifies"
"""Where an attempt that looks for a post says which attempt made it."""
_PERSON = "person_says"
"""Where a person's answer stands."""


class AttemptRepository:
    """The attempts of tasks, inside one transaction. `note` is told of each step that comes."""

    def __init__(self, connection: Connection, note: Callable[[Change], None]) -> None:
        self._connection = connection
        self._note = note

    def begin(self, task_id: int, number: int, serial: str, now_ms: int) -> None:
        """Store a new attempt, with an empty journal."""
        values = {
            "task_id": task_id,
            "number": number,
            "serial": serial,
            "phase": Phase.NONE.value,
            "started_ms": now_ms,
            "changed_ms": now_ms,
        }
        self._connection.execute(insert(attempts).values(values))

    def carry_on(self, task_id: int, number: int, serial: str, now_ms: int) -> None:
        """Store a new attempt that goes on with the journal of the former one."""
        former = select(attempts.c.phase, attempts.c.facts).where(_is(task_id, number - 1))
        row = self._connection.execute(former).one()
        self.begin(task_id, number, serial, now_ms)
        facts = {_VERIFIES: number - 1, **json.loads(row.facts)}
        values = {"phase": row.phase, "facts": json.dumps(facts, ensure_ascii=False)}
        self._connection.execute(update(attempts).where(_is(task_id, number)).values(values))

    def recall(self, task_id: int, number: int, press: Press, now_ms: int, *, runs: bool) -> None:
        """Store what is remembered elsewhere of an attempt, which runs or has ended; it may be there or not."""
        row = self._connection.execute(select(attempts).where(_is(task_id, number))).first()
        if row is None:
            self.begin(task_id, number, press.serial, now_ms)
        known: dict[str, Any] = json.loads(row.facts) if row is not None else {}
        reached = {**_reached(known), press.phase.value: now_ms}
        values: dict[str, Any] = {
            "phase": press.phase.value,
            "facts": json.dumps({**known, **_own(press.facts), _REACHED: reached}, ensure_ascii=False),
            "changed_ms": now_ms,
        }
        if not runs:
            ended_ms = now_ms if row is None or row.ended_ms is None else row.ended_ms
            values |= {"ended_ms": ended_ms, "error_code": "server_interrupted"}
        self._connection.execute(update(attempts).where(_is(task_id, number)).values(values))

    def end(self, task_id: int, attempt: int, error_code: str | None, now_ms: int) -> None:
        """Note when an attempt ended, and with which error."""
        self._connection.execute(
            update(attempts)
            .where(_is(task_id, attempt))
            .values(ended_ms=now_ms, changed_ms=now_ms, error_code=error_code)
        )

    def answer(self, task_id: int, attempt: int, state: PublishState, now_ms: int) -> None:
        """Add a person's answer to the journal. Its phase stays what the machine itself saw."""
        mine = _is(task_id, attempt)
        facts = self._connection.execute(select(attempts.c.facts).where(mine)).scalar_one_or_none()
        if facts is not None:
            told = {**json.loads(facts), _PERSON: state.value}
            values = {"facts": json.dumps(told, ensure_ascii=False), "changed_ms": now_ms}
            self._connection.execute(update(attempts).where(mine).values(values))

    def forget(self, task_ids: Sequence[int]) -> None:
        """Delete all attempts and steps of tasks, at most as many as a statement takes parameters."""
        for table in (attempts, steps):
            self._connection.execute(delete(table).where(table.c.task_id.in_(task_ids)))

    def set_phase(self, task_id: int, attempt: int, phase: Phase, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Move an attempt's journal forward. False when it is over or would move back; a stopped one is not armed."""
        if phase is Phase.ARMED and self._stop_requested(task_id):
            return False
        row = self._running(task_id, attempt)
        if row is None or not moves_forward(Phase.of(row.phase), phase):
            return False
        reached = {**_reached(json.loads(row.facts)), phase.value: now_ms}
        return self._keep(row, phase.value, {**_own(facts), _REACHED: reached}, now_ms)

    def note(self, task_id: int, attempt: int, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Add to what an attempt's journal knows. False when it is over."""
        row = self._running(task_id, attempt)
        return row is not None and self._keep(row, row.phase, _own(facts), now_ms)

    def give_up(self, task_id: int, attempt: int, now_ms: int) -> None:
        """Note in the journal of an attempt in doubt, also when it is over, that nobody can say any more."""
        row = self._connection.execute(select(attempts).where(_is(task_id, attempt))).first()
        if row is not None and Phase(row.phase).in_doubt:
            facts = json.loads(row.facts)
            facts[_REACHED] = {**facts.get(_REACHED, {}), Phase.UNKNOWN.value: now_ms}
            values = {"phase": Phase.UNKNOWN.value, "facts": json.dumps(facts, ensure_ascii=False)}
            self._connection.execute(update(attempts).where(_is(task_id, attempt)).values(values))

    def _running(self, task_id: int, attempt: int) -> Row[Any] | None:
        running = select(attempts).where(_is(task_id, attempt), attempts.c.ended_ms.is_(None))
        return self._connection.execute(running).first()

    def _keep(self, row: Row[Any], phase: str, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Change the journal of an attempt that is as `row` was read."""
        merged = {**json.loads(row.facts), **facts}
        changed = self._connection.execute(
            update(attempts)
            .where(_is(row.task_id, row.number), attempts.c.phase == row.phase, attempts.c.ended_ms.is_(None))
            .values(phase=phase, facts=json.dumps(merged, ensure_ascii=False), changed_ms=now_ms)
        )
        return changed.rowcount == 1

    def _stop_requested(self, task_id: int) -> bool:
        statement = select(tasks.c.stop_requested).where(tasks.c.id == task_id)
        return bool(self._connection.execute(statement).scalar_one_or_none())

    def get(self, task_id: int, number: int) -> Attempt | None:
        """Return an attempt with its journal."""
        row = self._connection.execute(select(attempts).where(_is(task_id, number))).first()
        return _attempt(row) if row else None

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return the attempts of a task with their journals, oldest first."""
        statement = select(attempts).where(attempts.c.task_id == task_id).order_by(attempts.c.number)
        return [_attempt(row) for row in self._connection.execute(statement)]

    def work(self, serial: str, since_ms: int, now_ms: int, longest_ms: int) -> list[Span]:
        """Return when a device was at work since an instant, each attempt for at most `longest_ms`."""
        lately = or_(attempts.c.ended_ms.is_(None), attempts.c.ended_ms > since_ms)
        statement = select(attempts.c.started_ms, attempts.c.ended_ms).where(attempts.c.serial == serial, lately)
        rows = self._connection.execute(statement)
        return [Span(begin, min(now_ms if end is None else end, begin + longest_ms)) for begin, end in rows]

    def last_sign_ms(self, task_id: int, number: int) -> int | None:
        """Return when an attempt last noted anything: in its journal, or a step."""
        mine = and_(steps.c.task_id == task_id, steps.c.attempt == number)
        step = self._connection.execute(select(func.max(steps.c.started_ms + steps.c.duration_ms)).where(mine)).scalar()
        noted = self._connection.execute(select(attempts.c.changed_ms).where(_is(task_id, number))).scalar()
        return None if noted is None else max(noted, step or 0)

    def ended_at(self, task_id: int, number: int, at_ms: int) -> None:
        """Correct when an attempt ended."""
        self._connection.execute(update(attempts).where(_is(task_id, number)).values(ended_ms=at_ms))

    def add_step(self, step: Step) -> None:
        """Store a step."""
        values = {name: getattr(step, name) for name in steps.c.keys()}  # noqa: SIM118 - columns, not a dict
        values["selectors"] = "\n".join(step.selectors)
        self._connection.execute(insert(steps).values(values))
        task = self._connection.execute(
            select(tasks.c.batch_id, tasks.c.serial).where(tasks.c.id == step.task_id)
        ).first()
        if task is not None:
            facts = {"attempt": step.attempt, "number": step.number, "name": step.name, "ok": step.ok}
            self._note(Change(EventKind.STEP, step.task_id, task.batch_id, task.serial, facts))

    def steps(self, task_id: int) -> list[Step]:
        """Return the steps of a task, attempt by attempt."""
        statement = select(steps).where(steps.c.task_id == task_id).order_by(steps.c.attempt, steps.c.number)
        rows = self._connection.execute(statement).mappings()
        return [_step(dict(row)) for row in rows]

    def forget_steps(self, before_ms: int, limit: int) -> list[int]:
        """Delete the steps of the tasks that ended longest ago, before an instant. Returns the tasks' ids."""
        old = (
            select(tasks.c.id)
            .where(tasks.c.ended_ms < before_ms, exists().where(steps.c.task_id == tasks.c.id))
            .order_by(tasks.c.ended_ms, tasks.c.id)
            .limit(min(limit, MOST_PARAMETERS))
        )
        ids = list(self._connection.execute(old).scalars())
        self._connection.execute(delete(steps).where(steps.c.task_id.in_(ids)))
        return ids

    def without_steps(self, task_ids: Collection[int]) -> set[int]:
        """Return those of the ids of which nothing is traced, and nothing will be unless they are retried."""
        found = set(task_ids)
        for part in chunks(sorted(found)):
            traced = select(steps.c.task_id).where(steps.c.task_id.in_(part)).distinct()
            not_ended = select(tasks.c.id).where(tasks.c.id.in_(part), tasks.c.ended_ms.is_(None))
            for statement in (traced, not_ended):
                found.difference_update(self._connection.execute(statement).scalars())
        return found


def _is(task_id: int, number: int) -> ColumnElement[bool]:
    return and_(attempts.c.task_id == task_id, attempts.c.number == number)


def _step(values: dict[str, Any]) -> Step:
    values["selectors"] = tuple(values["selectors"].split("\n")) if values["selectors"] else ()
    return Step(**values)


def _own(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a script's facts without the names that are the store's own."""
    return {name: fact for name, fact in facts.items() if name not in (_REACHED, _VERIFIES, _PERSON)}


def _reached(facts: Mapping[str, Any]) -> dict[str, int]:
    found = facts.get(_REACHED)
    reached = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return {phase: at_ms for phase, at_ms in reached.items() if isinstance(at_ms, int)}


def _attempt(row: Row[Any]) -> Attempt:
    facts: dict[str, Any] = json.loads(row.facts)
    reached = _reached(facts)
    return Attempt(
        task_id=row.task_id,
        number=row.number,
        serial=row.serial,
        phase=Phase.of(row.phase),
        reached={Phase(phase): at_ms for phase, at_ms in reached.items() if phase in set(Phase)},
        facts={name: fact for name, fact in facts.items() if name != _REACHED},
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        error_code=row.error_code,
    )
