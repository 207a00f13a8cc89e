"""The program that uiautomator2 puts on phones is the one that docs/explanation/automation-server.md describes."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "automation-server.md").read_text(encoding="utf-8")
ASSETS = resources.files("uiautomator2") / "assets"
UNREAD = "this automation server is not the one that was read: see the end of docs/explanation/automation-server.md"


def pinned(what):
    [value] = re.findall(rf"^\| {re.escape(what)} \| (\S+) \|$", PAGE, flags=re.MULTILINE)
    return value


def relied_on():
    return re.findall(r"^\| .+ \| .+ \| `([\w-]+)` \|$", PAGE, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("jar") / "u2.jar"
    path.write_bytes((ASSETS / "u2.jar").read_bytes())
    with zipfile.ZipFile(path) as jar:
        return b"".join(jar.read(name) for name in jar.namelist() if name.endswith(".dex"))


def test_the_library_and_its_program_are_the_pinned_ones():
    versions = json.loads((ASSETS / "version.json").read_text(encoding="utf-8"))
    assert metadata.version("uiautomator2") == pinned("uiautomator2"), UNREAD
    assert versions["u2.jar"] == pinned("u2.jar"), UNREAD
    assert hashlib.sha256((ASSETS / "u2.jar").read_bytes()).hexdigest() == pinned("sha256 of u2.jar"), UNREAD


def test_the_project_asks_for_the_pinned_version_only():
    constraints = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8")
    assert f"\nuiautomator2=={pinned('uiautomator2')}\n" in constraints
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"uiautomator2=={pinned("uiautomator2")}"' in project, "users must get the one that was read"


@pytest.mark.parametrize("name", relied_on())
def test_what_the_product_relies_on_is_in_the_program(program, name):
    assert name.encode() in program, UNREAD


def test_the_page_names_the_facts():
    assert len(relied_on()) == PAGE.partition("## When")[0].count("` |\n") == 9
