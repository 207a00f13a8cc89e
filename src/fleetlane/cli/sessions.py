"""Records a session with a phone, and plays one again without it. Knows nothing of the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from fleetlane.adapters.android.blanked import SERIAL, blanked
from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.android.recording import Recording, RecordingClient
from fleetlane.adapters.android.transport import QuickClient
from fleetlane.core.conformance import Difference, differences, medians_s
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.errors import DeviceError, FleetlaneError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.media import Inspected, MediaInspector
from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.core.transcript import Ending, Header, Transcript
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.rehearsal import SCRIPT, Rehearsed, rehearse
from fleetlane.scripts.script import ScriptSettings
from fleetlane.simulator.android.phone_facts import SDK_OF
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import Traits
from fleetlane.simulator.models.loader import LANGUAGES
from fleetlane.simulator.virtual.asking_again import AskedAgain
from fleetlane.simulator.virtual.clock import VirtualClock
from fleetlane.simulator.virtual.control import VirtualControl
from fleetlane.simulator.virtual.fleet import VirtualFleet
from fleetlane.simulator.virtual.replay import ReplayAdb

LONGEST_S = 1800.0
FROM_A_PHONE = "Recorded from a phone."
_SUFFIXES = {"video/mp4": ".mp4", "image/jpeg": ".jpg", "image/png": ".png"}
_MOST_CONTENT_BYTES = 16 * 1024 * 1024
_DEMO_VIDEO = Path(__file__).parent / "demo_media" / "video1.mp4"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to record.

    Attributes:
        serial: of the phone.
        config: the `script_config` of the rehearsal.
        username: the account, None for the one in use.
        pictures: whether pictures are kept.
        fleetlane: the version that records.
        time_zone: of this computer.
        source: where the answers come from, in a sentence.
        beside: commands to ask as well, before the rehearsal.
    """

    serial: str
    config: Mapping[str, Any]
    username: str | None = None
    pictures: bool = False
    fleetlane: str = ""
    time_zone: str = ""
    source: str = FROM_A_PHONE
    beside: Sequence[Sequence[str]] = ()


def record(
    client: QuickClient,
    control: AttemptControl,
    wish: Wish,
    inspector: MediaInspector,
    *,
    settings: ScriptSettings | None = None,
) -> tuple[Transcript, Outcome]:
    """Rehearse a post on a phone, and return what was asked and answered, blanked.

    Args:
        client: reaches the phone.
        control: its deadline and its clock.
        wish: what to record.
        inspector: looks into the media.
        settings: of the script.
    """
    wall_s = control.clock.now_ms() / 1000
    recording = Recording(control.clock.monotonic_s, pictures=wish.pictures)
    at = Transport(wish.serial, DeviceState.ONLINE, 0)
    driver = AndroidDriver(RecordingClient(client, recording), wish.serial, lambda _check: at)
    _ask(driver, wish.beside)
    rehearsed = rehearse(driver, control, wish.config, wish.username, inspector=inspector, settings=settings)
    exchanges = recording.finish()
    packages = [package for pack in load_packs() for package in pack.packages]
    about = AndroidDriver(client, wish.serial, lambda _check: at)
    phone, apps = _phone(about, packages)
    about.close()
    blanking = _blanking(wish)
    kept = blanked(exchanges, blanking, wish.serial, packages)
    script = _script(wish, blanking, inspector)
    header = Header(wish.fleetlane, wish.source, wish.time_zone, wall_s, phone, apps, script, wish.pictures)
    return Transcript(header, kept, _ending(rehearsed, full=recording.full)), rehearsed.outcome


