"""Names: those that people give, as serials, usernames, labels, tags; and those of files."""

from __future__ import annotations

import re

NAME_LENGTH = 255
NAME_RULE = f"must be a text of 1 to {NAME_LENGTH} printable characters, not beginning with '-'"
TRACE_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a file of a trace may be called."""


def is_name(name: str) -> bool:
    """Return whether a text can be a serial or a username."""
    bare = name.strip().removeprefix("@")
    return bool(bare) and len(name) <= NAME_LENGTH and name.isprintable() and not name.startswith("-")
