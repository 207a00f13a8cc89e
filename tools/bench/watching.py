"""Benchmark of the live pictures: what a hundred watched phones cost, and how fast a change reaches a page."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import tempfile
import time

import httpx2
from phones import _cpu, _p95, process, until

from fleetlane.simulator.fleets.fleet import free_port

PHONES = 100
SECONDS = 20
INTERVAL_S = 2.0
CHANGES = 100
LISTINGS = 20


def watching() -> str:
    """Watch a hundred phones: in nobody's view, all still, and all with a new picture at each turn."""
    with tempfile.TemporaryDirectory() as folder:
        adb_port, port = free_port(), free_port()
        simulate = ["simulate", "--phones", str(PHONES), "--adb-port", str(adb_port)]
        serve = ["serve", "--port", str(port), "--data-dir", f"{folder}/data", "--adb-port", str(adb_port)]
        with process(simulate, stdout=subprocess.PIPE) as simulator:
            serials = [simulator.stdout.readline().strip() for _ in range(PHONES)]
            with process(serve, FLEETLANE_PICTURE_INTERVAL_S=str(INTERVAL_S)) as server:
                base = f"http://127.0.0.1:{port}"
                with httpx2.Client(base_url=base) as http:
                    until(lambda: http.get("/healthz").json()["devices"]["ready"] == PHONES, 120)
                    until(lambda: all(d["model"] for d in http.get("/api/v1/device").json()["data"]["devices"]), 120)
                return asyncio.run(_measure(base, serials, server))


async def _measure(base: str, serials: list[str], server: subprocess.Popen) -> str:
    async with httpx2.AsyncClient(base_url=base, timeout=60) as http:
        calm = await _latencies(http)
        idle = await _cost(server)
        listing = await _listing(http, server)
        async with http.stream("GET", "/live/pictures", params={"serial": serials}) as stream:
            lines = stream.aiter_lines()
            tags: dict[str, str] = {}
            async for line in lines:
                if line.startswith("data: "):
                    told = json.loads(line[6:])
                    tags[told["serial"]] = told["tag"]
                if len(tags) == PHONES and all(tags.values()):
                    break
            still = await _costs(http, server)
            fetching = asyncio.create_task(_fetch_all(http, serials), name="fetch pictures")
            new = await _costs(http, server)
            watched = await _latencies(http)
            fetching.cancel()
        size = statistics.median([len((await http.get(f"/phones/{s}/picture.jpg")).content) for s in serials[:5]])
    return (
        f"## {PHONES} phones watched, a picture of each every {INTERVAL_S:.0f} s (setting `picture_interval_s`)\n\n"
        "| the server's process | pictures taken | CPU for each "
        f"| of a core, at {PHONES / INTERVAL_S:.0f} pictures a second |\n"
        "|---|---|---|---|\n"
        f"{_row('all watched, no screen moves (nothing is sent)', still, idle)}"
        f"{_row('all watched, and each picture is fetched, as if every screen moved', new, idle)}\n"
        f"Nobody watches: {idle:.1%} of a core. A picture has {size / 1000:.0f} KB here. "
        f"To read the list of {PHONES} phones again costs {listing * 1000:.0f} ms.\n\n"
        f"From the request that makes a task to its event at a page ({CHANGES} tasks):\n\n"
        "| | median | 95th percentile |\n|---|---|---|\n"
        f"| nobody watches pictures | {_spread(calm)} |\n"
        f"| {PHONES} phones watched, every picture fetched | {_spread(watched)} |\n\n"
        "A page reads its part again right after an event, at most once in 0.4 s."
    )


def _row(name: str, cost: tuple[float, float], idle: float) -> str:
    share, taken_per_s = cost
    each_s = (share - idle) / taken_per_s
    return f"| {name} | {taken_per_s:.0f} a second | {each_s * 1000:.1f} ms | {each_s * PHONES / INTERVAL_S:.0%} |\n"


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms | {_p95(seconds) * 1000:.0f} ms"


async def _cost(server: subprocess.Popen) -> float:
    """Return the part of a core that the server uses."""
    before, start = _cpu(server), time.monotonic()
    await asyncio.sleep(SECONDS)
    return (_cpu(server) - before) / (time.monotonic() - start)


async def _costs(http: httpx2.AsyncClient, server: subprocess.Popen) -> tuple[float, float]:
    """Return the part of a core that the server uses, and how many pictures it takes a second."""
    before, start = await _taken(http), time.monotonic()
    share = await _cost(server)
    return share, (await _taken(http) - before) / (time.monotonic() - start)


async def _listing(http: httpx2.AsyncClient, server: subprocess.Popen) -> float:
    """Return the CPU seconds that one reading of the list takes."""
    before = _cpu(server)
    for _ in range(LISTINGS):
        (await http.get("/phones")).raise_for_status()
    return (_cpu(server) - before) / LISTINGS


async def _taken(http: httpx2.AsyncClient) -> float:
    found = re.search(r"^fleetlane_pictures_taken_total (\S+)$", (await http.get("/metrics")).text, re.MULTILINE)
    assert found
    return float(found[1])


async def _fetch_all(http: httpx2.AsyncClient, serials: list[str]) -> None:
    """Fetch every picture once in each interval, evenly, as a browser does when all have changed."""
    start, turn = time.monotonic(), 0
    while True:
        for serial in serials:
            turn += 1
            await asyncio.sleep(max(0.0, start + turn * INTERVAL_S / PHONES - time.monotonic()))
            (await http.get(f"/phones/{serial}/picture.jpg")).raise_for_status()


async def _latencies(http: httpx2.AsyncClient) -> list[float]:
    """Return the seconds from each request that makes a task to its event."""
    found: list[float] = []
    body = {"serials": ["nobody"], "script_name": "post", "script_config": {"captions": "x", "material_list": ["/x"]}}
    async with http.stream("GET", "/live", params={"device": "nobody"}) as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if line.startswith("event: ready"):
                break
        for _ in range(CHANGES):
            start = time.perf_counter()
            posting = asyncio.create_task(http.post("/api/v1/task", json=body), name="post a task")
            async for line in lines:
                if line.startswith("event: task"):
                    break
            found.append(time.perf_counter() - start)
            (await posting).raise_for_status()
            await asyncio.sleep(0.05)
    return found
