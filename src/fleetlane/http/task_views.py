"""Tasks as the API shows them: the models of `task_models`, filled with what the use cases return."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.core.issue import Issue, in_sentences
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import Task
from fleetlane.http.task_models import CreatedTasks, IssueView, Need, PatchedTask, PlannedTask, TaskView, WouldCreate
from fleetlane.work.services import Services
from fleetlane.work.tasks.intake import Created, Preview
from fleetlane.work.tasks.patching import Patched
from fleetlane.work.tasks.queries import Shown

_MOST_SHOWN = 1000


def task_view(shown: Shown, services: Services) -> TaskView:
    """Return a task as the API shows it."""
    task = shown.task

    def when(instant_ms: int | None) -> str | None:
        return None if instant_ms is None else rfc3339(instant_ms, services.zone)

    return TaskView(
        id=task.id,
        script_name=task.script_name,
        script_config=dict(task.script_config),
        serial=task.serial,
        username=task.username,
        status=int(task.status),
        status_text=task.status.text,
        source=task.source.value,
        remark=task.remark,
        error_code=task.error_code,
        retry_count=task.retry_count,
        start_time=when(task.started_ms if task.started_ms is not None else task.due_ms),
        end_time=when(task.ended_ms),
        created_at=rfc3339(task.created_ms, services.zone),
        scheduled_at=when(task.scheduled_ms),
        waiting_for=", and ".join(map(str, shown.waiting_for)) or None,
        stop_requested=task.stop_requested,
        batch_id=task.batch_id,
        outcome=task.outcome,
        result=dict(task.result),
        needs_person=_need(task),
        held_since=when(task.held_ms),
    )


def _need(task: Task) -> Need | None:
    if task.needs_person is None:
        return None
    note = task.needs_note
    code, message = note.get("code") or task.error_code, note.get("message") or task.remark
    return Need(reason=task.needs_person.value, code=code, message=message)


def created_view(created: Created, services: Services) -> CreatedTasks:
    """Return what was created as the API shows it."""
    scheduled = None if created.scheduled_ms is None else rfc3339(created.scheduled_ms, services.zone)
    return CreatedTasks(
        task_ids=list(created.task_ids),
        created_count=len(created.task_ids),
        scheduled_at=scheduled,
        warnings=list(created.warnings),
        issues=issue_views(created.issues),
        batch_id=created.batch_id,
        would_create=None,
    )


def issue_views(issues: Sequence[Issue]) -> list[IssueView]:
    """Return issues as the API shows them."""
    return [IssueView.model_validate(issue.facts()) for issue in issues]


def would_create_view(preview: Preview, services: Services) -> CreatedTasks:
    """Return what a dry run would have created."""
    tasks = [
        PlannedTask(
            serial=one.task.serial,
            username=one.task.username,
            start_time=rfc3339(one.task.due_ms, services.zone),
            text=one.text,
        )
        for one in preview.tasks[:_MOST_SHOWN]
    ]
    return CreatedTasks(
        task_ids=[],
        created_count=0,
        scheduled_at=None if preview.scheduled_ms is None else rfc3339(preview.scheduled_ms, services.zone),
        warnings=list(preview.warnings),
        issues=issue_views(preview.issues),
        batch_id=None,
        would_create=WouldCreate(count=len(preview.tasks), tasks=tasks),
    )


def patched_view(shown: Shown, patched: Patched, services: Services) -> PatchedTask:
    """Return a task that was changed, and what to know of it."""
    return PatchedTask(
        **task_view(shown, services).model_dump(),
        warnings=in_sentences(patched.issues, 1),
        issues=issue_views(patched.issues),
    )
