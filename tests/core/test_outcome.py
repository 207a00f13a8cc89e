from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fleetlane.core import errors
from fleetlane.core.errors import DeviceError, TaskFailedError, TaskStoppedError
from fleetlane.core.outcome import (
    FAILURES,
    SCRIPT_CODE,
    FailureClass,
    PublishState,
    failed,
    failure_of,
    from_error,
    remark_of,
)

SOURCE = Path(__file__).parents[2] / "src/fleetlane"


def test_every_sentence_is_one_a_person_can_read():
    for code, failure in FAILURES.items():
        if code != "stopped":  # the API's own word
            assert re.fullmatch(r"[A-Z].*[.]", failure.sentence), code


def test_every_code_raised_anywhere_has_a_sentence():
    raised = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Name("TaskFailedError" | "failed"), [ast.Constant(code), *_]):
                    raised.add(code)
    for pack in (SOURCE / "scripts/packs").glob("*.yaml"):
        text = re.sub(r"#.*", "", pack.read_text(encoding="utf-8"))
        raised |= set(re.findall(r"(?:person|argument): (\w+)", text))
    assert len(raised) > 20
    assert raised <= set(FAILURES)


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, DeviceError)]
)
def test_every_device_error_has_a_sentence(kind):
    assert kind.code in FAILURES


def test_errors_become_outcomes_with_code_and_sentence():
    outcome = from_error(TaskFailedError("media_missing", "'x.mp4' cannot be used."))
    assert (outcome.error_code, outcome.failure_class) == ("media_missing", FailureClass.BAD_INPUT)
    assert str(outcome.remark).endswith("'x.mp4' cannot be used.")
    assert str(from_error(TaskStoppedError("stopped")).remark) == "stopped"
    assert from_error(ZeroDivisionError("oops")).error_code == "script_error"
    assert from_error(TaskFailedError("outcome_unknown")).publish_state is PublishState.UNKNOWN


@pytest.mark.parametrize(
    ("error", "code", "more"),
    [
        (TaskStoppedError("stopped"), "stopped", ""),
        (errors.LeaseLostError("R58A"), "server_interrupted", str(errors.LeaseLostError("R58A"))),
        (errors.StoreFullError("The disk is full."), "store_failed", "The disk is full."),
        (TaskFailedError("screen_stuck", "On home.", {"screen": "home"}), "screen_stuck", "On home."),
        (errors.DeviceGoneError("a: closed.", serial="a"), "device_disconnected", "a: closed."),
        (
            errors.ScriptUnknownError("greet", ["post"]),
            "script_unavailable",
            str(errors.ScriptUnknownError("greet", ["post"])),
        ),
        (ZeroDivisionError("oops"), "script_error", "ZeroDivisionError: oops"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_code_and_says_what_it_says(error, code, more):
    outcome = from_error(error)
    assert (outcome.error_code, outcome.publish_state) == (code, PublishState.NOT_PUBLISHED)
    assert str(outcome.remark) == f"{FAILURES[code].sentence} {more}".strip()
    assert dict(outcome.result) == ({"screen": "home"} if code == "screen_stuck" else {})
    assert (outcome.unseen, outcome.asks) == (False, "")


def test_a_failure_keeps_what_is_given_with_it():
    outcome = failed("outcome_unknown", "It asks.", {"a": 1}, unseen=True, asks="security_check")
    assert (outcome.error_code, outcome.publish_state) == ("outcome_unknown", PublishState.UNKNOWN)
    assert (dict(outcome.result), outcome.unseen, outcome.asks) == ({"a": 1}, True, "security_check")
    assert str(outcome.remark) == f"{FAILURES['outcome_unknown'].sentence} It asks."


def test_a_code_of_a_scripts_own_is_kept_beside_the_code_that_callers_know():
    outcome = failed("asleep", "Nobody is there.", {"a": 1})
    assert (outcome.error_code, dict(outcome.result)) == ("script_failed", {"a": 1, SCRIPT_CODE: "asleep"})
    assert str(outcome.remark) == f"{FAILURES['script_failed'].sentence} asleep: Nobody is there."
    assert str(failed("asleep").remark) == f"{FAILURES['script_failed'].sentence} asleep"
    long = failed("x" * 200)
    assert long.result == {SCRIPT_CODE: "x" * 100}
    assert failure_of("asleep") == FAILURES["script_failed"]
    assert failure_of("screen_stuck") == FAILURES["screen_stuck"]


def test_an_error_says_its_sentence_and_more():
    assert (
        str(remark_of(TaskFailedError("screen_stuck", "On home."))) == f"{FAILURES['screen_stuck'].sentence} On home."
    )
