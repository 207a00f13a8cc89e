"""A task as the API and the exported list show it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import Task
from fleetlane.work.services import Services
from fleetlane.work.tasks.queries import Shown


class Need(BaseModel):
    """Why a task needs a person."""

    reason: str = Field(description="held, other_phone, outcome_unknown, failed or will_fail", examples=["held"])
    code: str | None = Field(description="The error code behind it, if there is one", examples=["missed_start"])
    message: str = Field(description="What there is to know, in a sentence", examples=["It was 3 d 2 h late."])


class TaskView(BaseModel):
    """A task."""

    id: int = Field(description="Its id", examples=[101])
    script_name: str = Field(description="What it does", examples=["post"])
    script_config: dict[str, Any] = Field(
        description="The script's settings, as given",
        examples=[{"captions": "Our summer #sale", "material_list": ["C:/Videos/video1.mp4"]}],
    )
    serial: str | None = Field(
        description="The device; null until an account is bound to one", examples=["R58N12ABCDE"]
    )
    username: str | None = Field(description="The account, as given; null in device mode", examples=["@shop_one"])
    status: int = Field(description="0 pending, 1 running, 2 completed, 3 failed", examples=[2])
    status_text: str = Field(description="The same in a word", examples=["completed"])
    source: str = Field(description="api or ui", examples=["api"])
    remark: str = Field(description="How it ended, in a sentence", examples=["Published on @shop_one."])
    error_code: str | None = Field(description="Why it failed, as a stable word", examples=[None])
    retry_count: int = Field(description="How often it was retried", examples=[0])
    start_time: str | None = Field(
        description="When it began, or is due; RFC 3339", examples=["2026-11-21T14:30:00.120+08:00"]
    )
    end_time: str | None = Field(description="When it ended; RFC 3339", examples=["2026-11-21T14:30:41.820+08:00"])
    created_at: str = Field(description="When it was created; RFC 3339", examples=["2026-11-21T09:00:00.000+08:00"])
    scheduled_at: str | None = Field(
        description="When it was to start, RFC 3339; null: as soon as it could",
        examples=["2026-11-21T14:30:00.000+08:00"],
    )
    waiting_for: str | None = Field(description="Pending: what it waits for, in words", examples=[None])
    stop_requested: bool = Field(description="Whether somebody asked that it stops", examples=[False])
    batch_id: str = Field(
        description="Shared by the tasks of one request", examples=["1b4e28ba-2fa1-4d3e-883f-0016d3cca427"]
    )
    outcome: str | None = Field(
        description="What is known of the post: published, not_published, unknown, dry_run", examples=["published"]
    )
    result: dict[str, Any] = Field(
        description="What the script found out", examples=[{"app": "com.zhiliaoapp.musically", "account": "shop_one"}]
    )
    needs_person: Need | None = Field(description="Why it needs a person; null when it needs none", examples=[None])
    held_since: str | None = Field(
        description="Since when it waits for a person because it could not begin in time; RFC 3339", examples=[None]
    )


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
        remark=str(task.remark),
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
    code, message = note.get("code") or task.error_code, note.get("message") or str(task.remark)
    return Need(reason=task.needs_person.value, code=code, message=message)
