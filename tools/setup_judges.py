"""Install the clients of adb that others wrote (npm), which tests/judges holds the simulated phones against.

Run by `make judges`, and by `make test` where they are missing. tests/judges/package-lock.json pins what they are.
Where they cannot be installed it says so and goes on: those tests are skipped then, save in CI, where they fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "judges"
_LONGEST_S = 600


def main() -> int:
    """Install them; return 0 in any case, after a sentence when they are not there."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: the tests in tests/judges that need node are skipped.", file=sys.stderr)
        return 0
    print("Installing the clients of adb that tests/judges asks (the first time takes half a minute) ...", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        failed = subprocess.run(command, cwd=FOLDER, check=False, timeout=_LONGEST_S).returncode
    except subprocess.TimeoutExpired:
        failed = 1
    if failed:
        print("npm could not install them; is a package registry reachable? Those tests are skipped.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
