"""Benchmarks of driving phones: single calls, whole posts, and fifty phones at once."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import uiautomator2

from fleetlane.adapters.android.supervisor import DeviceSupervisor
from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.media import FileInspector
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.journal import Phase
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Job, ScriptSettings
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread, free_port
from fleetlane.simulator.ledger import read_ledger

VIDEO = Path(__file__).parents[2] / "src/fleetlane/cli/demo_media/video1.mp4"
FOLDERS = AllowedFolders((VIDEO.resolve().parent,))
CALLS = 200
POSTS = 8
FLEET = 50


class Nothing:
    """A trace and a library that keep nothing."""

    def __getattr__(self, _name):
        return lambda *_args, **_options: None


class Journal:
    """A journal that only knows how far it is."""

    phase = Phase.NONE

    def at_risk(self) -> None:
        """Note a repeated tap."""
        self.phase = Phase.AT_RISK

    def prepared(self, _facts) -> None:
        """Note that all is in place."""
        self.phase = Phase.PREPARED

    def arm(self) -> None:
        """Note that Post comes next."""
        self.phase = Phase.ARMED

    def tapped(self) -> None:
        """Note that it was pressed."""
        self.phase = Phase.TAPPED

    def decided(self, phase, _facts) -> None:
        """Note how it ended."""
        self.phase = phase


def trees() -> str:
    """Time one UI tree call: our driver against the unmodified library."""
    with FleetThread(FleetSettings(phones=1)) as thread:
        serial = thread.fleet.serials[0]
        driver = _supervisor(thread).driver(serial)
        library = uiautomator2.connect(thread.fleet.adb.client().device(serial))
        driver.start_app("com.zhiliaoapp.musically")
        time.sleep(3)
        ours, theirs = [], []
        for _ in range(CALLS):  # in turn, so that the machine's drift meets both
            ours.append(_timed(driver.tree))
            theirs.append(_timed(library.dump_hierarchy))
        nodes = driver.tree().count("<node")
        library.stop_uiautomator(wait=False)
        driver.close()
    mine, other = statistics.median(ours), statistics.median(theirs)
    return (
        f"## One UI tree call ({nodes} nodes, {CALLS} calls in turn)\n\n"
        "| | median | 95th percentile |\n|---|---|---|\n"
        f"| uiautomator2 as it comes (`dump_hierarchy`) | {other * 1000:.1f} ms | {_p95(theirs) * 1000:.1f} ms |\n"
        f"| Fleetlane's driver (`tree`, the same call) | {mine * 1000:.1f} ms | {_p95(ours) * 1000:.1f} ms |\n\n"
        f"Ratio: {other / mine:.0f} times."
    )


def posts() -> str:
    """Time whole posts on a zero-latency phone against the sum of the simulated app's own delays."""
    rows = []
    with FleetThread(FleetSettings(phones=1)) as thread:
        [server] = thread.fleet.servers
        driver = _supervisor(thread).driver(server.phone.facts.serial)
        for number in range(1, POSTS + 1):
            delay = server.phone.app_delay_s
            seconds = _timed(lambda n=number: _post(driver, n))
            rows.append((seconds, server.phone.app_delay_s - delay))
        driver.close()
    whole, delays = [seconds for seconds, _ in rows], [delay for _, delay in rows]
    own = [seconds - delay for seconds, delay in rows]
    return (
        f"## A whole post by `share` on a zero-latency phone ({POSTS} posts)\n\n"
        "| | median | largest |\n|---|---|---|\n"
        f"| whole post, start to verified | {_spread(whole)} |\n"
        f"| of it: waiting for the simulated app's own delays | {_spread(delays)} |\n"
        f"| of it: Fleetlane's own time (the rest) | {_spread(own)} |\n\n"
        "Target: at most 0.9 s of our own a post."
    )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s | {max(seconds):.2f} s"


