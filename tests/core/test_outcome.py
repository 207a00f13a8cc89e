from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fleetlane.core import errors
from fleetlane.core.errors import DeviceError, TaskFailedError, TaskStoppedError
from fleetlane.core.outcome import FAILURES, FailureClass, PublishState, from_error

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
