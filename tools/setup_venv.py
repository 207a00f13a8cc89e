"""Make `.venv` in the checkout with Fleetlane and its development tools, each file by its hash in requirements.lock.

Run by `make setup`. Needs nothing but Python 3.11 or newer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".fleetlane-setup"


def main() -> int:
    """Set up the environment; return 0, or 1 after a sentence that says what is missing."""
    if sys.version_info < (3, 11):
        print(
            f"Fleetlane needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.",
            file=sys.stderr,
        )
        print("Set PYTHON to a newer one, for example: make setup PYTHON=python3.12", file=sys.stderr)
        return 1
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists() and not _make_venv():
        return 1
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    print("Installing Fleetlane and its tools into .venv (the first time takes a minute) ...", flush=True)
    for step in (
        [*pip, "--upgrade", "pip>=25.1"],
        [*pip, "--require-hashes", "--requirement", str(ROOT / "requirements.lock")],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    ):
        if subprocess.run(step, cwd=ROOT, check=False).returncode:
            print(
                "The installation failed; see the lines above. Is a Python package index reachable?",
                file=sys.stderr,
            )
            return 1
    STAMP.touch()
    return 0


def _make_venv() -> bool:
    result = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return True
    print(result.stdout + result.stderr, file=sys.stderr)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(
        f"Python could not make a virtual environment. On Debian or Ubuntu: apt install python{version}-venv",
        file=sys.stderr,
    )
    return False


if __name__ == "__main__":
    raise SystemExit(main())
