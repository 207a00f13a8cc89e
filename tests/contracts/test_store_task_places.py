"""What `core.ports.tasks.Tasks` says of where and when tasks wait, and for whom, held by every store."""

from __future__ import annotations

import pytest

from contracts.stores import new
from fleetlane.core.lanes import FIRST_MS, Head
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.tasks import Pending, Rewritten
from fleetlane.core.task import LatePolicy, NeedsPerson, Status

DONE = succeeded("Published.", PublishState.PUBLISHED, {})
UNKNOWN = failed("outcome_unknown")


@pytest.fixture
def task(run):
    """Reads a task anew."""
    return lambda task_id=1: run(lambda r: r.tasks.get(task_id))


def ids(found):
    return [task.id for task in found]


def test_the_pending_tasks_of_an_account_go_where_it_is(run, task):
    def fill(r):
        r.tasks.add([new(None, username="@Shop"), new("a", username="shop", platform="tiktok"), new("a")])
        r.tasks.add(
            [new("a", username="shop", platform="instagram"), new("b", username="shop"), new("c", username="s")]
        )
        r.tasks.claim(6, "c", 100)

    run(fill)
    assert run(lambda r: r.tasks.bind("shop", "tiktok", "b")) == [
        Pending(1, None, 10, "@Shop"),
        Pending(2, "a", 10, "shop"),
    ]
    assert [task(n).serial for n in range(1, 7)] == ["b", "b", "a", "a", "b", "c"]
    assert task(1).platform == "tiktok"
    assert run(lambda r: r.tasks.bind("shop", "tiktok", "b")) == []
    assert len(run(lambda r: r.tasks.bind("shop", "tiktok", None))) == 3


def test_the_tasks_of_a_lane_go_to_another_one(run, task):
    def fill(r):
        r.tasks.add([new(), new(), new(), new("b")])
        assert r.tasks.claim(1, "a", 100)
        assert r.tasks.finish(1, 1, DONE, 110)
        assert r.tasks.claim(2, "a", 100)
        assert r.tasks.look_later(2, 1, UNKNOWN, FIRST_MS, 120)
        assert r.tasks.claim(3, "a", 100)

    run(fill)
    assert run(lambda r: r.tasks.move("a", "c")) == [1], "one runs, one is in doubt"
    assert run(lambda r: r.tasks.move("a", "d", in_doubt=True)) == [2]
    assert [task(n).serial for n in range(1, 5)] == ["c", "d", "a", "b"]
    assert run(lambda r: r.tasks.heads(None)) == {"d": Head(FIRST_MS, 2), "b": Head(10, 4)}


def test_what_needs_nobody_yet_is_listed_once_with_its_reason(run, task):
    run(lambda r: (r.tasks.add([new(), new(), new()]), r.tasks.claim(3, "a", 100)))
    note = {"code": "device_disconnected", "message": "It is away."}
    assert run(lambda r: r.tasks.flag([1, 3, 99], NeedsPerson.WILL_FAIL, note)) == [1]
    assert run(lambda r: r.tasks.flag([1, 2], NeedsPerson.OTHER_PHONE, {"message": "Who is it?"})) == [2]
    assert (task(1).needs_person, task(1).needs_note) == (NeedsPerson.WILL_FAIL, note)
    assert run(lambda r: r.tasks.unflag([1, 2], NeedsPerson.WILL_FAIL)) == [1]
    assert run(lambda r: r.tasks.unflag([1, 2])) == [2], "dismissed, whatever it was"
    assert (task(1).needs_person, task(2).needs_person) == (None, None)
    assert run(lambda r: r.tasks.flag([2], NeedsPerson.OTHER_PHONE, {"message": "Who is it?"})) == [], "said before"
    assert run(lambda r: r.tasks.flag([2], NeedsPerson.OTHER_PHONE, {"message": "And who is that?"})) == [2]


