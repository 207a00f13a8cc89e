"""Benchmark of taking tasks in: one request for ten thousand phones against the bare rows of it."""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import httpx2
from phones import process, until

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.simulator.fleets.fleet import free_port

TARGETS = 10_000
ROUNDS = 9
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON", "temp_store=MEMORY")


def intake() -> str:
    """Time a request over HTTP, and in turn with it the same rows put into an equal empty store by executemany."""
    with tempfile.TemporaryDirectory() as folder:
        port, data = free_port(), Path(folder) / "data"
        serve = ["serve", "--port", str(port), "--data-dir", str(data), "--adb-port", str(free_port())]
        with (
            process(serve, ADBUTILS_ADB_PATH="/nowhere/adb"),
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        ):
            until(lambda: http.get("/healthz").status_code == 200)
            bare = Path(folder) / "bare.db"
            migrate(bare)
            whole, alone = [], []
            for _ in range(ROUNDS):
                whole.append(_request(http))
                alone.append(_bare(bare, _rows(data / "fleetlane.db")))
    ratio = statistics.median(mine / other for mine, other in zip(whole, alone, strict=True))
    return (
        f"## One request for {TARGETS:,} phones ({ROUNDS} rounds in turn)\n\n"
        "| | median | fastest |\n|---|---|---|\n"
        f"| the whole request over HTTP, in one transaction | {_spread(whole)} |\n"
        f"| the same rows by a bare `executemany` into an equal store | {_spread(alone)} |\n\n"
        f"Ratio, round by round: {ratio:.1f} times (median). Target: at most 3."
    )


def _request(http: httpx2.Client) -> float:
    config = {"captions": "hello #bench", "material_list": ["C:/Videos/video1.mp4"]}
    serials = [f"R58N{number:07d}" for number in range(TARGETS)]
    whole = {"serials": serials, "script_name": "post", "script_config": config, "allow_repeat": True}
    body = json.dumps(whole)
    start = time.perf_counter()
    answer = http.post("/api/v1/task", content=body, headers={"Content-Type": "application/json"})
    seconds = time.perf_counter() - start
    if answer.json()["data"]["created_count"] != TARGETS:
        raise SystemExit(f"not all tasks were created: {answer.text[:300]}")
    return seconds


def _rows(store: Path) -> list[sqlite3.Row]:
    """Return the rows of the last request."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM tasks ORDER BY id DESC LIMIT ?", (TARGETS,)).fetchall()[::-1]


def _bare(store: Path, rows: list[sqlite3.Row]) -> float:
    """Time the driver alone."""
    names = rows[0].keys()
    statement = f"INSERT INTO tasks ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    values = [tuple(row) for row in rows]
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, values)
        connection.execute("COMMIT")
        return time.perf_counter() - start


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms | {min(seconds) * 1000:.0f} ms"
