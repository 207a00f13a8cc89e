"""What a worker that is no more left running runs again, or is looked for; never lost and never posted twice."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from fleetlane.core.outcome import failed
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.account_binding import to_their_devices
from fleetlane.work.running.completion import RetryPolicy, complete_attempt

log = structlog.get_logger(__name__)


async def recover(
    store: Store,
    clock: Clock,
    taken: Collection[str] = (),
    repeats: RepeatWindow | None = None,
    *,
    owner: str | None = None,
) -> int:
    """Settle every task that is marked as running and that nobody runs, as its journal says. Returns how many.

    Those are the tasks on devices that no worker has a lease of.

    Args:
        store: where they are.
        clock: the time.
        taken: devices that a worker has, with what was left running there.
        repeats: for how long a post is not to be repeated.
        owner: that worker. What somebody else has by now is his.
    """
    window = repeats or RepeatWindow()

    def settle(repositories: Repositories) -> list[tuple[Task, Task | None]]:
        settled: list[tuple[Task, Task | None]] = []
        holders = repositories.leases.holders().items()
        held = {serial for serial, holder in holders if serial not in taken or holder != owner}
        for task in repositories.tasks.running():
            if task.serial in held:
                continue
            ended = Ended(task, failed("server_interrupted", result=task.result), Ending.LOST)
            now_ms = clock.now_ms()
            seen_ms = repositories.attempts.last_sign_ms(task.id, task.attempt)
            if complete_attempt(repositories, ended, RetryPolicy(), now_ms) and seen_ms is not None:
                # While no server lived nothing worked: that time must count for what is late.
                repositories.attempts.ended_at(task.id, task.attempt, min(seen_ms, now_ms))
            to_their_devices(repositories, [task.id], now_ms, window)
            settled.append((task, repositories.tasks.get(task.id)))
        return settled

    settled = await store.write(settle)
    for task, after in settled:
        assert after is not None
        log.info(
            "task_recovered",
            task_id=task.id,
            device=task.serial,
            status=after.status.text,
            in_doubt=after.in_doubt,
            error_code=after.error_code,
        )
    return len(settled)
