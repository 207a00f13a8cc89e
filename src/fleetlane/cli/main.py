"""The `fleetlane` command and its sub-commands."""

from __future__ import annotations

import typer

from fleetlane import __version__
from fleetlane.cli import accounts, backup, config, demo, doctor, screens, serve, simulate, tasks
from fleetlane.cli import license as licenses

app = typer.Typer(
    name="fleetlane",
    help="A self-hosted task server for fleets of Android phones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("verify")(backup.verify)
app.add_typer(screens.app, name="screens")
app.add_typer(accounts.app, name="accounts")
app.add_typer(tasks.app, name="task")
app.add_typer(config.app, name="config")
app.add_typer(licenses.app, name="license")


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
