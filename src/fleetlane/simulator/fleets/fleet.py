"""A fleet of simulated phones behind a real adb server of its own.

`Fleet` lives on an event loop; `FleetThread` runs one beside synchronous code (tests, benchmarks).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import adbutils

from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.fleets.phone_builder import PhoneBuilder
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.loader import system_model
from fleetlane.simulator.wire.adb_server import AdbServer, SimulatorError, free_port
from fleetlane.simulator.wire.phone_server import PhoneServer, RealClock

__all__ = ["Fleet", "FleetSettings", "FleetThread", "SimulatorError", "free_port"]

T = TypeVar("T")
_SETTLE_S = 0.02


class Fleet:
    """Simulated phones and their adb server."""

    def __init__(self, settings: FleetSettings) -> None:
        self.settings = settings
        self.ledger = Ledger(settings.ledger)
        self.adb = AdbServer(settings.adb_port)
        self.servers: list[PhoneServer] = []
        self._builder = PhoneBuilder(settings, system_model(), RealClock(), self.ledger)
        self._settling: asyncio.Task[None] | None = None

    @property
    def serials(self) -> list[str]:
        """Return the serials, in order of the phones' numbers."""
        return [server.phone.facts.serial for server in self.servers]

    def server(self, serial: str) -> PhoneServer:
        """Return a phone by its serial."""
        return next(s for s in self.servers if s.phone.facts.serial == serial)

    async def start(self) -> None:
        """Start the adb server and the phones, and connect them.

        Raises:
            SimulatorError: adb does not start or does not take a phone.
        """
        await asyncio.to_thread(self.adb.start)
        port = self.settings.first_port
        for number in range(1, self.settings.phones + 1):
            port = await self._add(number, port) + 1
        self._check_faults()
        self._settling = asyncio.create_task(self._settle(), name="settle simulated phones")
        await asyncio.gather(*(asyncio.to_thread(self._connect, serial) for serial in self.serials))

    async def _add(self, number: int, port: int) -> int:
        settings = self.settings
        for candidate in range(port, port + 500):
            server = PhoneServer(
                self._builder.build(number, f"127.0.0.1:{candidate}"),
                number,
                latency_s=settings.latency_s,
                auth=settings.auth,
            )
            server.faults = [replace(f) for f in settings.faults if f.concerns(server.phone.facts.serial, number)]
            server.on_kill_adb_server = self.adb.kill
            try:
                await server.start(candidate)
            except OSError:
                continue
            self.servers.append(server)
            return candidate
        raise SimulatorError(f"no free port for phone {number} from {port} on")

    def _check_faults(self) -> None:
        for what, named in [("fault", f.phone) for f in self.settings.faults] + [
            ("plan", plan.phone) for plan in self.settings.plans
        ]:
            known = ["*", *(str(server.number) for server in self.servers), *self.serials]
            if named not in known:
                raise SimulatorError(f"A {what} is for phone {named!r}, which is not there; known: {', '.join(known)}.")

    def _connect(self, serial: str) -> None:
        try:
            answer = self.adb.client().connect(serial, timeout=10)
        except (adbutils.AdbError, OSError) as error:
            raise SimulatorError(f"The adb server did not take phone {serial}: {error}") from error
        if self.settings.auth and "authenticate" in answer:  # until the phone has been sent its key
            self.adb.wait_for(serial)
        elif "connected" not in answer:
            raise SimulatorError(f"adb did not take phone {serial}: {answer}")

    async def _settle(self) -> None:
        while True:
            for server in self.servers:
                server.settle()
            await asyncio.sleep(_SETTLE_S)

    async def stop(self) -> None:
        """Stop everything that was started."""
        if self._settling:
            self._settling.cancel()
        for server in self.servers:
            await server.stop()
        await asyncio.to_thread(self.adb.close)


class FleetThread:
    """A fleet on an event loop of its own thread. Use it as a context manager."""

    def __init__(self, settings: FleetSettings) -> None:
        self.fleet = Fleet(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated phones", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.fleet.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self.fleet.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the fleet's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the fleet's loop and return its result."""

        async def run() -> T:
            return function()

        return self.run(run())
