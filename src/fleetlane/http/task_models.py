"""What the routes of tasks take and give; `task_views` fills it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.retrying import REASONS, PassedOver, RetryWish
from fleetlane.core.schedule import parse_instant
from fleetlane.web.task_view import TaskView
from fleetlane.work.tasks.request import MOST_TARGETS

_MOST_WRONG = 50


def _few_wrong(value: Any) -> Any:
    """Refuse a list of targets before a finding is made for each of very many that are wrong."""
    if not isinstance(value, list):
        return value
    targets = cast("list[object]", value)
    if len(targets) > MOST_TARGETS:
        raise ValueError(f"at most {MOST_TARGETS} targets can be given in one request")
    wrong = [place for place, target in enumerate(targets) if not isinstance(target, str)]
    if len(wrong) > _MOST_WRONG:
        raise ValueError(f"{len(wrong)} of the targets are no texts; the first is number {wrong[0] + 1}")
    return targets


Targets = Annotated[list[str] | None, BeforeValidator(_few_wrong)]


class CreateTask(BaseModel):
    """A request for tasks: one for each device, or one for each account."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "serials": ["device_serial_1"],
                    "script_name": "post",
                    "script_config": {
                        "content_type": 0,
                        "captions": "看看我的新视频！#热门 #推荐",
                        "material_list": ["C:/Videos/video1.mp4"],
                        "upload_wait_time": 60,
                    },
                }
            ]
        },
    )

    serials: Targets = Field(None, description="Device serials; needed unless usernames is given")
    usernames: Targets = Field(None, description="Account names; win when serials is given too")
    script_name: str | None = Field(None, description="The script to run, such as post")
    script_config: dict[str, Any] = Field(description="The script's settings; see its JSON Schema")
    enable_multi_account: bool = Field(
        False, description="Device mode: one task for each enabled account of the device"
    )
    start_time: str | None = Field(
        None, description='Time of day "HH:MM" in the server\'s time zone; earlier than now: tomorrow'
    )
    start_at: str | None = Field(None, description="RFC 3339 with offset, instead of start_time")
    min_interval: float | None = Field(
        None, description="Least minutes between the starts of one task of the request and the next"
    )
    max_interval: float | None = Field(None, description="Most minutes between them; one is drawn for each task")
    late_after_min: float | None = Field(
        None,
        description="How many minutes after its start time a task may still begin; absent: the setting",
    )
    late_policy: Literal["hold", "run", "fail"] | None = Field(
        None, description="What becomes of one that could not: hold for a person, run, or fail; absent: the setting"
    )
    strict: bool = Field(False, description="Refuse the request when one of its tasks would fail as things are now")
    allow_repeat: bool = Field(False, description="Publish again what was published, or waits, for the same target")
    dry_run: bool = Field(False, description="Answer everything and create nothing, as ?dry_run=true does")


class IssueView(BaseModel):
    """One thing to know about tasks before they run."""

    target: str | None = Field(description="The device or account it is about; null: all of them", examples=["R58N1"])
    field: str = Field(description="Dotted path of what it is about", examples=["script_config.material_list"])
    code: str = Field(
        description="The error_code that it foretells; else not_checked, new_version, repeat, ignored or note",
        examples=["media_missing"],
    )
    severity: Literal["error", "warning"] = Field(
        description="error: as things are now the task will fail", examples=["error"]
    )
    message: str = Field(description="A sentence for people", examples=["C:/Videos/video1.mp4 is not there"])


class PlannedTask(BaseModel):
    """A task that would be created."""

    serial: str | None = Field(description="Its device; null until its account is bound to one", examples=["R58N1"])
    username: str | None = Field(description="Its account; null in device mode", examples=["@shop_one"])
    start_time: str = Field(description="When it would be due; RFC 3339", examples=["2026-11-21T14:30:00.000+08:00"])
    text: str = Field(description="What it would publish; random parts may come out otherwise", examples=["Our #sale"])


class WouldCreate(BaseModel):
    """What a dry run would have created."""

    count: int = Field(description="How many tasks", examples=[2])
    tasks: list[PlannedTask] = Field(description="The first 1,000 of them, in the order of the request")


class CreatedTasks(BaseModel):
    """What was created."""

    task_ids: list[int] = Field(description="Ids, in the order of the request", examples=[[101, 102]])
    created_count: int = Field(description="How many tasks were created", examples=[2])
    scheduled_at: str | None = Field(
        description="When they start, RFC 3339; null: as soon as they can", examples=["2026-11-21T14:30:00.000+08:00"]
    )
    warnings: list[str] = Field(
        description="What the caller should know, in sentences",
        examples=[["the task waits: device device_serial_2 has never been seen"]],
    )
    issues: list[IssueView] = Field(description="The same, for programs: what it is about, and how bad it is")
    batch_id: str | None = Field(
        description="Shared by the tasks of this request; null when nothing was created",
        examples=["1b4e28ba-2fa1-4d3e-883f-0016d3cca427"],
    )
    would_create: WouldCreate | None = Field(None, description="Of a dry run: what would have been created")


