"""`fleetlane store`: whether what a server keeps, or a backup of it, is whole."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fleetlane.adapters.db.sqlite.backup import DataFolder, Verified, verify_backup, with_files
from fleetlane.bootstrap.moving import move_store
from fleetlane.bootstrap.stores import database, file_of, place_of
from fleetlane.core.errors import StoreError
from fleetlane.data_directory import only_server
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
        found = with_files(place_of(settings).check(), settings.materials_dir)
        report(f"Looked at {place_of(settings).shown} and {settings.data_dir}.", found)


@app.command("init")
def init(data_dir: DataDir = None) -> None:
    """Make the store that the settings name, or bring it to this version. `serve` does so, too."""
    settings = load_settings(data_dir=data_dir)
    place = place_of(settings)
    with only_server(settings):
        place.migrate()
    typer.echo(f"The store is ready: {place.shown}.")


@app.command("move")
def move(
    to: Annotated[str, typer.Option(help="postgresql://user@host/database, or the word file: back into data_dir.")],
    data_dir: DataDir = None,
) -> None:
    """Move the store to a database of PostgreSQL, or back into a file. The server must be stopped.

    All rows are copied and compared. When anything is wrong nothing is moved, and the server goes on where it was.
    """
    settings = load_settings(data_dir=data_dir)
    source = place_of(settings)
    target = file_of(settings) if to == "file" else database(to)
    if source.shown == target.shown:
        raise StoreError(f"The store is there already: {target.shown}.")
    with only_server(settings), _counting() as progress:
        copied, left = move_store(source, target, progress)
    rows = ", ".join(f"{name}: {count}" for name, count in copied.rows.items() if count)
    typer.echo(f"Moved to {target.shown}. {rows or 'It was empty'}. Compared: every row arrived as it was.")
    if copied.changed:
        typer.echo(f"{copied.changed} texts held the character NUL, which PostgreSQL keeps in none: it was left out.")
    typer.echo(left)
    now = "Remove store_url from the settings" if to == "file" else "Set store_url to it"
    typer.echo(f"{now}, then start the server.")


def verify(file: _File = None, data_dir: DataDir = None) -> None:
    """Do what `fleetlane store check` does: its former name, which goes with the next version."""
    typer.echo("`fleetlane verify` goes with the next version: use `fleetlane store check`.", err=True)
    check(file, data_dir)


def must_be_a_file(settings: Settings) -> None:
    """Refuse to back up or restore a store that is a database: PostgreSQL's own programs do so.

    Raises:
        StoreError: it is; says how.
    """
    if settings.store_url is not None:
        url = place_of(settings).shown
        raise StoreError(
            f"The store is in {url}. Back it up with `pg_dump -Fc`, and copy {settings.materials_dir} beside it. Put "
            "it back with `pg_restore --clean`. What has been due since that backup may have been published, and the "
            "backup does not know of it: stop it before the server starts."
        )


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


@contextmanager
def _counting() -> Generator[Callable[[str, int], None]]:
    """Yield what shows how many rows of each table are copied."""
    count = TextColumn("{task.completed:.0f} rows")
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn(), console=Console(stderr=True)
    )
    with bars as progress:
        shown: dict[str, TaskID] = {}

        def show(table: str, rows: int) -> None:
            if table not in shown:
                shown[table] = progress.add_task(table, total=None)
            progress.update(shown[table], completed=rows)

        yield show