def _ask(driver: AndroidDriver, commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        with suppress(DeviceError):  # its answer is kept, whatever it is
            driver.shell(*command)


def _blanking(wish: Wish) -> Blanking:
    return Blanking(OwnWords.of(load_packs()), [str(wish.config.get("captions", "")), wish.username or ""])


def _phone(driver: AndroidDriver, packages: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a phone is, and the versions of its apps; nothing of what it does not say."""
    with suppress(DeviceError):
        report = driver.report(packages)
        facts = driver.facts()
        properties, _ = driver.properties()
        language = properties.get("persist.sys.locale") or properties.get("ro.product.locale", "")
        about = {"brand": report.brand, "model": report.model, "android": report.android, "sdk": facts.sdk}
        return {**about, "size": list(report.size), "language": language}, dict(report.apps)
    return {}, {}


def _script(wish: Wish, blanking: Blanking, inspector: MediaInspector) -> dict[str, Any]:
    """Return what was asked of the script, blanked: of media what it is, not which."""
    media: list[dict[str, Any]] = []
    for path in map(Path, wish.config.get("material_list", [])):
        with suppress(OSError):
            seen = inspector.inspect(path)
            about = {"mime_type": seen.mime_type, "size_bytes": seen.size_bytes, "duration_ms": seen.duration_ms}
            media.append({"kind": None if seen.kind is None else seen.kind.value, **about})
    config = {key: value for key, value in wish.config.items() if key != "material_list"}
    if "captions" in config:
        config["captions"] = blanking.text(config["captions"])
    username = None if wish.username is None else blanking.text(wish.username)
    beside = [list(command) for command in wish.beside]
    return {"name": SCRIPT, "config": config, "username": username, "media": media, "beside": beside}


def _ending(rehearsed: Rehearsed, *, full: bool = False) -> Ending:
    outcome = rehearsed.outcome
    return Ending(list(rehearsed.steps), outcome.error_code, outcome.publish_state.value, full)


# -- again, without the phone -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a session went without its phone.

    Attributes:
        ending: steps and outcome.
        outcome: with its sentence.
        differences: sentences on what went otherwise than in the recording; empty when nothing did.
        seconds: how long it would have taken on the phone.
    """

    ending: Ending
    outcome: Outcome
    differences: Sequence[str]
    seconds: float


def replay(transcript: Transcript, settings: ScriptSettings | None = None) -> Replayed:
    """Let the driver and the script do a recorded session once more, on the recorded answers.

    Raises:
        UnknownRequestError: they asked what was never recorded.
    """
    adb = ReplayAdb(transcript)
    at = Transport(SERIAL, DeviceState.ONLINE, 0)
    client = cast("QuickClient", adb)  # it offers the same, in memory
    driver = AndroidDriver(client, SERIAL, lambda _check: at)
    with TemporaryDirectory() as folder:
        files = media_files(transcript, Path(folder))
        script = transcript.header.script
        config = {**script.get("config", {}), "material_list": [str(path) for path in files]}
        inspector = _RecordedInspector(files)
        control = VirtualControl(adb.clock, LONGEST_S)
        _ask(driver, script.get("beside", []))
        rehearsed = rehearse(driver, control, config, script.get("username"), inspector=inspector, settings=settings)
    adb.phone.answers.finish()
    ending = _ending(rehearsed)
    differences = [
        *_compared(transcript.ending, ending),
        *(f"Recorded, and not asked again: {named}." for named in adb.phone.answers.skipped),
        *(f"Asked more often than it was recorded: {named}." for named in adb.phone.answers.repeated),
    ]
    return Replayed(ending, rehearsed.outcome, differences, adb.clock.monotonic_s())


def _compared(recorded: Ending, now: Ending) -> list[str]:
    found: list[str] = []
    if (recorded.error_code, recorded.publish_state) != (now.error_code, now.publish_state):
        was, is_now = (f"{one.publish_state} ({one.error_code or 'no error'})" for one in (recorded, now))
        found.append(f"It ended as {is_now}; recorded was {was}.")
    for number in range(max(len(recorded.steps), len(now.steps))):
        was, is_now = (_step(one.steps, number) for one in (recorded, now))
        if was != is_now:
            found.append(f"Step {number + 1} is {is_now}; recorded was {was}.")
            break
    return found


def _step(steps: Sequence[tuple[str, bool]], number: int) -> str:
    if number >= len(steps):
        return "missing"
    name, ok = steps[number]
    return f"{name!r}{'' if ok else ', which failed'}"


# -- against a simulated phone ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """How a simulated phone answers what another one was asked.

    Attributes:
        differences: in which it answers otherwise.
        times_s: the median times of answers, by kind: recorded, simulated.
    """

    differences: Sequence[Difference]
    times_s: Mapping[str, tuple[float, float]]


def phone_like(transcript: Transcript, traits: Traits, seed: int = 0) -> FleetSettings:
    """Return a simulated phone like the one of a session: its Android, language, apps and account, and these traits.

    Raises:
        FleetlaneError: there is no simulated phone with its Android.
    """
    header = transcript.header
    android = str(header.phone.get("android", "")).partition(".")[0]
    if not android.isdecimal() or int(android) not in SDK_OF:
        known = ", ".join(map(str, sorted(SDK_OF)))
        raise FleetlaneError(f"There is no simulated phone with Android {android or '?'}; known: {known}.")
    language = str(header.phone.get("language", "")).partition("-")[0]
    username = str(header.script.get("username") or "").removeprefix("@")
    return FleetSettings(
        traits=traits,
        seed=seed,
        android=int(android),
        language=language if language in LANGUAGES else "en",
        accounts=[username] if username else 1,
        package=lambda _number, model: next((name for name in model.packages if name in header.apps), ""),
    )


def compare(transcript: Transcript, settings: FleetSettings) -> Compared:
    """Ask a simulated phone what was asked in a session, and say where it answers otherwise."""
    fleet = VirtualFleet(replace(settings, phones=1), VirtualClock(transcript.header.wall_s))
    [serial] = fleet.serials
    asked = AskedAgain(fleet.adb, serial, fleet.clock, _content)
    pairs = list(asked.pairs(transcript.exchanges))
    packs = load_packs()
    found = differences(pairs, lambda xml: str(recognise(packs, View(parse_tree(xml)))))
    recorded, simulated = (medians_s(side) for side in zip(*pairs, strict=True)) if pairs else ({}, {})
    return Compared(found, {kind: (recorded[kind], simulated[kind]) for kind in recorded if kind in simulated})


def _content(size_bytes: int) -> bytes:
    """Return a file of a size, or the beginning of one that is large: a video, where one fits in."""
    video = _DEMO_VIDEO.read_bytes()
    return (video if len(video) <= size_bytes else b"").ljust(min(size_bytes, _MOST_CONTENT_BYTES), b"\0")


def media_files(transcript: Transcript, folder: Path) -> dict[Path, Mapping[str, Any]]:
    """Make files that stand for the recorded media, as large as those were, and return what each was."""
    files: dict[Path, Mapping[str, Any]] = {}
    for number, about in enumerate(transcript.header.script.get("media", []), 1):
        path = folder / f"media{number}{_SUFFIXES.get(about['mime_type'], '')}"
        with path.open("wb") as file:
            file.write(_content(about["size_bytes"]))
            file.truncate(about["size_bytes"])
        files[path] = about
    return files


class _RecordedInspector:
    """Says of files what was recorded of those they stand for."""

    def __init__(self, files: Mapping[Path, Mapping[str, Any]]) -> None:
        self._files = {path.resolve(): about for path, about in files.items()}

    def inspect(self, path: Path, timeout_s: float | None = None) -> Inspected:
        """Return what a file is."""
        del timeout_s
        about = self._files[path]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        kind = None if about["kind"] is None else MediaKind(about["kind"])
        size, mime = about["size_bytes"], about["mime_type"]
        return Inspected(size, digest, kind, mime, about["duration_ms"], None, None, 0)
