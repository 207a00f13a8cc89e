"""`fleetlane accounts`: what a running server can find out about the accounts on its phones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fleetlane.cli.api import Api, api_of
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.task import Status
from fleetlane.settings import load_settings

app = typer.Typer(help="Accounts on the phones of a running server.", no_args_is_help=True)

_POLL_S = 0.5


class NothingToScanError(FleetlaneError):
    """There is no phone to scan."""


@app.callback()
def accounts() -> None:
    """Accounts on the phones of a running server."""


@app.command("scan")
def scan(
    serials: Annotated[list[str] | None, typer.Argument(help="Phones; every one that is online when none.")] = None,
    platform: Annotated[str | None, typer.Option(help="Such as tiktok or instagram; every app when not given.")] = None,
    url: Annotated[str | None, typer.Option(help="The server; the one of the settings when not given.")] = None,
    timeout_s: Annotated[float, typer.Option(min=1, help="How long to wait for the phones, in seconds.")] = 600.0,
) -> None:
    """Find the accounts that are signed in on phones. Exit code 1 when one could not be read."""
    console = Console(markup=False, highlight=False)
    settings = load_settings()
    with api_of(settings, url) as api:
        wanted = list(dict.fromkeys(serials or _online(api)))
        if not wanted:
            raise NothingToScanError("No phone is online. `fleetlane doctor` says what is missing.")
        body = {"platform": platform} if platform else {}
        task_ids = [
            task_id
            for serial in wanted
            for task_id in api.post("/account/scan", {"serial": serial, **body})["task_ids"]
        ]
        with console.status(f"Reading the accounts of {len(wanted)} phones ..."):
            tasks = _ended(api, task_ids, timeout_s)
    table = Table("Phone", "App", "Account", "")
    for task in tasks:
        for row in _rows(task):
            table.add_row(*row)
    if table.row_count:
        console.print(table)
    else:
        typer.echo("No account was found.")
    problems = [problem for task in tasks for problem in _problems(task)]
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)


def _online(api: Api) -> list[str]:
    return [device["serial"] for device in api.get("/device")["devices"] if device["state"] == "online"]


def _ended(api: Api, task_ids: Sequence[int], timeout_s: float) -> list[dict[str, Any]]:
    """Wait for tasks, and return them as they are then: ended, or when the time is over still on their way."""
    until_s = time.monotonic() + timeout_s
    while True:
        tasks = [api.get(f"/task/{task_id}") for task_id in task_ids]
        if all(_is_ended(task) for task in tasks) or time.monotonic() > until_s:
            return tasks
        time.sleep(_POLL_S)  # asked again: the tasks take minutes, and a lost stream of events would need this too


def _is_ended(task: dict[str, Any]) -> bool:
    return task["status"] in (Status.COMPLETED, Status.FAILED)


def _rows(task: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for account in _result(task, "accounts"):
        current = "signed in now" if account.get("current") else ""
        yield task["serial"], account["platform"], f"@{account['username']}", current


def _result(task: dict[str, Any], name: str) -> list[dict[str, Any]]:
    result: dict[str, Any] = task["result"] or {}
    return result.get(name, [])


def _problems(task: dict[str, Any]) -> Iterator[str]:
    serial = task["serial"]
    if not _is_ended(task):
        why = f"it waits for {task['waiting_for']}" if task["waiting_for"] else "it is at work"
        yield f"{serial}: not read yet, {why}. Task {task['id']} goes on automatically."
        return
    problems = _result(task, "problems")
    for problem in problems:
        yield f"{serial}: {problem['platform']} could not be read: {problem['remark']}"
    if task["status"] == Status.FAILED and not problems:
        yield f"{serial}: {task['remark']}"
