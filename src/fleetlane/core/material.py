"""Materials: the library of videos and images, by content."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleetlane.core.media.files import MediaKind


class UseState(StrEnum):
    """Whether a material may still be taken."""

    FREE = "free"
    RESERVED = "reserved"
    USED = "used"


@dataclass(frozen=True, slots=True)
class MaterialDescription:
    """What people say of a material.

    `caption` wins over a task's captions. `username` is the account it is meant for, None for any.
    Materials with a lower `sort` are taken first.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    caption: str = ""
    username: str | None = None
    sort: int = 0


@dataclass(frozen=True, slots=True)
class NewMaterial:
    """A material to be stored. `file` is its name in the materials folder."""

    sha256: str
    file: str
    kind: MediaKind
    mime_type: str
    size_bytes: int
    duration_ms: int | None
    described: MaterialDescription


@dataclass(frozen=True, slots=True)
class Material(NewMaterial):
    """A stored material. `task_id` is the task that reserved or used it."""

    id: int
    state: UseState
    task_id: int | None
    created_ms: int


@dataclass(frozen=True, slots=True)
class MaterialRequest:
    """What a task wants from the library: `count` free items of a kind, having any of the tags.

    Items for the task's own account come first, then those for no account; then by `sort`, then oldest.
    """

    kind: MediaKind
    count: int
    tags: tuple[str, ...] = ()
    username: str | None = None


def parse_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a comma list, without blanks, case and repetitions, in order."""
    found: dict[str, None] = {}
    for part in text.split(","):
        if tag := part.strip().casefold():
            found[tag] = None
    return tuple(found)
