"""Benchmarks of the calls a post makes, in virtual time: how many of which kind, and what each costs."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from pathlib import Path

from phones import FOLDERS, Journal, Nothing

from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.media import FileInspector
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Job, ScriptSettings
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.reader import likeness
from fleetlane.simulator.link.calls import KINDS, kind_of
from fleetlane.simulator.virtual.control import VirtualControl
from fleetlane.simulator.virtual.fleet import VirtualFleet

VIDEO = Path(__file__).parents[2] / "src/fleetlane/cli/demo_media/video1.mp4"
PHONES, POSTS_EACH = 4, 5
LATENCIES_MS = (0, 200, 800)
APPS = ("tiktok", "instagram")


class Bench:
    """One phone with a driver that is kept, as a lane keeps it."""

    def __init__(self, settings: FleetSettings, scripts: ScriptSettings) -> None:
        self.fleet = VirtualFleet(settings)
        [self.link] = self.fleet.links
        serial = self.link.phone.facts.serial
        at = Transport(serial, DeviceState.ONLINE, 0)
        self.driver = AndroidDriver(self.fleet.adb, serial, lambda _check: at)
        self._scripts = scripts
        self.calls: list[str] = []
        self.link.call_listeners.append(self.calls.append)

    def post(self, number: int, app: str) -> tuple[float, float, float]:
        """Post, and return the seconds it took, those of them that the app took, and the CPU's."""
        clock, phone = self.fleet.clock, self.link.phone
        self.calls.clear()
        began_s, app_s, cpu_s = clock.monotonic_s(), phone.app_delay_s, time.process_time()
        config = {
            "captions": f"hello {number} #bench",
            "material_list": [str(VIDEO)],
            "platform": app,
            "post_way": "share",
        }
        serial = self.driver.serial
        task = Task(number, "b", 0, "post", config, serial, None, Source.API, 1, Status.RUNNING, 0, 0, attempt=1)
        acting = Phone(self.driver, load_packs(), VirtualControl(clock, began_s + 3600), Nothing())
        inspector = FileInspector()
        media = LocalMedia(self._scripts.folders, inspector)
        outcome = script("post").run(Job(task, acting, Journal(), Nothing(), self._scripts, inspector, media))
        if not outcome.ok:
            raise SystemExit(f"a post failed: {outcome}")
        took = clock.monotonic_s() - began_s, phone.app_delay_s - app_s, time.process_time() - cpu_s
        self.link.wait(2)
        return took


def calls() -> str:
    """Count the calls of posts on phones as real ones are, and time posts by what a call costs."""
    return f"{_by_kind()}\n\n{_by_latency()}"


def _by_kind() -> str:
    counted = {app: _counted(app) for app in APPS}
    rows = ["| | TikTok, median | largest | Instagram, median | largest |", "|---|---|---|---|---|"]
    for kind in (*KINDS, "together", "waiting", "streams"):
        name = {
            "together": "**all of these**",
            "waiting": "looks while the upload, or the profile after it, is waited for",
            "streams": "streams of adb that all of it takes",
        }.get(kind, kind)
        cells = [
            f"{statistics.median(c[kind] for c in posts):g} | {max(c[kind] for c in posts)}"
            for posts in counted.values()
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return (
        f"## Calls of a post by `share` on phones as real ones are ({PHONES * POSTS_EACH} posts an app)\n\n"
        "`--like real`, in virtual time. A call is one shell command line, one file sent, or one request to the "
        "automation server. Each phone's first post is among them: it also asks what the phone is, and starts the "
        "automation server.\n\n" + "\n".join(rows) + "\n\nTarget: at most 60 (median)."
    )


def _counted(app: str) -> list[Counter[str]]:
    found: list[Counter[str]] = []
    for seed in range(PHONES):
        bench = Bench(FleetSettings(phones=1, traits=likeness("real"), seed=seed), ScriptSettings(folders=FOLDERS))
        streams = _count_streams(bench)
        for number in range(1, POSTS_EACH + 1):
            streams.clear()
            bench.post(number, app)
            found.append(Counter(_kinds(bench.calls)) + Counter({"streams": len(streams)}))
            found[-1]["together"] = sum(found[-1][kind] for kind in KINDS)
    return found


def _count_streams(bench: Bench) -> list[float]:
    opened: list[float] = []
    connect = bench.fleet.adb.make_connection

    def counting(timeout: float | None = None):
        opened.append(bench.fleet.clock.monotonic_s())
        return connect(timeout)

    bench.fleet.adb.make_connection = counting
    return opened


def _kinds(made: list[str]) -> list[str]:
    pressed = max(number for number, call in enumerate(made) if call.startswith("shell:input tap"))
    kinds = [kind_of(call) for call in made]
    return ["waiting" if kind == "tree" and number > pressed else kind for number, kind in enumerate(kinds)]


def _by_latency() -> str:
    rows = [
        "| each call takes | whole post | calls | of it: answers | the app's own delays | the rest | CPU |",
        "|---|---|---|---|---|---|---|",
    ]
    for latency_ms in LATENCIES_MS:
        settings = FleetSettings(phones=1, latency_s=latency_ms / 1000)
        bench = Bench(settings, ScriptSettings(folders=FOLDERS, editor_dwell_s=0))
        posts = []
        for number in range(1, PHONES * POSTS_EACH + 1):
            whole_s, app_s, cpu_s = bench.post(number, "tiktok")
            posts.append((whole_s, len(bench.calls), app_s, cpu_s))
        whole_s, made, app_s, cpu_s = (statistics.median(column) for column in zip(*posts, strict=True))
        answers_s = made * latency_ms / 1000
        rest_s = max(0.0, whole_s - max(app_s, answers_s)) if latency_ms else whole_s - app_s
        rows.append(
            f"| {latency_ms} ms | {whole_s:.1f} s | {made:g} | {answers_s:.1f} s | {app_s:.1f} s | {rest_s:.1f} s "
            f"| {cpu_s:.2f} s |"
        )
    return (
        "### By what a call costs (TikTok, otherwise ideal phones)\n\n" + "\n".join(rows) + "\n\n"
        "The app's delays pass while answers are waited for; the rest is what neither explains (at 0 ms: our own "
        "pauses). CPU is this process's, with all of the simulated phone in it."
    )
