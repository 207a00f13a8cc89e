"""The platforms that content is published on: one for each app that a pack is in force for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetlane.scripts.packs import load_packs


def platforms() -> Sequence[str]:
    """Return the names of the platforms, in the order in which an app is chosen where none is named."""
    return [pack.app for pack in load_packs() if pack.packages and pack.facts.get("last_pages")]


def platform_named(text: str) -> str | None:
    """Return the platform that a person means by a name, None when no pack is for it."""
    name = text.strip().casefold()
    return name if name in platforms() else None


def platform_in(config: Mapping[str, Any]) -> str | None:
    """Return the platform that settings name under `platform`; they need not have been checked."""
    named = config.get("platform")
    return named if isinstance(named, str) else None


def platform_rule() -> str:
    """Return the sentence for a name that is none."""
    return "must be " + " or ".join(f'"{name}"' for name in platforms())
