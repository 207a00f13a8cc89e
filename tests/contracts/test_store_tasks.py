"""What `core.ports.tasks.Tasks` says of adding, listing and counting, held by every store."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from contracts.stores import new
from fleetlane.core.device import Device, DeviceState, why_not_ready
from fleetlane.core.lanes import Head
from fleetlane.core.lateness import says_how_late
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.remark import Remark
from fleetlane.core.retrying import RetryWish
from fleetlane.core.task import LatePolicy, NeedsPerson, Source, Status, note_of

DONE = succeeded("Published.", PublishState.PUBLISHED, {"app": "x"})
BOUNDS = [100, 200, 300, 1000]


def ids(found):
    return [task.id for task in found]


def ended(repositories, task_id, outcome=DONE, at_ms=100, serial="a"):
    task = repositories.tasks.claim(task_id, serial, at_ms)
    assert repositories.tasks.finish(task_id, task.attempt, outcome, at_ms)


def test_ids_come_in_order_and_are_never_used_again(run):
    assert list(run(lambda r: r.tasks.add([new(), new()]))) == [1, 2]
    assert list(run(lambda r: r.tasks.add([new()] * 3))) == [3, 4, 5]
    assert list(run(lambda r: r.tasks.add([]))) == []
    run(lambda r: r.tasks.delete([4, 5]))
    assert list(run(lambda r: r.tasks.add([new()]))) == [6]


def test_what_never_ended_is_first_of_what_ended_first_and_last_of_what_ended_last(run):
    run(lambda r: (r.tasks.add([new(), new(), new()]), ended(r, 2, at_ms=100), ended(r, 3, at_ms=200)))
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 0, 9, TaskOrder.ENDED_FIRST))) == [1, 2, 3]
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 0, 9, TaskOrder.ENDED_LAST))) == [3, 2, 1]


def test_counters_are_read_as_the_unit_of_work_has_moved_them_and_kept_when_it_ends(run):
    def twice(r):
        seen = []
        for serial in ("a", "b"):
            r.tasks.add([new(serial), new(serial)])
            seen.append((r.tasks.counts().pending, r.tasks.waiting(), r.tasks.count(TaskFilter(serial="a"))))
        ended(r, 1)
        return [*seen, r.tasks.counts().completed, sorted(r.tasks.heads(None))]

    assert run(twice) == [(2, {"a": 2}, 2), (4, {"a": 2, "b": 2}, 2), 1, ["a", "b"]]
    assert run(lambda r: (r.tasks.counts().pending, r.tasks.waiting())) == (3, {"a": 1, "b": 2})


def test_a_task_comes_back_as_it_was_stored(run):
    whole = new(
        None, 2**40, username="@Shop", scheduled_ms=99, platform="tiktok", late_after_ms=7, position=3, seed=2**53 + 1
    )
    whole = replace(whole, late_policy=LatePolicy.HOLD, content_key="k", repeat_allowed_ms=4, source=Source.UI)
    run(lambda r: r.tasks.add([whole]))
    task = run(lambda r: r.tasks.get(1))
    for field in (
        "batch_id",
        "position",
        "script_name",
        "serial",
        "username",
        "source",
        "seed",
        "created_ms",
        "due_ms",
    ):
        assert getattr(task, field) == getattr(whole, field), field
    for field in ("scheduled_ms", "platform", "late_after_ms", "late_policy", "content_key", "repeat_allowed_ms"):
        assert getattr(task, field) == getattr(whole, field), field
    assert (task.script_config, task.late_at_ms) == ({"captions": "看"}, 106)
    assert (task.status, task.attempt, task.retry_count, task.result) == (Status.PENDING, 0, 0, {})
    assert (task.needs_person, task.held_ms, task.outcome, task.error_code) == (None, None, None, None)
    assert run(lambda r: r.tasks.get(2)) is None


def test_a_remark_keeps_its_templates_and_is_found_by_its_text(run):
    run(lambda r: r.tasks.add([new(), new()]))
    outcome = says_how_late(failed("app_crashed", "Said the app."), 3 * 60_000)
    run(lambda r: ended(r, 1, outcome))
    task = run(lambda r: r.tasks.get(1))
    assert task.remark == outcome.remark
    assert str(task.remark) == "The app crashed. Said the app. It was 3 min late."
    assert ids(run(lambda r: r.tasks.find(TaskFilter(text="it was 3 min"), 0, 9))) == [1]
    assert run(lambda r: r.tasks.find(TaskFilter(text="%(minutes)s"), 0, 9)) == []
    run(lambda r: r.tasks.retry(1, 400, force=False))
    assert run(lambda r: r.tasks.get(1)).remark == Remark()
    assert run(lambda r: r.tasks.put_back(task, Status.PENDING)).remark == outcome.remark


def test_why_a_task_needs_a_person_keeps_its_templates(run):
    run(lambda r: r.tasks.add([new()]))
    reason = Remark.of(why_not_ready("a", Device("a", DeviceState.ABSENT, 0)))
    run(lambda r: r.tasks.flag([1], NeedsPerson.OTHER_PHONE, note_of(reason)))
    assert run(lambda r: r.tasks.get(1)).need == reason


def test_many_tasks_at_once_are_stored_as_if_they_came_one_by_one(run):
    wanted = [new(f"s{n % 150}" if n % 7 else None, n, username=f"@Ünï{n}" if n % 3 else None) for n in range(500)]
    assert list(run(lambda r: r.tasks.add(wanted))) == list(range(1, 501))
    assert list(run(lambda r: [r.tasks.add([task])[0] for task in wanted])) == list(range(501, 1001))
    found = run(lambda r: r.tasks.find(TaskFilter(), 0, 2000, TaskOrder.OLDEST))
    assert [replace(task, id=0) for task in found[:500]] == [replace(task, id=0) for task in found[500:]]
    counted = {n % 150: sum(one % 7 > 0 and one % 150 == n % 150 for one in range(500)) for n in range(500)}
    assert run(lambda r: r.tasks.waiting()) == {f"s{lane}": 2 * n for lane, n in counted.items()}


def test_the_head_of_a_lane_is_the_earliest_due_and_then_the_lowest_id(run):
    run(lambda r: r.tasks.add([new("a", 20), new("a", 10), new("b", 10), new("a", 10), new(None, 1)]))
    assert run(lambda r: r.tasks.heads(None)) == {"a": Head(10, 2), "b": Head(10, 3)}
    run(lambda r: r.tasks.claim(2, "a", 100))
    assert run(lambda r: r.tasks.heads(["a", "c"])) == {"a": Head(10, 4)}
    run(lambda r: r.tasks.hold(4, 100, 90, {}))
    assert run(lambda r: r.tasks.heads(["a"])) == {"a": Head(20, 1)}, "what is held is not next"
    assert run(lambda r: r.tasks.heads([])) == {}


def test_counters_agree_with_the_rows_after_every_kind_of_change(run):
    tasks = [new(s, script_name=n, source=o) for s, n, o in itertools.product("ab", ("post", "other"), Source)]
    run(lambda r: r.tasks.add([*tasks, new(None, username="x")]))
    run(lambda r: (r.tasks.claim(1, "a", 100), r.tasks.finish(1, 1, DONE, 2)))
    run(lambda r: (r.tasks.claim(2, "a", 100), r.tasks.finish(2, 1, failed("app_crashed"), 2)))
    run(lambda r: (r.tasks.claim(3, "a", 100), r.tasks.requeue(3, 1, Remark.of("again"), 2)))
    counts = run(lambda r: r.tasks.counts())
    assert (counts.pending, counts.running, counts.completed, counts.failed, counts.total) == (7, 0, 1, 1, 9)
    assert run(lambda r: r.tasks.waiting()) == {"a": 2, "b": 4}
    for change in (
        lambda r: r.tasks.bind("x", "tiktok", "b"),
        lambda r: r.tasks.move("b", "zz"),
        lambda r: r.tasks.retry(2, 5, force=False),
        lambda r: r.tasks.stop_pending(4, 5),
        lambda r: r.tasks.delete([1, 5]),
    ):
        assert run(change)
        for status, serial, name, source in itertools.product(
            (None, *Status), (None, "a", "zz"), (None, "post"), (None, *Source)
        ):
            wanted = TaskFilter(status, serial, name, source)
            counted = run(lambda r, w=wanted: r.tasks.count(w))
            assert counted == len(run(lambda r, w=wanted: r.tasks.find(w, 0, 100))), wanted


def test_lists_are_newest_first_and_paged(run):
    run(lambda r: r.tasks.add([new()] * 5))
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 1, 2))) == [4, 3]
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 9, 2))) == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (TaskOrder.NEWEST, [4, 3, 2, 1]),
        (TaskOrder.OLDEST, [1, 2, 3, 4]),
        (TaskOrder.DUE_FIRST, [4, 1, 3, 2]),
        (TaskOrder.DUE_LAST, [2, 3, 1, 4]),
    ],
)
def test_equal_ones_of_an_order_go_by_id_in_the_same_direction(run, order, expected):
    run(lambda r: r.tasks.add([new(due_ms=due) for due in (20, 30, 20, 10)]))
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 0, 9, order))) == expected


def test_lists_can_be_by_when_tasks_ended(run):
    run(lambda r: r.tasks.add([new()] * 3))
    run(lambda r: [ended(r, task_id, at_ms=at_ms) for task_id, at_ms in ((1, 300), (2, 200), (3, 300))])
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 0, 9, TaskOrder.ENDED_FIRST))) == [2, 1, 3]
    assert ids(run(lambda r: r.tasks.find(TaskFilter(), 0, 9, TaskOrder.ENDED_LAST))) == [3, 1, 2]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TaskFilter(), {1, 2, 3, 4}),
        (TaskFilter(username="SHOP"), {2}),
        (TaskFilter(batch_id="other"), {3}),
        (TaskFilter(text="看"), {1, 2, 3}),
        (TaskFilter(text="100%_"), {4}),
        (TaskFilter(text="crashed"), {1}),
        (TaskFilter(needs_person=True), {2}),
        (TaskFilter(needs_person=False), {1, 3, 4}),
        (TaskFilter(due_from_ms=20), {3, 4}),
        (TaskFilter(due_before_ms=20), {1, 2}),
        (TaskFilter(due_from_ms=20, due_before_ms=30, serial="b"), {3}),
        (TaskFilter(Status.FAILED, "a", "post", Source.API), {1}),
        (TaskFilter(serial="none"), set()),
    ],
)
def test_a_filter_takes_what_it_says_and_counts_the_same(run, wanted, expected):
    def fill(r):
        r.tasks.add([new(), new(username="@Shop"), new("b", 20, batch_id="other")])
        r.tasks.add([new("b", 30, script_config='{"captions": "at 100%_ off"}')])
        ended(r, 1, failed("app_crashed"))
        r.tasks.flag([2], NeedsPerson.WILL_FAIL, {"code": "x"})

    run(fill)
    assert set(ids(run(lambda r: r.tasks.find(wanted, 0, 9)))) == expected
    assert run(lambda r: r.tasks.count(wanted)) == len(expected)


def test_some_and_the_running_ones_come_by_id(run):
    run(lambda r: r.tasks.add([new(serial) for serial in "abc"]))
    run(lambda r: [r.tasks.claim(3, "c", 100), r.tasks.claim(1, "a", 100)])
    assert ids(run(lambda r: r.tasks.running())) == [1, 3]
    assert ids(run(lambda r: r.tasks.some([3, 1, 3, 99]))) == [1, 3]
    assert run(lambda r: r.tasks.some([])) == []


def test_each_span_has_its_first_tasks_in_order_and_how_many_there_are(run):
    run(lambda r: r.tasks.add([new(due_ms=due) for due in (99, 100, 250, 150, 199, 200, 150, 1000)]))
    one, two, none = run(lambda r: r.tasks.due(BOUNDS, 3, 50))
    assert ([task.due_ms for task in one.first], one.count) == ([100, 150, 150], 4)
    assert ids(one.first)[1:] == [4, 7]
    assert ([task.due_ms for task in two.first], two.count) == ([200, 250], 2)
    assert (list(none.first), none.count) == ([], 0)


def test_the_count_of_a_span_goes_up_to_its_bound_only(run):
    run(lambda r: r.tasks.add([new(due_ms=150)] * 30))
    assert [span.count for span in run(lambda r: r.tasks.due(BOUNDS, 2, 10))] == [10, 0, 0]


def test_what_is_due_before_an_instant_is_read_place_by_place(run):
    run(lambda r: r.tasks.add([new(due_ms=due) for due in (30, 10, 10, 40, 20)]))
    run(lambda r: (r.tasks.hold(5, 100, 80, {}), r.tasks.claim(1, "a", 100)))
    assert ids(run(lambda r: r.tasks.due_before(40, None, 9))) == [2, 3], "not what is held, nor what runs"
    assert ids(run(lambda r: r.tasks.due_before(41, Head(10, 2), 1))) == [3]
    assert ids(run(lambda r: r.tasks.due_before(41, Head(10, 3), 9))) == [4]


def test_failed_ones_are_named_in_order_by_what_a_wish_says(run):
    def fill(r):
        r.tasks.add([new(batch_id=batch) for batch in ("x", "x", "y", "y")])
        for task_id, outcome in ((3, failed("app_crashed")), (1, failed("stopped")), (2, failed("outcome_unknown"))):
            ended(r, task_id, outcome, at_ms=task_id * 100)

    run(fill)
    for wish, expected in (
        (RetryWish(), [1, 2, 3]),
        (RetryWish(task_ids=[3, 4, 1, 99]), [1, 3]),
        (RetryWish(task_ids=[]), []),
        (RetryWish(batch_id="x"), [1, 2]),
        (RetryWish(error_codes=["app_crashed", "stopped"]), [1, 3]),
        (RetryWish(ended_since_ms=200), [2, 3]),
        (RetryWish(ended_since_ms=200, ended_until_ms=200), [2]),
    ):
        assert run(lambda r, wish=wish: r.tasks.failed_ids(wish)) == expected, wish
