"""`fleetlane screens explain`: why a recorded UI tree got its name, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fleetlane.cli.packs import Folder, in_force
from fleetlane.cli.recorded import TreeFile, tree_in
from fleetlane.core.screens.recognition import View
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.packs.drawing import marked, picture_of
from fleetlane.scripts.packs.explain import Explanation, explain


def explain_file(
    file: TreeFile,
    picture: Annotated[
        Path | None, typer.Option(help="Write a picture (PNG) with the boxes of the nodes that are named.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Print what a UI tree is taken for, which rules nearly held, and what each of them missed."""
    packs, _ = in_force(folder)
    explanation = explain(packs.packs, View(tree_in(file)))
    for line in _lines(explanation):
        typer.echo(line)
    if picture is not None:
        picture.write_bytes(picture_of(explanation))
        typer.echo(f"The picture is {picture}.")


def _lines(explanation: Explanation) -> Iterator[str]:
    numbers = marked(explanation)
    by = f" by {_numbered(explanation.found, numbers)}" if explanation.found else ""
    yield f"It shows {explanation.seen}{by}."
    for package, box in explanation.windows:
        yield f"Window of {package or 'nobody'}: [{box.left},{box.top}][{box.right},{box.bottom}]"
    if not explanation.near:
        yield "No rule nearly held."
    for rule in explanation.near:
        found = f", found {_numbered(rule.found, numbers)}" if rule.found else ""
        yield f"Nearly {rule.app} {rule.screen}: {rule.held} of {rule.total} conditions hold{found}"
        for miss in rule.misses:
            at = f" {_numbered(miss.nodes, numbers)}" if miss.nodes else ""
            yield f"  - {miss.why}{at}"


def _numbered(nodes: Sequence[Node], numbers: Mapping[int, tuple[int, bool]]) -> str:
    return " ".join(f"[{numbers[id(node)][0]}]" for node in nodes)
