"""Hosts: the computers with phones that work on one store, and the servers among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PROTOCOL = 1
"""What a Fleetlane expects of the others on its store; grows when they could not work together."""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
NAME_RULE = "1 to 40 small letters, digits and hyphens, such as rack2"


class HostKind(StrEnum):
    """What runs on a host."""

    SERVER = "server"
    """It answers the API and the pages, and may have phones, too."""
    HOST = "host"
    """It has phones only."""


@dataclass(frozen=True, slots=True)
class NewHost:
    """A host that begins. `id` is of its data directory, and the same at each start."""

    name: str
    id: str
    kind: HostKind
    version: str
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True)
class Host:
    """A host on record.

    Attributes:
        name: what people call it; no other has it.
        id: of its data directory; None until it has begun once.
        kind: what runs there.
        version: of its Fleetlane; "" until it has begun.
        protocol: likewise (`PROTOCOL`).
        started_ms: when it began last; None for never.
        seen_ms: when it was known to live last; None for never.
        drains: it takes no new tasks.
        may_enter: it has a token for the servers.
    """

    name: str
    id: str | None
    kind: HostKind
    version: str
    protocol: int
    started_ms: int | None
    seen_ms: int | None
    drains: bool
    may_enter: bool


def skewed(mine: NewHost, others: list[Host]) -> str | None:
    """Return a sentence when a host cannot work beside those that live, None when it can."""
    for other in others:
        if other.protocol > mine.protocol:
            return (
                f"{other.name} runs Fleetlane {other.version} (protocol {other.protocol}); this is {mine.version} "
                f"(protocol {mine.protocol}). Update this one."
            )
        if other.protocol < mine.protocol:
            return (
                f"{other.name} runs Fleetlane {other.version} (protocol {other.protocol}); this is {mine.version} "
                f"(protocol {mine.protocol}). Update {other.name}, or stop it and run: fleetlane hosts forget "
                f"{other.name}"
            )
    return None
