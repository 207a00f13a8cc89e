"""`fleetlane simulate`: simulated phones behind a real adb server of their own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fleetlane.cli.signals import stop_event
from fleetlane.core.errors import FleetlaneError
from fleetlane.simulator.faults import load_faults
from fleetlane.simulator.fleets.fleet import Fleet
from fleetlane.simulator.fleets.fleet_settings import FleetSettings, load_plans
from fleetlane.simulator.likeness.reader import BUILTIN, likeness, set_by_words
from fleetlane.simulator.models.loader import LANGUAGES, builtin_models, load_models

_COUNTS = [str(count) for count in range(1, 9)]
_HANDLE = re.compile(r"[\w.]{1,30}")


def simulate(
    phones: Annotated[int, typer.Option(min=1, max=500, help="How many phones.")] = 3,
    apps: Annotated[
        Path | None, typer.Option(help="Folder of app models (*.yaml) instead of TikTok and Instagram.")
    ] = None,
    ledger: Annotated[Path | None, typer.Option(help="File that gets a JSON line for each post.")] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Added to every call, in milliseconds.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="YAML file of faults; see docs/reference/faults.md.")] = None,
    fleet: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of what single phones have that others have not; see docs/reference/simulated-phones.md."
        ),
    ] = None,
    like: Annotated[
        str,
        typer.Option(
            help=f"What they are like: {', '.join(BUILTIN)}, or a YAML file of traits; "
            "see docs/reference/simulated-phones.md."
        ),
    ] = "ideal",
    trait: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: one trait of the phones; can be given again.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes every random choice.")] = 0,
    language: Annotated[str, typer.Option(help=f"Language of the phones: {', '.join(LANGUAGES)}.")] = "en",
    android: Annotated[int, typer.Option(min=9, max=16, help="Android version of the phones.")] = 13,
    build: Annotated[
        str,
        typer.Option(help="Build of the apps, which decides their resource ids; any new name scrambles them."),
    ] = "",
    app_delay: Annotated[float, typer.Option(min=0, help="Factor on the apps' own delays.")] = 1.0,
    accounts: Annotated[
        str,
        typer.Option(
            help="Accounts signed in to every app: names, such as shop,shop_two, or how many (then with names of each "
            "phone's own, such as lane01). The first is in use."
        ),
    ] = "1",
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
    known_language(language)
    models = load_models(apps) if apps else builtin_models()
    settings = FleetSettings(
        phones=phones,
        models=models,
        ledger=ledger,
        latency_s=latency_ms / 1000,
        faults=load_faults(faults, models) if faults else (),
        plans=load_plans(fleet, models) if fleet else (),
        seed=seed,
        language=language,
        android=android,
        build=build,
        app_delay_factor=app_delay,
        accounts=_handles(accounts),
        traits=set_by_words(likeness(like), trait or []),
        adb_port=adb_port,
        log=lambda line: typer.echo(line, err=True),
    )
    asyncio.run(_run(settings, _said(like, trait or [])))


def _said(like: str, changes: Sequence[str]) -> str:
    """Return a line that says what the phones are like."""
    but = f", but {', '.join(changes)}" if changes else ""
    faster = " (they answer at once; real phones do not: --like real)" if like == "ideal" and not changes else ""
    return f"phones: {like}{but}{faster}"


def known_language(language: str) -> None:
    """Check the language of simulated phones.

    Raises:
        FleetlaneError: they do not speak it; names those they do.
    """
    if language not in LANGUAGES:
        raise FleetlaneError(f"There is no language {language!r}; known: {', '.join(LANGUAGES)}.")


def _handles(text: str) -> Sequence[str] | int:
    if text in _COUNTS:
        return int(text)
    handles = [name.strip().removeprefix("@") for name in text.split(",")]
    for name in handles:
        if not _HANDLE.fullmatch(name):
            raise FleetlaneError(
                f"{name!r} is no name of an account: letters, digits, dots and underscores, at most 30. "
                "Separate names by commas."
            )
    if len(set(handles)) < len(handles):
        raise FleetlaneError("An account is named twice in --accounts.")
    return handles


async def _run(settings: FleetSettings, said: str) -> None:
    stop = stop_event()
    fleet = Fleet(settings)
    try:
        await fleet.start()
        typer.echo(said, err=True)
        typer.echo(f"adb server: port {fleet.adb.port} (use: fleetlane serve --adb-port {fleet.adb.port})", err=True)
        for serial in fleet.serials:
            typer.echo(serial)
        await stop.wait()
    finally:
        await fleet.stop()
