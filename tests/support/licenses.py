"""Licences for tests, signed with keys made here."""

from __future__ import annotations

from fleetlane.adapters.license_tokens import new_private_key, public_key_of, sign
from fleetlane.core.license import Plan, Terms

KEY, OTHER_KEY = new_private_key(), new_private_key()
PUBLIC = public_key_of(KEY)
DAY_MS = 24 * 60 * 60 * 1000


def token(now_ms: int, plan=Plan.PRO, limit=2, *, issued_ms=None, days=30.0, key=KEY) -> str:
    """Return a licence that was issued now and runs out after `days`; None for never."""
    expires_ms = None if days is None else now_ms + round(days * DAY_MS)
    return sign(Terms(plan, limit, "Shop", now_ms if issued_ms is None else issued_ms, expires_ms), key)
