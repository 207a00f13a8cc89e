"""A whole host on a thread, for a server on another one."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path

from fleetlane.bootstrap.host import build_host
from fleetlane.settings import Settings
from fleetlane.work.hosts.tokens import HostTokens
from support.rig import wait_for
from support.server import ServerThread


class HostThread:
    """Runs a host until the block ends, with a token that its server has given it.

    Args:
        server: it belongs to.
        data_dir: of the host.
        adb_port: of its phones.
        name: what it is called.
    """

    def __init__(self, server: ServerThread, data_dir: Path, adb_port: int, name: str) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        token_file = data_dir / "token"
        token_file.touch(mode=0o600)
        token_file.write_text(server.on_loop(HostTokens(server.store).issue(name)))
        of_server = server.settings
        self.settings = Settings(
            data_dir=data_dir,
            adb_port=adb_port,
            host_name=name,
            store_url=of_server.store_url,
            server_url=f"http://127.0.0.1:{of_server.port}",
            host_token_file=token_file,
            unknown_screen_patience_s=of_server.unknown_screen_patience_s,
            editor_dwell_s=of_server.editor_dwell_s,
            upload_patience_s=of_server.upload_patience_s,
        )
        self._begun = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="host", daemon=True)

    def __enter__(self) -> HostThread:
        self._thread.start()
        with ExitStack() as undo:
            undo.push(self)
            wait_for(lambda: self._begun.is_set() or not self._thread.is_alive())
            assert self._begun.is_set(), "the host ended by itself"
            undo.pop_all()
        return self

    def __exit__(self, *error) -> None:
        if self._begun.is_set() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "the host does not stop"
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - the thread's edge: raised again where the host is used
            self._failure = error

    async def _live(self) -> None:
        process = build_host(self.settings)
        async with process.running():
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self._begun.set()
            await self._stop.wait()
