"""`fleetlane backup` and `restore`: a server's data as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.adapters.db.sqlite.backup import make_backup, restore_backup
from fleetlane.cli.store import DataDir, data_folder, must_be_a_file, report
from fleetlane.data_directory import only_server
from fleetlane.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write; never overwritten.")],
    data_dir: DataDir = None,
) -> None:
    """Write the store, the materials and the licence into one file, while the server runs. Without traces."""
    target, settings = file.absolute(), load_settings(data_dir=data_dir)
    must_be_a_file(settings)
    report(f"Written: {target}.", make_backup(data_folder(settings), target))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data_dir: DataDir = None,
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
    unknown, and nothing of them is posted again automatically.
    """
    settings = load_settings(data_dir=data_dir)
    must_be_a_file(settings)
    with only_server(settings):
        found, doubted = restore_backup(file, data_folder(settings), nothing_ran_since=nothing_ran_since)
    report(f"Restored into {settings.data_dir}.", found)
    if doubted:
        typer.echo(
            f"{doubted} tasks may have been published after the backup was made; their outcome is unknown now. Look "
            "at the profiles, then resolve them, or retry them with force."
        )
