"""A scheduler and what stands around it, as `bootstrap.execution` builds them, without phones' threads."""

from __future__ import annotations

from fleetlane.work.running.attempt_ends import AttemptEnds
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.scheduler import Scheduler
from support.fakes import FakeExecutor


class Scheduling:
    """Lanes, ends, an executor that a test ends, and the scheduler.

    Args:
        store: where the tasks are.
        devices: which of them can take a task.
        clock: the time.
        lanes: those that others know already.
        executor: makes the executor, given what takes its ends.
        of_ends: more for `AttemptEnds`.
        canary: the canary.
        given: more for `Scheduler`.
    """

    def __init__(
        self, store, devices, clock, lanes=None, *, executor=FakeExecutor, of_ends=None, canary=None, **given
    ) -> None:
        self.lanes = Lanes() if lanes is None else lanes
        self.ends = AttemptEnds(store, devices, clock, self.lanes, canary=canary, **(of_ends or {}))
        self.executor = executor(self.ends.ended)
        self.scheduler = Scheduler(
            store, devices, clock, self.lanes, self.executor, ends=self.ends, canary=canary, **given
        )
