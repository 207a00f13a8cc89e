"""From tasks to what the outlook is asked about, and back to the keys that repeats are found by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fleetlane.core.errors import FleetlaneError
from fleetlane.core.ports.store import Repositories
from fleetlane.core.task import NewTask, Task
from fleetlane.scripts.media_settings import setting
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Plan, Planner
from fleetlane.work.preflight.known import Asked, Known, read_known
from fleetlane.work.preflight.outlook import Looks, Subject
from fleetlane.work.preflight.repeats import content_key

_MOST_OTHERS = 1_000


def subjects_of(plan: Plan | None, tasks: Sequence[NewTask | Task]) -> list[Subject]:
    """Return what to ask about tasks with the same plan; nothing without one: the script cannot say beforehand."""
    return [] if plan is None else [subject_of(plan, task) for task in tasks]


def subject_of(plan: Plan, task: NewTask | Task) -> Subject:
    """Return what to ask about a task."""
    return Subject(
        plan=plan,
        planned=plan.one(task.position, task.seed),
        position=task.position,
        seed=task.seed,
        due_ms=task.due_ms,
        serial=task.serial,
        username=task.username,
        account_platform=task.platform,
    )


def media_field(script_name: str) -> str:
    """Return the field of a request that names the files of a script's tasks."""
    return setting(script(script_name).media_settings.files)


def plan_of(script_name: str, config: Mapping[str, Any]) -> Plan | None:
    """Return the plan of a script's settings; None when the script cannot say beforehand.

    Raises:
        RequestError: there is no such script any more, or the settings are not valid to it.
    """
    chosen = script(script_name)
    return chosen.plan(config) if isinstance(chosen, Planner) else None


def read_for(repositories: Repositories, subjects: Sequence[Subject], *, reserve_others: bool = False) -> Known:
    """Read what is on record for tasks.

    Args:
        repositories: a snapshot.
        subjects: the tasks.
        reserve_others: tasks that wait already, and are due before the last of these, take from the library first.
    """
    of_library = any(subject.planned.library is not None for subject in subjects)
    asked = Asked(
        serials={subject.serial for subject in subjects if subject.serial},
        usernames={subject.username for subject in subjects if subject.username},
        of_library=of_library,
        of_folders=any(subject.planned.folder is not None for subject in subjects),
    )
    known = read_known(repositories, asked)
    if of_library and reserve_others:
        _reserve(repositories, known, max(subject.due_ms for subject in subjects))
    return known


def _reserve(repositories: Repositories, known: Known, until_ms: int) -> None:
    """Let the tasks that wait take from the library, on paper."""
    assert known.stock is not None
    plans: dict[str, Plan | None] = {}
    for task in repositories.tasks.due_before(until_ms + 1, None, _MOST_OTHERS):
        key = f"{task.script_name} {json.dumps(dict(task.script_config), sort_keys=True)}"
        if key not in plans:
            try:
                plans[key] = plan_of(task.script_name, task.script_config)
            except FleetlaneError:
                plans[key] = None
        plan = plans[key]
        wish = plan.one(task.position, task.seed).library if plan else None
        if wish is not None:
            known.stock.take(replace(wish, username=task.username))


def with_keys(tasks: Sequence[NewTask], subjects: Sequence[Subject], looks: Looks) -> Sequence[NewTask]:
    """Return tasks with the keys of their content, where that is known."""
    if not any(subject.planned.files for subject in subjects):
        return tasks
    made: dict[tuple[Sequence[str], str, str | None], str | None] = {}
    keyed: list[NewTask] = []
    for task, subject in zip(tasks, subjects, strict=True):
        same = (tuple(subject.planned.files), subject.planned.text, subject.platform)
        if same not in made:
            made[same] = key_of(subject, looks)
        keyed.append(replace(task, content_key=made[same]) if made[same] else task)
    return keyed


def key_of(subject: Subject, looks: Looks) -> str | None:
    """Return the key of what a task publishes; None for a rehearsal, and where its files are not all known."""
    if subject.plan.is_rehearsal or not subject.planned.files:
        return None
    hashes = looks.hashes(subject.planned)
    return content_key(subject.planned, hashes, subject.platform) if hashes else None


def key_as_published(task: Task, hashes: Sequence[str]) -> str | None:
    """Return the key of what a task has published, or may have: its files may have come or changed since it was made.

    Args:
        task: the task.
        hashes: the sha256 of the files that went to the phone.

    Returns:
        None where repeats are not looked for: its files were drawn from a library or a folder, or there are none.
    """
    try:
        plan = plan_of(task.script_name, task.script_config)
    except FleetlaneError:
        return None  # its script is gone, or takes its settings no longer
    planned = plan.one(task.position, task.seed) if plan and not plan.is_rehearsal else None
    if plan is None or planned is None or not hashes or len(planned.files) != len(hashes):
        return None
    return content_key(planned, hashes, plan.platform or task.platform)
