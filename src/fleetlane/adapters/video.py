"""Looks at videos with PyAV (the extra `media`): that their pictures can be decoded, and what their boxes do not say.

Without PyAV the boxes alone say what a video is.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

from fleetlane.adapters.media import VideoCheck
from fleetlane.core.media.files import MediaFacts
from fleetlane.core.media.wholeness import DAMAGED_VIDEO, Flaw

_MOST_PACKETS = 120
_MICROSECONDS = 1000


def video_check() -> VideoCheck | None:
    """Return the look by PyAV, None where it is not installed or does not load."""
    try:
        av = importlib.import_module("av")
    except (ImportError, OSError):
        return None
    return lambda file, facts: _checked(av, file, facts)


def _checked(av: Any, file: BinaryIO, facts: MediaFacts) -> MediaFacts | Flaw:
    try:
        with av.open(file, mode="r", format="mp4") as container:
            stream = container.streams.best("video")
            if stream is None:
                return facts
            if not _shows_a_picture(av, container, stream):
                return DAMAGED_VIDEO
            duration_ms = round(container.duration / _MICROSECONDS) if container.duration else None
            return replace(
                facts,
                duration_ms=facts.duration_ms or duration_ms or None,
                width=facts.width or stream.width or None,
                height=facts.height or stream.height or None,
            )
    except av.FFmpegError:
        return facts  # it has no decoder for it, or does not know the form: that says nothing about the file


def _shows_a_picture(av: Any, container: Any, stream: Any) -> bool:
    for packet in islice(container.demux(stream), _MOST_PACKETS):
        try:
            if packet.decode():
                return True
        except av.InvalidDataError:
            continue
    return False