def fleet() -> str:
    """Post on fifty phones at once, with server and simulator as processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, adb_port, port = Path(folder) / "ledger.jsonl", free_port(), free_port()
        simulate = ["simulate", "--phones", str(FLEET), "--ledger", str(ledger), "--adb-port", str(adb_port)]
        serve = ["serve", "--port", str(port), "--data-dir", f"{folder}/data", "--adb-port", str(adb_port)]
        with process(simulate, stdout=subprocess.PIPE) as simulator:
            serials = [simulator.stdout.readline().strip() for _ in range(FLEET)]
            with process(serve) as server, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as http:
                until(lambda: http.get("/healthz").json()["devices"]["ready"] == FLEET)
                before = _cpu(server), _cpu(simulator)
                start = time.monotonic()
                config = {"captions": "hello #fleet", "material_list": [str(VIDEO)], "upload_wait_time": 120}
                body = {"serials": serials, "script_name": "post", "script_config": config, "allow_repeat": True}
                http.post("/api/v1/task", json=body)
                until(lambda: _ended(http) == FLEET, 600)
                seconds = time.monotonic() - start
                after = _cpu(server), _cpu(simulator)
                memory = [psutil.Process(p.pid).memory_info().rss / 1e6 for p in (server, simulator)]
                stats = http.get("/api/v1/task/stats").json()["data"]
        published = len(read_ledger(ledger))
    cpu = [after[i] - before[i] for i in (0, 1)]
    return (
        f"## {FLEET} phones posting at once\n\n"
        "| | |\n|---|---|\n"
        f"| posts in the phones' ledger | {published} |\n"
        f"| tasks the server says are completed | {stats['completed']} |\n"
        f"| time from the request to the end of the last task | {seconds:.1f} s |\n"
        f"| posts per minute, all phones together | {FLEET / seconds * 60:.0f} |\n"
        f"| server process: CPU seconds for each post | {cpu[0] / FLEET:.2f} |\n"
        f"| simulator process: CPU seconds for each post | {cpu[1] / FLEET:.2f} |\n"
        f"| server process: memory at the end | {memory[0]:.0f} MB |\n"
        f"| simulator process: memory at the end | {memory[1]:.0f} MB |"
    )


def _supervisor(thread: FleetThread) -> DeviceSupervisor:
    return DeviceSupervisor(thread.fleet.adb.port, SystemClock())


def _post(driver, number: int) -> None:
    clock = SystemClock()
    config = {"captions": f"hello {number} #bench", "material_list": [str(VIDEO)], "platform": "tiktok"}
    task = Task(number, "b", 0, "post", config, driver.serial, None, Source.API, 1, Status.RUNNING, 0, 0, attempt=1)
    phone = Phone(driver, load_packs(), AttemptControl(clock, clock.monotonic_s() + 120), Nothing())
    settings, inspector = ScriptSettings(folders=FOLDERS, editor_dwell_s=0), FileInspector()
    media = LocalMedia(settings.folders, inspector)
    outcome = script("post").run(Job(task, phone, Journal(), Nothing(), settings, inspector, media))
    if not outcome.ok:
        raise SystemExit(f"a post failed: {outcome}")


def _timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


@contextmanager
def process(arguments: list[str], stdout: int = subprocess.DEVNULL, **variables: str):
    """Run a command of Fleetlane with some variables in its environment, and end it."""
    environment = {
        **os.environ,
        **variables,
        "FLEETLANE_MATERIAL_ROOTS": json.dumps([str(VIDEO.parent)]),
        "FLEETLANE_LOG_LEVEL": "warning",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "fleetlane", *arguments],
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(timeout=60)


def _cpu(process: subprocess.Popen) -> float:
    used = psutil.Process(process.pid).cpu_times()
    return used.user + used.system


def _ended(http: httpx2.Client) -> int:
    stats = http.get("/api/v1/task/stats").json()["data"]
    return stats["completed"] + stats["failed"]


def until(condition, timeout_s: float = 60) -> None:
    """Wait for something that a server says."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except httpx2.TransportError:
            pass  # it does not listen yet
        if time.monotonic() > end:
            raise SystemExit("a benchmark did not come to its end")
        time.sleep(0.2)
