"""Measure which lines and branches the tests in process run, and hold each part of the source to its floor.

The floors are in `tools/coverage_floors.json`, in percent. They only rise: `--raise` lifts those that lie more than a
percent under what was measured, and a run says which they are. A part under its floor ends the run with status 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ROOT / "tools" / "coverage_floors.json"
TESTS = (
    *(f"tests/{room}" for room in ("android", "cli", "contracts", "core", "dashboard", "http", "media", "packs")),
    *(f"tests/{room}" for room in ("scripts", "simulator", "store", "work")),
    *(f"tests/flow/test_{name}.py" for name in ("options", "verify", "content", "gallery", "transcripts")),
    *(f"tests/flow/test_{name}.py" for name in ("after_faults", "never_denied", "virtual_time")),
    "tests/flow/test_sheets_and_unknown_pages.py",
    "tests/test_logs.py",
)
"""What runs in process, and of the whole posts in virtual time those that differ most."""
WIRED = ("tests/e2e/test_accounts_and_library.py",)
"""A whole server with phones on the wire, in one process as well: all that is between the pages and the phones."""
LEFT_OUT = (
    *(f"tests/cli/test_{name}.py" for name in ("commands", "sessions", "own_packs")),
    *(f"tests/http/test_{name}.py" for name in ("many_callers", "work_per_byte")),
)
"""Processes of their own, and what measures time."""


def main(arguments: list[str]) -> int:
    """Measure and compare; return 1 when a part lies under its floor, or the tests fail."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        status = _measure(report, [given for given in arguments if given != "--raise"])
        if status:
            return status
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    measured = {part: _percent(files, part) for part in floors}
    low, high = compare(measured, floors)
    _say(measured, floors)
    print("\n".join([*low, *high]))
    if "--raise" in arguments:
        FLOORS.write_text(json.dumps(raised(measured, floors), indent=2) + "\n", encoding="utf-8")
    return 1 if low else 0


def _measure(report: Path, more: list[str]) -> int:
    """Run the tests and write what they ran; return pytest's status."""
    data = {**os.environ, "COVERAGE_FILE": str(report.with_suffix(".data"))}
    command = [sys.executable, "-m", "pytest", "-q", "--cov", "--cov-report=", *more]
    in_process = ["-n", "2", "--dist", "loadfile", "-m", "not phone and not slow"]
    for tests in (
        [*in_process, *TESTS, *(f"--ignore={name}" for name in LEFT_OUT)],
        [*WIRED, "--cov-append", f"--cov-report=json:{report}"],
    ):
        if status := subprocess.run([*command, *tests], cwd=ROOT, env=data, check=False).returncode:
            return status
    return 0


def _percent(files: dict[str, dict], part: str) -> dict[str, float]:
    """Return how much of the lines and branches was run of a part: a folder or file under `src`."""
    sums = [file["summary"] for name, file in files.items() if Path(name).as_posix().startswith(f"src/{part}")]

    def share(run: str, of: str) -> float:
        return 100.0 * sum(one[run] for one in sums) / max(sum(one[of] for one in sums), 1)

    return {"lines": share("covered_lines", "num_statements"), "branches": share("covered_branches", "num_branches")}


def compare(measured: dict[str, dict[str, float]], floors: dict[str, dict[str, int]]) -> tuple[list[str], list[str]]:
    """Return sentences about what lies under its floor, and about floors that can rise."""
    low, high = [], []
    for part, floor in floors.items():
        for what, least in floor.items():
            found = measured[part][what]
            if found < least:
                low.append(f"{part}: {found:.2f} % of the {what} are run by the tests, under the floor of {least} %.")
            elif found >= least + 1:
                high.append(f"{part}: the floor of the {what} can rise from {least} to {int(found)} %: --raise")
    return low, high


def raised(measured: dict[str, dict[str, float]], floors: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return the floors, each as high as was measured, and none lower than it was."""
    return {
        part: {what: max(least, int(measured[part][what])) for what, least in floor.items()}
        for part, floor in floors.items()
    }


def _say(measured: dict[str, dict[str, float]], floors: dict[str, dict[str, int]]) -> None:
    for part, floor in floors.items():
        found = ", ".join(f"{measured[part][what]:.2f} % of {what} (floor {least})" for what, least in floor.items())
        print(f"{part}: {found}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
