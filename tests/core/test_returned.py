"""Whatever a script raises or returns becomes an outcome that can be stored and sent, and a lane tells of it once."""

from __future__ import annotations

import asyncio
import json
import math
import queue

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_thread import PhoneCall, PhoneThread
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.errors import DeviceError, LeaseLostError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase, never_denied
from fleetlane.core.outcome import FAILURES, SERVERS_OWN, FailureClass, Outcome, PublishState, failed, succeeded
from fleetlane.core.ports.execution import Ending
from fleetlane.core.returned import raised, returned
from fleetlane.core.storable import LARGEST_VALUES, storable
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class MuteExit(SystemExit):
    def __str__(self) -> str:
        raise SystemExit("not even this")


class Wild:
    def __str__(self) -> str:
        raise KeyboardInterrupt


TEXTS = st.text(st.characters(), max_size=20)  # lone surrogates, too
ERRORS = st.one_of(
    st.builds(TaskFailedError, st.one_of(TEXTS, st.sampled_from(sorted(FAILURES)), st.none(), st.just([1])), TEXTS),
    st.builds(lambda kind, text: kind(text), st.sampled_from([ValueError, DeviceError, OSError, SystemExit]), TEXTS),
    st.sampled_from([MuteError(), MuteExit(), KeyboardInterrupt(), GeneratorExit(), RecursionError(), MemoryError()]),
    st.sampled_from([TaskStoppedError("x"), LeaseLostError("x"), asyncio.CancelledError(), StopIteration(3)]),
    st.just(TaskFailedError.__new__(TaskFailedError)),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary(max_size=5),
    st.frozensets(st.integers(), max_size=3), st.builds(Wild), st.dates(),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(LEAVES.filter(lambda v: not isinstance(v, Wild)), inner)),
    max_leaves=10,
)
RETURNED = st.one_of(
    VALUES,
    st.builds(
        Outcome,
        st.one_of(st.none(), TEXTS, st.sampled_from(sorted(FAILURES)), st.just([1])),
        st.one_of(TEXTS, VALUES),
        st.one_of(st.sampled_from(PublishState), TEXTS, st.just([])),
        VALUES,
    ),
)


def must_be_storable(outcome: Outcome) -> None:
    assert outcome.error_code is None or outcome.error_code in FAILURES
    assert isinstance(outcome.publish_state, PublishState)
    assert outcome.failure_class is None or isinstance(outcome.failure_class, FailureClass)
    str(outcome.remark).encode()
    text = json.dumps(dict(outcome.result), ensure_ascii=False, allow_nan=False)
    assert len(text.encode()) <= LARGEST_VALUES * 4
    assert "\0" not in str(outcome.remark)


@given(ERRORS)
def test_whatever_is_raised_is_an_outcome_with_a_sentence(error):
    outcome = raised(error)
    must_be_storable(outcome)
    assert not outcome.ok
    assert outcome.remark


@given(RETURNED)
def test_whatever_is_returned_is_an_outcome_that_can_be_stored(value):
    outcome = returned(value)
    must_be_storable(outcome)
    assert outcome.error_code not in SERVERS_OWN, "only the server says that it ended a task"
    if not outcome.ok:
        assert outcome.publish_state is not PublishState.PUBLISHED, "what is out has not failed"


@given(RETURNED, st.sampled_from([Phase.ARMED, Phase.TAPPED, Phase.UNKNOWN]))
def test_a_script_cannot_deny_what_its_journal_says_may_be_out(value, phase):
    outcome = never_denied(returned(value), phase)
    must_be_storable(outcome)
    assert outcome.publish_state in (PublishState.PUBLISHED, PublishState.UNKNOWN)


@given(VALUES)
def test_what_is_json_is_kept_as_it_is_and_what_is_not_is_said(value):
    kept = storable({"v": value})
    json.dumps(kept.values, allow_nan=False, ensure_ascii=False).encode()
    try:
        same = json.loads(json.dumps({"v": value}, allow_nan=False)) == kept.values
    except (TypeError, ValueError):
        same = False
    assert same or kept.problems or not _is_json(value)


def _is_json(value: object) -> bool:
    match value:
        case dict():
            return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
        case list():
            return all(map(_is_json, value))
        case str():
            return True
        case float():
            return math.isfinite(value)
        case _:
            return value is None or isinstance(value, (bool, int))


