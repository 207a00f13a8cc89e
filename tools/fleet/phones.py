"""Simulated phones of one host, as a process of their own: prints a line of JSON when they are there, until SIGTERM.

`fleetlane simulate` is for people; this one takes a first port, so that no two hosts have phones of the same serial.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from fleetlane.cli.signals import stop_event
from fleetlane.simulator.fleets.fleet import Fleet, FleetSettings


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first-port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--app-delay", type=float, required=True)
    options = parser.parse_args()
    settings = FleetSettings(
        phones=options.phones,
        seed=options.seed,
        first_port=options.first_port,
        ledger=options.ledger,
        app_delay_factor=options.app_delay,
    )
    asyncio.run(_run(settings))


async def _run(settings: FleetSettings) -> None:
    stop = stop_event()
    fleet = Fleet(settings)
    try:
        await fleet.start()
        print(json.dumps({"adb_port": fleet.adb.port, "serials": fleet.serials}), flush=True)
        await stop.wait()
    finally:
        await fleet.stop()


if __name__ == "__main__":
    main()
