"""The publish journal as a table: what each phase means, and what an outcome becomes beside it."""

from __future__ import annotations

import itertools

import pytest

from fleetlane.core.journal import Phase, moves_forward, never_denied
from fleetlane.core.outcome import FAILURES, Outcome, PublishState, failed, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate

RESULT = {"seen": 1}
STEPS = [
    {Phase.NONE},
    {Phase.AT_RISK},
    {Phase.PREPARED},
    {Phase.ARMED},
    {Phase.TAPPED},
    {Phase.PUBLISHED, Phase.NOT_PUBLISHED, Phase.UNKNOWN},
]
PRESSED_NOTHING = [Phase.NONE, Phase.PREPARED, Phase.NOT_PUBLISHED]
MAY_BE_OUT = [Phase.ARMED, Phase.TAPPED, Phase.UNKNOWN]
CRASHED = failed("app_crashed", result=RESULT)
STOPPED = failed("stopped", result=RESULT)
UNKNOWN = failed("outcome_unknown", "It was not seen.", RESULT, unseen=True, asks="security_check")


def done(state: PublishState) -> Outcome:
    return succeeded("Done.", state, RESULT)


def test_every_phase_is_one_step_of_the_way():
    assert set().union(*STEPS) == set(Phase)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Phase, Phase)))
def test_a_journal_moves_forward_only(before, after):
    place = {phase: n for n, phases in enumerate(STEPS) for phase in phases}
    assert moves_forward(before, after) == (place[after] > place[before])


def test_what_may_run_again_what_is_in_doubt_and_what_is_decided_are_apart():
    assert {phase for phase in Phase if phase.may_repeat} == set(PRESSED_NOTHING)
    assert {phase for phase in Phase if phase.in_doubt} == {Phase.AT_RISK, Phase.ARMED, Phase.TAPPED}
    assert {phase for phase in Phase if phase.is_decided} == STEPS[-1]


def test_a_word_of_another_version_is_in_doubt_for_good():
    assert [Phase.of(word) for word in ("tapped", "wobbly", None)] == [Phase.TAPPED, Phase.UNKNOWN, Phase.UNKNOWN]


@pytest.mark.parametrize("phase", PRESSED_NOTHING)
@pytest.mark.parametrize(
    "outcome", [CRASHED, STOPPED, UNKNOWN, *map(done, PublishState)], ids=lambda outcome: outcome.error_code
)
def test_where_nothing_was_pressed_an_outcome_is_what_it_says(phase, outcome):
    assert never_denied(outcome, phase) == outcome


@pytest.mark.parametrize("outcome", [CRASHED, STOPPED, UNKNOWN])
def test_a_failure_after_a_post_that_is_out_has_not_failed(outcome):
    found = never_denied(outcome, Phase.PUBLISHED)
    assert (found.error_code, found.publish_state, found.result) == (None, PublishState.PUBLISHED, RESULT)
    assert str(found.remark) == f"{RemarkTemplate.AFTERWARDS} {outcome.remark}"


@pytest.mark.parametrize("state", PublishState)
def test_who_calls_himself_done_after_a_post_that_is_out_has_published(state):
    found = never_denied(done(state), Phase.PUBLISHED)
    assert found == done(PublishState.PUBLISHED)


@pytest.mark.parametrize("phase", [*MAY_BE_OUT, Phase.AT_RISK])
def test_what_may_be_out_is_no_mere_failure(phase):
    found = never_denied(CRASHED, phase)
    assert (found.error_code, found.publish_state, found.result) == ("outcome_unknown", PublishState.UNKNOWN, RESULT)
    assert found.remark == Remark.of(failed("outcome_unknown").remark, CRASHED.remark)
    assert never_denied(UNKNOWN, phase) == UNKNOWN, "what is known of it stays"


@pytest.mark.parametrize("phase", [*MAY_BE_OUT, Phase.AT_RISK])
def test_a_stop_after_post_was_pressed_says_so(phase):
    found = never_denied(STOPPED, phase)
    assert found.error_code == "outcome_unknown"
    said_late = str(RemarkTemplate.STOPPED_LATE) in str(found.remark)
    assert said_late == (phase is not Phase.AT_RISK)
    assert str(found.remark).endswith(FAILURES["stopped"].sentence) == (phase is Phase.AT_RISK)


@pytest.mark.parametrize("state", [state for state in PublishState if state is not PublishState.PUBLISHED])
@pytest.mark.parametrize("phase", MAY_BE_OUT)
def test_who_calls_himself_done_and_does_not_say_that_it_is_out_knows_nothing(phase, state):
    found = never_denied(done(state), phase)
    assert (found.error_code, found.publish_state, found.result) == ("outcome_unknown", PublishState.UNKNOWN, RESULT)
    assert str(found.remark).endswith("Done.")


@pytest.mark.parametrize("phase", MAY_BE_OUT)
def test_who_has_seen_his_post_is_believed(phase):
    assert never_denied(done(PublishState.PUBLISHED), phase) == done(PublishState.PUBLISHED)


@pytest.mark.parametrize("state", PublishState)
def test_who_went_on_after_a_repeated_tap_is_believed(state):
    assert never_denied(done(state), Phase.AT_RISK) == done(state)
