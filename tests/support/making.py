"""Making, changing and looking ahead at tasks, over a real store, without phones and with time of a test's own."""

from __future__ import annotations

from datetime import UTC, time

from fleetlane.adapters.media import FileInspector
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.outcome import PublishState, succeeded
from fleetlane.work.preflight.inspection import Inspection
from fleetlane.work.preflight.outlook import Outlook
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.tasks.intake import Intake
from fleetlane.work.tasks.look_ahead import LookAhead
from fleetlane.work.tasks.patching import Patching
from fleetlane.work.tasks.pending_reasons import PendingReasons
from fleetlane.work.tasks.request import Rules, TaskRequest
from support.rig import VIDEO
from support.scheduler_harness import World


class Making(World):
    """A world in which tasks are asked for as callers do."""

    def __init__(self, path, inspector=None, window=None, *, inspect_max_s: float = 10.0, canary: bool = False) -> None:
        super().__init__(path, canary=canary)
        self.clock.jump(1_795_000_000.0)
        self.folder = path.parent
        folders = AllowedFolders((VIDEO.parent, self.folder))
        self.outlook = Outlook(Inspection(inspector or FileInspector(), folders, inspect_max_s))
        given = {"rules": Rules(UTC), "outlook": self.outlook, "window": window or RepeatWindow()}
        waiting = PendingReasons(self.devices, self.lanes, self.scheduler, self.clock, UTC)
        self.intake = Intake(self.store, self.lanes, waiting, self.clock, **given)
        self.patching = Patching(self.store, self.lanes, self.clock, **given)
        self.ahead = LookAhead(self.store, self.outlook, self.clock, UTC, time(20, 0))

    async def ask(self, *serials: str, **fields):
        """Ask for posts of the video."""
        config = {"material_list": [str(VIDEO)], "captions": "hello", **fields.pop("config", {})}
        wanted = TaskRequest(serials, fields.pop("usernames", ()), "post", config, **fields)
        return await self.intake.create(wanted)

    async def publish(self, task_id: int) -> None:
        """Let a task run that is due, and publish."""
        await self.scheduler.tick()
        await self.end(task_id, succeeded("Published.", PublishState.PUBLISHED, {}))

    def errors(self, created) -> set[str]:
        return {issue.code for issue in created.issues if issue.is_error}
