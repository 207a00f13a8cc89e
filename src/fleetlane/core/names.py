"""Names that people give: serials, usernames, labels, tags."""

from __future__ import annotations

NAME_LENGTH = 255
NAME_RULE = f"must be a text of 1 to {NAME_LENGTH} printable characters, not beginning with '-'"


def is_name(name: str) -> bool:
    """Return whether a text can be a serial or a username."""
    bare = name.strip().removeprefix("@")
    return bool(bare) and len(name) <= NAME_LENGTH and name.isprintable() and not name.startswith("-")
