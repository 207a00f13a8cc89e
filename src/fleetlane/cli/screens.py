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
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.scripts.packs import load_pack_file
from fleetlane.scripts.packs.words import SOURCES, languages, missing

app = typer.Typer(help="Screens and the packs that recognise them.", no_args_is_help=True)


@app.callback()
def screens() -> None:
    """Screens and the packs that recognise them."""


@app.command("recognise")
def recognise_files(
    files: Annotated[list[Path], typer.Argument(help="UI trees (XML), as `uiautomator dump` writes them.")],
    pack: Annotated[Path | None, typer.Option(help="A pack (YAML) to try before those in force.")] = None,
    size: Annotated[
        str, typer.Option(help="The phone's screen, such as 1080x2400. Guessed from the tree when not given.")
    ] = "",
) -> None:
    """Print `APP SCREEN` for each file, or `APP unknown`. What lies over a page is told on standard error."""
    packs = (*([load_pack_file(pack)] if pack else []), *in_force(None)[0].packs)
    pixels = _size(size) if size else None
    for file in files:
        seen = recognise(packs, View(tree_in(file, pixels)))
        typer.echo(str(seen))
        if seen.over is not None:
            typer.echo(f"{file}: it lies over {seen.over}.", err=True)


@app.command("languages")
def report_languages() -> None:
    """Print how many words of each language are recorded, written or unverified, and which lists lack any.

    Ends with 1 when a language has a hole.
    """
    holes = missing()
    typer.echo("language    recorded  written  unverified")
    for language in languages():
        counts = language.counts()
        numbers = "".join(f"{counts[source]:>{width}}" for source, width in zip(SOURCES, (8, 9, 12), strict=True))
        typer.echo(f"{language.code} {language.name:<11}{numbers}")
    for code, lists in holes.items():
        for name in lists:
            typer.echo(f"{code}: no word for {name}; add one to words/{code}.yaml.")
    if any(holes.values()):
        raise typer.Exit(1)


app.command("check")(check)
app.command("explain")(explain_file)
app.command("suggest")(suggest_rule)
app.command("collect")(collect)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise FleetlaneError(f"{text!r} is no size of a screen. Give width and height in pixels, such as 1080x2400.")
    return int(width), int(height)
