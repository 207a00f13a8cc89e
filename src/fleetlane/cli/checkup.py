"""`fleetlane doctor --phone`: a checkup of one phone, through the server that drives it, or here when none does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.android.supervisor import DeviceSupervisor, adb_port
from fleetlane.adapters.clock import SystemClock
from fleetlane.cli.api import ServerCallError, api_of
from fleetlane.cli.signals import signals_as_interrupt
from fleetlane.core.checkup import TITLES, Checkup, Grade, as_document, connection
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import FleetlaneError
from fleetlane.data_directory import DataDirectoryInUseError, without_server
from fleetlane.logs import configure_logs
from fleetlane.own_packs import use_packs
from fleetlane.settings import Settings

_LONGEST_S = 300.0
_SEEN_WITHIN_S = 5.0
_MARKS: Mapping[str, str] = {
    Grade.OK: "[green]ok[/green]",
    Grade.WARNING: "[yellow]warning[/yellow]",
    Grade.FAULT: "[red]fault[/red]",
    Grade.NOT_TRIED: "not tried",
}


class PhoneInUseError(FleetlaneError):
    """Another program drives the phone."""


def check_phone(settings: Settings, serial: str, *, as_json: bool) -> None:
    """Check a phone and print what was found.

    Raises:
        typer.Exit: something is a fault.
        FleetlaneError: it could not be checked; the sentence says why.
    """
    configure_logs("error", "text")
    console = Console(stderr=True)
    with signals_as_interrupt(), console.status(f"Checking {escape(serial)} ..."):
        found = _found(settings, serial)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        Console().print(_table(found))
    if not found["ok"]:
        raise typer.Exit(1)


def _found(settings: Settings, serial: str) -> dict[str, Any]:
    """Return a checkup as a document, made by the server of this data directory if one runs."""
    try:
        with without_server(settings):
            return as_document(_made_here(settings, serial))
    except DataDirectoryInUseError:
        return _made_by_server(settings, serial)


def _made_by_server(settings: Settings, serial: str) -> dict[str, Any]:
    try:
        with api_of(settings, timeout_s=_LONGEST_S) as api:
            return api.post(f"/device/{quote(serial, safe='')}/check", None)
    except ServerCallError as error:
        raise ServerCallError(
            f"A server uses {settings.data_dir}, so the phone can be checked through it only (--port says where it "
            f"listens). {error}"
        ) from error


def _made_here(settings: Settings, serial: str) -> Checkup:
    use_packs(settings)
    clock = SystemClock()
    seen = threading.Event()
    supervisor = DeviceSupervisor(adb_port(settings.adb_port), clock)
    supervisor.start(seen.set)
    try:
        device = _wait_for(supervisor, serial, seen)
        return _checked(supervisor, device, clock)
    finally:
        supervisor.stop()


def _wait_for(supervisor: DeviceSupervisor, serial: str, seen: threading.Event) -> Device:
    """Return a phone as adb sees it, when it is ready, or in a few seconds."""
    until_s = time.monotonic() + _SEEN_WITHIN_S
    while True:
        seen.clear()
        device = _device(supervisor, serial)
        left_s = until_s - time.monotonic()
        if device.is_ready or left_s <= 0:
            return device
        seen.wait(left_s)


def _device(supervisor: DeviceSupervisor, serial: str) -> Device:
    listed = [one for one in supervisor.all() if one.serial == serial and one.state is not DeviceState.ABSENT]
    if len(listed) > 1:
        return Device(serial, DeviceState.SHARED_SERIAL, 0)
    if not listed:
        return Device(serial, DeviceState.ABSENT, 0)
    return Device(serial, listed[0].state, 0, {"words": listed[0].words})


def _checked(supervisor: DeviceSupervisor, device: Device, clock: SystemClock) -> Checkup:
    if supervisor.problem:
        raise FleetlaneError(f"{supervisor.problem}.")
    at_ms, start_s = clock.now_ms(), clock.monotonic_s()
    rows = [connection(device.serial, device)]
    if device.is_ready:
        driver = supervisor.driver(device.serial)
        try:
            if driver.is_driven_by_others():
                raise PhoneInUseError(
                    f"Another program drives {device.serial}: its automation server answers there. End that program (a "
                    "Fleetlane server with another --data-dir, or another tool), or plug the phone in again."
                )
            rows += check(driver, clock)
        finally:
            driver.close()
    return Checkup(device.serial, at_ms, clock.monotonic_s() - start_s, rows)


def _table(found: Mapping[str, Any]) -> Table:
    table = Table("", "Check", "Found", "What it means", title=f"{found['serial']}, {found['took_s']} s")
    for row in found["rows"]:
        name = f"{TITLES.get(row['name'], row['name'])} {row['about']}".strip()
        table.add_row(
            _MARKS.get(row["grade"], row["grade"]), escape(name), escape(row["value"]), escape(row["sentence"])
        )
    return table
