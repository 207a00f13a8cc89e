"""The routes of files for hosts, over a real socket, without the rest of a server; and a host's end of them."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import ANY

from fastapi import FastAPI

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.files import MaterialFolder, TraceFolder
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.server_files.client import ServerFiles
from fleetlane.core.folders import AllowedFolders
from fleetlane.http import host_files
from fleetlane.http.errors import ErrorAnswers
from fleetlane.http.server import listen, serve
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.simulator.fleets.fleet import free_port
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.hosts import HostAccess
from fleetlane.work.hosts.files import HostFiles
from fleetlane.work.preflight.inspection import Inspection

TOKEN = "a host's token"


class KnownTokens:
    """The tokens of hosts, by what they are."""

    def __init__(self, names=None) -> None:
        self.names = {TOKEN: "rack2"} if names is None else names

    async def check(self, token):
        return self.names.get(token)


class EveryAttempt:
    """A store in which there is every attempt of every task, but for those of the tasks that are gone."""

    def __init__(self) -> None:
        self.gone: set[int] = set()

    async def read(self, work):
        attempts = SimpleNamespace(
            attempts=lambda task_id: [] if task_id in self.gone else [SimpleNamespace(number=ANY)]
        )
        return work(SimpleNamespace(attempts=attempts))


class HostServer:
    """Serves a folder while it is entered; may be entered again, on the same port.

    `requests` are those that came, each with its Range. `cut_after` breaks off the next answers, one for each number,
    behind so many bytes of their content.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.media = self.folder / "media"
        for name in ("media", "library", "traces"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.inspector = FileInspector()
        self.folders = AllowedFolders((self.media,))
        self.library = MaterialFolder(self.folder / "library", self.inspector)
        self.traces = TraceFolder(self.folder / "traces")
        self.tokens = KnownTokens()
        self.store = EveryAttempt()
        self.port = free_port()
        self.requests: list[tuple[str, str, str]] = []
        self.cut_after: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HostServer:
        self._sockets = listen("127.0.0.1", self.port)
        self._looks = Inspection(self.inspector, self.folders, 10.0)
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="host server", daemon=True)
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *error) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        for listening in self._sockets:
            listening.close()
        self._looks.close()
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        await serve(self._app(), self._sockets, self._stop)

    def _app(self) -> FastAPI:
        app = FastAPI()
        media = LocalMedia(self.folders, self.inspector, 10.0)
        files = HostFiles(self.store, media, self._looks, self.library, self.traces)
        access = HostAccess(self.tokens, Guesses(SystemClock(), lambda _changes: None))
        app.state.services = SimpleNamespace(
            host_files=files, host_access=access, host_links=None, end_streams=lambda: None
        )
        ErrorAnswers().install(app)
        app.include_router(host_files.router)
        app.add_middleware(_Cutting, server=self)
        return app


class _Cutting:
    """ASGI middleware: notes requests, and breaks off answers (see `HostServer`)."""

    def __init__(self, app, server: HostServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope, receive, send) -> None:
        asked = dict(scope["headers"]).get(b"range", b"").decode()
        self._server.requests.append((scope["method"], scope["path"].removeprefix("/api/v1/hosts/files"), asked))
        left = self._server.cut_after.pop(0) if self._server.cut_after else None

        async def send_some(message) -> None:
            nonlocal left
            if left is not None and message["type"] == "http.response.body":
                message = {**message, "body": message["body"][:left], "more_body": True}
                left -= len(message["body"])
                await send(message)
                if not left:
                    raise _CutError
                return
            await send(message)

        try:
            await self._app(scope, receive, send_some)
        except _CutError:
            return  # uvicorn closes the connection of an answer that is not whole


class _CutError(Exception):
    pass


@contextmanager
def server_files(server: HostServer, token: str = TOKEN, patience_s: float = 10.0):
    """Return a host's end."""
    files = ServerFiles(server.url, token, patience_s=patience_s)
    try:
        yield files
    finally:
        files.close()
