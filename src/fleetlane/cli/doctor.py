"""`fleetlane doctor`: is everything here that is needed, and how to fix what is not."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import adbutils
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fleetlane.adapters.android.listing import listed
from fleetlane.adapters.android.supervisor import adb_port as port_of_adb
from fleetlane.adapters.android.transport import QuickClient
from fleetlane.adapters.private_files import close_to_others, open_to_others
from fleetlane.cli.checkup import check_phone
from fleetlane.cli.findings import Finding, Verdict
from fleetlane.cli.shared_store import examine_shared_store
from fleetlane.core.device import Device, DeviceState, why_not_ready
from fleetlane.core.message import Message
from fleetlane.http.server import PortTakenError, listen
from fleetlane.scripts.registry import broken_scripts, scripts
from fleetlane.settings import Settings, SettingsError, load_settings

_LEAST_FREE_BYTES = 1 << 30
_SAFE_SQLITE = (3, 51, 3)


_NO_PHONES_SEEN = Finding(
    Verdict.NOTE, "Phones", "none can be seen without an adb server. Run this again when one answers."
)


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the store and the traces.")] = None,
    port: Annotated[int | None, typer.Option(help="Port the server will listen on.")] = None,
    adb_port: Annotated[int | None, typer.Option(help="Port of the adb server.")] = None,
    phone: Annotated[
        str | None, typer.Option(help="Check this phone instead, by its serial; it is left as it was.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --phone: print one JSON document.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Close the data directory to other users.")] = False,
) -> None:
    """Check this computer and its phones, or try on one phone all that tasks rely on.

    Exit code 1 when something is wrong. While a server runs, a phone is checked through it, between its tasks.
    """
    settings = load_settings(data_dir=data_dir, port=port, adb_port=adb_port)
    if phone is not None:
        check_phone(settings, phone, as_json=as_json)
        return
    if as_json:
        raise typer.BadParameter("--json needs --phone SERIAL.")
    if fix:
        close_to_others((settings.data_dir, *settings.kept_private))
    table = Table("", "Check", "Finding")
    marks = {
        Verdict.OK: "[green]ok[/green]",
        Verdict.NOTE: "[yellow]note[/yellow]",
        Verdict.WRONG: "[red]wrong[/red]",
    }
    wrong = False
    for finding in examine(settings):
        table.add_row(marks[finding.verdict], finding.what, escape(finding.sentence))
        wrong = wrong or finding.verdict is Verdict.WRONG
    Console().print(table)
    if wrong:
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about this computer."""
    yield _python()
    yield from examine_shared_store(settings) if settings.store_url else [_sqlite()]
    yield _folder(settings)
    yield _who_may_read(settings)
    yield _who_may_use(settings)
    yield _disk(settings)
    yield _port(settings)
    yield _time_zone(settings)
    yield from _scripts()
    yield from _adb(settings)


def _scripts() -> Iterator[Finding]:
    yield Finding(Verdict.OK, "Scripts", ", ".join(scripts()))
    for one in broken_scripts():
        yield Finding(Verdict.WRONG, "Script", f"{one.name!r} cannot be used; all others work. {one.error}")


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < (3, 11):
        return Finding(Verdict.WRONG, "Python", f"{version} is too old; install 3.11 or newer.")
    return Finding(Verdict.OK, "Python", f"{version} on {platform.system()} {platform.machine()}")


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < (3, 35, 0):
        return Finding(Verdict.WRONG, "SQLite", f"{version} is too old; install a Python with SQLite 3.35 or newer.")
    if sqlite3.sqlite_version_info < _SAFE_SQLITE:
        return Finding(
            Verdict.OK,
            "SQLite",
            f"{version}: this version can damage a store when two connections write it. Fleetlane writes with one; "
            "do not write the store with other programs while the server runs.",
        )
    return Finding(Verdict.OK, "SQLite", version)


def _folder(settings: Settings) -> Finding:
    what, cure = "Data directory", "choose another --data-dir, or fix its permissions."
    try:
        with tempfile.TemporaryFile(dir=_existing(settings.data_dir)):
            return Finding(Verdict.OK, what, f"{settings.data_dir} can be written")
    except OSError as error:
        return Finding(Verdict.WRONG, what, f"{settings.data_dir} cannot be written ({error.strerror}); {cure}")


