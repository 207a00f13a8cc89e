"""How long a script waits for an app, by what the app is about to do.

The seconds are from logs of real phones: an app that was opened is known up to 26 s later, an editor shows 4 s
(median) to 21 s (95 %) and once 208 s after the gallery, an upload was seen running for up to 224 s, and a profile
shows the new post up to 54 s after that. A slow phone gets as many looks as an ordinary one has in that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_QUICK_PAUSE_S, _PAUSE_LOOKS = 0.08, 5
_LOOK_S = 1.3  # a look of an ordinary phone, and the pause after it

STARTED_FOR_S = 30.0
"""How long an app may show what nobody knows after it was started, or given something."""
LONGEST_UPLOAD_S = 600.0
GRID_S = 60.0
"""How long after an upload the profile may not show its post yet."""
UPLOAD_PAUSE_S = 5.0
"""The longest pause between two looks at an upload, or at the profile after it."""
LOOK_AFTER_S = 240.0
"""What an attempt may take on top when Post was pressed, or an upload was seen running: to see what became of it."""


class Situation(StrEnum):
    """What the app is about to do."""

    LOADING = "loading"
    """It loads what it was given: an editor comes late, the later the more there is to load."""
    UPLOADING = "uploading"
    """It uploads."""
    OTHERWISE = "otherwise"
    """It shows another page."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long the way to a screen may take.

    Attributes:
        stage_s: seconds; on slow phones so many looks as an ordinary phone has in them.
        busy_s: the same, while something is visibly loading.
    """

    stage_s: float
    busy_s: float

    def is_over(self, waited_s: float, looks: int, *, busy: bool) -> bool:
        """Return whether this has taken too long."""
        return has_passed(self.busy_s if busy else self.stage_s, waited_s, looks)


def grown(pause_s: float, growth: float, longest_s: float, look_s: float) -> float:
    """Return the pause after this one: longer each time, but a phone that answers at once is looked at often.

    Args:
        pause_s: the pause before.
        growth: by how much it grows.
        longest_s: the longest on an ordinary phone.
        look_s: how long the last look took.
    """
    return min(pause_s * growth, longest_s, max(_QUICK_PAUSE_S, _PAUSE_LOOKS * look_s))


def has_passed(limit_s: float, waited_s: float, looks: int) -> bool:
    """Return whether a time is over, and has had as many looks as an ordinary phone has in it."""
    return waited_s >= limit_s and looks * _LOOK_S >= limit_s


WAITS = {
    Situation.LOADING: Wait(stage_s=60.0, busy_s=240.0),
    Situation.UPLOADING: Wait(stage_s=45.0, busy_s=LONGEST_UPLOAD_S),
    Situation.OTHERWISE: Wait(stage_s=45.0, busy_s=60.0),
}
