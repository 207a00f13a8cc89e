"""Which settings of a script say what media it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """The settings of a script that say what media it takes: their names in `script_config`, "" for none.

    Attributes:
        files: a list of paths.
        kind: 0 for a video, 1 for images.
        folder: a folder to take files of.
        source: where media come from when no files are named.
    """

    files: str = ""
    kind: str = ""
    folder: str = ""
    source: str = ""


def setting(name: str) -> str:
    """Return the dotted path of a setting of a script in a request; of all of them for ""."""
    return f"script_config.{name}" if name else "script_config"
