"""The evening's look ahead: what is due within a day and will fail, as things are now, is put before a person in time.

In parts, and outside of every transaction but the last, short one: nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import structlog

from fleetlane.core.errors import RequestError, StoreError
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.remark import Remark
from fleetlane.core.schedule import instant_on
from fleetlane.core.task import NeedsPerson, Status, Task, note_of
from fleetlane.work.preflight.known import Known, with_stock
from fleetlane.work.preflight.outlook import Outlook, Subject
from fleetlane.work.preflight.subjects import plan_of, read_for, subject_of

log = structlog.get_logger(__name__)

_DONE = "look_ahead_ms"
_PART = 100
_MOST_FLAGGED = 10_000
_DAY_MS = 24 * 60 * 60_000
_LONGEST_PAUSE_S = 60.0


class LookAhead:
    """Looks ahead each evening, and once after a start when the last evening was missed.

    Args:
        store: where the tasks are.
        outlook: says what will make them fail.
        clock: the time.
        zone: of the evening.
        at: when it is; None: never.
        on_fine: called with each lane where a task will not fail any more: it may need a person for another reason.
    """

    def __init__(
        self,
        store: Store,
        outlook: Outlook,
        clock: Clock,
        zone: tzinfo,
        at: time | None,
        *,
        on_fine: Callable[[str], None] = lambda _lane: None,
    ) -> None:
        self._store = store
        self._outlook = outlook
        self._clock = clock
        self._zone = zone
        self._at = at
        self._on_fine = on_fine

    async def run(self) -> None:
        """Look when it is time, until cancelled."""
        while self._at is not None:
            try:
                await self.tick()
            except StoreError as error:
                log.warning("look_ahead_failed", error=str(error))  # the next round tries again
            await asyncio.sleep(_LONGEST_PAUSE_S)

    async def tick(self) -> bool:
        """Look ahead if the last evening's look has not been done yet. Returns whether it was."""
        if self._at is None:
            return False
        evening_ms = self._last_evening_ms(self._at)
        done = await self._store.read(lambda repositories: repositories.facts.get(_DONE))
        if done is not None and int(done) >= evening_ms:
            return False
        await self.sweep()
        await self._store.write(lambda repositories: repositories.facts.set(_DONE, str(evening_ms)))
        return True

    def _last_evening_ms(self, at: time) -> int:
        now_ms = self._clock.now_ms()
        day = datetime.fromtimestamp(now_ms / 1000, self._zone).date()
        for back in range(3):
            evening_ms = int(instant_on(day - timedelta(days=back), at, self._zone).timestamp() * 1000)
            if evening_ms <= now_ms:
                return evening_ms
        return 0

    async def sweep(self) -> int:
        """Look at what is due in the next 24 hours. Returns how many tasks will fail as things are now."""
        before_ms = self._clock.now_ms() + _DAY_MS
        seen: set[int] = set()
        place: Head | None = None
        failing = 0
        known: Known | None = None
        while part := await self._part(before_ms, place):
            place = Head(part[-1].due_ms, part[-1].id)
            seen.update(task.id for task in part)
            known, wrong = await self._look_at(part, known)
            failing += wrong
        flagged = await self._store.read(_flagged)
        for first in range(0, len(rest := [task for task in flagged if task.id not in seen]), _PART):
            known, wrong = await self._look_at(rest[first : first + _PART], known)
            failing += wrong
        log.info("looked_ahead", tasks=len(seen), will_fail=failing)
        return failing

    async def _part(self, before_ms: int, place: Head | None) -> list[Task]:
        return await self._store.read(lambda repositories: repositories.tasks.due_before(before_ms, place, _PART))

    async def _look_at(self, tasks: Sequence[Task], former: Known | None) -> tuple[Known, int]:
        """Look at some tasks, and flag those that will fail. What the former ones take from the library is gone."""
        subjects, wrong = _subjects(task for task in tasks if not task.in_doubt)
        asked = list(subjects.values())
        known = await self._store.read(lambda repositories: read_for(repositories, asked))
        known = with_stock(known, former)
        looks = await self._outlook.look(asked, known)
        issues = dict(zip(subjects, self._outlook.issues(asked, known, looks), strict=True))
        for task_id, subject in subjects.items():
            refused = self._outlook.refused([subject], known)
            errors = [issue for issue in issues[task_id] if issue.is_error]
            if refused:
                wrong[task_id] = note_of(Remark.of(refused[0].message), "step_unavailable")
            elif errors:
                wrong[task_id] = note_of(Remark.of(errors[0].sentence), errors[0].code)
        fine = [task.id for task in tasks if task.id not in wrong]

        def tell(repositories: Repositories) -> set[int]:
            # A flag of a former evening may say what is no longer so.
            unflagged = repositories.tasks.unflag([*fine, *wrong], NeedsPerson.WILL_FAIL)
            for task_id, said in wrong.items():
                repositories.tasks.flag([task_id], NeedsPerson.WILL_FAIL, said)
            return {*unflagged} - wrong.keys()

        unflagged = await self._store.write(tell)
        for lane in {task.serial for task in tasks if task.id in unflagged and task.serial}:
            self._on_fine(lane)
        return known, len(wrong)


def _subjects(tasks: Iterable[Task]) -> tuple[dict[int, Subject], dict[int, Mapping[str, Any]]]:
    """Return what to ask about tasks, and what is wrong with those whose settings are no longer valid."""
    subjects: dict[int, Subject] = {}
    wrong: dict[int, Mapping[str, Any]] = {}
    for task in tasks:
        try:
            plan = plan_of(task.script_name, task.script_config)
        except RequestError as error:
            wrong[task.id] = note_of(Remark.of(str(error)), "config_invalid")
            continue
        if plan is not None:
            subjects[task.id] = subject_of(plan, task)
    return subjects, wrong


def _flagged(repositories: Repositories) -> list[Task]:
    """Return the tasks that a former sweep has flagged."""
    wanted = TaskFilter(status=Status.PENDING, needs_person=True)
    found = repositories.tasks.find(wanted, 0, _MOST_FLAGGED, TaskOrder.OLDEST)
    return [task for task in found if task.needs_person is NeedsPerson.WILL_FAIL]
