"""Write what a release is made of (CycloneDX 1.5, JSON): Fleetlane, and every package it needs to run.

Run by `make sbom`, in the environment that `make setup` made. Hashes are those of requirements.lock.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main() -> int:
    """Write the file into dist/, and say where it is."""
    version = metadata.version("fleetlane")
    target = ROOT / "dist" / f"fleetlane-{version}.cdx.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    print(f"Written: {target}")
    return 0


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    hashes, needs = locked(), _needs("fleetlane")
    parts = sorted(name for name in needs if name != "fleetlane")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": _component("fleetlane", {}, kind="application")},
        "components": [_component(name, hashes) for name in parts],
        "dependencies": [
            {"ref": _url(name), "dependsOn": [_url(one) for one in needs[name]]} for name in sorted(needs)
        ],
    }


def locked() -> dict[str, list[str]]:
    """Return the hashes of the files of each package of requirements.lock."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if pinned := _PINNED.match(line):
            name = canonicalize_name(pinned[1])
        found.setdefault(name, []).extend(_HASH.findall(line))
    return found


def _needs(name: str) -> dict[str, list[str]]:
    """Return what a package needs to run here, and what those need, by their names."""
    found: dict[str, list[str]] = {}
    left = [canonicalize_name(name)]
    while left:
        one = left.pop()
        if one in found:
            continue
        asked = map(Requirement, metadata.requires(one) or ())
        found[one] = sorted(
            {canonicalize_name(r.name) for r in asked if not r.marker or r.marker.evaluate({"extra": ""})}
        )
        left += found[one]
    return found


def _component(name: str, hashes: dict[str, list[str]], kind: str = "library") -> dict[str, Any]:
    about = metadata.metadata(name)
    licence = about.get("License-Expression")
    return {
        "type": kind,
        "bom-ref": _url(name),
        "name": name,
        "version": about["Version"],
        "purl": _url(name),
        **({"licenses": [{"expression": licence}]} if licence else {}),
        **({"hashes": [{"alg": "SHA-256", "content": one} for one in hashes[name]]} if name in hashes else {}),
    }


def _url(name: str) -> str:
    return f"pkg:pypi/{name}@{metadata.version(name)}"


if __name__ == "__main__":
    raise SystemExit(main())
