"""A whole server on a thread, with simulated phones or without any."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from fleetlane.bootstrap.server import build
from fleetlane.core.ports.hosts import HostTokens
from fleetlane.http.connections import Bounds
from fleetlane.http.server import listen, serve
from fleetlane.settings import Settings
from fleetlane.simulator.fleets.fleet import free_port
from support.rig import VIDEO, wait_for
from support.stores import new_store

T = TypeVar("T")


class _NoAdb:
    """No adb can be started while anybody in this process says so, in whatever order they come and go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said_by = 0
        self._before: str | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._said_by += 1
            if self._said_by == 1:
                self._before = os.environ.get("ADBUTILS_ADB_PATH")
                os.environ["ADBUTILS_ADB_PATH"] = "/nowhere/adb"
        try:
            yield
        finally:
            with self._lock:
                self._said_by -= 1
                if not self._said_by:
                    os.environ.pop("ADBUTILS_ADB_PATH")
                    if self._before is not None:
                        os.environ["ADBUTILS_ADB_PATH"] = self._before


_no_adb = _NoAdb()


def _client(settings: Settings) -> httpx2.Client:
    """Return a client of a server; where it shows a certificate, that one is trusted."""
    if settings.tls_cert is None:
        return httpx2.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=20)
    tls = ssl.create_default_context(cafile=settings.tls_cert)
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return httpx2.Client(base_url=f"https://127.0.0.1:{settings.port}", timeout=20, verify=tls)


class ServerThread:
    """Runs a server until the block ends; `http` talks to it over a real socket."""

    def __init__(
        self,
        data_dir: Path,
        adb_port: int | None = None,
        bounds: Bounds | None = None,
        host_tokens: HostTokens | None = None,
        **settings: Any,
    ) -> None:
        """Without `adb_port` there is no adb: it cannot be started either."""
        self._host_tokens = host_tokens
        self._bounds = bounds
        self._adb = nullcontext() if adb_port else _no_adb()
        self.settings = Settings(
            data_dir=data_dir,
            adb_port=adb_port or free_port(),
            port=settings.pop("port", None) or free_port(),
            unknown_screen_patience_s=settings.pop("unknown_screen_patience_s", 2.0),
            editor_dwell_s=settings.pop("editor_dwell_s", 0.0),
            upload_patience_s=settings.pop("upload_patience_s", 1.0),
            grid_patience_s=settings.pop("grid_patience_s", 15.0),
            verify_wait_s=settings.pop("verify_wait_s", 15.0),
            material_roots=settings.pop("material_roots", [VIDEO.parent, data_dir / "materials"]),
            **settings,
        )
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self.http = _client(self.settings)

    def __enter__(self) -> ServerThread:
        self._sockets = listen("127.0.0.1", self.settings.port)
        self._adb.__enter__()
        self._thread.start()
        with ExitStack() as undo:
            undo.push(self)
            wait_for(self._answers)
            undo.pop_all()
        return self

    def _answers(self) -> bool:
        if not self._thread.is_alive():
            raise AssertionError("the server ended by itself")
        try:
            return self.http.get("/healthz", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False

    def __exit__(self, *error) -> None:
        self.http.close()
        if self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=60)
        for listening in self._sockets:
            listening.close()
        self._adb.__exit__(None, None, None)
        assert not self._thread.is_alive(), "the server does not stop"
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - the thread's edge: raised again where the server is used
            self._failure = error

    async def _serve(self) -> None:
        data, store = self.settings.data_dir, self.settings.store_path
        if data.is_dir() and not store.exists() and self.settings.store_url is None:
            new_store(store)  # what a server does with none is for tests of processes
        server = build(self.settings)
        self.services = server.app.state.services
        if self._host_tokens is not None:
            self.services.host_access._tokens = self._host_tokens
        self.store = self.services.queries._store
        async with server.running():
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await serve(server.app, self._sockets, self._stop, self._bounds, self.settings.tls)

    def on_loop(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's own loop, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    # -- shorthand -------------------------------------------------------------------------------------

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the API and return the whole envelope."""
        return self.http.request(method, f"/api/v1{path}", **options).json()

    def create(self, serials=(), config=None, **fields: Any) -> list[int]:
        """Create post tasks and return their ids. The same post may be asked for again and again."""
        whole = {"captions": "hello", "material_list": [str(VIDEO)], "platform": "tiktok", **(config or {})}
        body = {"serials": list(serials), "script_name": "post", "script_config": whole, "allow_repeat": True, **fields}
        answer = self.call("POST", "/task", json=body)
        assert answer["code"] == 0, answer
        return answer["data"]["task_ids"]

    def task(self, task_id: int) -> dict[str, Any]:
        return self.call("GET", f"/task/{task_id}")["data"]

    def ended(self, task_id: int, timeout_s: float = 60.0) -> dict[str, Any]:
        """Wait until a task has ended, and return it."""
        wait_for(lambda: self.task(task_id)["status"] in (2, 3), timeout_s)
        return self.task(task_id)
