"""`fleetlane screens`: what a recorded UI tree shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.cli.collect import collect
from fleetlane.cli.explain import explain_file
from fleetlane.cli.packs import check, in_force
from fleetlane.cli.recorded import tree_in
from fleetlane.cli.suggest import suggest_rule
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.recognition import Pack, View, recognise
from fleetlane.scripts.packs import load_pack_file

app = typer.Typer(help="Screens and the packs that recognise them.", no_args_is_help=True)


@app.callback()
def screens() -> None:
    """Screens and the packs that recognise them."""


@app.command("recognise")
def recognise_files(
    files: Annotated[list[Path], typer.Argument(help="UI trees (XML), as `uiautomator dump` writes them.")],
    pack: Annotated[Path | None, typer.Option(help="A pack (YAML) to try before those in force.")] = None,
) -> None:
    """Print `APP SCREEN` for each file, or `APP unknown`."""
    packs = (*([_pack(pack)] if pack else []), *in_force(None)[0].packs)
    for file in files:
        typer.echo(str(recognise(packs, View(tree_in(file)))))


app.command("check")(check)
app.command("explain")(explain_file)
app.command("suggest")(suggest_rule)
app.command("collect")(collect)


def _pack(file: Path) -> Pack:
    try:
        return load_pack_file(file)
    except OSError as error:
        raise FleetlaneError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FleetlaneError(f"{file} is no text in UTF-8.") from error
