"""`fleetlane task`: what a person says to a running server about a task."""

from __future__ import annotations

from typing import Annotated

import typer

from fleetlane.cli.api import api_of
from fleetlane.settings import load_settings

app = typer.Typer(help="Tasks of a running server.", no_args_is_help=True)


@app.callback()
def tasks() -> None:
    """Tasks of a running server."""


@app.command("resolve")
def resolve(
    task_id: Annotated[int, typer.Argument(min=1, help="The task.")],
    published: Annotated[
        bool, typer.Option("--published/--not-published", help="Whether the post is on the profile.")
    ] = ...,  # pyright: ignore[reportArgumentType] - how Typer is told that it must be given
    url: Annotated[str | None, typer.Option(help="The server; the one of the settings when not given.")] = None,
) -> None:
    """Say what became of a post whose outcome is unknown, after a look at the profile."""
    settings = load_settings()
    with api_of(settings, url) as api:
        task = api.post(f"/task/{task_id}/resolve", {"published": published})
    typer.echo(f"Task {task_id} is {task['status_text']}: {task['remark']}")
