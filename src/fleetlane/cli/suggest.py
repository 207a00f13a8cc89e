"""`fleetlane screens suggest`: a rule for a recorded UI tree, tried against all recordings, and saved on request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetlane.cli.packs import Folder, in_force
from fleetlane.cli.recorded import TreeFile, tree_in
from fleetlane.core.document import text_of
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.screens.recognition import View
from fleetlane.scripts.packs.suggest import suggest
from fleetlane.scripts.packs.trial import Recordings, Trial, save_patch, try_patch
from fleetlane.settings import load_settings


def suggest_rule(
    file: TreeFile,
    name: Annotated[str, typer.Option(help="What to call the screen; made of what it says when not given.")] = "",
    rule: Annotated[
        Path | None, typer.Option(help="A patch (YAML) to try instead of a suggested one, such as that after an edit.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Save the patch, and the tree as its case.")] = False,
    folder: Folder = None,
) -> None:
    """Print a rule for a UI tree that no pack knows, and which recordings of the data folder it would rename."""
    packs, chosen = in_force(folder)
    tree = tree_in(file)
    view = View(tree)
    recordings = Recordings.kept(chosen, load_settings().traces_dir if folder is None else None)
    text = text_of(rule) if rule else suggest(packs, view, [one for _, one in recordings.views], name)
    typer.echo(text)
    trial = try_patch(packs, text, view, recordings)
    _tell(trial)
    if save:
        blanked = Blanking(OwnWords.of(trial.packs.packs)).tree(tree.xml)
        for path in save_patch(chosen, trial, text, blanked, file.stem):
            typer.echo(f"Saved {path}.")
    elif not trial.is_right:
        raise FleetlaneError(f"With it the tree shows {trial.shows}, not {trial.wanted}.")


def _tell(trial: Trial) -> None:
    typer.echo(f"With it the tree shows {trial.shows}.")
    typer.echo(f"Of {trial.tried} recordings of the data folder {len(trial.renamed)} get another name.")
    for one in trial.renamed:
        typer.echo(f"  {one.file}: {one.before} -> {one.after}")
