"""`fleetlane config`: what the settings are, and where each comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fleetlane.cli.allow import allow_folder
from fleetlane.own_packs import use_packs
from fleetlane.settings import (
    SettingsError,
    config_path,
    effective_settings,
    load_settings,
    own_config_path,
    unused_variables,
)

app = typer.Typer(help="Settings, from the file and the environment.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Settings, from the file and the environment."""


@app.command("check")
def check() -> None:
    """Print every setting and where it comes from; or, with exit code 1, every mistake and how to fix it."""
    faults = unused_variables()
    try:
        settings = load_settings()
        use_packs(settings)
    except SettingsError as error:
        raise SettingsError.of([*error.faults, *faults]) from error
    if faults:
        raise SettingsError.of(faults)
    typer.echo(f"Settings file: {config_path() or f'none (it would be {own_config_path()})'}")
    table = Table("Setting", "Value", "From")
    for setting in effective_settings(settings):
        table.add_row(setting.name, setting.text, setting.origin)
    Console(markup=False, highlight=False).print(table)


@app.command("allow")
def allow(folder: Annotated[Path, typer.Argument(help="The folder.")]) -> None:
    """Let tasks publish the files of a folder: add it to material_roots in the settings file."""
    done = allow_folder(folder, load_settings())
    if done.file is None:
        typer.echo(f"{done.folder} is allowed already.")
        return
    typer.echo(f"{done.folder} is allowed now; {done.file} says so.")
    typer.echo("Restart the server if it is running: it reads its settings when it starts.")
