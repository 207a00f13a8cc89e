"""A rig for tests of the flow: simulated phones, the real driver, and scripts run on threads."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetlane.adapters.android.supervisor import DeviceSupervisor
from fleetlane.adapters.android.transport import CALL_TIMEOUT_S
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.media import FileInspector
from fleetlane.core.errors import FleetlaneError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.journal import Phase, moves_forward, never_denied
from fleetlane.core.outcome import Outcome, from_error
from fleetlane.core.ports.library import TakenMaterial
from fleetlane.core.ports.phone import Driver
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Job, ScriptSettings
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from fleetlane.simulator.wire.phone_server import PhoneServer

ROOT = Path(__file__).parents[2]
VIDEO = ROOT / "src/fleetlane/cli/demo_media/video1.mp4"
_AT_ONCE = 16
CAPTION = "看看我的新视频！#热门 #推荐"
INSPECTOR = FileInspector()
ANYWHERE = AllowedFolders((Path(VIDEO.anchor),))
PATIENT = ScriptSettings(
    folders=ANYWHERE,
    unknown_screen_patience_s=2.0,
    editor_dwell_s=0.0,
    upload_patience_s=1.0,
    grid_patience_s=25.0,
)


@dataclass
class Steps:
    """A trace kept in memory."""

    names: list[str] = field(default_factory=list)
    failed: list[tuple[str, str, str | None]] = field(default_factory=list)
    pictures: int = 0

    def add(self, name, detail, screen, started_ms, duration_ms, *, ok, screenshot, tree, selectors):
        self.names.append(name)
        self.pictures += screenshot is not None
        if not ok:
            self.failed.append((name, screen, tree))


@dataclass
class Phases:
    """A journal kept in memory."""

    seen: list[Phase] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        return self.seen[-1] if self.seen else Phase.NONE

    def at_risk(self, facts: Mapping[str, Any]) -> None:
        if self.phase is Phase.NONE:
            self._move(Phase.AT_RISK, facts)

    def prepared(self, facts: Mapping[str, Any]) -> None:
        self._move(Phase.PREPARED, facts)

    def arm(self) -> None:
        self._move(Phase.ARMED, {})

    def tapped(self) -> None:
        self._move(Phase.TAPPED, {})

    def note(self, facts: Mapping[str, Any]) -> None:
        self.facts.update(facts)

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        self._move(phase, facts)

    def _move(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        assert moves_forward(self.phase, phase), (self.seen, phase)
        self.seen.append(phase)
        self.facts.update(facts)


@dataclass
class Shelf:
    """A library kept in memory."""

    items: list[TakenMaterial] = field(default_factory=list)
    used: dict[str, set[str]] = field(default_factory=dict)

    def take(self, kind, count, tags, username):
        del kind, tags, username
        taken, self.items = self.items[:count], self.items[count:]
        return taken if len(taken) == count else []

    def used_files(self, account):
        return set(self.used.get(account, ()))

    def take_files(self, account, hashes):
        used = self.used.setdefault(account, set())
        if used & set(hashes):
            return False
        used.update(hashes)
        return True


@dataclass
class Result:
    """What a run of the post script did."""

    outcome: Outcome
    steps: Steps
    phases: Phases
    seconds: float


class Rig:
    """Phones, and ways to run the post script on them. `folder` is for media of scenarios."""

    folder: Path
    settings = PATIENT
    """What scripts get unless a test says otherwise."""
    timeout_s = 90.0
    """What a post may take, likewise."""

    def __init__(self, settings: FleetSettings, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._call_timeout_s = call_timeout_s
        self._thread = FleetThread(settings)
        self.clock = SystemClock()
        self._task_ids = itertools.count(1)

    def __enter__(self) -> Rig:
        self._thread.__enter__()
        self.fleet = self._thread.fleet
        self.devices = DeviceSupervisor(self.fleet.adb.port, self.clock, self._call_timeout_s)
        self.devices.start()
        wait_for(lambda: sum(d.is_ready for d in self.devices.all()) == len(self.serials))
        return self

    def __exit__(self, *error) -> None:
        self.devices.stop()
        self._thread.__exit__(*error)

    @property
    def serials(self) -> list[str]:
        return self.fleet.serials

    @property
    def ledger(self) -> list[dict[str, Any]]:
        return self.fleet.ledger.entries

    def posts(self, serial: str) -> list[dict[str, Any]]:
        return [entry for entry in self.ledger if entry["serial"] == serial]

    def on(self, serial: str, change: Callable[[PhoneServer], Any]) -> Any:
        """Change a phone on its own thread."""
        return self._thread.call(lambda: change(self.fleet.server(serial)))

    def app(self, serial: str, name: str = "tiktok"):
        return next(a for a in self.fleet.server(serial).phone.apps.values() if a.model.app == name)

    def driver(self, serial: str) -> Driver:
        """Return a new driver of a phone."""
        return self.devices.driver(serial)

    def control(self, deadline_s: float) -> AttemptControl:
        """Return the control of an attempt."""
        return AttemptControl(self.clock, deadline_s)

    def post(
        self,
        serial: str,
        config: Mapping[str, Any] | None = None,
        *,
        username: str | None = None,
        settings: ScriptSettings | None = None,
        timeout_s: float | None = None,
        shelf: Shelf | None = None,
        phases: Phases | None = None,
        name: str = "post",
        position: int = 0,
        on_start: Callable[[AttemptControl], None] | None = None,
        former: Phases | None = None,
    ) -> Result:
        """Run the post script on a phone, with the documented example unless told otherwise.

        With `former`, the journal of an attempt that was cut off, its post is looked for.
        """
        task_id = next(self._task_ids)
        whole = {"captions": CAPTION, "material_list": [str(VIDEO)], "platform": "tiktok", **(config or {})}
        task = Task(
            task_id,
            "batch",
            position,
            name,
            whole,
            serial,
            username,
            Source.API,
            7,
            Status.RUNNING,
            0,
            0,
            attempt=1,
        )
        steps, phases = Steps(), phases or (Phases(list(former.seen), dict(former.facts)) if former else Phases())
        control = self.control(self.clock.monotonic_s() + (timeout_s or self.timeout_s))
        driver = self.driver(serial)
        start = self.clock.monotonic_s()
        try:
            if on_start is not None:
                on_start(control)
            phone = Phone(driver, load_packs(), control, steps)
            settings = settings or self.settings
            media = LocalMedia(settings.folders, INSPECTOR)
            job = Job(task, phone, phases, shelf or Shelf(), settings, INSPECTOR, media)
            chosen = script(name)
            outcome = chosen.verify(job, former.facts) if former else chosen.run(job)
        except FleetlaneError as error:
            outcome = from_error(error)
        outcome = never_denied(outcome, phases.phase)
        seconds = self.clock.monotonic_s() - start
        driver.close()
        return Result(outcome, steps, phases, seconds)

    def post_all(self, jobs: Sequence[tuple[str, Mapping[str, Any]]], **options: Any) -> list[Result]:
        """Run posts side by side, one for each (serial, config): as many as two cores drive without delay."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda job: self.post(job[0], job[1], **options), jobs))


def wait_for(condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
    """Wait until a condition holds. It looks again and again: what is waited for happens in other processes."""
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {timeout_s} s: {condition}")
        time.sleep(0.01)
