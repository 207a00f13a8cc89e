"""`fleetlane serve`: the server with the user's phones."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Annotated

import typer

from fleetlane.bootstrap.server import build
from fleetlane.cli.signals import stop_event
from fleetlane.http.server import listen
from fleetlane.http.server import serve as serve_app
from fleetlane.logs import configure_logs
from fleetlane.settings import Settings, load_settings

OPEN_TO_ALL = (
    'No token is set: whoever uses this computer may use this server. To ask for one, set token_file; auth = "always" '
    "makes sure that one is set."
)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (50809).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the store and the traces.")] = None,
    adb_port: Annotated[
        int | None, typer.Option(help="Port of the adb server (ANDROID_ADB_SERVER_PORT or 5037).")
    ] = None,
) -> None:
    """Run the server. Phones on USB with debugging allowed are found by themselves."""
    settings = load_settings(host=host, port=port, data_dir=data_dir, adb_port=adb_port)
    configure_logs(settings.log_level, settings.log_format)
    sockets = listen(settings.host, settings.port)
    try:
        asyncio.run(_run(settings, sockets))
    finally:
        for listening in sockets:
            listening.close()


async def _run(settings: Settings, sockets: list[socket.socket]) -> None:
    stop = stop_event()
    server = build(settings)
    async with server.running():
        address = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "https" if settings.tls_cert else "http"
        typer.echo(
            f"Fleetlane serves {scheme}://{address}:{settings.port}/api/v1 (documentation: /docs). Stop with Ctrl+C.",
            err=True,
        )
        if settings.secret_token is None:
            typer.echo(OPEN_TO_ALL, err=True)
        await serve_app(server.app, sockets, stop, tls=settings.tls)
