"""What is wrong with a task that has ended, when the phones' ledger says how often its post went out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def wrong(task: Mapping[str, Any], posts: int) -> str:
    """Return what is wrong with an ended task whose caption was published so often; "" when nothing is."""
    match task["status"], task["outcome"], posts:
        case (2, "published", 1) | (3, "unknown", 0 | 1) | (3, "not_published", 0):
            return ""
        case (0 | 1, _, _):
            return "has not ended"
        case _:
            return f"is {task['status_text']}, {task['outcome']}, and the phone published {posts}"
