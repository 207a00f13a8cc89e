"""A fleet of simulated phones behind a real adb server of its own.

`Fleet` lives on an event loop; `FleetThread` runs one beside synchronous code (tests, benchmarks).
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import adbutils

from fleetlane.core.errors import FleetlaneError
from fleetlane.simulator.accounts import standard_account
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.model import BUILTIN_FOLDER, builtin_models, load_model
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.phone_facts import PhoneFacts
from fleetlane.simulator.phone_server import PhoneServer, RealClock
from fleetlane.simulator.specs import AppModel

T = TypeVar("T")
_FIRST_PORT = 21501
_SETTLE_S = 0.02
_START_POLL_S = 0.05
_START_POLLS = 200
_MODELS = (
    ("Pixel 6a", "google", (1080, 2400)),
    ("SM-A175F", "samsung", (1080, 2340)),
    ("moto g06", "motorola", (720, 1640)),
    ("Redmi Note 13", "Xiaomi", (1080, 2400)),
)


class SimulatorError(FleetlaneError):
    """The simulator could not be started; the text says why."""


@dataclass(slots=True)
class FleetSettings:
    """What to simulate. `app_package` chooses one package of each app ("" for the first)."""

    phones: int = 3
    models: Sequence[AppModel] = field(default_factory=builtin_models)
    ledger: Path | None = None
    latency_s: float = 0.0
    faults: Sequence[Fault] = ()
    seed: int = 0
    language: str = "en"
    android: int = 13
    build: str = ""
    app_delay_factor: float = 1.0
    upload_s: float | None = None
    accounts: int = 1
    adb_port: int = 0
    first_port: int = _FIRST_PORT
    auth: bool = False
    vary: Callable[[int, PhoneFacts], PhoneFacts] = lambda _number, facts: facts
    """Changes what a phone is, given its number from 1."""
    package: Callable[[int, AppModel], str] = lambda _number, model: next(iter(model.packages))
    """Chooses the package of an app on a phone; "" leaves the app out."""
    log: Callable[[str], None] | None = None


class AdbServer:
    """The adb server of simulated phones: a private one, with its own port and home, never the user's.

    Where a port is named and a server answers there already, that one is used and left running.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._home = tempfile.TemporaryDirectory(prefix="fleetlane-adb-")
        self._log = Path(self._home.name) / "adb.log"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            SimulatorError: it does not start.
        """
        if self._answers():
            return
        environment = {**os.environ, "HOME": self._home.name, "ANDROID_ADB_SERVER_PORT": str(self.port)}
        environment["ADB_LIBUSB"] = "0"  # no USB is looked for: that takes three seconds
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - adb from the adbutils wheel, fixed arguments
                [adbutils.adb_path(), "-P", str(self.port), "nodaemon", "server"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(_START_POLLS):
            if self._process.poll() is not None:
                raise SimulatorError(f"adb did not start: {self._log.read_text(errors='replace')[-400:]}")
            if self._answers():
                return
            threading.Event().wait(_START_POLL_S)
        raise SimulatorError(f"adb did not listen on port {self.port}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False

    def client(self) -> adbutils.AdbClient:
        """Return a client of this server."""
        return adbutils.AdbClient(host="127.0.0.1", port=self.port)

    def kill(self) -> None:
        """End it at once."""
        if self._process is None:
            self.client().server_kill()
        else:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it if it was started here, and remove its home."""
        if self._process is not None:
            self.kill()
        self._home.cleanup()


def free_port() -> int:
    """Return a TCP port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Fleet:
    """Simulated phones and their adb server."""

    def __init__(self, settings: FleetSettings) -> None:
        self.settings = settings
        self.ledger = Ledger(settings.ledger)
        self.adb = AdbServer(settings.adb_port)
        self.servers: list[PhoneServer] = []
        self._system = load_model(BUILTIN_FOLDER / "_system.yaml")
        self._random = random.Random(settings.seed)
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
        self._settling = asyncio.create_task(self._settle(), name="settle simulated phones")
        await asyncio.gather(*(asyncio.to_thread(self._connect, serial) for serial in self.serials))

    async def _add(self, number: int, port: int) -> int:
        settings = self.settings
        for candidate in range(port, port + 500):
            server = PhoneServer(
                self._phone(number, f"127.0.0.1:{candidate}"),
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

    def _phone(self, number: int, serial: str) -> SimPhone:
        settings = self.settings
        model, brand, size = _MODELS[(number - 1) % len(_MODELS)]
        facts = PhoneFacts(
            serial=serial,
            model=model,
            brand=brand,
            android=settings.android,
            language=settings.language,
            size=size,
            app_delay_factor=settings.app_delay_factor,
            upload_s=settings.upload_s,
        )
        log = settings.log
        facts = settings.vary(number, facts)
        phone = SimPhone(
            facts,
            self._system,
            RealClock(),
            self.ledger,
            (lambda line: log(f"{serial} {line}")) if log else None,
        )
        phone.battery_percent = self._random.randint(35, 100)
        for app_model in settings.models:
            package = settings.package(number, app_model)
            if not package:
                continue
            app = phone.install(app_model, package, build=settings.build)
            for index in range(settings.accounts):
                suffix = "" if index == 0 else f"_{index + 1}"
                standard_account(
                    app,
                    f"lane{number:02d}{suffix}",
                    f"Lane {number}{suffix}",
                    older_posts=self._random.randint(2, 5),
                )
        return phone

    def _connect(self, serial: str) -> None:
        answer = self.adb.client().connect(serial, timeout=10)
        if "connected" not in answer:
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