def test_a_number_that_cannot_even_be_written_is_said():
    [problem] = storable({"v": 10**6000}).problems
    assert problem == "v is a number of more than 64 bits"


def test_more_than_is_kept_is_left_out_and_said():
    assert "more than" in " ".join(storable({"v": list(range(30_000))}).problems)
    assert storable({"v": "x" * LARGEST_VALUES}).values == {}


def test_codes_that_nobody_knows_are_a_scripts_own():
    stored = Outcome("of_a_newer_version", "", PublishState.NOT_PUBLISHED)
    assert stored.failure_class is FailureClass.NEEDS_PERSON
    outcome = failed("my_code", "My sentence.", {"n": 1})
    assert (outcome.error_code, outcome.result) == ("script_failed", {"n": 1, "script_code": "my_code"})
    assert str(outcome.remark).endswith("my_code: My sentence.")


# -- the lane ----------------------------------------------------------------------------------------------------


class Phones:
    """Phones of which nothing is asked; `control` and `run` are a runner that does what a test says."""

    def __init__(self) -> None:
        self.deeds = iter(())

    def driver(self, _serial):
        return self

    def reset(self): ...

    def abort(self): ...

    def close(self): ...

    def control(self, _task):
        return AttemptControl(SystemClock(), 10**9)

    def run(self, _task, _driver, _control):
        deed = next(self.deeds)
        if isinstance(deed, BaseException):
            raise deed
        return deed


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(ERRORS, st.just(succeeded("Done.", PublishState.NOT_PUBLISHED, {}))), max_size=8))
def test_a_lane_ends_every_attempt_exactly_once_whatever_its_runner_raises(deeds):
    async def scenario():
        phones, ends, all_over = Phones(), [], asyncio.Event()
        phones.deeds = iter(deeds)

        async def ended(event):
            ends.append(event)
            if len(ends) == len(deeds):
                all_over.set()

        executor = LocalExecutor(PhoneThreads(phones), phones, ended)
        for number in range(len(deeds)):
            executor.start(Task(number, "b", 0, "post", {}, "a", None, Source.API, 1, Status.RUNNING, 0, 0, attempt=1))
        if deeds:
            await asyncio.wait_for(all_over.wait(), 10)
        await executor.close()
        assert [event.task.id for event in ends] == list(range(len(deeds)))
        for event, deed in zip(ends, deeds, strict=True):
            assert event.outcome.ok == (not isinstance(deed, BaseException))
            told_by_itself = event.ending is Ending.FINISHED
            assert told_by_itself == (not isinstance(deed, BaseException))

    asyncio.run(scenario())


@pytest.mark.parametrize("where", ["do", "broke"])
def test_the_thread_of_a_phone_goes_on_whatever_its_work_raises(where):
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def fail(*_):
        raise SystemExit(where)

    lane = PhoneThread("a", Phones())
    try:
        lane.give(PhoneCall(fail, fail, fail if where == "broke" else lambda error: told.put(str(error))))
        if where != "broke":
            assert told.get(timeout=10) == "do"
        lane.give(PhoneCall(lambda _driver: told.put("next"), fail, fail))
        assert told.get(timeout=10) == "next"
    finally:
        lane.close()


def test_a_call_between_attempts_gives_back_whatever_it_raised():
    async def scenario():
        threads = PhoneThreads(Phones())

        def leave(_driver):
            raise GeneratorExit

        with pytest.raises(GeneratorExit):
            await threads.call("a", leave, preemptible=False)
        assert await threads.call("a", lambda _driver: 7, preemptible=False) == 7
        await threads.close(10)

    asyncio.run(scenario())


def test_a_post_that_a_later_look_may_find_stays_one():
    assert returned(failed("outcome_unknown", "It was not seen.", unseen=True)).unseen
    assert not returned(failed("app_crashed", unseen=True)).unseen


@pytest.mark.parametrize(("asks", "kept"), [("security_check", "security_check"), ("what?", ""), (7, "")])
def test_what_an_unseen_post_asks_of_a_person_is_one_of_the_known_codes(asks, kept):
    assert returned(failed("outcome_unknown", "It asks.", unseen=True, asks=asks)).asks == kept
    assert returned(failed("outcome_unknown", "It asks.", asks=asks)).asks == "", "only where a look follows"