def _who_may_read(settings: Settings) -> Finding:
    what = "Who may read"
    if os.name != "posix":
        told = f"whoever may read the folder that {settings.data_dir} lies in; the user's own folders are the user's."
        return Finding(Verdict.OK, what, told)
    found = list(open_to_others((settings.data_dir, *settings.kept_private)))
    if not found:
        return Finding(Verdict.OK, what, f"{settings.data_dir}: nobody but you")
    named = ", ".join(str(path) for path in found)
    return Finding(Verdict.WRONG, what, f"other users of this computer may read {named}; run `fleetlane doctor --fix`.")


def _who_may_use(settings: Settings) -> Finding:
    what = "Who may use it"
    if settings.secret_token is None:
        told = 'whoever uses this computer: no token is set. Set token_file to ask for one; auth = "always" insists.'
        return Finding(Verdict.NOTE, what, told)
    return Finding(Verdict.OK, what, "whoever has the token")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if os.path.lexists(path))


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    text = f"{free / (1 << 30):.1f} GiB free for {settings.data_dir}"
    if free < _LEAST_FREE_BYTES:
        return Finding(Verdict.WRONG, "Disk", f"{text}; free some space, or choose another --data-dir.")
    return Finding(Verdict.OK, "Disk", text)


def _port(settings: Settings) -> Finding:
    try:
        for listening in listen(settings.host, settings.port):
            listening.close()
    except PortTakenError as error:
        if _answers(settings.host, settings.port):
            in_use = f"{settings.port} is in use: the server runs already, or another program has it (use --port)."
            return Finding(Verdict.NOTE, "Port", in_use)
        return Finding(Verdict.WRONG, "Port", str(error))
    return Finding(Verdict.OK, "Port", f"{settings.port} is free")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _time_zone(settings: Settings) -> Finding:
    try:
        name = settings.time_zone or str(settings.zone)
    except SettingsError as error:
        return Finding(Verdict.WRONG, "Time zone", str(error))
    return Finding(Verdict.OK, "Time zone", f'{name}; "start_time" means this zone (setting time_zone)')


def _adb(settings: Settings) -> Iterator[Finding]:
    try:
        path = adbutils.adb_path()
        version = subprocess.run([path, "version"], capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (adbutils.AdbError, OSError, subprocess.SubprocessError) as error:
        yield Finding(Verdict.WRONG, "adb", f"{error}. Install Android's platform-tools, or set ADBUTILS_ADB_PATH.")
        yield _NO_PHONES_SEEN
        return
    yield Finding(Verdict.OK, "adb", f"{version.stdout.splitlines()[0]} ({path})")
    yield from _devices(port_of_adb(settings.adb_port))


def _devices(port: int) -> Iterator[Finding]:
    if not _answers("127.0.0.1", port):
        yield Finding(Verdict.NOTE, "adb server", f"none on port {port} yet; `fleetlane serve` starts it.")
        yield _NO_PHONES_SEEN
        return
    try:
        with QuickClient("127.0.0.1", port).make_connection(timeout=5) as connection:
            connection.send_command("host:devices")
            connection.check_okay()
            lines = connection.read_string_block().splitlines()
    except (adbutils.AdbError, OSError, EOFError, ValueError):
        sentence = f"port {port} is used by something that is no adb server; end that, or choose another --adb-port."
        yield Finding(Verdict.WRONG, "adb server", sentence)
        yield _NO_PHONES_SEEN
        return
    yield Finding(Verdict.OK, "adb server", f"answers on port {port}")
    if not lines:
        yield Finding(
            Verdict.NOTE,
            "Phones",
            "none. Connect one by USB, and switch on Developer options > USB debugging on it.",
        )
    yield from _phones(lines)


def _phones(lines: Sequence[str]) -> Iterator[Finding]:
    phones = [one for line in lines for one in listed(line)]
    shared = {serial for serial, count in Counter(one.serial for one in phones).items() if count > 1}
    for phone in phones:
        if phone.state is DeviceState.ONLINE:
            yield Finding(Verdict.OK, "Phone", f"{phone.serial} is ready")
        else:
            yield Finding(Verdict.WRONG, "Phone", str(_why(phone.serial, phone.state, phone.words)))
    for serial in sorted(shared):
        yield Finding(Verdict.NOTE, "Phones", str(_why(serial, DeviceState.SHARED_SERIAL, "")))


def _why(serial: str, state: DeviceState, words: str) -> Message | None:
    return why_not_ready(serial, Device(serial, state, 0, {"words": words}))
