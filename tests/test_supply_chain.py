"""What is installed is what was locked, what a release is made of is written down, an audit says what it missed."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)[^\n]*((?:\n    --hash=\S+.*)*)", re.MULTILINE)


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked():
    found = ENTRY.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return {
        canonicalize_name(name): (version, re.findall("sha256:[0-9a-f]{64}", hashes)) for name, version, hashes in found
    }


def test_every_package_is_locked_by_the_hashes_of_its_files_in_the_version_of_the_constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    constrained = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    assert len(locked()) > 50
    assert {name: version for name, (version, _) in locked().items()} == constrained, "run `make lock`"
    assert [name for name, (_, hashes) in locked().items() if not hashes] == []


def test_all_that_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    for one in map(Requirement, asked):
        version, _ = locked()[canonicalize_name(one.name)]
        assert one.specifier.contains(version), f"{one}: run `make lock`"


def test_nothing_is_installed_without_its_hash():
    text = (ROOT / "tools" / "setup_venv.py").read_text(encoding="utf-8")
    installs = re.findall(r"\[\*pip, ([^\]]*)\]", text)
    assert [step for step in installs if "--require-hashes" not in step and "--no-deps" not in step] == [
        '"--upgrade", "pip>=25.1"'
    ]


def test_the_bill_of_materials_names_what_runs_with_its_hashes():
    bill = tool("sbom").bill()
    parts = {part["name"]: part for part in bill["components"]}
    assert {"fastapi", "sqlalchemy", "starlette", "pydantic-core"} <= set(parts), (
        "also what is needed by what is needed"
    )
    assert "pytest" not in parts
    assert [name for name, part in parts.items() if not part.get("hashes")] == []
    refs = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {ref for one in bill["dependencies"] for ref in [one["ref"], *one["dependsOn"]]} == refs


OK = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        ([OK], 0, "Asked about 1 of 1 packages; advisories: 0."),
        ([OK, BAD], 1, "b 2: PYSEC-1, fixed in 3"),
        ([BAD, SKIPPED], 1, "Not audited"),
        ([OK, SKIPPED], 2, "Not audited, as the source does not know them or cannot be reached: c."),
        ([SKIPPED], 2, "Asked about 0 of 1"),
        ([], 2, "Asked about 0 of 0"),
    ],
)
def test_an_audit_of_less_than_everything_is_no_good_news(capsys, found, code, says):
    assert tool("audit").told({"dependencies": found}) == code
    told = capsys.readouterr()
    assert says in told.out + told.err
