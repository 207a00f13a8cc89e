"""`make chaos`: kill -9 of a real server while it posts; no post twice, none lost. Linux and macOS.

The same seed draws the same points, instants and order; what the machine does between them is its own.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for server_process

from kill_loop import POINTS, Storm
from server import ChaosError, Victim

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread


def main() -> int:
    """Run a storm, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=16, help="at so many random instants")
    parser.add_argument("--points", type=int, default=2 * len(POINTS), help="and at so many points of the journal")
    parser.add_argument("--posts", type=int, default=60, help="at least so many; more when the kills need them")
    parser.add_argument("--phones", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    print(f"seed: {seed}", flush=True)
    began = time.monotonic()
    settings = FleetSettings(phones=options.phones, app_delay_factor=0.05, seed=seed)
    with tempfile.TemporaryDirectory(prefix="fleetlane-chaos-") as name, FleetThread(settings) as phones:
        folder = Path(name)
        with Victim(folder, phones.fleet.adb.port) as victim:
            storm = Storm(phones, victim, random.Random(seed), options.posts)
            try:
                storm.run(options.kills, options.points)
            except ChaosError as error:
                print(f"{error}\nseed: {seed}\n{_tail(victim.log)}", file=sys.stderr)
                return 1
            finally:
                _report(storm, time.monotonic() - began)
            print("posted twice: 0, lost: 0, in a wrong state: 0")
    return 0


def _report(storm: Storm, seconds: float) -> None:
    print(f"posts asked for: {len(storm.captions)}")
    print(f"kills: {storm.kills.total()} ({_counts(storm.kills)})")
    print(f"attempts cut off, by phase: {storm.deaths.total()} ({_counts(storm.deaths)})")
    print(f"looks for posts in doubt: {storm.looks.total()} ({_counts(storm.looks)})")
    print(f"ends before anybody helped: {_counts(storm.ends)}")
    if storm.recoveries_s:
        p50, p95, most = _percentiles(storm.recoveries_s)
        print(f"recovery, without waiting for a CPU: p50 {p50:.1f} s, p95 {p95:.1f} s, max {most:.1f} s")
    print(f"all of it: {seconds:.0f} s")


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, the 95th percentile and the largest."""
    ordered = sorted(values)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return p50, p95, ordered[-1]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counter.items()))


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])


if __name__ == "__main__":
    sys.exit(main())
