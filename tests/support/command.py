"""The `fleetlane` command, in a process of its own or in this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from fleetlane.cli.entry import main
from fleetlane.logs import configure_logs


def fleetlane(*args, timeout=120, **environment):
    """Run the command with some environment variables, and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "fleetlane", *args],
        capture_output=True, text=True, timeout=timeout, env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip


def fleetlane_here(*args):
    """Run the command in this process, which has imported already what a process of its own takes seconds for.

    For what ends at once: it can neither be stopped nor given an environment.
    """
    out, err, umask = io.StringIO(), io.StringIO(), os.umask(0o077)
    try:
        with mock.patch.object(sys, "argv", ["fleetlane", *args]), redirect_stdout(out), redirect_stderr(err):
            main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        os.umask(umask)
        configure_logs("error", "text")
    return subprocess.CompletedProcess(args, status, out.getvalue(), err.getvalue())
