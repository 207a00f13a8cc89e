"""Files in a folder of media that nobody meant to publish: trashed, hidden, still being written, empty.

Sources: Android's MediaProvider names files in the trash `.trashed-…` and those being written `.pending-…`; macOS
leaves `._NAME` beside NAME on drives of other systems; the rest are the names that browsers and editors give their
own files.
"""

from __future__ import annotations

import os
import re
import stat
from enum import StrEnum

_TEMPORARY = re.compile(
    r"^~|~$|\.(tmp|temp|part|partial|crdownload|download|opdownload|filepart|!ut)(\.[a-z0-9]{2,4})?$", re.IGNORECASE
)
_OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin"})
_WINDOWS_HIDDEN = 0x2 | 0x4 | 0x100  # hidden, system, temporary
_MAC_HIDDEN = 0x8000


class Leftover(StrEnum):
    """Why a file is passed over."""

    TRASHED = "in the trash"
    PENDING = "still being written"
    HIDDEN = "hidden"
    TEMPORARY = "temporary"
    EMPTY = "empty"


def leftover(name: str, about: os.stat_result) -> Leftover | None:
    """Return why a file or folder of a folder of media is passed over, None when it may be meant.

    Args:
        name: its name alone.
        about: what the system says of it.
    """
    lower = name.casefold()
    if lower.startswith(".trashed-"):
        return Leftover.TRASHED
    if lower.startswith(".pending-"):
        return Leftover.PENDING
    if name.startswith(".") or lower in _OF_SYSTEMS or _is_hidden(about):
        return Leftover.HIDDEN
    if _TEMPORARY.search(name):
        return Leftover.TEMPORARY
    return Leftover.EMPTY if stat.S_ISREG(about.st_mode) and about.st_size == 0 else None


def _is_hidden(about: os.stat_result) -> bool:
    windows, mac = getattr(about, "st_file_attributes", 0), getattr(about, "st_flags", 0)
    return bool(windows & _WINDOWS_HIDDEN or mac & _MAC_HIDDEN)
