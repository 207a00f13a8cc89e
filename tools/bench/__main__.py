"""Measures Fleetlane and writes docs/reference/benchmarks.md. Run by `make bench`; `ARGS="trees posts"` runs only some.

Every figure is a ratio or a sum taken in one run on one machine, on simulated phones. Nothing here says
how fast a real phone is.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for this_machine
sys.path.insert(0, str(Path(__file__).parent))

import beforehand
import calls
import intake
import pages
import phones
import recognition
import watching
from this_machine import machine

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "reference" / "benchmarks.md"
SECTIONS = {
    "trees": phones.trees,
    "recognition": recognition.recognition,
    "posts": phones.posts,
    "calls": calls.calls,
    "fleet": phones.fleet,
    "intake": intake.intake,
    "beforehand": beforehand.beforehand,
    "pages": pages.pages,
    "watching": watching.watching,
}


def main() -> None:
    """Run the sections that were named, or all, and write the report."""
    wanted = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        raise SystemExit(f"There is no benchmark {unknown[0]!r}; known: {', '.join(SECTIONS)}")
    kept = _former_sections()
    for name in wanted:
        print(f"{name} ...", flush=True)
        start = time.monotonic()
        kept[name] = SECTIONS[name]().strip()
        print(kept[name], f"\n({time.monotonic() - start:.0f} s)\n", flush=True)
    REPORT.parent.mkdir(exist_ok=True)
    body = "\n\n".join(f"<!-- {name} -->\n{kept[name]}" for name in SECTIONS if name in kept)
    REPORT.write_text(f"{_head()}\n\n{body}\n", encoding="utf-8")
    print(f"written: {REPORT}")


def _head() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d")
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`. All of it was measured on **simulated phones only**: it says what Fleetlane itself "
        "costs, not how fast a phone or an app is.\n\n"
        f"Machine: {machine()}. Date: {now}."
    )


def _former_sections() -> dict[str, str]:
    if not REPORT.exists():
        return {}
    parts = REPORT.read_text(encoding="utf-8").split("<!-- ")[1:]
    return {part.split(" -->", 1)[0]: part.split(" -->", 1)[1].strip() for part in parts}


if __name__ == "__main__":
    main()
