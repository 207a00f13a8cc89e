"""What `core.ports.attempts.Attempts` says of journals and steps, held by every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.stores import new
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.attempts import Step
from fleetlane.core.remark import Remark

DONE = succeeded("Published.", PublishState.PUBLISHED, {})
STEP = Step(1, 1, 1, "open the app", "", "tiktok home_feed", 5, 6, ok=True)


@pytest.fixture
def move(run):
    """Moves the journal of task 1's first attempt."""

    def moved(phase, now_ms=101, **facts):
        return run(lambda r: r.attempts.set_phase(1, 1, phase, facts, now_ms))

    return moved


@pytest.fixture(autouse=True)
def _running(run):
    run(lambda r: (r.tasks.add([new(), new("b")]), r.tasks.claim(1, "a", 100)))


def attempt(run, number=1):
    return run(lambda r: r.attempts.get(1, number))


def test_a_new_attempt_has_an_empty_journal(run):
    found = attempt(run)
    assert (found.task_id, found.number, found.serial, found.phase) == (1, 1, "a", Phase.NONE)
    assert (found.started_ms, found.ended_ms, found.error_code) == (100, None, None)
    assert (dict(found.facts), dict(found.reached)) == ({}, {})
    assert run(lambda r: (r.attempts.get(1, 2), r.attempts.get(9, 1))) == (None, None)


def test_the_journal_only_moves_forward_and_ends_with_its_attempt(run, move):
    assert move(Phase.PREPARED, caption="看")
    assert move(Phase.ARMED, 102)
    assert not move(Phase.PREPARED, caption="other")
    assert not move(Phase.ARMED)
    assert move(Phase.TAPPED, 103)
    found = attempt(run)
    assert (found.phase, found.facts["caption"]) == (Phase.TAPPED, "看")
    assert found.reached == {Phase.PREPARED: 101, Phase.ARMED: 102, Phase.TAPPED: 103}
    run(lambda r: r.tasks.finish(1, 1, DONE, 130))
    assert not move(Phase.PUBLISHED)
    assert (attempt(run).phase, attempt(run).ended_ms) == (Phase.TAPPED, 130)


def test_a_task_that_is_to_stop_is_not_armed_and_all_else_is_noted(run, move):
    run(lambda r: r.tasks.request_stop(1))
    assert move(Phase.PREPARED)
    assert not move(Phase.ARMED)
    assert move(Phase.NOT_PUBLISHED)


def test_what_a_journal_knows_grows_until_its_attempt_ends(run, move):
    move(Phase.PREPARED, caption="x")
    assert run(lambda r: r.attempts.note(1, 1, {"profile": 3, "caption": "y"}, 102))
    assert (attempt(run).phase, dict(attempt(run).facts)) == (Phase.PREPARED, {"caption": "y", "profile": 3})
    run(lambda r: r.tasks.finish(1, 1, failed("app_crashed"), 130))
    assert not run(lambda r: r.attempts.note(1, 1, {"profile": 4}, 140))
    assert not run(lambda r: r.attempts.note(1, 2, {}, 140))
    assert (attempt(run).facts["profile"], attempt(run).error_code) == (3, "app_crashed")


def test_only_a_journal_in_doubt_can_be_given_up_also_when_it_is_over(run, move):
    run(lambda r: r.attempts.give_up(1, 1, 102))
    assert attempt(run).phase is Phase.NONE
    move(Phase.ARMED)
    run(lambda r: r.tasks.finish(1, 1, failed("outcome_unknown"), 130))
    run(lambda r: (r.attempts.give_up(1, 1, 140), r.attempts.give_up(9, 1, 140)))
    assert (attempt(run).phase, attempt(run).reached[Phase.UNKNOWN]) == (Phase.UNKNOWN, 140)


def test_attempts_come_oldest_first(run):
    run(lambda r: (r.tasks.requeue(1, 1, Remark(), 110), r.tasks.claim(1, "a", 120)))
    found = run(lambda r: r.attempts.attempts(1))
    assert [(one.number, one.started_ms, one.ended_ms) for one in found] == [(1, 100, 110), (2, 120, None)]
    assert found[0].error_code == "server_interrupted"
    assert run(lambda r: r.attempts.attempts(9)) == []


def test_a_device_was_at_work_while_its_attempts_ran_each_for_so_long_at_most(run):
    run(lambda r: (r.tasks.requeue(1, 1, Remark(), 150), r.tasks.claim(1, "a", 200), r.tasks.claim(2, "b", 200)))

    def work(*asked):
        return {(span.start_ms, span.end_ms) for span in run(lambda r: r.attempts.work(*asked))}

    assert work("a", 0, 260, 1000) == {(100, 150), (200, 260)}
    assert work("a", 0, 260, 20) == {(100, 120), (200, 220)}
    assert work("a", 150, 260, 1000) == {(200, 260)}
    assert work("none", 0, 260, 1000) == set()


def test_the_last_sign_of_an_attempt_is_of_its_journal_or_of_a_step(run, move):
    assert run(lambda r: (r.attempts.last_sign_ms(1, 1), r.attempts.last_sign_ms(1, 2))) == (100, None)
    move(Phase.PREPARED, 105)
    assert run(lambda r: r.attempts.last_sign_ms(1, 1)) == 105
    run(lambda r: r.attempts.add_step(replace(STEP, started_ms=110, duration_ms=7)))
    assert run(lambda r: r.attempts.last_sign_ms(1, 1)) == 117


def test_when_an_attempt_ended_can_be_corrected(run):
    run(lambda r: (r.tasks.finish(1, 1, DONE, 130), r.attempts.ended_at(1, 1, 120)))
    assert attempt(run).ended_ms == 120


def test_steps_come_back_as_they_were_attempt_by_attempt(run):
    whole = replace(STEP, screenshot="1/1/01.jpg", tree="1/1/01.xml", detail="看", selectors=("a by id", "b\u2028c"))
    others = [replace(STEP, attempt=attempt, number=number) for attempt, number in ((2, 1), (1, 2))]
    run(lambda r: [r.attempts.add_step(step) for step in (*others, whole)])
    assert run(lambda r: r.attempts.steps(1)) == [whole, others[1], others[0]]
    assert run(lambda r: r.attempts.steps(2)) == []


def test_the_steps_of_those_that_ended_longest_ago_are_forgotten(run):
    def fill(r):
        r.tasks.add([new("c"), new("d")])
        for task_id, serial, at_ms in ((2, "b", 300), (3, "c", 200), (4, "d", 400)):
            r.tasks.claim(task_id, serial, 100)
            r.tasks.finish(task_id, 1, DONE, at_ms)
        for task_id in (1, 2, 3, 4):
            r.attempts.add_step(replace(STEP, task_id=task_id))

    run(fill)
    assert run(lambda r: r.attempts.forget_steps(400, 1)) == [3]
    assert run(lambda r: r.attempts.forget_steps(400, 9)) == [2], "one runs, and one ended later"
    assert run(lambda r: r.attempts.forget_steps(400, 9)) == []
    assert [len(run(lambda r, n=n: r.attempts.steps(n))) for n in (1, 2, 3, 4)] == [1, 0, 0, 1]
    assert run(lambda r: r.attempts.without_steps([1, 2, 3, 4, 99])) == {2, 3, 99}


def test_what_has_not_ended_may_be_traced_yet(run):
    assert run(lambda r: r.attempts.without_steps([1, 2])) == set()
