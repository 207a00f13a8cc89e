"""`fleetlane backup`, `restore` and `verify`: a server's data as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.adapters.db.sqlite.backup import (
    DataFolder,
    Verified,
    make_backup,
    restore_backup,
    verify_backup,
    verify_data,
)
from fleetlane.data_directory import only_server
from fleetlane.settings import Settings, load_settings

_DataDir = Annotated[Path | None, typer.Option(help="Data directory of the server.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write; never overwritten.")],
    data_dir: _DataDir = None,
) -> None:
    """Write the store, the materials and the licence into one file, while the server runs. Without traces."""
    target = file.absolute()
    _tell(f"Written: {target}.", make_backup(_folder(load_settings(data_dir=data_dir)), target))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data_dir: _DataDir = None,
    nothing_ran_since: Annotated[
        bool,
        typer.Option(
            "--nothing-ran-since",
            help="No task ran after the backup was made: what waited simply goes on. Else posts are repeated.",
        ),
    ] = False,
) -> None:
    """Put a backup in place of what is there, which is kept in the folder backups. The server must be stopped.

    Tasks that waited, ran or had failed when the backup was made may have been published since: their outcome is then
    unknown, and nothing of them is posted again by itself.
    """
    settings = load_settings(data_dir=data_dir)
    with only_server(settings):
        found, doubted = restore_backup(file, _folder(settings), nothing_ran_since=nothing_ran_since)
    _tell(f"Restored into {settings.data_dir}.", found)
    if doubted:
        typer.echo(
            f"{doubted} tasks may have been published after the backup was made; their outcome is unknown now. Look "
            "at the profiles, then resolve them, or retry them with force."
        )


def verify(
    file: Annotated[Path | None, typer.Argument(help="A backup; the data directory itself when not given.")] = None,
    data_dir: _DataDir = None,
) -> None:
    """Look whether a backup, or what a server keeps, is whole. Exit code 1 when it is not."""
    if file is not None:
        _tell(f"{file} is a backup.", verify_backup(file))
    else:
        settings = load_settings(data_dir=data_dir)
        _tell(f"Looked at {settings.data_dir}.", verify_data(_folder(settings)))


def _folder(settings: Settings) -> DataFolder:
    return DataFolder(settings.store_path, settings.materials_dir, settings.license_path, settings.backups_dir)


def _tell(done: str, found: Verified) -> None:
    typer.echo(f"{done} Tasks: {found.tasks}, materials: {found.materials}.")
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.problems:
        raise typer.Exit(1)
    typer.echo("All is well.")
