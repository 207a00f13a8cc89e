"""The tasks of one request, made from its targets. The same again for the same targets, as often as it is asked."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence

from fleetlane.core.errors import BodyTooLargeError
from fleetlane.core.task import LatePolicy, NewTask
from fleetlane.work.tasks.request import TaskRequest
from fleetlane.work.tasks.targets import Target

_SEED_BITS = 62
_MINUTE_MS = 60_000
_LARGEST_BATCH_BYTES = 64 * 1024 * 1024


class Batch:
    """Makes the tasks of one request.

    Args:
        request: what is asked for.
        now_ms: when.
        scheduled_ms: when they start; None: as soon as they can.
        late: how much later than that each may begin, in milliseconds, and what becomes of it then.
    """

    def __init__(
        self, request: TaskRequest, now_ms: int, scheduled_ms: int | None, late: tuple[int, LatePolicy]
    ) -> None:
        self.id = str(uuid.uuid4())
        self._request = request
        self._now_ms = now_ms
        self._scheduled_ms = scheduled_ms
        self._late = late
        self._config = json.dumps(dict(request.script_config), ensure_ascii=False)
        self._seed = random.SystemRandom().getrandbits(_SEED_BITS)

    def tasks(self, targets: Sequence[Target]) -> list[NewTask]:
        """Return the tasks for some targets, in order.

        Raises:
            BodyTooLargeError: the settings, which are kept with each task, would take too much room.
        """
        whole_bytes = len(self._config.encode("utf-8", "replace")) * len(targets)
        if whole_bytes > _LARGEST_BATCH_BYTES:
            raise BodyTooLargeError(
                f"The settings are kept with each of the {len(targets)} tasks, which takes {whole_bytes >> 20} MiB; at "
                f"most {_LARGEST_BATCH_BYTES >> 20} MiB can be kept of a request. Send fewer targets or captions."
            )
        draw = random.Random(self._seed)
        due_ms = self._now_ms if self._scheduled_ms is None else self._scheduled_ms
        spaced = self._request.min_interval is not None or self._request.max_interval is not None
        tasks: list[NewTask] = []
        for position, target in enumerate(targets):
            if position and spaced:
                due_ms += self._interval_ms(draw)
            scheduled = spaced or self._scheduled_ms is not None
            tasks.append(self._task(position, target, due_ms, draw.getrandbits(_SEED_BITS), scheduled=scheduled))
        return tasks

    def _interval_ms(self, draw: random.Random) -> int:
        least = self._request.min_interval or 0
        most = least if self._request.max_interval is None else self._request.max_interval
        return round(draw.uniform(least, most) * _MINUTE_MS)

    def _task(self, position: int, target: Target, due_ms: int, seed: int, *, scheduled: bool) -> NewTask:
        late_after_ms, late_policy = self._late
        return NewTask(
            batch_id=self.id,
            position=position,
            script_name=self._request.script_name,
            script_config=self._config,
            serial=target.serial,
            username=target.username,
            source=self._request.source,
            seed=seed,
            created_ms=self._now_ms,
            due_ms=due_ms,
            scheduled_ms=due_ms if scheduled else None,
            platform=target.platform,
            late_after_ms=late_after_ms if scheduled else None,
            late_policy=late_policy if scheduled else None,
            repeat_allowed_ms=self._now_ms if self._request.allow_repeat else None,
        )
