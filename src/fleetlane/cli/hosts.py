"""`fleetlane hosts`: the servers and hosts that share a store, as a running server sees them."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from fleetlane.cli.api import Api
from fleetlane.settings import load_settings

app = typer.Typer(help="The servers and hosts that share the store of a running server.")

_Name = Annotated[str, typer.Argument(help="The host.")]
_Url = Annotated[str | None, typer.Option(help="The server; the one of the settings when not given.")]


def _api(url: str | None) -> Api:
    settings = load_settings()
    return Api(url or f"http://localhost:{settings.port}", settings.secret_token)


@app.callback(invoke_without_command=True)
def hosts(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    url: _Url = None,
) -> None:
    """List the servers and hosts that share a store, or change something about one of them."""
    if context.invoked_subcommand is not None:
        if url or as_json:
            raise typer.BadParameter(f"Write options after the sub-command: hosts {context.invoked_subcommand} ...")
        return
    with _api(url) as api:
        found = api.get("/hosts")["hosts"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif found:
        Console(highlight=False).print(_table(found))
    else:
        typer.echo("No hosts: the store is a file of this server alone.")


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("Host", "Kind", "State", "Version", "Last heard of", "Phones", "Ready", "Tasks")
    for host in found:
        table.add_row(
            f"{host['name']} (this)" if host["is_this"] else host["name"],
            host["kind"],
            host["state"],
            host["version"],
            "never" if host["lag_s"] is None else f"{host['lag_s']:.0f} s ago",
            str(host["phones"]),
            str(host["phones_ready"]),
            str(host["running_tasks"]),
        )
    return table


@app.command("add")
def add(name: _Name, url: _Url = None) -> None:
    """Let a host join, and print its token; the one that it had before holds no more."""
    with _api(url) as api:
        added = api.post("/hosts", {"name": name})
    typer.echo(
        f"The token of {name}. It is shown only now; keep it there in a file that nobody else may read:", err=True
    )
    typer.echo(added["token"])
    start = f"fleetlane host --name {name} --server {url or 'URL'} --token-file FILE"
    typer.echo(f"Then start the host, with store_url set: {start}", err=True)


@app.command("drain")
def drain(
    name: _Name,
    off: Annotated[bool, typer.Option("--off", help="Let it take tasks again.")] = False,
    url: _Url = None,
) -> None:
    """Let a host take no new tasks. What runs there goes on to its end."""
    with _api(url) as api:
        host = api.post(f"/hosts/{quote(name, safe='')}/drain", {"drain": not off})
    if off:
        typer.echo(f"{name} takes tasks again.")
        return
    running = host["running_tasks"]
    left = f"{running} of its tasks still {'runs' if running == 1 else 'run'}." if running else "Nothing runs there."
    typer.echo(f"{name} takes no new tasks. {left}")


@app.command("forget")
def forget(name: _Name, url: _Url = None) -> None:
    """Forget a host that does not work any more, and its token."""
    with _api(url) as api:
        api.delete(f"/hosts/{quote(name, safe='')}")
    typer.echo(f"{name} is forgotten. Its phones are known again where they are plugged in next.")
