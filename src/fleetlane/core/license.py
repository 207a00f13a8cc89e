"""Licence plans, and what a licence allows at a moment. How one is read and checked is an adapter's matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fleetlane.core.errors import LicenseInvalidError

CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000
"""How far a clock may be behind before a licence that runs out is refused: time zones set wrongly, flat batteries."""

RUNS_OUT_SOON_MS = 7 * 24 * 60 * 60 * 1000
"""How long before its end a licence is told to run out."""


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
    """What is allowed now.

    Attributes:
        plan: its name.
        device_limit: how many devices may work at the same time; None for no limit.
        message: all of it in a sentence.
        problem: what its owner must do soon, or has missed; "" for nothing.
        is_refused: it cannot be used: nothing new is done under it.
        expires_ms: when it runs out, None for never, or when it cannot be told.
    """

    plan: Plan
    device_limit: int | None
    message: str
    problem: str = ""
    is_refused: bool = False
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a signed licence says. Instants are milliseconds since the epoch; `expires_ms` is None for never."""

    plan: Plan
    device_limit: int | None
    holder: str
    issued_ms: int
    expires_ms: int | None


UNLICENSED = License(Plan.BUSINESS, None, "API access enabled; no licence is needed on an own server")
"""Without any licence everything is allowed: the owner's server is his own."""


def refused(reason: str, expires_ms: int | None = None) -> License:
    """Return what is allowed under a licence that cannot be used: no API, and no new work on any device."""
    message = f"{reason} Install another licence, or remove this one."
    return License(Plan.STARTER, 0, message, message, is_refused=True, expires_ms=expires_ms)


def in_force(terms: Terms, now_ms: int, latest_ms: int) -> License:
    """Return what a licence allows at an instant.

    Args:
        terms: what it says.
        now_ms: the instant.
        latest_ms: the latest instant ever seen under this licence; a clock far behind it was set back.
    """
    if terms.expires_ms is not None:
        if now_ms >= terms.expires_ms:
            return refused(f"The licence of {terms.holder} ran out on {moment(terms.expires_ms)}.", terms.expires_ms)
        known_ms = max(latest_ms, terms.issued_ms)
        if now_ms < known_ms - CLOCK_TOLERANCE_MS:
            return refused(
                f"This computer's clock says {moment(now_ms)}, but it was {moment(known_ms)} before: set it right.",
                terms.expires_ms,
            )
    access = "API access enabled" if terms.plan.has_api else "No API access"
    message = f"{access}; {described(terms)}"
    return License(terms.plan, terms.device_limit, message, _runs_out(terms, now_ms), expires_ms=terms.expires_ms)


def _runs_out(terms: Terms, now_ms: int) -> str:
    """Return that a licence soon runs out, "" while it does not."""
    if terms.expires_ms is None or terms.expires_ms - now_ms > RUNS_OUT_SOON_MS:
        return ""
    return (
        f"The licence of {terms.holder} runs out on {moment(terms.expires_ms)}. Install another one before: then no "
        "task is started any more."
    )


def must_not_be_older(terms: Terms, issued_ms: int) -> None:
    """Refuse a licence that was issued before one that was installed already.

    Raises:
        LicenseInvalidError: it was.
    """
    if terms.issued_ms < issued_ms:
        raise LicenseInvalidError(
            f"The licence was issued on {moment(terms.issued_ms)}, before one that was installed already "
            f"({moment(issued_ms)})."
        )


def described(terms: Terms) -> str:
    """Return who holds a licence, and for how long."""
    until = "for ever" if terms.expires_ms is None else f"until {moment(terms.expires_ms)}"
    return f"licensed to {terms.holder} {until}"


def moment(instant_ms: int) -> str:
    """Return an instant for people, to the minute."""
    return datetime.fromtimestamp(instant_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
