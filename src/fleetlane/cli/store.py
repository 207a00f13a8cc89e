"""`fleetlane store`: whether what a server keeps, or a backup of it, is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.adapters.db.sqlite.backup import DataFolder, Verified, verify_backup, verify_data
from fleetlane.settings import Settings, load_settings

DataDir = Annotated[Path | None, typer.Option(help="Data directory of the server.")]
_File = Annotated[Path | None, typer.Argument(help="A backup; the data directory itself when not given.")]

app = typer.Typer(help="What a server keeps.", no_args_is_help=True)


@app.callback()
def store() -> None:
    """What a server keeps."""


@app.command("check")
def check(file: _File = None, data_dir: DataDir = None) -> None:
    """Check whether a backup, or what a server keeps, is whole. Exit code 1 when it is not."""
    if file is not None:
        report(f"{file} is a backup.", verify_backup(file))
    else:
        settings = load_settings(data_dir=data_dir)
        report(f"Looked at {settings.data_dir}.", verify_data(data_folder(settings)))


def verify(file: _File = None, data_dir: DataDir = None) -> None:
    """Do what `fleetlane store check` does: its former name, which goes with the next version."""
    typer.echo("`fleetlane verify` goes with the next version: use `fleetlane store check`.", err=True)
    check(file, data_dir)


def data_folder(settings: Settings) -> DataFolder:
    """Return where a server's data lies."""
    return DataFolder(settings.store_path, settings.materials_dir, settings.license_path, settings.backups_dir)


def report(done: str, found: Verified) -> None:
    """Print what was done and found.

    Raises:
        typer.Exit: with code 1 when something is not whole.
    """
    typer.echo(f"{done} Tasks: {found.tasks}, materials: {found.materials}.")
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.problems:
        raise typer.Exit(1)
    typer.echo("All is well.")
