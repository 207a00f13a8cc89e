"""Benchmark of the pages: how long the server takes for them, and how much they weigh, with few tasks and with many."""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx2
import psutil
from phones import process, until

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.simulator.fleets.fleet import free_port

PHONES = 100
FEW, MANY = 1_000, 100_000
ROUNDS = 40
CAPTION = "春日限定茶具套装今天正式上架，每一件都由老师傅手工拉坯、上釉、烧制。 #茶语时光 #spring"
_KB = 1000


def pages() -> str:
    """Time each page in turn, with few tasks in the store and with many."""
    serials = [f"R58N{number:07d}" for number in range(PHONES)]
    places = {
        "overview": "/",
        "tasks, newest": "/tasks",
        "tasks, failed, ended last": "/tasks?status=3&sort=-end_time",
        "tasks, the last page": "/tasks?page=LAST",
        "tasks, of one phone": f"/tasks?serial={serials[50]}",
        "tasks, searched for a text": "/tasks?q=7777",
        "phones": "/phones",
        "one phone": f"/phones/{quote(serials[50])}",
        "new task": "/new",
    }
    few, many = (_measured(number, serials, places) for number in (FEW, MANY))
    rows = "".join(
        f"| {name} | {few[name][0]:.0f} / {few[name][1]:.0f} | {many[name][0]:.0f} / {many[name][1]:.0f} "
        f"| {many[name][2]:.0f} | {many[name][3] / _KB:.0f} kB |\n"
        for name in places
    )
    return (
        f"## Pages, {PHONES} phones ({ROUNDS} requests each)\n\n"
        "Milliseconds until the last byte, median / 95th percentile; one in ten tasks waits, one in ten failed. "
        "Pages are not compressed: they go to this computer. "
        f"Load of the machine meanwhile: {psutil.getloadavg()[0]:.0f} on {psutil.cpu_count()} cores.\n\n"
        f"| page | {FEW:,} tasks | {MANY:,} tasks | its CPU, ms | weight |\n|---|---|---|---|---|\n{rows}"
    )


def _measured(number: int, serials: list[str], places: dict[str, str]) -> dict[str, tuple[float, float, float, int]]:
    """Return median, 95th percentile and CPU time of a request in milliseconds, and the page's bytes, by page."""
    with tempfile.TemporaryDirectory() as folder:
        port, data = free_port(), Path(folder) / "data"
        data.mkdir()
        _fill(data / "fleetlane.db", number, serials)
        serve = ["serve", "--port", str(port), "--data-dir", str(data), "--adb-port", str(free_port())]
        with (
            process(serve, ADBUTILS_ADB_PATH="/nowhere/adb") as server,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        ):
            until(lambda: http.get("/healthz").status_code == 200)
            running = psutil.Process(server.pid)
            last = str(-(-number // 50))
            return {name: _page(http, running, place.replace("LAST", last)) for name, place in places.items()}


def _page(http: httpx2.Client, server: psutil.Process, place: str) -> tuple[float, float, float, int]:
    def ask() -> tuple[float, int]:
        start = time.perf_counter()
        answer = http.get(place)
        if answer.status_code != 200:
            raise SystemExit(f"{place} answered {answer.status_code}")
        return (time.perf_counter() - start) * 1000, len(answer.content)

    _, size = ask()  # its template is read at the first use
    before = server.cpu_times()
    taken = [ask()[0] for _ in range(ROUNDS)]
    after = server.cpu_times()
    cpu_ms = (after.user + after.system - before.user - before.system) * 1000 / ROUNDS
    return statistics.median(taken), sorted(taken)[int(len(taken) * 0.95)], cpu_ms, size


def _fill(store: Path, number: int, serials: list[str]) -> None:
    """Put tasks and phones into an empty store, as they are after weeks of work."""
    migrate(store)
    now_ms = int(time.time() * 1000)
    facts = {"model": "Pixel 6a", "brand": "google", "android": "13", "size": [1080, 2400], "battery_percent": 80,
             "free_bytes": 64 * 10**9, "apps": {"com.zhiliaoapp.musically": "47.0.3"}}  # fmt: skip
    config = json.dumps({"captions": CAPTION, "material_list": ["C:/Videos/video1.mp4"]}, ensure_ascii=False)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.executemany(
            "INSERT INTO devices (serial, first_seen_ms, last_seen_ms, facts) VALUES (?, ?, ?, ?)",
            [(serial, now_ms, now_ms, json.dumps(facts)) for serial in serials],
        )
        names = (
            "id, batch_id, position, script_name, script_config, serial, source, seed, status, created_ms, due_ms, "
            "started_ms, ended_ms, remark, error_code, outcome"
        )
        connection.executemany(
            f"INSERT INTO tasks ({names}) VALUES ({', '.join('?' * 16)})",  # noqa: S608 - names of columns
            [_row(task, serials, config, now_ms - (number - task) * 1000) for task in range(1, number + 1)],
        )
        connection.execute(
            "INSERT INTO task_counts (serial, script_name, source, status, n) "
            "SELECT serial, script_name, source, status, count(*) FROM tasks GROUP BY 1, 2, 3, 4"
        )


def _row(task: int, serials: list[str], config: str, at_ms: int) -> tuple[object, ...]:
    status = {0: 0, 1: 3}.get(task % 10, 2)
    remark, code, outcome = {
        0: ("", None, None),
        2: ("Published on @shop.", None, "published"),
        3: ("The app asks for a security check. Complete it on the phone.", "security_check", "not_published"),
    }[status]
    ran = (at_ms, at_ms + 9_000) if status else (None, None)
    batch, serial = f"batch-{task // 100}", serials[task // 10 % len(serials)]
    return (task, batch, task % 100, "post", config, serial, "api", task, status, at_ms, at_ms, *ran, remark, code,
            outcome)  # fmt: skip
