"""Moving a waiting task to another start, as a change by a person does, without a request's checks."""

from __future__ import annotations

import json

from fleetlane.core.errors import ConflictError
from fleetlane.core.ports.tasks import Rewritten
from fleetlane.core.task import NeedsPerson


async def move(store, lanes, task_id: int, start_ms: int) -> None:
    """Give a waiting task another start."""

    def change(repositories):
        before = repositories.tasks.get(task_id)
        if before is None:
            return None
        after = Rewritten(
            json.dumps(dict(before.script_config)),
            before.serial,
            before.username,
            before.platform,
            start_ms,
            start_ms,
            before.late_after_ms,
            before.late_policy,
            before.content_key,
            keeps_flag=before.needs_person is NeedsPerson.OTHER_PHONE,
        )
        return repositories.tasks.rewrite(task_id, after)

    moved = await store.write(change)
    if moved is None:
        raise ConflictError(f"Task {task_id} cannot be moved; its post may be looked for first.")
    if moved.serial is not None:
        lanes.changed(moved.serial)
