"""Which server is tested: the one CONFORMANCE_URL names, or an own one with simulated phones.

Options, all from the environment:

- CONFORMANCE_URL: a server's address, such as http://127.0.0.1:50809. Nothing is published there: tasks are for devices
  of these tests' own naming and are due in 2099, or are dry runs; what was made is deleted again.
- CONFORMANCE_MATERIAL: path of a video on that server's computer, inside its material roots, for the dry runs.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.client import Api, wait_until

VIDEO = Path(__file__).parents[2] / "src/fleetlane/cli/demo_media/video1.mp4"
PHONES = 5
FAULTS = "".join(f"- {{phone: {number}, when: {{screen: post}}, do: upload_stuck}}\n" for number in (3, 4, 5))
"""The last three phones' first uploads never end: what became of those posts, nobody can say."""


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Api]:
    url = os.environ.get("CONFORMANCE_URL")
    if url:
        with Api(url, material=os.environ.get("CONFORMANCE_MATERIAL")) as api:
            yield api
        return
    folder = tmp_path_factory.mktemp("conformance")
    with phones(folder) as adb_port, serving(folder, adb_port) as api:
        wait_until(lambda: len(api.phones()) == PHONES)
        yield api


@pytest.fixture
def api(server) -> Iterator[Api]:
    """The server; what the test makes there is taken back."""
    yield server
    server.take_back()


@pytest.fixture
def own(api) -> Api:
    """A server that is there for these tests alone."""
    if not api.is_own:
        pytest.skip("would change what belongs to others: done on an own server only")
    return api


@pytest.fixture
def phone(api) -> str:
    """A phone that can work; no test publishes on it."""
    found = api.phones()
    if not found:
        pytest.skip("no phone is online there")
    if api.material is None:
        pytest.skip("CONFORMANCE_MATERIAL names no video on the server's computer")
    return found[0]


@pytest.fixture
def other_phone(api, phone) -> str:
    """Another one."""
    found = api.phones()
    if len(found) < 2:
        pytest.skip("only one phone is online there")
    return found[1]


@contextmanager
def phones(folder: Path) -> Iterator[int]:
    """Start simulated phones; gives the port of their adb server."""
    faults = folder / "faults.yaml"
    faults.write_text(FAULTS, encoding="utf-8")
    adb_port = free_port()
    arguments = ["simulate", "--phones", str(PHONES), "--faults", str(faults), "--adb-port", str(adb_port)]
    arguments += ["--app-delay", "0.25"]
    with _process(arguments, folder, "phones"):
        yield adb_port


@contextmanager
def serving(folder: Path, adb_port: int | None = None, **settings: str) -> Iterator[Api]:
    """Start a server with these settings beside those the tests need; without `adb_port` there is no adb."""
    port = free_port()
    whole = {
        "data_dir": str(folder / f"data-{port}"),
        "material_roots": json.dumps([str(VIDEO.parent)]),
        "time_zone": "Asia/Shanghai",
        "auto_retry": "true",
        "retry_delay_min_s": "0",
        "retry_delay_max_s": "0",
        "unknown_screen_patience_s": "2",
        "editor_dwell_s": "0",
        "upload_patience_s": "1",
        "grid_patience_s": "15",
        "verify_wait_s": "15",
        **settings,
    }
    environment = {f"FLEETLANE_{name.upper()}": value for name, value in whole.items()}
    url = f"http://127.0.0.1:{port}"
    if adb_port is None:
        adb_port = free_port()
        environment["ADBUTILS_ADB_PATH"] = str(folder / "no-adb")
    arguments = ["serve", "--port", str(port), "--adb-port", str(adb_port)]
    with (
        _process(arguments, folder, "server", environment),
        Api(url, material=str(VIDEO), is_own=True) as api,
    ):
        yield api


@contextmanager
def _process(
    arguments: list[str], folder: Path, name: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a command of the program until the block ends, once it answers on its port."""
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "fleetlane", *arguments],
            env={**os.environ, "HOME": str(folder), **(environment or {})},
            stdout=out,
            stderr=out,
        )
        port = int(arguments[arguments.index("--port" if "--port" in arguments else "--adb-port") + 1])
        try:
            wait_until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port of this computer that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