class PatchTask(BaseModel):
    """What is to change of a task that has not begun. Fields that are left out stay."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        json_schema_extra={"examples": [{"start_at": "2099-01-01T14:30:00+00:00"}, {"serial": "device_serial_2"}]},
    )

    script_config: dict[str, Any] | None = Field(None, description="Replaces the whole of the script's settings")
    serial: str | None = Field(None, description="Another device; for a task of an account send username null, too")
    username: str | None = Field(None, description="Another account, on its own device; null: whichever is signed in")
    start_time: str | None = Field(None, description='Time of day "HH:MM"; null: as soon as it can')
    start_at: str | None = Field(None, description="RFC 3339 with offset, instead of start_time; null: as it can")
    late_after_min: float | None = Field(None, description="As in a creation; null: the setting")
    late_policy: Literal["hold", "run", "fail"] | None = Field(None, description="As in a creation; null: the setting")
    strict: bool = Field(False, description="Refuse the change when the task would fail as things are now")
    allow_repeat: bool = Field(False, description="Let it publish again what was published for the same target")
    dry_run: bool = Field(False, description="Answer everything and change nothing")


class DeleteTasks(BaseModel):
    """A request to delete tasks."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"task_ids": [101, 102]}]})

    task_ids: list[int] = Field(
        min_length=1, max_length=MOST_TARGETS, description="Ids; unknown ones are told of and are no error"
    )


class RetryTask(BaseModel):
    """How to retry a task."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"force": True}]})

    force: bool = Field(False, description="Post again although nobody knows whether the former post went out")
    allow_repeat: bool = Field(
        False, description="Post again although the same was posted, or waits, with another task"
    )


class StartTask(BaseModel):
    """How to start a task."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"allow_repeat": True}]})

    allow_repeat: bool = Field(False, description="Post although the same was posted, or waits, with another task")


class RetryTasks(BaseModel):
    """Which failed tasks to retry; without a body all that failed by themselves."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"batch_id": "1b4e28ba-2fa1-4d3e-883f-0016d3cca427", "dry_run": True}]},
    )

    task_ids: list[int] | None = Field(
        None, min_length=1, max_length=MOST_TARGETS, description="Only these; one that has not failed is told of"
    )
    batch_id: str | None = Field(None, max_length=255, description="Only tasks of this request")
    error_codes: list[str] | None = Field(
        None, min_length=1, max_length=100, description="Only tasks that failed with one of these"
    )
    ended_since: str | None = Field(None, description="Only tasks that ended at or after this time; RFC 3339")
    include_stopped: bool = Field(False, description="Take tasks that a person stopped, too")
    dry_run: bool = Field(False, description="Say what would be retried, and change nothing")

    def wish(self) -> RetryWish:
        """Return what is asked for.

        Raises:
            InvalidParametersError: `ended_since` is no time.
        """
        try:
            since_ms = None if self.ended_since is None else parse_instant(self.ended_since)
        except ValueError as error:
            raise InvalidParametersError.one("ended_since", str(error)) from error
        return RetryWish(
            task_ids=self.task_ids,
            batch_id=self.batch_id,
            error_codes=self.error_codes,
            ended_since_ms=since_ms,
            include_stopped=self.include_stopped,
        )


class ResolveTask(BaseModel):
    """What a person saw on the profile."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"published": True}, {"published": False}]})

    published: bool = Field(description="true: the post is on the profile; false: it is not")


class DeletedTask(BaseModel):
    """A task that was deleted."""

    task_id: int = Field(description="Its id", examples=[101])
    deleted: bool = Field(description="True", examples=[True])


class DeletedTasks(BaseModel):
    """Tasks that were deleted."""

    deleted_count: int = Field(description="How many were deleted", examples=[2])
    deleted_ids: list[int] = Field(description="Those that were deleted", examples=[[101, 102]])
    not_found_ids: list[int] = Field(description="Those that were not there", examples=[[103]])


class SkippedTask(BaseModel):
    """A task that was not retried."""

    task_id: int = Field(description="Its id", examples=[104])
    reason: str = Field(description="Why it was not, in a sentence", examples=[REASONS[PassedOver.STOPPED]])
    code: str = Field(
        description="The same in a word: stopped, outcome_unknown, retry_limit, not_failed or not_found",
        examples=["stopped"],
    )


class RetriedTasks(BaseModel):
    """Failed tasks that wait again."""

    retried_count: int = Field(description="How many wait again", examples=[2])
    task_ids: list[int] = Field(description="Those that wait again", examples=[[101, 102]])
    skipped_count: int = Field(description="How many were passed over", examples=[1])
    skipped: list[SkippedTask] = Field(description="Those that did not fail by themselves, or cannot be retried safely")


class TaskPage(BaseModel):
    """One page of the list."""

    total: int = Field(description="How many tasks the whole list has", examples=[1])
    page: int = Field(description="Number of this page, from 1", examples=[1])
    page_size: int = Field(description="Tasks on a page", examples=[20])
    tasks: list[TaskView] = Field(description="The tasks, newest id first unless sort says otherwise")


class TaskStats(BaseModel):
    """How many tasks there are in each state."""

    total: int = Field(description="All of them", examples=[120])
    pending: int = Field(description="Status 0", examples=[10])
    running: int = Field(description="Status 1", examples=[3])
    completed: int = Field(description="Status 2", examples=[100])
    failed: int = Field(description="Status 3", examples=[7])


class PatchedTask(TaskView):
    """A task that was changed, or would be."""

    warnings: list[str] = Field(description="What the caller should know, in sentences", examples=[[]])
    issues: list[IssueView] = Field(description="The same, for programs")
