"""`fleetlane screens collect`: the trees of a task's failed steps without people's words, to be sent to somebody."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fleetlane import __version__
from fleetlane.cli.packs import in_force
from fleetlane.cli.recorded import tree_in
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.scripts.packs import InForce
from fleetlane.settings import load_settings


def collect(
    task_id: Annotated[int, typer.Argument(min=1, metavar="TASK", help="The task.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to write it (zip); screens-TASK.zip here when not given.")
    ] = None,
) -> None:
    """Write the UI trees of a task's failed steps without people's words; those of the apps stay.

    Nothing is sent. Look into the file before you give it to anybody: labels that a pack knows stay, all others become
    stand-ins of the same length.
    """
    packs, _ = in_force(None)
    trees = sorted((load_settings().traces_dir / str(task_id)).glob("*/*.xml"))
    if not trees:
        raise FleetlaneError(
            f"No tree of task {task_id} is kept here: none of its steps failed, or its trace was forgotten. "
            "Set FLEETLANE_DATA_DIR where the server's data lies elsewhere."
        )
    target = output or Path(f"screens-{task_id}.zip")
    blanking = Blanking(OwnWords.of(packs.packs))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        lines = [*_about(packs)]
        for path in trees:
            tree = tree_in(path)
            name = f"{path.parent.name}-{path.name}"
            bundle.writestr(name, blanking.tree(tree.xml))
            lines.append(f"{name}\t{recognise(packs.packs, View(tree))}\t{tree.width}x{tree.height}")
        bundle.writestr("about.txt", "\n".join(lines) + "\n")
    typer.echo(f"{target} has {len(trees)} trees without people's words.")


def _about(packs: InForce) -> Iterator[str]:
    """Yield what the trees were recognised by."""
    yield f"Fleetlane {__version__}"
    for held in packs.held.values():
        files = [f"{name} ({packs.files[name]})" for name in held.files]
        yield "\t".join([held.pack.app, held.pack.version, *files])
