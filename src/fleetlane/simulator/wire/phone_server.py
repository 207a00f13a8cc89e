"""One simulated phone on the network: adbd's services over sockets.

It can be unplugged, fall silent, or hang; `simulator.link.fault_injector` says when.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from fleetlane.simulator.link.phone_link import PhoneLink
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.wire.adbd import Daemon

__all__ = ["PhoneServer", "RealClock"]

_PORT_POLL_S = 0.2


class RealClock:
    """The computer's clocks."""

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def wall_s(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()


class PhoneServer(PhoneLink):
    """Listens on a port as a phone's adbd would. Runs on one event loop."""

    def __init__(self, phone: SimPhone, number: int, *, latency_s: float = 0.0, auth: bool = False) -> None:
        super().__init__(phone, number, latency_s=latency_s)
        self._quiet = False
        self._trusted = True
        self._answering = asyncio.Event()
        self._answering.set()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        name = phone.facts.model.replace(" ", "_")
        self.daemon = Daemon(
            banner=f"ro.product.name={name.lower()};ro.product.model={name};ro.product.device={name.lower()}",
            services=dict(self.services),
            accepts=self.accepts,
            auth=auth,
            authorised=lambda: self._trusted,
            log=phone.log,
        )

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
        self.arm()

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

    # -- time, and what faults do to it ------------------------------------------------------------------

    async def pass_time(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def answers(self) -> None:
        """Wait until calls are answered."""
        await self._answering.wait()

    def drop_streams(self) -> None:
        """Cut every open stream."""
        self.daemon.drop_streams()

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

    async def move(self, port: int) -> None:
        """Listen on another port from now on, as a phone that gets another address. Every connection is cut.

        Raises:
            OSError: the port is taken.
        """
        self.kill_ui_server()
        await self._unlisten()
        await self._listen(port)

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
