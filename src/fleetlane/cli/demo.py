"""`fleetlane demo`: the main job, end to end, without hardware.

Starts simulated phones and the real server as processes of their own, posts the documented example over
HTTP, and compares what was published with what was asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from fleetlane.core.errors import FleetlaneError
from fleetlane.http.server import PortTakenError, listen
from fleetlane.settings import DEFAULT_PORT
from fleetlane.simulator.fleet import free_port
from fleetlane.simulator.ledger import read_ledger

CAPTION = "看看我的新视频！#热门 #推荐"
_START_TIMEOUT_S = 60.0
_TASK_TIMEOUT_S = 180.0
_POLL_S = 0.3


class DemoError(FleetlaneError):
    """The demo did not do what it should."""


@dataclass(frozen=True, slots=True)
class _Running:
    """What the demo talks to."""

    http: httpx2.Client
    serials: Sequence[str]
    ledger: Path
    older_posts: int
    """How many posts the ledger held before, when the data directory was used already."""

    def posts(self) -> list[dict[str, Any]]:
        """Return what was published since the start."""
        return read_ledger(self.ledger)[self.older_posts :]


def demo(
    phones: Annotated[int, typer.Option(min=1, max=50, help="How many simulated phones.")] = 3,
    once: Annotated[
        bool,
        typer.Option("--once", help="End after the posts: exit code 0 when exactly those asked for are out."),
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the server; the next free one when it is taken.")] = DEFAULT_PORT,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the store and the traces; a new one when not given.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the phones: en, zh or id.")] = "en",
) -> None:
    """Show the main job: simulated phones publish the documented example."""
    console = Console()
    folder = data_dir or Path(tempfile.mkdtemp(prefix="fleetlane-demo-"))
    console.print(f"Data directory: {folder}", soft_wrap=True, highlight=False)
    with ExitStack() as stack:
        running = _start(stack, console, folder, phones, port, language)
        problems = _publish(console, running)
        if problems:
            console.print("[red]The demo failed:[/red]")
            for problem in problems:
                console.print(f"  {problem}", markup=False, soft_wrap=True)
            raise typer.Exit(1)
        console.print("[green]Exactly the posts that were asked for are out.[/green]")
        if not once:
            _stay(console, running, folder)


def _start(stack: ExitStack, console: Console, folder: Path, phones: int, port: int, language: str) -> _Running:
    folder.mkdir(parents=True, exist_ok=True)
    ledger, logs = folder / "ledger.jsonl", folder / "logs"
    logs.mkdir(exist_ok=True)
    older_posts = len(read_ledger(ledger))
    adb_port = free_port()
    server_port = _free_from(console, port)
    with console.status("Starting simulated phones ..."):
        simulate = [
            "simulate",
            "--phones",
            str(phones),
            "--ledger",
            str(ledger),
            "--adb-port",
            str(adb_port),
            "--language",
            language,
        ]
        phones_process = stack.enter_context(_process(simulate, logs / "simulator.log", capture=True))
        serials = _serials(phones_process, phones, logs / "simulator.log")
    console.print(f"Simulated phones, behind a real adb server on port {adb_port}:", highlight=False)
    for serial in serials:
        console.print(f"  {serial}", highlight=False)
    with console.status("Starting the server ..."):
        serve = [
            "serve",
            "--port",
            str(server_port),
            "--data-dir",
            str(folder / "data"),
            "--adb-port",
            str(adb_port),
        ]
        server = stack.enter_context(_process(serve, logs / "server.log"))
        http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{server_port}", timeout=30))
        _wait_until_ready(http, server, phones, logs / "server.log")
    console.print(f"Server: http://localhost:{server_port}/api/v1", highlight=False)
    console.print(f"Documentation: http://localhost:{server_port}/docs", highlight=False)
    return _Running(http, serials, ledger, older_posts)


def _free_from(console: Console, port: int) -> int:
    for candidate in range(port, min(port + 100, 65536)):
        try:
            for listening in listen("127.0.0.1", candidate):
                listening.close()
        except PortTakenError:
            continue
        if candidate != port:
            console.print(f"Port {port} is taken; the demo uses {candidate}.")
        return candidate
    raise DemoError(f"No port from {port} on is free.")


@contextmanager
def _process(arguments: Sequence[str], log: Path, *, capture: bool = False) -> Generator[subprocess.Popen[str]]:
    """Run a sub-command of ours as a process of its own, ended with the block."""
    environment = {**os.environ, "FLEETLANE_MATERIAL_ROOTS": json.dumps([str(_video().parent)])}
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "fleetlane", *arguments],
            stdout=subprocess.PIPE if capture else errors,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _serials(process: subprocess.Popen[str], count: int, log: Path) -> list[str]:
    assert process.stdout is not None
    serials: list[str] = []
    reader = threading.Thread(target=lambda: serials.extend(_lines(process, count)), daemon=True)
    reader.start()
    reader.join(_START_TIMEOUT_S)
    if len(serials) < count:
        raise DemoError(f"The simulated phones did not start:\n{_tail(log)}")
    return serials


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [line.strip() for _, line in zip(range(count), process.stdout, strict=False)]


def _wait_until_ready(http: httpx2.Client, server: subprocess.Popen[str], phones: int, log: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            if http.get("/healthz").json()["devices"]["ready"] >= phones:
                return
        except httpx2.TransportError:
            pass  # it does not listen yet
        time.sleep(_POLL_S)
    raise DemoError(f"The server did not become ready:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _video() -> Path:
    return Path(str(resources.files("fleetlane.cli") / "demo_media" / "video1.mp4"))


def request_body(serials: Sequence[str]) -> dict[str, Any]:
    """Return the documented example for some phones."""
    return {
        "serials": list(serials),
        "script_name": "post",
        "script_config": {
            "content_type": 0,
            "captions": CAPTION,
            "material_list": [str(_video())],
            "upload_wait_time": 60,
        },
    }


def _publish(console: Console, running: _Running) -> list[str]:
    """Post the example for every phone and watch it. Returns what is not as it should be."""
    body = request_body(running.serials)
    console.print("\nPOST /api/v1/task")
    console.print_json(json.dumps(body, ensure_ascii=False))
    answer = running.http.post("/api/v1/task", json=body).json()
    console.print_json(json.dumps(answer, ensure_ascii=False))
    if answer["code"] != 0:
        return [f"The server refused the task: {answer['message']}"]
    task_ids: list[int] = answer["data"]["task_ids"]
    tasks = _watch(console, running, task_ids)
    posts = running.posts()
    _show(console, tasks, posts)
    return _compare(running.serials, tasks, posts)


def _watch(console: Console, running: _Running, task_ids: Sequence[int]) -> list[dict[str, Any]]:
    until = time.monotonic() + _TASK_TIMEOUT_S
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while True:
            tasks = [running.http.get(f"/api/v1/task/{task_id}").json()["data"] for task_id in task_ids]
            live.update(_progress(running, tasks))
            if all(task["status"] in (2, 3) for task in tasks):
                return tasks
            if time.monotonic() > until:
                return tasks
            time.sleep(_POLL_S)


def _progress(running: _Running, tasks: Sequence[dict[str, Any]]) -> Table:
    table = Table("Task", "Phone", "Status", "Step", title=None)
    for task in tasks:
        steps = running.http.get(f"/api/v1/task/{task['id']}/trace").json()["data"]["steps"]
        doing = task["remark"] or task["waiting_for"] or (f"{len(steps)}: {steps[-1]['name']}" if steps else "starting")
        table.add_row(str(task["id"]), task["serial"], task["status_text"], doing)
    return table


def _show(console: Console, tasks: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]]) -> None:
    digest = sha256(_video().read_bytes()).hexdigest()
    console.print("\nWhat is really out, by the phones' own ledger:")
    table = Table("Phone", "Account", "Caption", "File (sha256)")
    table.add_row("asked", "", CAPTION, digest[:12], style="bold")
    for task in tasks:
        found = [post for post in posts if post["serial"] == task["serial"]]
        for post in found:
            hashes = ", ".join(value[:12] for value in post["media_sha256"])
            table.add_row(task["serial"], f"@{post['account']}", post["caption"], hashes)
        if not found:
            table.add_row(task["serial"], "-", "nothing", "-", style="red")
    console.print(table)


def _compare(serials: Sequence[str], tasks: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]]) -> list[str]:
    problems = [
        f"Task {task['id']} on {task['serial']} is {task['status_text']}: {task['remark']}"
        for task in tasks
        if task["status"] != 2
    ]
    digest = sha256(_video().read_bytes()).hexdigest()
    for serial in serials:
        found = [post for post in posts if post["serial"] == serial]
        if len(found) != 1:
            problems.append(f"{serial} published {len(found)} posts instead of 1.")
        for post in found:
            if post["caption"] != CAPTION:
                problems.append(f"{serial} published the caption {post['caption']!r}.")
            if post["media_sha256"] != [digest]:
                problems.append(f"{serial} published another file: {post['media_sha256']}.")
    problems.extend(f"A phone that was not asked published: {post}" for post in posts if post["serial"] not in serials)
    return problems


def _stay(console: Console, running: _Running, folder: Path) -> None:
    base = str(running.http.base_url).rstrip("/").replace("127.0.0.1", "localhost")
    example = json.dumps(request_body(running.serials[:1]), ensure_ascii=False)
    console.print("\nThe server stays up. Try, in another terminal:")
    for line in (
        f"curl {base}/api/v1/task",
        f"curl {base}/api/v1/task/stats",
        f"curl {base}/api/v1/task/1/trace",
        f"curl -X POST {base}/api/v1/task -H 'Content-Type: application/json' -d '{example}'",
        f"cat {running.ledger}",
    ):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Screenshots of every step: {folder / 'data' / 'traces'}\nStop with Ctrl+C.", soft_wrap=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopping ...")
