"""The `fleetlane` command and its sub-commands.

Each sub-command's module is imported when it is asked for: `fleetlane task` needs neither the store nor the web server.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup

_PLACES: Mapping[str, str] = {
    "serve": "serve.serve",
    "host": "host.host",
    "demo": "demo.demo",
    "simulate": "simulate.simulate",
    "doctor": "doctor.doctor",
    "record": "record.record",
    "replay": "replay.replay",
    "backup": "backup.backup",
    "restore": "backup.restore",
    "store": "store.app",
    "verify": "store.verify",
    "version": "version.version",
    "screens": "screens.app",
    "accounts": "accounts.app",
    "hosts": "hosts.app",
    "task": "tasks.app",
    "config": "config.app",
    "license": "license.app",
}
"""Where each sub-command is, in this package: a function, or an app with sub-commands of its own."""


class _SubCommands(Mapping[str, Any]):
    """The sub-commands by their names."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = _PLACES[name].partition(".")
        found = getattr(_imported(f"fleetlane.cli.{module}"), attribute)
        alone = typer.Typer()
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=name)
        else:
            alone.command(name)(found)
        return typer.main.get_group(alone).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


def _imported(name: str) -> ModuleType:
    """Import a module, and all that it needs, without looking for garbage meanwhile: it stays, and is never garbage."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.enable()
        gc.freeze()


class _Group(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _SubCommands()  # pyright: ignore[reportAttributeAccessIssue]: nothing adds to them


app = typer.Typer(
    cls=_Group,
    name="fleetlane",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def fleetlane() -> None:
    """A self-hosted task server for fleets of Android phones."""