def test_a_held_task_that_is_dismissed_stays_held(run, task):
    run(lambda r: (r.tasks.add([new()]), r.tasks.hold(1, 60, 50, {"message": "late"})))
    assert run(lambda r: r.tasks.unflag([1])) == [1]
    assert (task().needs_person, task().held_ms) == (None, 60)


def test_twins_wait_run_may_be_out_or_are(run):
    def fill(r):
        r.tasks.add([new("abcdef"[n], content_key="k", username=f"u{n}") for n in range(6)])
        r.tasks.add([new("a", content_key="other"), new("a")])
        for task_id, serial, outcome, at_ms in (
            (3, "c", DONE, 500),
            (4, "d", DONE, 100),
            (5, "e", UNKNOWN, 100),
            (6, "f", failed("app_crashed"), 500),
        ):
            r.tasks.claim(task_id, serial, 50)
            r.tasks.finish(task_id, 1, outcome, at_ms)
        r.tasks.claim(2, "b", 50)

    run(fill)
    found = run(lambda r: r.tasks.twins({"k", "none"}, 500, {f"u{n}" for n in range(6)}, set()))
    twins = {twin.task_id: twin for twin in found}
    assert twins.keys() == {1, 2, 3, 5}, "one was published before, one was not"
    assert [(n, twins[n].is_open, twins[n].is_unknown) for n in sorted(twins)] == [
        (1, True, False),
        (2, True, False),
        (3, False, False),
        (5, False, True),
    ]
    assert (twins[3].at_ms, twins[1].at_ms, twins[1].serial, twins[1].username_key) == (500, 10, "a", "u0")
    assert {2, 3} <= {twin.task_id for twin in run(lambda r: r.tasks.twins({"k"}, 0, set(), {"b", "c"}))}
    assert run(lambda r: r.tasks.twins(set(), 0, {"u0"}, {"a"})) == []


def test_what_a_task_has_really_published_is_what_repeats_are_told_by(run):
    run(lambda r: (r.tasks.add([new(content_key="planned")]), r.tasks.rekey(1, "real")))
    assert run(lambda r: r.tasks.twins({"planned"}, 0, set(), {"a"})) == []
    run(lambda r: r.tasks.allow_repeat(1, 77))
    [twin] = run(lambda r: r.tasks.twins({"real"}, 0, set(), {"a"}))
    assert (twin.content_key, twin.made_ms, twin.repeat_allowed_ms) == ("real", 5, 77)


def as_rewritten(**fields):
    whole = {
        "script_config": '{"captions": "new"}',
        "serial": "b",
        "username": "@Other",
        "platform": "tiktok",
        "due_ms": 500,
        "scheduled_ms": 500,
        "late_after_ms": 60,
        "late_policy": LatePolicy.FAIL,
        "content_key": "k",
    }
    return Rewritten(**{**whole, **fields})


def test_a_task_that_has_not_begun_is_rewritten(run, task):
    run(lambda r: (r.tasks.add([new()]), r.tasks.hold(1, 60, 50, {})))
    after = run(lambda r: r.tasks.rewrite(1, as_rewritten()))
    assert after == task()
    assert (after.script_config, after.serial, after.username, after.due_ms) == (
        {"captions": "new"},
        "b",
        "@Other",
        500,
    )
    assert (after.late_at_ms, after.held_ms, after.needs_person, after.seed) == (560, None, None, 7)
    assert run(lambda r: r.tasks.heads(None)) == {"b": Head(500, 1)}
    assert run(lambda r: r.tasks.waiting()) == {"b": 1}


def test_a_task_that_is_rewritten_with_its_start_stays_as_late_and_as_listed(run, task):
    run(lambda r: (r.tasks.add([new()]), r.tasks.hold(1, 60, 50, {})))
    run(lambda r: r.tasks.rewrite(1, as_rewritten(keeps_start=True, keeps_flag=True)))
    assert (task().held_ms, task().late_ms, task().needs_person) == (60, 50, NeedsPerson.HELD)


