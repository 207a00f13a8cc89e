"""One simulated phone on the network: adbd's services over a `SimPhone`.

It can be unplugged, fall silent, or hang; `simulator.strikes` says when.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from fleetlane.simulator import commands
from fleetlane.simulator.adbd import Daemon, Stream
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.phone_services import PhoneServices
from fleetlane.simulator.shell_service import ShellService
from fleetlane.simulator.strikes import Strikes
from fleetlane.simulator.sync import SyncService
from fleetlane.simulator.ui_server import UiServer

__all__ = ["PhoneServer", "RealClock"]

_REGISTERED = commands  # imported for the commands it registers
_UI_PORT = "9008"
_WAIT_POLL_S = 0.05
_PORT_POLL_S = 0.2


class RealClock:
    """The computer's clocks."""

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def wall_s(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()


class PhoneServer:
    """Listens on a port as a phone's adbd would. Runs on one event loop."""

    def __init__(self, phone: SimPhone, number: int, *, latency_s: float = 0.0, auth: bool = False) -> None:
        self.phone = phone
        self.number = number
        self.latency_s = latency_s
        self.faults: list[Fault] = []
        self._strikes = Strikes(self)
        self.on_kill_adb_server: Callable[[], None] = lambda: None
        self.calls: dict[str, int] = {}
        self.call_listeners: list[Callable[[str], None]] = []
        self._ui = UiServer(phone)
        self._ui_alive = False
        self._ui_stop = asyncio.Event()
        self._quiet = False
        self._trusted = True
        self._answering = asyncio.Event()
        self._answering.set()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines = lines = ShellService(phone, self._before)
        facts = phone.facts
        name = facts.model.replace(" ", "_")
        self.daemon = Daemon(
            banner=f"ro.product.name={name.lower()};ro.product.model={name};ro.product.device={name.lower()}",
            services={
                "shell,v2": lines.version_2,
                "shell:": self._shell_v1,
                "exec:": lines.plain,
                "sync:": SyncService(phone, self._before).serve,
                f"tcp:{_UI_PORT}": self._http,
                **PhoneServices(phone, self._before).services,
            },
            accepts=lambda service: not service.startswith("tcp:") or self._ui_alive,
            auth=auth,
            authorised=lambda: self._trusted,
            log=phone.log,
        )
        phone.screen_listeners.append(self._strikes.screen_shown)
        phone.reboot_listeners.append(lambda: self.strike(Fault("reboot", for_s=2.0)))

    # -- plugging ----------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._port

    async def start(self, port: int) -> None:
        """Listen on a port of the loopback address.

        Raises:
            OSError: the port is taken.
        """
        await self._listen(port)
        self._strikes.arm()

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=4 * 1024 * 1024)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        for task in list(self._tasks):
            task.cancel()
        await self._unlisten()

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.daemon.drop_connections()
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._quiet:
            await reader.read()  # answers nothing: adb calls that offline
            writer.close()
            return
        await self.daemon.serve(reader, writer)

    def settle(self) -> None:
        """Let the phone's time pass. A broken app model does not end the phone, but is seen in the log."""
        try:
            self.phone.settle()
        except Exception:  # noqa: BLE001 - the edge: the model may be anybody's
            self.phone.log(f"the app model failed:\n{traceback.format_exc()}")

    # -- services ------------------------------------------------------------------------------------

    async def _before(self, call: str) -> None:
        self.calls[call] = self.calls.get(call, 0) + 1
        self._strikes.called(call)
        for listener in self.call_listeners:
            listener(call)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        await self._answering.wait()

    async def _shell_v1(self, stream: Stream, line: str) -> None:
        if "com.wetest.uia2.Main" in line:
            await self._run_ui_server(stream)
        else:
            await self._lines.plain(stream, line)

    async def _run_ui_server(self, stream: Stream) -> None:
        await self._before("ui_server")
        self._ui_alive = True
        self._ui_stop.clear()
        await stream.write(b"[server] INFO: [UiAutomator2Server] Starting Server\n")
        stopped = asyncio.create_task(self._ui_stop.wait(), name="ui server stopped")
        closed = asyncio.create_task(stream.read_some(), name="ui server launcher gone")
        try:
            await asyncio.wait({stopped, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            closed.cancel()
            self._ui_alive = False

    async def _http(self, stream: Stream, _argument: str) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = await stream.read_some()
            if not data:
                return
            head += data
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", "0"))
        while len(body) < size:
            body += await stream.read_some()
        call = body.partition(b'"method": "')[2].partition(b'"')[0].decode() or path
        await self._before(f"rpc:{call}")
        await self._wait_inside_call(body)
        status, answer = self._ui.handle(method, path, body)
        reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
        kind = "text/plain" if path == "/ping" else "application/json-rpc"
        await stream.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n"
            "Connection: keep-alive\r\n\r\n".encode()
            + answer
        )
        await stream.read_some()  # the client closes

    async def _wait_inside_call(self, body: bytes) -> None:
        waiting = self._ui.waits_for(body)
        if waiting is None:
            return
        is_met, seconds = waiting
        until = self.phone.now_s() + seconds
        while not is_met() and self.phone.now_s() < until:  # noqa: ASYNC110 - the real server polls too
            await asyncio.sleep(_WAIT_POLL_S)

    # -- what faults do to it --------------------------------------------------------------------------

    def strike(self, fault: Fault) -> None:
        """Let a fault happen now. Must be called on the event loop."""
        self._strikes.strike(fault)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something after some seconds, unless the phone is stopped before."""

        async def run() -> None:
            await asyncio.sleep(seconds)
            call()

        self._start(run(), f"later on phone {self.number}")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def unplug(self, seconds: float | None) -> None:
        """Pull the cable; it is plugged in again after `seconds`, None for never."""
        self.kill_ui_server()
        self._start(self._absent(seconds), f"phone {self.number} absent")

    def plug_in(self) -> None:
        """Plug an unplugged phone in again."""
        self._start(self._absent(0.0), f"phone {self.number} plugged in")

    async def _absent(self, seconds: float | None) -> None:
        await self._unlisten()
        if seconds is not None:
            await asyncio.sleep(seconds)
            await self._listen_again()

    async def _listen_again(self) -> None:
        while True:
            try:
                await self._listen(self._port)
            except OSError as error:  # somebody took the port meanwhile
                self.phone.log(f"not plugged in yet: {error}")
                await asyncio.sleep(_PORT_POLL_S)
            else:
                return

    def fall_silent(self, *, silent: bool) -> None:
        """Answer nothing any more, so that adb calls it offline; or answer again."""
        self._quiet = silent
        if silent:
            self.kill_ui_server()
            self.daemon.drop_connections()

    def trust(self, *, trusted: bool = True) -> None:
        """Accept the computer's key, as a person does on the phone's dialog; or no longer."""
        self._trusted = trusted
        if not trusted:
            self.daemon.auth = True
            self.kill_ui_server()
        self.daemon.drop_connections()

    def hang(self, *, hanging: bool) -> None:
        """Leave calls without an answer; or answer again."""
        if hanging:
            self._answering.clear()
        else:
            self._answering.set()

    def kill_ui_server(self) -> None:
        """End the uiautomator server."""
        self._ui_stop.set()
