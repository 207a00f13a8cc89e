"""What can be wrong with a media file, in sentences for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a file cannot be published: a sentence."""

    sentence: str


EMPTY = Flaw("It is empty.")
CUT_OFF = Flaw("It is not whole: its end is missing. Copy it again, or wait until it is copied.")
NO_MEDIA = Flaw("It is not what its name says: it holds no complete video or image.")
TOO_LARGE = Flaw("It has 4 GiB or more, and what a phone has of such a file cannot be checked. Export it smaller.")
DAMAGED_IMAGE = Flaw("It is a damaged image: it cannot be decoded to its end.")
DAMAGED_VIDEO = Flaw("It is a damaged video: it cannot be decoded.")
TOO_MANY_PIXELS = Flaw("It has more pixels than can be decoded here. Export it smaller.")
CHANGING = Flaw("Somebody is still writing it. Try again when it is copied.")

LARGEST_BYTES = (1 << 32) - 1
"""adb's sync protocol tells the size of a file on a phone in 32 bits."""
