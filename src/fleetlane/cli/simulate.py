"""`fleetlane simulate`: simulated phones behind a real adb server of their own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from fleetlane.core.errors import FleetlaneError
from fleetlane.simulator.faults import load_faults
from fleetlane.simulator.fleet import Fleet, FleetSettings
from fleetlane.simulator.model import LANGUAGES, builtin_models, load_models


def simulate(
    phones: Annotated[int, typer.Option(min=1, max=500, help="How many phones.")] = 3,
    apps: Annotated[
        Path | None, typer.Option(help="Folder of app models (*.yaml) instead of TikTok and Instagram.")
    ] = None,
    ledger: Annotated[Path | None, typer.Option(help="File that gets a JSON line for each post.")] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Added to every call, in milliseconds.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="YAML file of faults; see docs/faults.md.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes every random choice.")] = 0,
    language: Annotated[str, typer.Option(help=f"Language of the phones: {', '.join(LANGUAGES)}.")] = "en",
    android: Annotated[int, typer.Option(min=9, max=16, help="Android version of the phones.")] = 13,
    build: Annotated[
        str,
        typer.Option(help="Build of the apps, which decides their resource ids; any new name scrambles them."),
    ] = "",
    app_delay: Annotated[float, typer.Option(min=0, help="Factor on the apps' own delays.")] = 1.0,
    accounts: Annotated[int, typer.Option(min=1, max=8, help="Accounts signed in to each app.")] = 1,
    adb_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            envvar="ANDROID_ADB_SERVER_PORT",
            help="Port of their adb server, which is started unless it answers already; 0 chooses a free one.",
        ),
    ] = 0,
) -> None:
    """Run simulated phones until stopped. They use an adb server of their own, never yours."""
    if language not in LANGUAGES:
        raise FleetlaneError(f"There is no language {language!r}; known: {', '.join(LANGUAGES)}.")
    settings = FleetSettings(
        phones=phones,
        models=load_models(apps) if apps else builtin_models(),
        ledger=ledger,
        latency_s=latency_ms / 1000,
        faults=load_faults(faults) if faults else (),
        seed=seed,
        language=language,
        android=android,
        build=build,
        app_delay_factor=app_delay,
        accounts=accounts,
        adb_port=adb_port,
        log=lambda line: typer.echo(line, err=True),
    )
    asyncio.run(_run(settings))


async def _run(settings: FleetSettings) -> None:
    fleet = Fleet(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows: Ctrl+C ends the loop by KeyboardInterrupt
            break
    try:
        await fleet.start()
        typer.echo(f"adb server: port {fleet.adb.port} (use: fleetlane serve --adb-port {fleet.adb.port})", err=True)
        for serial in fleet.serials:
            typer.echo(serial)
        await stopped.wait()
    finally:
        await fleet.stop()
