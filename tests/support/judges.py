"""Clients of adb that others wrote, as judges of the simulated phones: how they are run, how their answers are read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "judges"
_PACKAGES = FOLDER / "node_modules"
_OLDEST_NODE = (20, 19)
_LONGEST_S = 120


@dataclass(frozen=True)
class Refused:
    """The call must fail, with a text that the expression fits."""

    expression: str


def run_judge(script: str, *arguments: str) -> Mapping[str, Mapping[str, Any]]:
    """Run a script of this folder with node, and return what each call answered."""
    found = subprocess.run(
        [_node(), str(FOLDER / script), *arguments], capture_output=True, text=True, timeout=_LONGEST_S
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        _missing("node is not installed here; .ci/tools installs it on Debian and Ubuntu")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.lstrip("v").split(".")[:2]) < _OLDEST_NODE:
        _missing(f"appium-adb needs node {'.'.join(map(str, _OLDEST_NODE))} or newer; this is {version}")
    if not _PACKAGES.is_dir():
        _missing("the clients are not installed: run `make judges` (it needs npm and a package registry)")
    return node


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def check(answer: Mapping[str, Any], expected: Any) -> None:
    """Hold an answer against what is expected: a value, a `Refused`, or a function that says whether it is right."""
    if isinstance(expected, Refused):
        assert re.search(expected.expression, answer.get("error", "")), answer
    elif isinstance(expected, Callable):
        assert "value" in answer, answer
        assert expected(answer["value"]), answer
    else:
        assert answer == {"value": expected}


def has(*wanted: Any) -> Callable[[Any], bool]:
    """Return whether all are in an answer."""
    return lambda value: all(item in value for item in wanted)


def fields(**wanted: Any) -> Callable[[Any], bool]:
    """Return whether an answer has these fields."""
    return lambda value: {**value, **wanted} == value
