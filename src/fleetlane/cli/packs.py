"""`fleetlane screens check`: which screen packs are in force, and whether they still name the cases kept with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.core.errors import FleetlaneError
from fleetlane.own_packs import use_packs
from fleetlane.scripts.packs import HeldPack, InForce
from fleetlane.scripts.packs.cases import CASES, Case, cases_in
from fleetlane.settings import load_settings

Folder = Annotated[
    Path | None,
    typer.Option("--packs", help="The folder of your own packs; that of the data directory when not given."),
]


def in_force(folder: Path | None) -> tuple[InForce, Path]:
    """Return the packs in force with a folder of the user's own (None: that of the settings), and that folder."""
    settings = load_settings()
    return use_packs(settings, folder), folder or settings.packs_dir


def check(folder: Folder = None) -> None:
    """Print the packs in force, and try the cases kept beside them; exit code 1 when one of them is wrong."""
    packs, chosen = in_force(folder)
    for held in packs.held.values():
        typer.echo(_line(held, packs))
    cases = cases_in(chosen / CASES)
    wrong = [said for case in cases if (said := _wrong(case, packs))]
    typer.echo(f"Cases in {chosen / CASES}: {len(cases)}, of which {len(wrong)} are wrong.")
    if problems := [*packs.problems, *packs.misnamed, *wrong]:
        raise FleetlaneError("\n".join(f"{said}." for said in problems))


def _line(held: HeldPack, packs: InForce) -> str:
    origin = ["comes with Fleetlane"] if held.is_shipped else []
    own = [f"{file} ({packs.files[file]})" for file in held.files]
    named = [f"app_packages ({', '.join(held.named)})"] if held.named else []
    return f"{held.pack.app} {held.pack.version or '(no version)'}: {', '.join([*origin, *own, *named])}"


def _wrong(case: Case, packs: InForce) -> str | None:
    shown = case.shown_by(packs.packs)
    return None if shown == case.shows else f"{case.path}: shows {shown}, not {case.shows}"
