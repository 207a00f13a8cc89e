"""`fleetlane demo`: the main job, end to end, without hardware.

Starts simulated phones and the real server as processes of their own, posts the documented example over
HTTP, and compares what was published with what was asked.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from fleetlane.cli.demo_processes import DemoError, Running, start, video
from fleetlane.cli.signals import signals_as_interrupt
from fleetlane.cli.simulate import known_language
from fleetlane.settings import DEFAULT_PORT

CAPTION = "看看我的新视频！#热门 #推荐"
_TASK_TIMEOUT_S = 180.0


def demo(
    phones: Annotated[int, typer.Option(min=1, max=50, help="How many simulated phones.")] = 3,
    once: Annotated[
        bool,
        typer.Option("--once", help="End after the posts: exit code 0 when exactly those asked for are out."),
    ] = False,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the server; the next free one when it is taken.")
    ] = DEFAULT_PORT,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the store and the traces; a new one when not given.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the phones: en, zh or id.")] = "en",
) -> None:
    """Show the main job: simulated phones publish the documented example."""
    known_language(language)
    console = Console()
    folder = data_dir or Path(tempfile.mkdtemp(prefix="fleetlane-demo-"))
    console.print(f"Data directory: {folder}", soft_wrap=True, highlight=False)
    with signals_as_interrupt(), ExitStack() as stack:
        running = start(stack, console, folder, phones, port, language)
        try:
            problems = _publish(console, running)
        except (httpx2.TransportError, ValueError) as error:
            raise DemoError(f"The server stopped answering: {error}. Its log: {folder / 'logs'}") from error
        if problems:
            console.print("[red]The demo failed:[/red]")
            for problem in problems:
                console.print(f"  {problem}", markup=False, soft_wrap=True)
            raise typer.Exit(1)
        console.print("[green]Exactly the posts that were asked for are out.[/green]")
        if not once:
            _stay(console, running, folder)


def request_body(serials: Sequence[str]) -> dict[str, Any]:
    """Return the documented example for some phones; it may be posted again, as when the demo is run twice."""
    return {
        "serials": list(serials),
        "script_name": "post",
        "script_config": {
            "content_type": 0,
            "captions": CAPTION,
            "material_list": [str(video())],
            "upload_wait_time": 60,
        },
        "allow_repeat": True,
    }


def _publish(console: Console, running: Running) -> list[str]:
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


def _watch(console: Console, running: Running, task_ids: Sequence[int]) -> list[dict[str, Any]]:
    until = time.monotonic() + _TASK_TIMEOUT_S
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while True:
            tasks = [running.http.get(f"/api/v1/task/{task_id}").json()["data"] for task_id in task_ids]
            live.update(_progress(running, tasks))
            if all(task["status"] in (2, 3) for task in tasks) or time.monotonic() > until:
                return tasks
            running.pause()


def _progress(running: Running, tasks: Sequence[dict[str, Any]]) -> Table:
    table = Table("Task", "Phone", "Status", "Step", title=None)
    for task in tasks:
        steps = running.http.get(f"/api/v1/task/{task['id']}/trace").json()["data"]["steps"]
        doing = task["remark"] or task["waiting_for"] or (f"{len(steps)}: {steps[-1]['name']}" if steps else "starting")
        table.add_row(str(task["id"]), task["serial"], task["status_text"], doing)
    return table


def _show(console: Console, tasks: Sequence[dict[str, Any]], posts: Sequence[dict[str, Any]]) -> None:
    digest = sha256(video().read_bytes()).hexdigest()
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
    digest = sha256(video().read_bytes()).hexdigest()
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


def _stay(console: Console, running: Running, folder: Path) -> None:
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
    try:
        console.print(f"Screenshots of every step: {folder / 'data' / 'traces'}\nStop with Ctrl+C.", soft_wrap=True)
        running.wait_for_end()
    except KeyboardInterrupt:
        console.print("Stopping ...")
