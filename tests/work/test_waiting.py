"""What a pending task says it waits for."""

from __future__ import annotations

from datetime import UTC

import pytest

from fleetlane.core.device import DeviceState
from fleetlane.core.task import NewTask, Source, Status, Task
from fleetlane.work.tasks.fleet import Fleet, FleetNow
from fleetlane.work.tasks.pending_reasons import PendingReasons
from support.clock import ManualClock
from support.fakes import FakeDevices
from support.scheduling import Scheduling


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [(0, "a licence that can be used"), (1, "its turn on device a"), (None, "its turn on device a")],
)
def test_a_task_says_when_it_is_the_licence_that_holds_it_back(limit, sentence):
    devices, clock = FakeDevices("a"), ManualClock()
    made = Scheduling(None, devices, clock, limit=lambda: limit)
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, 0)
    assert [
        str(reason) for reason in PendingReasons(devices, made.lanes, made.scheduler, clock, UTC).reasons(task)
    ] == [sentence]


def test_a_task_says_when_a_person_has_its_phone():
    devices, clock = FakeDevices("a"), ManualClock()
    made = Scheduling(None, devices, clock)
    made.lanes.hold("a")
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, 0)
    sentence = "device a to be given back: a person has taken it over"
    assert [
        str(reason) for reason in PendingReasons(devices, made.lanes, made.scheduler, clock, UTC).reasons(task)
    ] == [sentence]


BUSY = FleetNow(frozenset("a"), frozenset(), frozenset(), 1)
TAKEN = FleetNow(frozenset(), frozenset("a"), frozenset(), 0)
DRAINING = FleetNow(frozenset(), frozenset(), frozenset({"rack2"}), 0)
FULL = FleetNow(frozenset(), frozenset(), frozenset(), 3)


@pytest.mark.parametrize(
    ("host", "now", "sentence"),
    [
        ("rack2", BUSY, "device a to finish its present task"),
        ("rack2", TAKEN, "device a to be given back: a person has taken it over"),
        ("rack2", DRAINING, "host rack2 to take tasks again: it was told to take no new ones"),
        (None, DRAINING, "its turn on device a"),
        (None, TAKEN, "device a to be given back: a person has taken it over"),
        ("rack2", FULL, "another device to finish: the licence limits how many may work at the same time"),
        ("rack2", None, "its turn on device a"),
    ],
)
def test_among_several_hosts_a_task_says_what_the_rows_say(host, now, sentence):
    devices, clock = FakeDevices("a"), ManualClock()
    made = Scheduling(None, devices, clock, limit=lambda: 3)
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, 0)
    waiting = PendingReasons(devices, made.lanes, made.scheduler, clock, UTC, fleet=Fleet(lambda _serial: host, "main"))
    assert [str(reason) for reason in waiting.reasons(task, now)] == [sentence]


def test_a_task_for_later_on_a_phone_that_is_away_says_both():
    devices, clock = FakeDevices(), ManualClock(1000.0)
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, 3_600_000)
    made = Scheduling(None, devices, clock)
    reasons = PendingReasons(devices, made.lanes, made.scheduler, clock, UTC).reasons(task)
    assert [str(reason) for reason in reasons] == [
        "its start at 1970-01-01T01:00:00.000+00:00",
        "device a has never been seen; connect it and allow USB debugging",
    ]


def test_warnings_name_twenty_tasks_that_wait_and_count_the_rest():
    devices, clock = FakeDevices("ready"), ManualClock()
    devices.set("gone", DeviceState.ABSENT)
    made = Scheduling(None, devices, clock)
    waiting = PendingReasons(devices, made.lanes, made.scheduler, clock, UTC)

    def warnings(*targets):
        return waiting.warnings([NewTask("b", 0, "post", "{}", s, name, Source.API, 1, 0, 0) for s, name in targets])

    assert warnings(("ready", None)) == []
    [gone, unbound] = warnings(("gone", None), ("ready", None), (None, "@shop"))
    assert gone.startswith("the task waits: device gone")
    assert unbound == "the task waits: account @shop is not bound to a device yet"
    assert len(warnings(*[(f"x{n}", None) for n in range(20)])) == 20
    many = warnings(*[(f"x{n}", None) for n in range(25)])
    assert len(many) == 21
    assert many[-1] == "and 5 more tasks wait for their device"
