"""A whole fleet, each part a process of its own: `make fleet` and one of the ways of `make fleet-chaos`, both small."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.postgres import must_be_installed

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.phone,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="what it measures, and how it kills, is Linux's own"),
]


def run(*arguments: str) -> str:
    """Run the tool, and return what it prints. It is asked to end, not killed: it has things to take away."""
    must_be_installed()
    command = [sys.executable, str(ROOT / "tools" / "fleet"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        try:
            said, _ = tool.communicate(timeout=280)
        except BaseException:
            tool.terminate()
            raise
    assert tool.returncode == 0, said
    return said


def test_what_is_asked_of_two_hosts_is_out_once_on_its_phone(record_property, tmp_path):
    said = run("--hosts", "2", "--phones", "1", "--posts", "4", "--samples", "1", "--json", str(tmp_path / "figures"))
    figures = json.loads((tmp_path / "figures").read_text())
    record_property("figures", json.dumps(figures))
    assert (figures["hosts"], figures["phones"], figures["posts"]) == (2, 2, 4)
    assert figures["posts_per_s"] > 0
    assert figures["hosts_cpu"] > 0
    assert "every post is out once, on its phone, with its caption and its file" in said


def test_a_host_that_is_killed_while_it_posts_and_comes_back_posts_nothing_twice(record_property):
    said = run("chaos", "--only", "kill-tapped-after-back", "--phones", "1", "--posts", "4", "--seed", "7")
    record_property("counts", said)
    found = re.search(r"^\| kill-tapped-after-back \| (\d+) \| (\d+) \| (\d+) \| (\d+) ", said, re.MULTILINE)
    assert found is not None, said
    assert found.groups()[:3] == ("4", "0", "0"), said
