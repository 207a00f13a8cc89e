"""Benchmark of what is said beforehand: a request for twenty phones, its file looked at, its repeats asked."""

from __future__ import annotations

import statistics
import tempfile
import time

import httpx2
from phones import VIDEO, process, until

from fleetlane.simulator.fleets.fleet import free_port

TARGETS = 20
ROUNDS = 60


def beforehand() -> str:
    """Time requests that look at a file and those that name none, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        serve = ["serve", "--port", str(port), "--data-dir", folder, "--adb-port", str(free_port())]
        roots = f'["{VIDEO.parent.as_posix()}"]'
        with (
            process(serve, ADBUTILS_ADB_PATH="/nowhere/adb", FLEETLANE_MATERIAL_ROOTS=roots),
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        ):
            until(lambda: http.get("/healthz").status_code == 200)
            first = _request(http, 0, [str(VIDEO)])
            named, rehearsed = [], []
            for number in range(1, ROUNDS + 1):
                named.append(_request(http, number, [str(VIDEO)]))
                rehearsed.append(_request(http, number, [], dry_run=True, material_source="localFolder"))
    return (
        f"## What is said beforehand: one request for {TARGETS} phones ({ROUNDS} rounds in turn)\n\n"
        "| | median | 95th percentile |\n|---|---|---|\n"
        f"| the whole request over HTTP: a video that is known, spintax, repeats asked | {_spread(named)} |\n"
        f"| the same as a rehearsal of a folder that is not there: nothing is looked into | {_spread(rehearsed)} |\n\n"
        f"The first look at the file: {1000 * first:.0f} ms with its request. "
        "Target: at most 50 ms more for what is said beforehand, once the file is known."
    )


def _request(http: httpx2.Client, number: int, files: list[str], **more: object) -> float:
    config = {"captions": "{hello|hi} #bench", "material_list": files, "material_path": "/nowhere", **more}
    serials = [f"P{number}-{target}" for target in range(TARGETS)]
    start = time.perf_counter()
    answer = http.post("/api/v1/task", json={"serials": serials, "script_name": "post", "script_config": config})
    seconds = time.perf_counter() - start
    if answer.json()["code"]:
        raise SystemExit(f"refused: {answer.text[:300]}")
    return seconds


def _spread(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.0f} ms | {1000 * statistics.quantiles(seconds, n=20)[-1]:.0f} ms"
