"""Ask a source of advisories about every package of requirements.lock, by pip-audit. Run by `make audit`.

Exit code 0: all were asked about, and nothing is known. 1: something is known. 2: some could not be asked about, and
nothing is said of those: a source that does not answer is no good news.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv" / "audit"
_NAMED = 5
_LONGEST_S = 600


def main() -> int:
    """Audit; return the exit code."""
    report = _report()
    if report is None:
        print("No source of advisories can be reached: nothing was audited.", file=sys.stderr)
        return 2
    return told(report)


def told(report: Mapping[str, Any]) -> int:
    """Print what pip-audit has found out, and return the exit code."""
    known = [(one, bad) for one in report["dependencies"] for bad in one.get("vulns", ())]
    skipped = [one["name"] for one in report["dependencies"] if "skip_reason" in one]
    for one, bad in known:
        print(f"{one['name']} {one['version']}: {bad['id']}, fixed in {', '.join(bad['fix_versions']) or 'no version'}")
    asked = len(report["dependencies"]) - len(skipped)
    print(f"Asked about {asked} of {len(report['dependencies'])} packages; advisories: {len(known)}.")
    if skipped:
        named = ", ".join(skipped[:_NAMED]) + (", ..." if len(skipped) > _NAMED else "")
        print(f"Not audited, as the source does not know them or cannot be reached: {named}.", file=sys.stderr)
    return 1 if known else 2 if skipped or not asked else 0


def _report() -> dict[str, Any] | None:
    command = [*_pip_audit(), "--requirement", str(ROOT / "requirements.lock"), "--disable-pip", "--no-deps"]
    shape = ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run([*command, *shape], capture_output=True, text=True, timeout=_LONGEST_S, check=False)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _pip_audit() -> list[str]:
    """Return the command, installed beside the project's own environment so that it audits nothing of itself."""
    program = VENV / ("Scripts/pip-audit.exe" if os.name == "nt" else "bin/pip-audit")
    if not program.exists():
        python = program.with_name("python.exe" if os.name == "nt" else "python")
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "pip-audit"], check=False)
    return [str(program)]


if __name__ == "__main__":
    raise SystemExit(main())
