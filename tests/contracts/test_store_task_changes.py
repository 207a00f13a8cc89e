"""What `core.ports.tasks.Tasks` says of each change of a task's state, held by every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.stores import new
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.tasks import Pending
from fleetlane.core.presses import Press
from fleetlane.core.remark import Remark
from fleetlane.core.task import NeedsPerson, Status

DONE = succeeded("Published.", PublishState.PUBLISHED, {"app": "x"})
UNKNOWN = failed("outcome_unknown")


@pytest.fixture
def task(run):
    """Reads a task anew."""
    return lambda task_id=1: run(lambda r: r.tasks.get(task_id))


def running(repositories, task_id=1, serial="a", now_ms=100):
    claimed = repositories.tasks.claim(task_id, serial, now_ms)
    assert claimed is not None
    return claimed


def failed_with(repositories, outcome=None, task_id=1):
    claimed = running(repositories, task_id)
    assert repositories.tasks.finish(task_id, claimed.attempt, outcome or failed("app_crashed"), 150)


def in_doubt(repositories, due_ms=FIRST_MS):
    running(repositories)
    assert repositories.tasks.look_later(1, 1, replace(UNKNOWN, result={"account": "x"}), due_ms, 110)


def test_a_task_is_claimed_once(run, task):
    run(lambda r: r.tasks.add([new()]))
    claimed = run(running)
    assert (claimed.status, claimed.attempt, claimed.started_ms) == (Status.RUNNING, 1, 100)
    assert claimed == task()
    assert run(lambda r: r.tasks.claim(1, "a", 100)) is None
    assert run(lambda r: r.attempts.get(1, 1)).phase is Phase.NONE


def test_a_task_is_claimed_only_in_its_lane_and_when_it_is_due(run):
    run(lambda r: r.tasks.add([new(None, username="x"), new("b"), new("a", 200), new()]))
    run(lambda r: r.tasks.hold(4, 50, 1, {}))
    assert run(lambda r: [r.tasks.claim(i, "a", 100) for i in (1, 2, 3, 4, 99)]) == [None] * 5


def test_a_lane_runs_one_task_at_a_time_whoever_claims(run):
    run(lambda r: r.tasks.add([new(), new(), new("b")]))
    first, second, elsewhere = run(
        lambda r: [r.tasks.claim(n, serial, 100) for n, serial in ((1, "a"), (2, "a"), (3, "b"))]
    )
    assert (first.id, second, elsewhere.id) == (1, None, 3)
    assert run(lambda r: (r.tasks.finish(1, 1, DONE, 101), r.tasks.claim(2, "a", 102).attempt)) == (True, 1)


def test_a_task_that_may_be_late_is_not_claimed_before_that_was_judged(run, task):
    run(lambda r: r.tasks.add([new(due_ms=10, scheduled_ms=10, late_after_ms=50)]))
    assert run(lambda r: r.tasks.claim(1, "a", 61)) is None
    run(lambda r: r.tasks.put_off(1, None, 51))
    assert run(lambda r: r.tasks.claim(1, "a", 70)).late_ms == 60, "it is that late when it begins"
    assert task().status is Status.RUNNING


def test_only_the_attempt_that_runs_may_end_the_task(run, task):
    run(lambda r: r.tasks.add([new()]))
    run(running)
    assert run(lambda r: r.tasks.requeue(1, 1, Remark.of("again"), 110))
    assert (task().status, str(task().remark), task().due_ms, task().started_ms) == (Status.PENDING, "again", 10, None)
    run(lambda r: running(r, now_ms=120))
    before = task()
    refused = (
        lambda r: r.tasks.finish(1, 1, DONE, 130),
        lambda r: r.tasks.requeue(1, 1, Remark(), 130),
        lambda r: r.tasks.look_later(1, 1, UNKNOWN, FIRST_MS, 130),
    )
    for end in refused:
        assert not run(end), "the result of attempt 1"
    assert task() == before
    assert run(lambda r: r.tasks.finish(1, 2, DONE, 130))
    for end in refused:
        assert not run(end)
    assert not run(lambda r: r.tasks.finish(1, 2, failed("app_crashed"), 140))
    after = task()
    assert (after.status, after.ended_ms, after.outcome, after.result) == (
        Status.COMPLETED,
        130,
        "published",
        {"app": "x"},
    )


def test_a_failure_says_what_failed_and_whether_a_person_is_needed(run, task):
    run(lambda r: r.tasks.add([new()] * 3))
    run(lambda r: [failed_with(r, one, n) for n, one in enumerate((None, failed("security_check"), UNKNOWN), 1)])
    assert (task(1).status, task(1).error_code, task(1).outcome, task(1).needs_person) == (
        Status.FAILED,
        "app_crashed",
        "not_published",
        None,
    )
    assert (task(2).needs_person, task(3).needs_person) == (NeedsPerson.FAILED, NeedsPerson.OUTCOME_UNKNOWN)
    assert run(lambda r: (r.tasks.needing(9), r.tasks.needing(1))) == (2, 1)


def test_a_task_in_doubt_waits_with_what_is_known_and_its_next_attempt_goes_on_with_the_journal(run, task):
    run(lambda r: r.tasks.add([new()]))
    run(running)
    run(lambda r: r.attempts.set_phase(1, 1, Phase.ARMED, {"profile": 3}, 105))
    run(lambda r: r.tasks.look_later(1, 1, replace(UNKNOWN, result={"account": "x"}), 500, 110))
    assert (task().status, task().outcome, task().due_ms, task().result) == (
        Status.PENDING,
        "unknown",
        500,
        {"account": "x"},
    )
    assert task().in_doubt
    assert run(lambda r: r.tasks.looks_due(499)) == []
    assert run(lambda r: r.tasks.looks_due(500)) == ["a"]
    assert (task().due_ms, run(lambda r: r.tasks.looks_due(900))) == (FIRST_MS, [])
    assert [one.id for one in run(lambda r: r.tasks.in_doubt())] == [1]
    assert run(lambda r: running(r, now_ms=600)).attempt == 2
    attempt = run(lambda r: r.attempts.get(1, 2))
    assert (attempt.phase, attempt.facts["profile"], attempt.facts["verifies"]) == (Phase.ARMED, 3, 1)
    assert [one.id for one in run(lambda r: r.tasks.in_doubt())] == [1], "it is looked for now"
    run(lambda r: r.tasks.look_later(1, 2, UNKNOWN, FIRST_MS, 610))
    assert task().result == {"account": "x"}, "this attempt knew nothing of the post"


def test_what_is_in_doubt_ends_only_by_a_look_or_by_who_gives_it_up(run, task):
    run(lambda r: (r.tasks.add([new(), new()]), in_doubt(r)))
    before = task()
    for refused in (
        lambda r: r.tasks.stop_pending(1, 120),
        lambda r: r.tasks.miss(1, 120, 5, failed("missed_start")),
        lambda r: r.tasks.drop(1, 120, failed("repeat")),
        lambda r: r.tasks.hold(1, 120, 5, {}),
        lambda r: r.tasks.start(1, 120),
        lambda r: r.tasks.give_up(2, UNKNOWN, 120),
        lambda r: r.tasks.bind("x", "tiktok", "b") or None,
    ):
        assert run(refused) is None
    assert task() == before
    given_up = run(lambda r: r.tasks.give_up(1, UNKNOWN, 120, stopped=True))
    assert (given_up.status, given_up.outcome, given_up.stop_requested) == (Status.FAILED, "unknown", True)
    assert run(lambda r: r.tasks.give_up(1, UNKNOWN, 130)) is None


def test_a_pending_task_is_stopped_and_a_running_one_is_asked_to(run, task):
    run(lambda r: r.tasks.add([new(), new()]))
    stopped = run(lambda r: r.tasks.stop_pending(1, 50))
    assert (stopped.status, stopped.error_code, stopped.ended_ms) == (Status.FAILED, "stopped", 50)
    assert run(lambda r: (r.tasks.stop_pending(1, 60), r.tasks.request_stop(1), r.tasks.request_stop(99))) == (
        None,
        None,
        None,
    )
    run(lambda r: running(r, 2))
    assert run(lambda r: r.tasks.stop_pending(2, 60)) is None
    assert run(lambda r: r.tasks.request_stop(2)).stop_requested
    assert task(2).status is Status.RUNNING


def test_a_failed_task_is_retried_and_waits_as_one_that_never_ran(run, task):
    run(lambda r: r.tasks.add([new(), new()]))
    run(failed_with)
    assert run(lambda r: r.tasks.retry(1, 200, force=False)) == Pending(1, "a", 200, None)
    assert (task().status, task().retry_count, task().error_code, str(task().remark)) == (Status.PENDING, 1, None, "")
    assert (task().attempt, task().outcome, task().ended_ms, task().started_ms) == (1, None, None, None)
    assert run(lambda r: [r.tasks.retry(task_id, 200, force=True) for task_id in (1, 2, 99)]) == [None] * 3


def test_a_retry_keeps_a_start_that_lies_ahead(run, task):
    run(lambda r: r.tasks.add([new(due_ms=10, scheduled_ms=1000, late_after_ms=50)]))
    run(failed_with)
    assert run(lambda r: r.tasks.retry(1, 200, force=False)).due_ms == 1000
    assert task().late_at_ms == 1050


def test_what_may_be_out_is_retried_only_by_force(run, task):
    run(lambda r: r.tasks.add([new()]))
    run(lambda r: failed_with(r, UNKNOWN))
    assert run(lambda r: r.tasks.retry(1, 200, force=False)) is None
    assert run(lambda r: r.tasks.try_again(1, 200, Remark())) is None
    assert run(lambda r: r.tasks.retry(1, 200, force=True)).due_ms == 200
    assert task().outcome is None


def test_a_task_that_tries_again_by_itself_is_due_later_and_can_be_late(run, task):
    run(lambda r: r.tasks.add([new(due_ms=10, scheduled_ms=10, late_after_ms=500)]))
    run(failed_with)
    assert run(lambda r: r.tasks.try_again(1, 900, Remark.of("again"))) == Pending(1, "a", 900, None)
    assert (str(task().remark), task().late_at_ms, task().retry_count) == ("again", 1400, 1)


@pytest.mark.parametrize("change", ["stop", "retry"])
def test_a_change_is_taken_back_unless_something_happened_since(run, task, change):
    def changed(r):
        if change == "stop":
            r.tasks.stop_pending(1, 50)
            return Status.FAILED
        r.tasks.retry(1, 200, force=False)
        return Status.PENDING

    run(lambda r: r.tasks.add([new()]))
    if change == "retry":
        run(failed_with)
    before = task()
    now = run(changed)
    assert run(lambda r: r.tasks.put_back(before, now)) == before == task()
    assert run(lambda r: r.tasks.put_back(before, now)) is None
    now = run(changed)
    run(lambda r: r.tasks.retry(1, 300, force=False) if now is Status.FAILED else running(r, now_ms=300))
    after = task()
    assert run(lambda r: r.tasks.put_back(before, now)) is None
    assert task() == after


@pytest.mark.parametrize(("outcome", "status"), [(DONE, Status.COMPLETED), (failed("not_published"), Status.FAILED)])
def test_what_nobody_knows_a_person_can_say_once(run, task, outcome, status):
    run(lambda r: r.tasks.add([new(), new()]))
    run(lambda r: (failed_with(r, UNKNOWN), failed_with(r, task_id=2)))
    assert run(lambda r: (r.tasks.resolve(1, outcome, 200), r.tasks.resolve(1, outcome, 210))) == (True, False)
    assert (task().status, task().outcome, task().needs_person) == (status, outcome.publish_state.value, None)
    assert run(lambda r: r.attempts.get(1, 1)).facts["person_says"] == outcome.publish_state.value
    assert not run(lambda r: r.tasks.resolve(2, outcome, 200)), "its outcome is known"


def test_all_that_could_have_run_is_doubted(run, task):
    run(lambda r: r.tasks.add([new(), new("b"), new("c", 500), new("d"), new("e")]))
    run(lambda r: (running(r), failed_with_in(r, 4, "d"), done_in(r, 5, "e")))
    assert run(lambda r: r.tasks.doubt(UNKNOWN, 300)) == 3
    assert [(task(n).status, task(n).outcome) for n in range(1, 6)] == [
        (Status.FAILED, "unknown"),
        (Status.FAILED, "unknown"),
        (Status.PENDING, None),
        (Status.FAILED, "unknown"),
        (Status.COMPLETED, "published"),
    ]


def failed_with_in(repositories, task_id, serial):
    running(repositories, task_id, serial)
    repositories.tasks.finish(task_id, 1, failed("app_crashed"), 150)


def done_in(repositories, task_id, serial):
    running(repositories, task_id, serial)
    repositories.tasks.finish(task_id, 1, DONE, 150)


PRESS = Press(1, 3, "b", "b", Phase.ARMED, {"caption": "看"})


def test_a_press_that_the_store_knows_nothing_of_is_looked_for_on_the_phone_of_then(run, task):
    run(lambda r: r.tasks.add([new("a", 500)]))
    assert run(lambda r: r.tasks.recall(PRESS, Remark.of("looked for"), 110))
    now = task()
    assert (now.status, now.in_doubt, now.serial, now.due_ms) == (Status.PENDING, True, "b", FIRST_MS)
    assert (str(now.remark), run(lambda r: r.tasks.waiting())) == ("looked for", {"b": 1})
    [attempt] = run(lambda r: r.attempts.attempts(1))
    assert (attempt.number, attempt.phase, attempt.facts["caption"], attempt.ended_ms) == (3, Phase.ARMED, "看", 110)
    assert attempt.reached == {Phase.ARMED: 110}
    looking = run(lambda r: r.tasks.claim(1, "b", 120))
    assert (looking.attempt, run(lambda r: r.attempts.get(1, 4)).phase) == (4, Phase.ARMED)


def test_what_the_store_knows_of_the_attempt_is_kept_beside_what_is_remembered(run):
    def prepared(r):
        r.tasks.add([new()])
        running(r)
        r.attempts.set_phase(1, 1, Phase.PREPARED, {"before": 5}, 105)
        r.tasks.requeue(1, 1, Remark(), 110)

    run(prepared)
    assert run(lambda r: r.tasks.recall(replace(PRESS, attempt=1, serial="a"), Remark(), 120))
    [attempt] = run(lambda r: r.attempts.attempts(1))
    assert (attempt.phase, attempt.facts["before"], attempt.facts["caption"]) == (Phase.ARMED, 5, "看")
    assert attempt.reached == {Phase.PREPARED: 105, Phase.ARMED: 120}


def test_the_journal_of_what_runs_is_moved_on_also_when_it_is_to_stop(run, task):
    run(lambda r: r.tasks.add([new()]))
    run(lambda r: (running(r), r.tasks.request_stop(1)))
    assert run(lambda r: r.tasks.recall(replace(PRESS, attempt=1, serial="a"), Remark(), 120))
    [attempt] = run(lambda r: r.attempts.attempts(1))
    assert (attempt.phase, attempt.ended_ms, task().status) == (Phase.ARMED, None, Status.RUNNING)


def test_only_what_waits_or_runs_is_recalled(run, task):
    run(lambda r: r.tasks.add([new()]))
    run(running)
    presses = (PRESS, replace(PRESS, task_id=9))
    assert [run(lambda r, press=press: r.tasks.recall(press, Remark(), 110)) for press in presses] == [False, False]
    assert task().status is Status.RUNNING


def test_what_runs_is_not_deleted_and_what_is_leaves_nothing(run, task):
    run(lambda r: r.tasks.add([new(), new("b"), new("b", username="x")]))
    run(lambda r: (running(r), done_in(r, 2, "b")))
    assert run(lambda r: r.tasks.delete([1, 2, 3, 99])) == [Pending(2, "b", 10, None), Pending(3, "b", 10, "x")]
    assert (task(1).status, task(2), task(3)) == (Status.RUNNING, None, None)
    assert run(lambda r: r.attempts.attempts(2)) == []
    assert run(lambda r: r.tasks.delete([])) == []
