"""`fleetlane license`: keys, and licences that the owner of a server signs, shows and installs."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.license import LicenseFile, read_token
from fleetlane.adapters.license_tokens import new_private_key, public_key_of, sign, verify
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.license import Plan, Terms, in_force, moment
from fleetlane.core.schedule import parse_instant
from fleetlane.settings import load_settings

app = typer.Typer(help="Licences. A server without one allows everything.", no_args_is_help=True)

_PRIVATE, _PUBLIC = "fleetlane-license.key", "fleetlane-license.pub"
_DAY_S = 24 * 60 * 60
_DataDir = Annotated[Path | None, typer.Option(help="Data directory of the server.")]


class LicenseCommandError(FleetlaneError):
    """A licence command cannot do what was asked."""


@app.command("keygen")
def keygen(
    folder: Annotated[Path, typer.Option(help="Folder the two files go to; neither is ever overwritten.")] = Path(),
) -> None:
    """Make a key pair to sign licences with, and print the setting that lets a server take them."""
    for path in (folder / _PRIVATE, folder / _PUBLIC):
        if path.exists():
            raise LicenseCommandError(f"{path} is there already; it is not overwritten.")
    private = new_private_key()
    public = public_key_of(private)
    _write_new(folder / _PRIVATE, private, 0o600)
    _write_new(folder / _PUBLIC, f"{public}\n", 0o644)
    typer.echo(f"Keep {folder / _PRIVATE} to yourself: whoever has it can sign licences.", err=True)
    typer.echo("Put this line into the settings of the servers that shall take them:", err=True)
    typer.echo(f'license_public_keys = ["{public}"]')


@app.command("issue")
def issue(
    holder: Annotated[str, typer.Option(help="Who holds the licence.")],
    plan: Annotated[Plan, typer.Option(case_sensitive=False, help="Starter has no API access.")],
    device_limit: Annotated[
        int | None, typer.Option(min=1, help="How many devices may work at the same time; no limit when not given.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Last day (2027-01-31, UTC) or instant (RFC 3339); never when not given.")
    ] = None,
    key: Annotated[Path, typer.Option(help="The private key to sign with.")] = Path(_PRIVATE),
    out: Annotated[Path | None, typer.Option(help="File that gets the licence; printed when not given.")] = None,
) -> None:
    """Sign a licence."""
    if not holder.strip() or not holder.isprintable():
        raise LicenseCommandError("--holder must be a name.")
    now_ms = SystemClock().now_ms()
    expires_ms = _expiry(expires) if expires is not None else None
    if expires_ms is not None and expires_ms <= now_ms:
        raise LicenseCommandError(f"--expires: {expires} is over already.")
    token = sign(Terms(plan, device_limit, holder.strip(), now_ms, expires_ms), _read(key))
    if out is None:
        typer.echo(token)
    else:
        _write_new(out, f"{token}\n", 0o644)


@app.command("show")
def show(
    file: Annotated[Path | None, typer.Argument(help="A licence; the installed one when not given.")] = None,
    data_dir: _DataDir = None,
) -> None:
    """Print what a licence says. Exit code 1 when it cannot be used."""
    settings = load_settings(data_dir=data_dir)
    keys = settings.license_public_keys
    terms = verify(_token(file), keys) if file else LicenseFile(settings.license_path, keys).read()
    if terms is None:
        typer.echo("No licence is installed: everything is allowed.")
        return
    allowed = in_force(terms, SystemClock().now_ms(), 0)
    table = Table(show_header=False)
    for name, value in (
        ("Holder", terms.holder),
        ("Plan", terms.plan.value),
        ("Devices at the same time", str(terms.device_limit or "no limit")),
        ("Issued", moment(terms.issued_ms)),
        ("Runs out", moment(terms.expires_ms) if terms.expires_ms is not None else "never"),
        ("Now", allowed.message),
    ):
        table.add_row(name, value)
    Console(markup=False).print(table)
    if allowed.device_limit == 0:
        raise typer.Exit(1)


@app.command("install")
def install(
    file: Annotated[Path, typer.Argument(help="The licence.")],
    data_dir: _DataDir = None,
) -> None:
    """Check a licence and give it to the server, which takes it at once, without a restart."""
    settings = load_settings(data_dir=data_dir)
    token = _token(file)
    now_ms = SystemClock().now_ms()
    allowed = in_force(verify(token, settings.license_public_keys), now_ms, 0)
    if allowed.device_limit == 0:
        raise LicenseCommandError(allowed.message)
    try:
        LicenseFile(settings.license_path, settings.license_public_keys).install(token)
    except OSError as error:
        raise LicenseCommandError(f"{settings.license_path} cannot be written: {error.strerror}.") from error
    typer.echo(f"Installed as {settings.license_path}: plan {allowed.plan}. {allowed.message}")


def _expiry(text: str) -> int:
    try:
        last_day = date.fromisoformat(text)
    except ValueError:
        try:
            return parse_instant(text)
        except ValueError as error:
            raise LicenseCommandError(f"--expires: {error}, or a day such as 2027-01-31.") from error
    begins = datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC)
    return (int(begins.timestamp()) + _DAY_S - 1) * 1000


def _token(file: Path) -> str:
    try:
        return read_token(file)
    except OSError as error:
        raise LicenseCommandError(f"{file} cannot be read: {error.strerror}.") from error


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise LicenseCommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise LicenseCommandError(f"{file} is no key.") from error


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
    except FileExistsError as error:
        raise LicenseCommandError(f"{path} is there already; it is not overwritten.") from error
    except OSError as error:
        raise LicenseCommandError(f"{path} cannot be written: {error.strerror}.") from error
