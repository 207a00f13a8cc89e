"""Build what a release is made of (sdist and wheel, into dist/), and check it in an environment of its own.

Run by `make release`. The fresh environment gets every package by its hash from requirements.lock, and Fleetlane from
the wheel, which is built once from the checkout and once from the sdist: both must hold the same files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
_DEMO_S = 300


class ReleaseError(Exception):
    """The release is not as it must be; a sentence."""


def main() -> int:
    """Build and check; return 0, or 1 after a sentence that says what is wrong."""
    try:
        version = declared_version()
        check_changelog(version)
        sdist, wheel = build(version)
        with tempfile.TemporaryDirectory(prefix="fleetlane-release-") as folder:
            check_same_files(wheel, wheel_of(sdist, Path(folder)))
            check_installed(wheel, version, Path(folder))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    for built in (sdist, wheel):
        print(f"{built.relative_to(ROOT)}  sha256:{hashlib.sha256(built.read_bytes()).hexdigest()}")
    return 0


def declared_version() -> str:
    """Return the version that pyproject.toml names."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def check_changelog(version: str) -> None:
    """See to it that the changelog says what this version brings."""
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    if not any(heading.startswith(f"## {version} ") for heading in headings):
        raise ReleaseError(f"CHANGELOG.md has no part for {version}: head it '## {version} - YYYY-MM-DD'.")


def build(version: str) -> tuple[Path, Path]:
    """Build sdist and wheel from the checkout; return both."""
    shutil.rmtree(DIST, ignore_errors=True)
    run([sys.executable, "-m", "hatchling", "build", "-d", str(DIST)], "The build failed")
    sdist, wheel = DIST / f"fleetlane-{version}.tar.gz", DIST / f"fleetlane-{version}-py3-none-any.whl"
    if missing := [built.name for built in (sdist, wheel) if not built.is_file()]:
        raise ReleaseError(f"The build did not make {' and '.join(missing)}.")
    return sdist, wheel


def wheel_of(sdist: Path, folder: Path) -> Path:
    """Return the wheel that somebody builds from the sdist."""
    shutil.unpack_archive(sdist, folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "again")], "", unpacked)
    return next((folder / "again").glob("*.whl"))


def check_same_files(one: Path, other: Path) -> None:
    """Refuse two wheels that do not hold the same."""
    differing = sorted(name for name, _ in files_of(one) ^ files_of(other))
    if differing:
        raise ReleaseError(f"The sdist makes another wheel than the checkout: {', '.join(differing[:5])}.")


def files_of(wheel: Path) -> set[tuple[str, str]]:
    """Return the files of a wheel, each with its hash."""
    with zipfile.ZipFile(wheel) as archive:
        return {(name, hashlib.sha256(archive.read(name)).hexdigest()) for name in archive.namelist()}


def check_installed(wheel: Path, version: str, folder: Path) -> None:
    """Install the wheel into an environment that has nothing else, and run its demo there."""
    fresh = folder / "venv"
    venv.create(fresh, with_pip=True)
    python = fresh / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")], "Its packages cannot be installed")
    run([*pip, "--no-deps", "--no-index", str(wheel)], "The wheel cannot be installed")
    run([str(python), "-m", "pip", "check"], "Its packages do not fit together")
    said = run([str(python), "-m", "fleetlane", "version"], "The command does not start", folder)
    if version not in said:
        raise ReleaseError(f"The installed command calls itself {said.strip()!r}, not {version}.")
    run([str(python), "-m", "fleetlane", "demo", "--once"], "The demo fails", folder)


def run(command: list[str], failure: str, cwd: Path = ROOT) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=_DEMO_S)
    if done.returncode:
        raise ReleaseError(f"{failure or 'The sdist does not build'}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