@pytest.mark.parametrize("state", ["running", "in doubt", "ended", "none"])
def test_what_has_begun_is_not_rewritten(run, task, state):
    def fill(r):
        if state == "none":
            return
        r.tasks.add([new()])
        r.tasks.claim(1, "a", 100)
        if state == "in doubt":
            r.tasks.look_later(1, 1, UNKNOWN, FIRST_MS, 110)
        if state == "ended":
            r.tasks.finish(1, 1, DONE, 110)

    run(fill)
    before = task()
    assert run(lambda r: r.tasks.rewrite(1, as_rewritten())) is None
    assert task() == before


def test_those_that_may_be_late_for_longest_come_first(run):
    def fill(r):
        r.tasks.add([new(scheduled_ms=10, late_after_ms=late) for late in (300, 100, 200)])
        r.tasks.add([new(), new(scheduled_ms=10, late_after_ms=50)])
        r.tasks.hold(5, 70, 60, {})

    assert run(lambda r: r.tasks.next_late_ms()) is None
    run(fill)
    assert run(lambda r: r.tasks.next_late_ms()) == 110
    assert run(lambda r: r.tasks.late(110, 9)) == []
    assert ids(run(lambda r: r.tasks.late(999, 9))) == [2, 3, 1]
    assert ids(run(lambda r: r.tasks.late(999, 2))) == [2, 3]
    run(lambda r: (r.tasks.put_off(2, 5000), r.tasks.put_off(3, None, 9)))
    assert (run(lambda r: r.tasks.next_late_ms()), run(lambda r: r.tasks.get(3)).late_ms) == (310, 9)


def test_a_late_task_is_held_once_and_begins_when_a_person_says_so(run, task):
    run(lambda r: r.tasks.add([new(due_ms=10, scheduled_ms=10, late_after_ms=50)]))
    held = run(lambda r: r.tasks.hold(1, 70, 60, {"code": "missed_start"}))
    assert (held.held_ms, held.late_ms, held.needs_person) == (70, 60, NeedsPerson.HELD)
    assert held.needs_note == {"code": "missed_start"}
    assert run(lambda r: (r.tasks.hold(1, 80, 70, {}), r.tasks.hold(99, 80, 70, {}))) == (None, None)
    started = run(lambda r: r.tasks.start(1, 90))
    assert (started.due_ms, started.held_ms, started.late_at_ms, started.needs_person) == (90, None, None, None)
    assert run(lambda r: r.tasks.claim(1, "a", 95)).late_ms == 85


def test_a_task_that_lies_ahead_is_started_now(run):
    run(lambda r: r.tasks.add([new(due_ms=500, scheduled_ms=500, late_after_ms=50)]))
    started = run(lambda r: r.tasks.start(1, 90))
    assert (started.due_ms, started.scheduled_ms, started.late_at_ms) == (90, None, None)
    run(lambda r: r.tasks.claim(1, "a", 95))
    assert run(lambda r: (r.tasks.start(1, 96), r.tasks.start(99, 96))) == (None, None)


def test_what_is_late_or_not_to_begin_ends_with_its_outcome(run, task):
    run(lambda r: (r.tasks.add([new(), new(), new()]), r.tasks.claim(3, "a", 50)))
    missed = run(lambda r: r.tasks.miss(1, 100, 90, failed("missed_start")))
    dropped = run(lambda r: r.tasks.drop(2, 100, failed("repeat")))
    assert [(one.status, one.error_code, one.ended_ms) for one in (missed, dropped)] == [
        (Status.FAILED, "missed_start", 100),
        (Status.FAILED, "repeat", 100),
    ]
    assert missed.late_ms == 90
    for task_id in (1, 2, 3, 99):
        assert run(lambda r, n=task_id: r.tasks.miss(n, 110, 90, failed("missed_start"))) is None
        assert run(lambda r, n=task_id: r.tasks.drop(n, 110, failed("repeat"))) is None
