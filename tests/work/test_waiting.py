"""What a pending task says it waits for."""

from __future__ import annotations

from datetime import UTC

import pytest

from fleetlane.core.task import Source, Status, Task
from fleetlane.work.scheduler import Scheduler
from fleetlane.work.waiting import Waiting
from support.clock import ManualClock
from support.fakes import FakeDevices


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [(0, "a licence that can be used"), (1, "its turn on device a"), (None, "its turn on device a")],
)
def test_a_task_says_when_it_is_the_licence_that_holds_it_back(limit, sentence):
    devices, clock = FakeDevices("a"), ManualClock()
    scheduler = Scheduler(None, devices, clock, lambda: limit)
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, 0)
    assert Waiting(devices, scheduler, clock, UTC).reason(task) == sentence
