"""`fleetlane screens`: what a recorded UI tree shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.core.errors import FleetlaneError
from fleetlane.core.recognition import View, recognise
from fleetlane.core.screen import parse_tree
from fleetlane.scripts.packs import load_pack_file, load_packs

app = typer.Typer(help="Screens and the packs that recognise them.", no_args_is_help=True)


@app.callback()
def screens() -> None:
    """Screens and the packs that recognise them."""


@app.command("recognise")
def recognise_files(
    files: Annotated[list[Path], typer.Argument(help="UI trees (XML), as `uiautomator dump` writes them.")],
    pack: Annotated[
        Path | None, typer.Option(help="A pack (YAML) to try before those that come with Fleetlane.")
    ] = None,
) -> None:
    """Print `APP SCREEN` for each file, or `APP unknown`."""
    packs = (*([load_pack_file(pack)] if pack else []), *load_packs())
    for file in files:
        try:
            tree = parse_tree(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FleetlaneError(f"{file}: {error}") from error
        typer.echo(str(recognise(packs, View(tree))))
