"""Scripts of others: packages with entry points, as pip would install them, and servers that find them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from fleetlane.simulator.fleets.fleet import FleetThread, free_port
from support.rig import wait_for

_START_S = 120.0  # a whole process, on a computer that does much else
HEAD = """
from fleetlane.core.errors import *
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import Outcome, PublishState, failed, succeeded

class Base:
    listed, summary = True, "of somebody else's"
    def __init__(self, name): self.name = name
    def check(self, config): return []
    def schema(self): return {"type": "object", "properties": {"deed": {"type": "string"}, "mood": {"type": "string"}}}
    def preview(self, config, position, seed): return ""
    def run(self, job): return succeeded("Done.", PublishState.NOT_PUBLISHED, {})
"""


def install(folder: Path, package: str, entries: Mapping[str, str], modules: Mapping[str, str]) -> None:
    """Put a package with entry points into a folder that is to be on the path."""
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (about / "entry_points.txt").write_text("\n".join(["[fleetlane.scripts]", *lines, ""]), encoding="utf-8")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(source), encoding="utf-8")


def environment(guests: Path) -> dict[str, str]:
    """Return the environment of a process that finds the packages in a folder."""
    path = os.pathsep.join(filter(None, [str(guests), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "COLUMNS": "400"}


class GuestServer:
    """A server in a process of its own, with guests."""

    def __init__(self, port: int) -> None:
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)

    def call(self, method: str, path: str, body: object = None) -> dict:
        return self.http.request(method, f"/api/v1{path}", **({} if body is None else {"json": body})).json()

    def create(self, serial: str, name: str, **config: object) -> int:
        body = {"serials": [serial], "script_name": name, "script_config": config}
        answer = self.call("POST", "/task", body)
        assert answer["code"] == 0, answer
        return answer["data"]["task_ids"][0]

    def task(self, task_id: int) -> dict:
        return self.call("GET", f"/task/{task_id}")["data"]

    def ended(self, task_id: int, timeout_s: float = 60.0) -> dict:
        wait_for(lambda: self.task(task_id)["status"] in (2, 3), timeout_s)
        return self.task(task_id)


@contextmanager
def guest_server(guests: Path, data_dir: Path, phones: FleetThread | None = None) -> Iterator[GuestServer]:
    """Run a server that finds the guests in a folder; on simulated phones, or on none."""
    port, adb_port = free_port(), phones.fleet.adb.port if phones else free_port()
    variables = environment(guests)
    if phones is None:
        variables["ADBUTILS_ADB_PATH"] = "/nowhere/adb"
    command = [sys.executable, "-m", "fleetlane", "serve", "--port", str(port), "--adb-port", str(adb_port)]
    log = data_dir.with_suffix(".log")
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen([*command, "--data-dir", str(data_dir)], env=variables, stderr=out)
        server = GuestServer(port)
        try:
            wait_for(lambda: _answers(server, process, log), _START_S)
            yield server
            assert process.poll() is None, log.read_text(encoding="utf-8")
        finally:
            server.http.close()
            process.terminate()
            process.wait(30)


def _answers(server: GuestServer, process: subprocess.Popen, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        return server.http.get("/healthz", timeout=1).status_code == 200
    except httpx2.TransportError:
        return False


def said(data: object) -> str:
    """Return an answer as text, to look for words in."""
    return json.dumps(data, ensure_ascii=False)
