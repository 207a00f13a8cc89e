"""The end of an attempt is settled in one unit of work: the task, its journal, what it took, and what comes next."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contracts.stores import new
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.material import MaterialDescription, MaterialRequest, NewMaterial, UseState
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import FailureClass, Outcome, PublishState, failed, failure_of, succeeded
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.task import NeedsPerson, Status
from fleetlane.work.preflight.app_versions import met_here
from fleetlane.work.preflight.subjects import key_as_published
from fleetlane.work.running.completion import RetryPolicy, complete_attempt, complete_barely

CONFIG = {"captions": "x", "platform": "tiktok", "material_list": ["/v.mp4"]}
HASH, OTHER = "f" * 64, "e" * 64
FACTS = {"caption": "x", "profile": {"handle": "shop"}, "media_sha256": [HASH, 7]}
DONE = succeeded("Published.", PublishState.PUBLISHED, {"link": "l"})
UNKNOWN = failed("outcome_unknown", "The grid did not answer.", result={"seen": "little"})
CRASHED = failed("app_crashed", result={"step": 3})
FOLDER = "tiktok/shop"
NEVER = RetryPolicy()


@pytest.fixture
def run(world):
    return lambda work: world.store.submit(work).result(10)


@pytest.fixture
def begun(run):
    """Return a task that runs, has taken a file of a folder and one of the library, and whose journal came so far."""

    def begin(*phases, stop=False, script="post"):
        def work(r):
            r.tasks.add([new("a", script_config=json.dumps(CONFIG), script_name=script, username="shop")])
            task = r.tasks.claim(1, "a", 100)
            for sha256 in (HASH, OTHER):
                of = MaterialDescription(f"{sha256[0]}.mp4")
                r.materials.add(NewMaterial(sha256, of.name, MediaKind.VIDEO, "video/mp4", 1, None, of), 1)
            assert len(r.materials.take(MaterialRequest(MediaKind.VIDEO, 1), 1, 100)) == 1
            assert r.materials.take_files(FOLDER, ["d" * 64], 1, 100)
            for phase in phases:
                assert r.attempts.set_phase(1, 1, phase, FACTS, 110)
            if stop:
                r.tasks.request_stop(1)
            return task

        return run(work)

    return begin


def settle(run, task, outcome, ending=Ending.FINISHED, policy=NEVER, **more):
    return run(lambda r: complete_attempt(r, Ended(task, outcome, ending, **more), policy, 200))


@pytest.fixture
def seen(run):
    """Return what is in the store of the task, its journal and what it took."""

    def look():
        def work(r):
            library = [r.materials.get(number).state for number in (1, 2)]
            return r.tasks.get(1), r.attempts.attempts(1), library, r.materials.used_files(FOLDER)

        return run(work)

    return look


def test_what_was_published_is_used_and_known_by_what_went_out(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    assert settle(run, task, DONE) is True
    after, [attempt], library, used = seen()
    assert (after.status, after.outcome, after.result, after.ended_ms) == (
        Status.COMPLETED,
        "published",
        {"link": "l"},
        200,
    )
    assert (attempt.ended_ms, library, used) == (200, [UseState.USED, UseState.FREE], {"d" * 64})
    assert after.content_key == key_as_published(task, [HASH]) is not None
    assert run(lambda r: r.tasks.twins([after.content_key], 0, ["shop"], ["a"]))[0].task_id == 1


def test_a_file_of_the_library_that_was_named_by_its_path_is_used_too(run, begun, seen):
    task = begun()
    run(lambda r: r.materials.settle(1, PublishState.NOT_PUBLISHED, 150))
    run(lambda r: r.attempts.set_phase(1, 1, Phase.PREPARED, FACTS, 160))
    settle(run, task, DONE)
    assert seen()[2] == [UseState.USED, UseState.FREE], "the one that the journal names"


def test_what_is_known_to_have_published_nothing_gives_back_what_it_took(run, begun, seen):
    task = begun(Phase.PREPARED)
    assert settle(run, task, CRASHED)
    after, _, library, used = seen()
    assert (after.status, after.error_code, after.result) == (Status.FAILED, "app_crashed", {"step": 3})
    assert (library, used, after.content_key) == ([UseState.FREE, UseState.FREE], set(), None)


@pytest.mark.parametrize("named", [None, "a text", {"no": "list"}])
def test_a_journal_that_names_no_files_uses_what_was_reserved(run, begun, seen, named):
    task = begun()
    run(lambda r: r.attempts.set_phase(1, 1, Phase.PREPARED, {"media_sha256": named}, 110))
    settle(run, task, DONE)
    after, _, library, used = seen()
    assert (after.content_key, library, used) == (None, [UseState.USED, UseState.FREE], {"d" * 64})


def test_the_version_of_an_app_has_published(run, begun):
    task = begun()
    run(lambda r: r.devices.seen("a", 1, {"apps": {"com.x": "9.1"}}))
    run(lambda r: r.attempts.set_phase(1, 1, Phase.PREPARED, {**FACTS, "app": "com.x"}, 110))
    assert run(met_here) == {}
    settle(run, task, DONE)
    assert run(met_here) == {"com.x": {"9.1": "a"}}


def test_an_attempt_that_failed_has_not_met_the_version_of_its_app(run, begun):
    task = begun()
    run(lambda r: r.devices.seen("a", 1, {"apps": {"com.x": "9.1"}}))
    run(lambda r: r.attempts.set_phase(1, 1, Phase.PREPARED, {**FACTS, "app": "com.x"}, 110))
    settle(run, task, CRASHED)
    assert run(met_here) == {}


def test_a_stop_is_said_and_keeps_what_was_found_out(run, begun, seen):
    task = begun(Phase.PREPARED, stop=True)
    assert settle(run, task, replace(CRASHED, result={"link": "l"}), Ending.INTERRUPTED)
    after, *_ = seen()
    assert (after.status, after.error_code, after.outcome, after.result) == (
        Status.FAILED,
        "stopped",
        "not_published",
        {"link": "l"},
    )


def test_a_stop_after_post_may_have_been_pressed_denies_nothing(run, begun, seen):
    task = begun(Phase.PREPARED, stop=False)
    run(lambda r: (r.attempts.set_phase(1, 1, Phase.ARMED, {}, 120), r.tasks.request_stop(1)))
    assert settle(run, task, CRASHED, Ending.INTERRUPTED)
    assert seen()[0].outcome == "unknown"


def test_what_a_server_interrupted_before_post_runs_again_from_its_place(run, begun, seen):
    task = begun(Phase.PREPARED)
    assert settle(run, task, failed("server_interrupted"), Ending.INTERRUPTED) is True
    after, [attempt], library, used = seen()
    assert (after.status, after.in_doubt, after.due_ms, str(after.remark)) == (
        Status.PENDING,
        False,
        task.due_ms,
        failure_of("server_interrupted").sentence,
    )
    assert (attempt.ended_ms, library, used) == (200, [UseState.FREE, UseState.FREE], set())


def test_what_a_server_interrupted_after_post_is_looked_for_first(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    assert settle(run, task, failed("server_interrupted", result={"link": "l"}), Ending.INTERRUPTED) is True
    after, _, library, used = seen()
    assert (after.status, after.in_doubt, after.due_ms, after.result) == (Status.PENDING, True, FIRST_MS, {"link": "l"})
    assert str(after.remark) == (
        "The server ended after Post may have been pressed. The profile is looked at before anything else on this "
        "phone; Post is not pressed again."
    )
    assert (library, used) == ([UseState.USED, UseState.FREE], {"d" * 64}), "used until it is known that it is not out"


def test_a_post_that_was_not_seen_is_looked_for_again_if_its_script_can_find_it(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    assert settle(run, task, replace(UNKNOWN, unseen=True), outcome_unseen=True) is True
    after, *_ = seen()
    assert (after.in_doubt, after.due_ms, after.result) == (True, 60_200, {"seen": "little"})
    assert str(after.remark) == (
        "Post may have been pressed, and it could not be seen what became of it. The profile is looked at again "
        "between other tasks on this phone; Post is not pressed again. The grid did not answer."
    )
    assert seen()[1][0].error_code == "outcome_unknown"


def test_a_post_that_was_not_seen_because_the_phone_went_away_is_looked_for_before_anything_else(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    settle(run, task, replace(UNKNOWN, asks="not_logged_in"), outcome_unseen=True)
    after, [attempt], *_ = seen()
    assert (after.in_doubt, after.due_ms, attempt.error_code) == (True, FIRST_MS, "outcome_unknown")
    assert "The profile is looked at before anything else on this phone" in str(after.remark)


def test_the_pause_before_another_look_grows_and_the_others_have_their_turn_meanwhile(run, begun, seen):
    task, pauses = begun(Phase.PREPARED, Phase.ARMED), []
    for _ in range(6):
        settle(run, task, replace(UNKNOWN, unseen=True), outcome_unseen=True)
        pauses.append(seen()[0].due_ms - 200)
        run(lambda r: r.tasks.looks_due(10**9))
        task = run(lambda r: r.tasks.claim(1, "a", 10**9))
    assert pauses == [60_000, 120_000, 240_000, 480_000, 900_000, 900_000]


def test_what_counted_as_used_while_it_was_in_doubt_is_free_when_it_is_not_out(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    settle(run, task, failed("server_interrupted"), Ending.INTERRUPTED)
    assert seen()[1][0].error_code == "server_interrupted"
    looking = run(lambda r: r.tasks.claim(1, "a", 10**9))
    assert looking.in_doubt
    assert settle(run, looking, failed("not_published"))
    after, _, library, used = seen()
    assert (after.outcome, library, used) == ("not_published", [UseState.FREE, UseState.FREE], set())


def test_an_end_says_how_late_its_run_was(run, seen):
    run(lambda r: r.tasks.add([new(due_ms=10, scheduled_ms=10, late_after_ms=5, script_config=json.dumps(CONFIG))]))
    run(lambda r: r.tasks.put_off(1, None, 7_200_000))
    task = run(lambda r: r.tasks.claim(1, "a", 7_200_010))
    settle(run, task, CRASHED)
    assert str(run(lambda r: r.tasks.get(1)).remark).endswith("It was 2 h 0 min late.")


def test_what_is_asked_for_before_a_look_is_said_only_when_the_phone_answered(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    asking = Outcome("outcome_unknown", "", PublishState.UNKNOWN, unseen=True, asks="not_logged_in")
    settle(run, task, asking, Ending.LOST, outcome_unseen=True)
    after, *_ = seen()
    assert (after.due_ms, after.needs_person) == (FIRST_MS, None)


@pytest.mark.parametrize(("facts", "script"), [({"caption": "x"}, "post"), (FACTS, "no_such_script")])
def test_a_post_that_cannot_be_found_stays_unknown(run, begun, seen, facts, script):
    task = begun(script=script)
    run(
        lambda r: (r.attempts.set_phase(1, 1, Phase.PREPARED, facts, 1), r.attempts.set_phase(1, 1, Phase.ARMED, {}, 2))
    )
    assert settle(run, task, replace(UNKNOWN, unseen=True), outcome_unseen=True)
    after, [attempt], *_ = seen()
    assert (after.status, after.outcome, attempt.phase) == (Status.FAILED, "unknown", Phase.UNKNOWN)
    assert attempt.reached[Phase.UNKNOWN] == 200


def test_what_was_published_before_it_was_interrupted_stays_published(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED, Phase.PUBLISHED)
    settle(run, task, DONE, Ending.INTERRUPTED)
    after, *_ = seen()
    assert (after.status, after.outcome, after.result) == (Status.COMPLETED, "published", {"link": "l"})
    assert (after.error_code, str(after.remark)) == (None, "Published.")


def test_what_a_task_was_made_of_stays_its_content_when_nobody_says_what_went_out(run, begun):
    task = begun()
    run(lambda r: r.tasks.rekey(1, "as made"))
    settle(run, replace(task, content_key="as made"), DONE)
    assert run(lambda r: r.tasks.get(1)).content_key == "as made"


@pytest.mark.parametrize("phases", [(), (Phase.PREPARED, Phase.ARMED)])
@pytest.mark.parametrize("ending", list(Ending))
def test_the_end_of_an_attempt_that_does_not_run_is_refused_and_changes_nothing(run, begun, seen, ending, phases):
    task = begun(*phases)
    settle(run, task, DONE)
    before = seen()
    for outcome in (CRASHED, replace(UNKNOWN, unseen=True), failed("server_interrupted")):
        for again in (False, True):
            assert settle(run, task, outcome, ending, outcome_unseen=again) is False
        assert run(lambda r, outcome=outcome: complete_barely(r, Ended(task, outcome, ending), 300)) is False
    assert seen() == before


@pytest.mark.parametrize("ending", list(Ending))
def test_the_end_of_a_task_that_is_gone_is_refused(run, begun, ending):
    task = begun()
    run(lambda r: (r.tasks.finish(1, 1, CRASHED, 150), r.tasks.delete([1])))
    assert settle(run, task, DONE, ending) is False
    assert run(lambda r: complete_barely(r, Ended(task, DONE, ending), 300)) is False


@pytest.mark.parametrize(("retries", "again"), [(0, True), (1, True), (2, False)])
def test_what_may_be_temporary_is_tried_again_so_many_times(run, begun, seen, retries, again):
    assert CRASHED.failure_class is FailureClass.TRANSIENT
    policy = RetryPolicy(enabled=True, most_retries=2, least_delay_s=5, most_delay_s=5)
    task = replace(begun(Phase.PREPARED), retry_count=retries)
    assert settle(run, task, CRASHED, policy=policy)
    after, *_ = seen()
    assert after.status is (Status.PENDING if again else Status.FAILED)
    if again:
        assert after.due_ms == 5_200
        said = f"It is tried again, {retries + 1} of 2. Before: {CRASHED.remark}"
        assert str(after.remark) == said


@pytest.mark.parametrize(
    "case",
    [
        (RetryPolicy(enabled=False), CRASHED, False),
        (RetryPolicy(enabled=True), failed("media_missing"), False),
        (RetryPolicy(enabled=True), UNKNOWN, False),
        (RetryPolicy(enabled=True), DONE, False),
        (RetryPolicy(enabled=True), CRASHED, True),
    ],
)
def test_nothing_else_is_tried_again(run, begun, seen, case):
    policy, outcome, stop = case
    settle(run, begun(Phase.PREPARED, stop=stop), outcome, policy=policy)
    assert seen()[0].status in (Status.FAILED, Status.COMPLETED)


def test_the_pause_before_a_retry_is_drawn_within_its_bounds():
    drawn = {RetryPolicy(least_delay_s=1, most_delay_s=2).delay_ms() for _ in range(200)}
    assert min(drawn) >= 1_000
    assert max(drawn) <= 2_000
    assert len(drawn) > 50


@pytest.mark.parametrize(
    "case",
    [
        (DONE, [Phase.PREPARED, Phase.ARMED], Status.COMPLETED, "published", None, UseState.USED),
        (CRASHED, [Phase.PREPARED], Status.FAILED, "not_published", "app_crashed", UseState.FREE),
        (CRASHED, [Phase.PREPARED, Phase.ARMED], Status.FAILED, "unknown", "outcome_unknown", UseState.USED),
    ],
)
def test_an_end_that_cannot_be_kept_as_it_is_is_kept_barely(run, begun, seen, case):
    outcome, phases, status, state, code, library = case
    task = begun(*phases)
    assert run(lambda r: complete_barely(r, Ended(task, outcome), 300)) is True
    after, [attempt], [state_of_first, _], used = seen()
    assert (after.status, after.outcome, after.error_code, after.ended_ms) == (status, state, code, 300)
    assert (after.result, attempt.ended_ms, state_of_first) == ({}, 300, library)
    assert bool(used) is (library is UseState.USED)
    lost = "What the script reported at its end could not be stored."
    assert str(after.remark).startswith(lost if outcome.ok else failure_of(code or "").sentence)
    assert lost in str(after.remark)


def test_what_an_unknown_end_asks_for_is_said_on_the_list_of_those_that_need_a_person(run, begun, seen):
    task = begun(Phase.PREPARED, Phase.ARMED)
    asking = Outcome("outcome_unknown", "", PublishState.UNKNOWN, unseen=True, asks="not_logged_in")
    settle(run, task, asking, outcome_unseen=True)
    after, *_ = seen()
    assert after.needs_person is NeedsPerson.OUTCOME_UNKNOWN
    assert after.needs_note["message"] == str(failure_of("not_logged_in").sentence)
    assert after.needs_note["code"] == "not_logged_in"
