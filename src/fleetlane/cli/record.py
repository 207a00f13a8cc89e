"""`fleetlane record`: keeps what a phone answers while a post is rehearsed on it, in one file. Nothing is published."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from fleetlane import __version__
from fleetlane.adapters.android.supervisor import DeviceSupervisor
from fleetlane.adapters.android.supervisor import adb_port as port_of_adb
from fleetlane.adapters.android.transport import QuickClient
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.media import FileInspector
from fleetlane.cli import sessions
from fleetlane.core.device import Device, DeviceState, why_not_ready
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.transcript import write
from fleetlane.own_packs import use_packs
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.registry import script
from fleetlane.settings import load_settings

_DRY_RUN = "dry-run"
_FOUND_WITHIN_S = 5.0

_rehearsal = typer.Typer(add_completion=False)


@_rehearsal.command(_DRY_RUN)
def dry_run(
    app: Annotated[str, typer.Option(help="tiktok or instagram.")],
    video: Annotated[Path | None, typer.Option(help="The video (MP4).")] = None,
    image: Annotated[list[Path] | None, typer.Option(help="An image (JPG, PNG); can be given again.")] = None,
    caption: Annotated[str, typer.Option(help="The caption.")] = "",
    account: Annotated[str | None, typer.Option(help="The account; the one in use when not given.")] = None,
    way: Annotated[str, typer.Option(help="share or addButton.")] = "share",
) -> tuple[dict[str, Any], str | None]:
    """Return the settings of the rehearsal, and its account."""
    files = [video] if video else list(image or [])
    if (video is not None) == bool(image):
        raise FleetlaneError("Say what to rehearse: either --video FILE, or --image FILE for each image.")
    if missing := next((path for path in files if not path.is_file()), None):
        raise FleetlaneError(f"There is no file {missing}.")
    listed = [str(path.resolve()) for path in files]
    wish: dict[str, Any] = {"platform": app, "post_way": way, "captions": caption, "material_list": listed}
    config = {**wish, "content_type": 0 if video else 1, "dry_run": True}
    script(sessions.SCRIPT).check(config)
    return config, account


def record(
    serial: Annotated[str, typer.Argument(help="The phone's serial, as `adb devices` shows it.")],
    session: Annotated[
        list[str],
        typer.Argument(
            help="After --: dry-run --app APP, --video FILE or --image FILE, --caption TEXT, --account NAME, --way WAY"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The file to write (*.jsonl, or *.jsonl.gz for one that is packed).")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Keep pictures of the screen too; people and their words are on them.")
    ] = False,
    adb_port: Annotated[int | None, typer.Option(help="Port of the adb server.")] = None,
) -> None:
    """Rehearse a post on a phone, and keep what was asked and answered, people's words blanked. Publishes nothing."""
    if session[0] != _DRY_RUN:
        raise FleetlaneError(f"After -- comes {_DRY_RUN} and its options, not {session[0]!r}.")
    settings = load_settings(adb_port=adb_port)
    use_packs(settings)
    command = typer.main.get_command(_rehearsal)
    config, account = command.main(session[1:], prog_name=f"fleetlane record … -- {_DRY_RUN}", standalone_mode=False)
    path = out or Path(f"fleetlane-{config['platform']}-{datetime.now(settings.zone):%Y%m%d-%H%M%S}.jsonl.gz")
    if path.exists():
        raise FleetlaneError(f"{path} is there already; choose another --out.")
    wish = sessions.Wish(serial, config, account, pictures, __version__, str(settings.zone))
    _record(port_of_adb(settings.adb_port), wish, path)


def _record(port: int, wish: sessions.Wish, path: Path) -> None:
    clock = SystemClock()
    control = AttemptControl(clock, clock.monotonic_s() + sessions.LONGEST_S)
    with _phone(port, wish.serial), _stopped_by_signals(control):
        transcript, outcome = sessions.record(QuickClient("127.0.0.1", port), control, wish, FileInspector())
    write(path, transcript)
    for name, ok in transcript.ending.steps:
        typer.echo(f"{'ok    ' if ok else 'failed'} {name}")
    typer.echo(str(outcome.remark))
    typer.echo(
        f"{path}: {len(transcript.exchanges)} requests, {path.stat().st_size} bytes. "
        f"Look at it before you give it away: fleetlane replay {path} --texts"
    )
    if not outcome.ok:
        raise typer.Exit(1)


@contextmanager
def _phone(port: int, serial: str) -> Generator[None]:
    """Let an adb server run, and wait until it has the phone.

    Raises:
        FleetlaneError: it has not; says why.
    """
    devices, changed = DeviceSupervisor(port, SystemClock()), threading.Event()
    devices.start(changed.set)
    try:
        until_s = time.monotonic() + _FOUND_WITHIN_S
        while not ((found := devices.get(serial)) and found.is_ready):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                state, facts = (found.state, {"words": found.words}) if found else (DeviceState.ABSENT, _NO_WORDS)
                why = devices.problem or why_not_ready(serial, Device(serial, state, 0, facts))
                raise FleetlaneError(str(why))
            changed.wait(left_s)
            changed.clear()
        yield
    finally:
        devices.stop()


_NO_WORDS: Mapping[str, Any] = {}


@contextmanager
def _stopped_by_signals(control: AttemptControl) -> Generator[None]:
    """Let Ctrl+C end the rehearsal in order: what was recorded until then is kept."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        control.stop()

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
