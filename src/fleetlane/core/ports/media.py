"""Looking into media files: the one answer to whether a file is whole, what it is, how long, how large, how turned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fleetlane.core.media.files import MediaKind


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file is.

    Attributes:
        size_bytes: its size.
        sha256: of its content; "" when there is a problem.
        kind: None when it is nothing that can be published.
        mime_type: "" where `kind` is None.
        duration_ms: None for images, and where a video does not say it.
        width: in pixels, before it is turned; None where it is not known.
        height: likewise.
        rotation_deg: by how much it is turned clockwise when it is shown: 0, 90, 180 or 270.
        problem: a sentence for people when it is not whole, or not of a kind that can be published.
    """

    size_bytes: int
    sha256: str
    kind: MediaKind | None
    mime_type: str
    duration_ms: int | None
    width: int | None
    height: int | None
    rotation_deg: int
    problem: str | None = None


class MediaInspector(Protocol):
    """Looks into files. Blocking; from any thread. Answers are kept by path, size and time of change."""

    def inspect(self, path: Path, timeout_s: float | None = None) -> Inspected:
        """Return what a file is.

        Args:
            path: a regular file, its links resolved: none is followed (`core.opened`).
            timeout_s: how long to wait. The look goes on after that, and its answer is kept for who asks again.

        Raises:
            TimeoutError: it lasted longer.
            OSError: the file cannot be opened or read.
        """
        ...
