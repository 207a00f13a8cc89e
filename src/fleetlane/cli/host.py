"""`fleetlane host`: a computer with phones that works on the store of one or more servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fleetlane.bootstrap.host import build_host
from fleetlane.cli.signals import stop_event
from fleetlane.logs import configure_logs
from fleetlane.settings import Settings, load_settings


def host(
    store: Annotated[
        str | None,
        typer.Option(help="The servers' database, postgresql://user@host/database; better in FLEETLANE_STORE_URL."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What this computer is called (its own name).")] = None,
    server: Annotated[str | None, typer.Option(help="Address of a server, such as https://fleet.lan:50809.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that `hosts add` printed.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the cache, and of what is not sent yet.")] = None,
    adb_port: Annotated[
        int | None, typer.Option(help="Port of the adb server (ANDROID_ADB_SERVER_PORT or 5037).")
    ] = None,
) -> None:
    """Run tasks on the phones of this computer, for a server elsewhere. Phones on USB are found by themselves."""
    settings = load_settings(
        store_url=store,
        host_name=name,
        server_url=server,
        host_token_file=token_file,
        data_dir=data_dir,
        adb_port=adb_port,
    )
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = stop_event()
    process = build_host(settings)
    async with process.running():
        typer.echo(f"The phones of {process.name} work for {settings.server_url}. Stop with Ctrl+C.", err=True)
        await stop.wait()
