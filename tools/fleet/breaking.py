"""`make fleet-chaos`: breaks whole fleets while they post. Truth is the phones' ledgers: out once, where asked for.

The same seed draws the same fleets and instants; what the machine does between them is its own.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from network import network_for, why_no_namespaces
from orders import Orders
from scenarios import all_scenarios
from storm import Result, Scenario, Storm, run
from whole_fleet import Plan, WholeFleet, tail

_HEAD = "| scenario | posts | twice | lost | unknown | failed | free, s | bound, s |\n|---|---|---|---|---|---|---|---|"


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios that were named, or all, and print what was seen. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make fleet-chaos", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="a scenario, or a pattern such as 'kill-*'; again")
    parser.add_argument("--list", action="store_true", help="print the scenarios")
    parser.add_argument("--posts", type=int, default=18)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--phones", type=int, default=3, help="for each host")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--loopback", action="store_true", help="no network namespaces, and nothing is cut")
    parser.add_argument("--keep", type=Path, default=None, help="keep the logs of what went wrong in this folder")
    options = parser.parse_args(arguments)
    chosen = [one for one in all_scenarios() if not options.only or any(fnmatch(one.name, p) for p in options.only)]
    if options.list or not chosen:
        print("\n".join(one.name for one in all_scenarios()))
        return 0 if options.list else 2
    options.seed = options.seed if options.seed is not None else random.randrange(10**6)
    print(f"seed: {options.seed}", flush=True)
    return _run_all(chosen, options)


def _run_all(chosen: Sequence[Scenario], options: argparse.Namespace) -> int:
    why = "they were not asked for" if options.loopback else why_no_namespaces()
    results: list[Result] = []
    try:
        for scenario in chosen:
            if scenario.cuts and why:
                print(f"{scenario.name}: left out, as it needs network namespaces ({why}).", flush=True)
                continue
            began_s = time.monotonic()
            results.append(_run_one(scenario, options))
            print(f"{_row(results[-1])}  {time.monotonic() - began_s:.0f} s; {_said(results[-1])}", flush=True)
    finally:
        print("\n".join(["", _HEAD, *map(_row, results)]), flush=True)
    bad = [result for result in results if not result.is_well and not result.may_fail]
    return 1 if bad else 0


def _run_one(scenario: Scenario, options: argparse.Namespace) -> Result:
    seed = options.seed
    plan = scenario.plan_of(Plan(hosts=options.hosts, phones=options.phones, seed=seed % 10_000))
    network, _ = network_for(plan.names, namespaces=not options.loopback)
    with tempfile.TemporaryDirectory(prefix="fleetlane-fleet-") as name, network:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's user must get in
        with WholeFleet(folder, plan, network) as fleet:
            storm = Storm(fleet, Orders(fleet, scenario.name), random.Random(f"{seed} {scenario.name}"))
            try:
                result = run(scenario, storm, options.posts)
            except BaseException:
                for log in folder.glob("*/*.log"):
                    print(f"{log}:\n{tail(log)}", file=sys.stderr)
                raise
            if options.keep is not None and not result.is_well:
                _keep(folder, options.keep / scenario.name)
            return result


def _keep(folder: Path, where: Path) -> None:
    where.mkdir(parents=True, exist_ok=True)
    for log in [*folder.glob("*/*.log"), *folder.glob("*/*.jsonl"), folder / "postgres" / "log"]:
        shutil.copy(log, where / f"{log.parent.name}-{log.name}")


def _row(result: Result) -> str:
    verdict = result.verdict
    free = "never" if result.free_s is None else f"{result.free_s:.1f}{' (late)' if result.is_late else ''}"
    counts = f"{verdict.posts} | {verdict.twice} | {verdict.lost} | {verdict.unknown} | {verdict.failed}"
    return f"| {result.name} | {counts} | {free} | {result.bound_s:.0f} |"


def _said(result: Result) -> str:
    expected = [f"expected today: {result.may_fail}"] if result.may_fail and result.problems else []
    return "; ".join([*result.notes, *expected, *result.problems])
