"""The publish journal: how far an attempt has come with the one act that cannot be taken back.

    prepared -> armed -> tapped -> published | not_published | unknown

Before *armed* everything may be repeated. From *armed* on nothing taps again, whatever crashed.
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Phase of an attempt's journal. Phases only move forward."""

    NONE = "none"
    PREPARED = "prepared"
    ARMED = "armed"
    TAPPED = "tapped"
    PUBLISHED = "published"
    NOT_PUBLISHED = "not_published"
    UNKNOWN = "unknown"

    @property
    def may_repeat(self) -> bool:
        """Return whether an interrupted attempt in this phase may simply run again."""
        return self in (Phase.NONE, Phase.PREPARED, Phase.NOT_PUBLISHED)

    @property
    def is_decided(self) -> bool:
        """Return whether it is known if the post went out (or that nobody can say)."""
        return self in (Phase.PUBLISHED, Phase.NOT_PUBLISHED, Phase.UNKNOWN)


_ORDER = {
    Phase.NONE: 0,
    Phase.PREPARED: 1,
    Phase.ARMED: 2,
    Phase.TAPPED: 3,
    Phase.PUBLISHED: 4,
    Phase.NOT_PUBLISHED: 4,
    Phase.UNKNOWN: 4,
}


def moves_forward(before: Phase, after: Phase) -> bool:
    """Return whether the journal may go from `before` to `after`."""
    return _ORDER[after] > _ORDER[before]
