"""The `fleetlane` command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def fleetlane(*args, timeout=120, **environment):
    """Run the command with some environment variables, and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "fleetlane", *args],
        capture_output=True, text=True, timeout=timeout, env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip
