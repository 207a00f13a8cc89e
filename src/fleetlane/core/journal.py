"""The publish journal: how far an attempt has come with the one act that cannot be taken back.

    none -> (at_risk) -> prepared -> armed -> tapped -> published | not_published | unknown

*at_risk*: a tap was repeated next to where the app may put Post at any moment; *prepared*: the last page was
seen with everything on it, so that nothing was pressed. From *armed* on nothing presses Post again, whatever
crashed: an attempt that ended *in doubt* hands its journal on to the next one, which only looks for the
post. What may have gone out is never called unpublished (`never_denied`).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from fleetlane.core.outcome import Outcome, PublishState, failed, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate


class Phase(StrEnum):
    """Phase of an attempt's journal. Phases only move forward."""

    NONE = "none"
    AT_RISK = "at_risk"
    PREPARED = "prepared"
    ARMED = "armed"
    TAPPED = "tapped"
    PUBLISHED = "published"
    NOT_PUBLISHED = "not_published"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, word: object) -> Phase:
        """Return the phase that a store calls so; one that only another version knows is in doubt for good."""
        return cls(word) if word in set(cls) else cls.UNKNOWN

    @property
    def may_repeat(self) -> bool:
        """Return whether an interrupted attempt in this phase may simply run again."""
        return self in (Phase.NONE, Phase.PREPARED, Phase.NOT_PUBLISHED)

    @property
    def in_doubt(self) -> bool:
        """Return whether the post may be out, and nobody has looked yet."""
        return self in (Phase.AT_RISK, Phase.ARMED, Phase.TAPPED)

    @property
    def is_decided(self) -> bool:
        """Return whether it is known if the post went out (or that nobody can say)."""
        return self in (Phase.PUBLISHED, Phase.NOT_PUBLISHED, Phase.UNKNOWN)


_ORDER = {
    Phase.NONE: 0,
    Phase.AT_RISK: 1,
    Phase.PREPARED: 2,
    Phase.ARMED: 3,
    Phase.TAPPED: 4,
    Phase.PUBLISHED: 5,
    Phase.NOT_PUBLISHED: 5,
    Phase.UNKNOWN: 5,
}


def moves_forward(before: Phase, after: Phase) -> bool:
    """Return whether the journal may go from `before` to `after`."""
    return _ORDER[after] > _ORDER[before]


def never_denied(outcome: Outcome, phase: Phase) -> Outcome:
    """Return the outcome that an attempt with this journal really has: what may have gone out is not denied."""
    if phase in (Phase.NONE, Phase.PREPARED, Phase.NOT_PUBLISHED):
        return outcome
    if outcome.ok:
        return _said_of_its_post(outcome, phase)
    if phase is Phase.PUBLISHED:
        remark = Remark.of(RemarkTemplate.AFTERWARDS, outcome.remark)
        return succeeded(remark, PublishState.PUBLISHED, outcome.result)
    if outcome.error_code == "outcome_unknown":
        return outcome
    stopped_late = outcome.error_code == "stopped" and phase is not Phase.AT_RISK
    return failed("outcome_unknown", RemarkTemplate.STOPPED_LATE if stopped_late else outcome.remark, outcome.result)


def _said_of_its_post(outcome: Outcome, phase: Phase) -> Outcome:
    """Return the outcome of an attempt that calls itself done, as far as its journal lets it."""
    if outcome.publish_state is PublishState.PUBLISHED or phase is Phase.AT_RISK:
        return outcome
    if phase is Phase.PUBLISHED:
        return replace(outcome, publish_state=PublishState.PUBLISHED)
    return failed("outcome_unknown", outcome.remark, outcome.result)
