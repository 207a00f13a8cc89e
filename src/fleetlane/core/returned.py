"""What a script returned or raised, as an outcome that can be stored and means what it says.

A script may be others' code: whatever it hands over becomes an outcome, and what of it is no outcome is said.
"""

from __future__ import annotations

from dataclasses import replace

from fleetlane.core.errors import FleetlaneError, TaskFailedError
from fleetlane.core.outcome import (
    FAILURES,
    SCRIPT_CODE,
    SERVERS_OWN,
    Outcome,
    PublishState,
    failed,
    from_error,
    script_failed,
    succeeded,
)
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.storable import said_by, storable, text


def returned(value: object) -> Outcome:
    """Return the outcome of an attempt whose script returned something. Never raises."""
    try:
        return _read(value)
    except BaseException as error:  # noqa: BLE001 - others' code, and its fault is told
        return failed("script_error", f"What it returned could not be read ({said_by(error)}).")


def raised(error: BaseException) -> Outcome:
    """Return the outcome of an attempt whose script raised something. Never raises."""
    try:
        if isinstance(error, TaskFailedError) and error.code in SERVERS_OWN:
            return _kept(script_failed(error.code, text(error.detail), error.facts))
        return _kept(from_error(error))
    except BaseException as other:  # noqa: BLE001 - others' code, and its fault is told
        return failed("script_error", f"{said_by(error)} ({said_by(other)})")


def claimed(error: FleetlaneError) -> Outcome:
    """Return the outcome when a script said by itself what only the server can say: that it is to stop."""
    return _kept(script_failed(type(error).__name__, text(error)))


def _read(value: object) -> Outcome:
    if not isinstance(value, Outcome):
        return failed("script_error", f"It returned {text(type(value).__name__)} instead of an outcome.")
    if value.publish_state not in set(PublishState):
        return failed("script_error", f"It returned the publish state {text(value.publish_state, 40)!r}.")
    state, code = PublishState(value.publish_state), value.error_code
    remark = value.remark if isinstance(value.remark, Remark) else Remark.of(text(value.remark))
    unseen = value.unseen is True and state is PublishState.UNKNOWN
    asks = text(value.asks)
    outcome = Outcome(code, remark, state, value.result, unseen, asks if unseen and asks in FAILURES else "")
    if state is PublishState.PUBLISHED and code is not None:
        outcome = succeeded(Remark.of(RemarkTemplate.AFTERWARDS, remark), state, value.result)
    elif code is None and state is PublishState.UNKNOWN:
        outcome = replace(outcome, error_code="outcome_unknown")
    elif code is not None and (code not in FAILURES or code in SERVERS_OWN):
        own = script_failed(code, remark)
        outcome = replace(outcome, error_code=own.error_code, remark=own.remark)
    return _kept(outcome, own_code=code if outcome.error_code == "script_failed" else None)


def _kept(outcome: Outcome, own_code: object = None) -> Outcome:
    """Return an outcome whose parts can be stored; its remark says what was lost."""
    kept = storable(outcome.result)
    values = kept.values if own_code is None else {**kept.values, SCRIPT_CODE: text(own_code, 100)}
    remark = Remark.of(outcome.remark).storable()
    if kept.problems:
        lost = "; ".join(kept.problems[:3]) + ("; …" if len(kept.problems) > 3 else "")
        remark = Remark.of(remark, RemarkTemplate.RESULT_CUT, f"{lost}.")
    return replace(outcome, remark=remark, result=values)
