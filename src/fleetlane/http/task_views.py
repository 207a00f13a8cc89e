"""Tasks as the API shows them: the models of `task_models`, filled with what the use cases return."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.core.issue import Issue, in_sentences
from fleetlane.core.schedule import rfc3339
from fleetlane.http.task_models import CreatedTasks, IssueView, PatchedTask, PlannedTask, WouldCreate
from fleetlane.web.task_view import task_view
from fleetlane.work.services import Services
from fleetlane.work.tasks.intake import Created, Preview
from fleetlane.work.tasks.patching import Patched
from fleetlane.work.tasks.queries import Shown

_MOST_SHOWN = 1000


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
