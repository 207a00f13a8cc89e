"""What `fleetlane doctor` finds: one thing that was checked, and how that went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    verdict: Verdict
    what: str
    sentence: str
