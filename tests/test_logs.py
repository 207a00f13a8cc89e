"""What is logged, and what must not be."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAIL = """
import structlog
from fleetlane.logs import configure_logs
configure_logs("error", {style!r})
try:
    password = "hunter" + "2"
    raise RuntimeError("it broke")
except RuntimeError as error:
    structlog.get_logger().error("request_failed", exc_info=error)
"""


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_logged_error_has_its_traceback_and_no_local_variables(style):
    done = subprocess.run([sys.executable, "-c", FAIL.format(style=style)], capture_output=True, text=True, check=True)
    assert "RuntimeError: it broke" in done.stderr
    assert "Traceback" in done.stderr
    assert "hunter2" not in done.stderr
