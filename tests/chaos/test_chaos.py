"""kill -9 of a real server in the midst of posts: none goes out twice, none is lost. `make chaos` is the long one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.phone
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_server_that_is_killed_while_it_posts_loses_nothing_and_posts_nothing_twice(record_property):
    storm = [sys.executable, str(ROOT / "tools" / "chaos"), "--kills", "2", "--points", "3", "--posts", "12"]
    done = subprocess.run(storm, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    record_property("counts", done.stdout)
    assert int(re.search(r"posts asked for: (\d+)", done.stdout)[1]) >= 12
    assert int(re.search(r"kills: (\d+)", done.stdout)[1]) == 5
    assert int(re.search(r"attempts cut off, by phase: (\d+)", done.stdout)[1]) >= 3
