"""Licence plans: what each allows. How a licence is read and checked is an adapter's matter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Plan(StrEnum):
    """Plans, with the names the API shows."""

    STARTER = "Starter"
    PRO = "Pro"
    TEAM = "Team"
    BUSINESS = "Business"

    @property
    def has_api(self) -> bool:
        """Return whether the plan includes the API."""
        return self is not Plan.STARTER


@dataclass(frozen=True, slots=True)
class License:
    """What is allowed now. `device_limit`: how many devices may work at the same time; None for no limit."""

    plan: Plan
    device_limit: int | None
    message: str


UNLICENSED = License(Plan.BUSINESS, None, "API access enabled; no licence is needed on an own server")
"""Without any licence everything is allowed: the owner's server is his own."""
