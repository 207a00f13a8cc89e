"""Owns the adb server and the table of transports: follows them, and brings TCP phones back.

Two threads: one follows `track-devices` and subscribes again when that ends, one reconnects phones
that came by TCP, waiting longer after each failure. Everything else only reads the table. Which phone is behind a
transport is not known here (`work.phones.directory`).
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import adbutils
import structlog

from fleetlane.adapters.android.asking import ask
from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.android.listing import Listed, listed
from fleetlane.adapters.android.transport import CALL_TIMEOUT_S, QuickClient
from fleetlane.core.address import is_address
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.errors import AdbServerDownError, DeviceGoneError
from fleetlane.core.phones import Identity
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import PhoneReport, Where

log = structlog.get_logger(__name__)

_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 30.0
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_CONNECT_TRIES = 3
_CONNECT_AGAIN_AFTER_S = 0.5
_CONNECTS_AT_ONCE = 8
_CONNECTED = re.compile(r"connected to (\S+)")
_LONG, _SHORT = "host:track-devices-l", "host:track-devices"


def adb_port(configured: int | None) -> int:
    """Return the adb server's port: as configured, else ANDROID_ADB_SERVER_PORT, else 5037."""
    return configured or int(os.environ.get("ANDROID_ADB_SERVER_PORT") or "5037")


class DeviceSupervisor:
    """The transports of one adb server (`core.ports.phone.Transports`).

    Args:
        port: of the adb server on this machine.
        clock: for `Transport.since_ms`.
        call_timeout_s: the longest one call to a phone may take.
    """

    def __init__(self, port: int, clock: Clock, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        self.port = port
        self.problem: str | None = None
        """Why the adb server cannot be used, None when it can."""
        self._tell_change: Callable[[], None] = lambda: None
        self._clock = clock
        self._client = QuickClient("127.0.0.1", port, call_timeout_s)
        self._table: list[Transport] = []
        self._connections = itertools.count(1)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._absent = threading.Event()
        self._let_go: set[str] = set()
        """TCP phones that were disconnected on purpose."""
        self._kept: frozenset[str] = frozenset()
        """Addresses that are on record and are not there."""
        self._tracking: adbutils.AdbConnection | None = None
        self._listing = _LONG
        self._threads: list[threading.Thread] = []
        self._started_server = False

    # -- the table -----------------------------------------------------------------------------------

    def all(self) -> Sequence[Transport]:
        """Return every transport, and for each serial seen since the start that is not listed, one as absent."""
        with self._lock:
            return tuple(self._table)

    def get(self, serial: str) -> Transport | None:
        """Return a transport of a serial, one that is ready if there is any; None when it was never seen."""
        return min(
            (t for t in self.all() if t.serial == serial), key=lambda t: (not t.is_ready, t.connection), default=None
        )

    def is_current(self, transport: Transport) -> bool:
        """Return whether a connection still stands. From any thread."""
        with self._lock:
            return any(t.connection == transport.connection and t.is_ready for t in self._table)

    def ask(self, transport: Transport) -> Identity:
        """Ask the phone behind a transport who it is (see the port)."""
        return ask(self._client, transport)

    def driver(self, serial: str) -> AndroidDriver:
        """Return a new driver for whatever phone is reached by a serial. The caller closes it."""
        return self.driver_at(serial, lambda _check: self.get(serial) or Transport(serial, DeviceState.ABSENT, 0))

    def driver_at(self, serial: str, where: Where) -> AndroidDriver:
        """Return a new driver for a phone (see the port)."""
        return AndroidDriver(self._client, serial, where)

    def report_at(self, serial: str, where: Where, packages: Collection[str]) -> PhoneReport:
        """Ask a phone what it is (see the port)."""
        driver = self.driver_at(serial, where)
        try:
            return driver.report(packages)
        finally:
            driver.close()

    def keep(self, addresses: Collection[str]) -> None:
        """Connect these again and again while they are not there (see the port)."""
        with self._lock:
            new = frozenset(addresses) - self._kept
            self._kept = frozenset(addresses)
        if new:
            self._absent.set()

    def connect(self, address: str) -> str:
        """Connect a phone by TCP and keep it connected (see the port)."""
        with self._lock:
            self._let_go.discard(address)
        answer = ""
        for _ in range(_CONNECT_TRIES):
            try:
                answer = self._client.connect(address, timeout=_CONNECT_TIMEOUT_S).strip()
            except (adbutils.AdbError, OSError, EOFError) as error:
                raise AdbServerDownError(f"The adb server does not answer: {error}.", serial=address) from error
            if "failed" not in answer and (named := _CONNECTED.search(answer)):
                with self._lock:
                    self._let_go.discard(named[1])
                return named[1]
            # Just after a disconnect a phone may still be busy with its end; one that refuses is not there.
            if "refused" in answer or self._stop.wait(_CONNECT_AGAIN_AFTER_S):
                break
        raise DeviceGoneError(f"{answer}.", serial=address)

    def disconnect(self, address: str) -> bool:
        """Let go of a TCP phone (see the port)."""
        with self._lock:
            self._let_go.add(address)
        try:
            self._client.disconnect(address, raise_error=True)
        except (adbutils.AdbError, OSError, EOFError):
            return False
        return True

    # -- life ----------------------------------------------------------------------------------------

    def start(self, changed: Callable[[], None] = lambda: None) -> None:
        """Start following. `changed` is called from the following thread whenever a transport changes its state."""
        self._tell_change = changed
        for target, name in ((self._follow, "follow adb devices"), (self._reconnect, "reconnect TCP phones")):
            thread = threading.Thread(target=target, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop following. An adb server that was started here ends; any other goes on."""
        self._stop.set()
        self._absent.set()
        with self._lock:
            tracking = self._tracking
        if tracking is not None:
            tracking.close()
        for thread in self._threads:
            thread.join(timeout=_STOP_TIMEOUT_S)
        self._end_server()

    def _follow(self) -> None:
        pause_s = _FIRST_RETRY_S
        while not self._stop.is_set():
            try:
                self._subscribe()
                pause_s = _FIRST_RETRY_S
            except (adbutils.AdbError, OSError, EOFError, ValueError) as error:
                if self._stop.is_set():
                    return
                self._set_all_absent()
                self.problem = self._start_server(error)
                if self.problem:
                    log.warning("adb_server_down", port=self.port, problem=self.problem)
                    self._stop.wait(pause_s)
                    pause_s = min(pause_s * 2, _LAST_RETRY_S)

    def _subscribe(self) -> None:
        # Not adbutils' `track_devices`: its connection could not be closed from outside to stop.
        with closing(self._client.make_connection()) as connection:
            connection.conn.settimeout(None)
            with self._lock:
                self._tracking = connection
            connection.send_command(self._listing)
            try:
                connection.check_okay()
            except adbutils.AdbError as error:
                if self._listing == _SHORT or "unknown host service" not in str(error):
                    raise
                self._listing = _SHORT  # an adb server that has no long listing: transports have no numbers then
                return
            self.problem = None
            while not self._stop.is_set():
                self._take(connection.read_string_block())

    def _take(self, listing: str) -> None:
        lines = listed(listing)
        with self._lock:
            before = {id(t): t for t in self._table}
            table = [self._transport(line, before) for line in lines]
            there = {t.serial for t in table}
            gone = {t.serial: t for t in before.values() if t.serial not in there}
            table += [self._gone(t) for t in gone.values()]
            changed = [t for t in table if t not in self._table]
            self._table = sorted(table, key=lambda t: (t.serial, t.connection))
        for transport in changed:
            log.info("transport_changed", device=transport.serial, state=transport.state.value, id=transport.id)
        if changed or before.keys() - {id(t) for t in table}:
            self._tell_change()
        if changed:
            self._absent.set()

    def _transport(self, line: Listed, before: dict[int, Transport]) -> Transport:
        """Return the transport of a line: the one it was, while nothing has changed; each in `before` is used once."""
        state = line.state
        known = next((t for t in before.values() if t.key == (line.serial, line.id) and t.state is state), None)
        if known is not None and known.words == line.words:
            del before[id(known)]
            return known
        if state is DeviceState.ONLINE:
            self._let_go.discard(line.serial)  # somebody has connected it anew
        now_ms, number = self._clock.now_ms(), next(self._connections)
        return Transport(line.serial, state, now_ms, line.id, line.words, line.usb, number)

    def _gone(self, transport: Transport) -> Transport:
        if transport.state is DeviceState.ABSENT:
            return transport
        return Transport(transport.serial, DeviceState.ABSENT, self._clock.now_ms(), connection=next(self._connections))

    def _set_all_absent(self) -> None:
        self._take("")

    def _start_server(self, cause: Exception) -> str | None:
        """Start the adb server. Return why it cannot be, None when it runs."""
        self._client.started_s = time.monotonic()  # it answers before the command ends, and knows no phone yet
        try:
            command = [adbutils.adb_path(), "-P", str(self.port), "start-server"]
            flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
            done = subprocess.run(  # noqa: S603 - adb with fixed arguments
                command,
                capture_output=True,
                text=True,
                timeout=_START_TIMEOUT_S,
                check=False,
                creationflags=flags,
            )
        except (adbutils.AdbError, OSError, subprocess.SubprocessError) as error:
            return f"adb could not be started: {error}"
        if done.returncode:
            return f"adb could not be started ({cause}): {done.stderr.strip()[-300:]}"
        log.info("adb_server_started", port=self.port)
        self._client.started_s = time.monotonic()
        # It says so only when none was running: somebody else's is never ended.
        self._started_server = "daemon started" in done.stderr
        if self._stop.is_set():
            self._end_server()
        return None

    def _end_server(self) -> None:
        if not self._started_server:
            return
        self._started_server = False
        try:
            self._client.server_kill()
            log.info("adb_server_ended", port=self.port)
        except (adbutils.AdbError, OSError, EOFError) as error:
            log.debug("adb_server_gone_already", port=self.port, error=str(error))

    # -- TCP phones ----------------------------------------------------------------------------------

    def _reconnect(self) -> None:
        tries: dict[str, tuple[float, float]] = {}
        """When each address is tried next, on the monotonic clock, and the pause after that."""
        with ThreadPoolExecutor(_CONNECTS_AT_ONCE, thread_name_prefix="connect phone") as pool:
            while not self._stop.is_set():
                next_s = min((at_s for at_s, _ in tries.values()), default=None)
                self._absent.wait(None if next_s is None else max(next_s - time.monotonic(), 0.0))
                self._absent.clear()
                lost, now_s = self._lost(), time.monotonic()
                tries = {address: tries.get(address, (now_s, _FIRST_RETRY_S)) for address in lost}
                due = [address for address, (at_s, _) in tries.items() if at_s <= now_s]
                if self._stop.is_set():
                    return
                list(pool.map(self._connect, due))
                for address in due:
                    pause_s = tries[address][1]
                    tries[address] = time.monotonic() + pause_s, min(pause_s * 2, _LAST_RETRY_S)

    def _lost(self) -> set[str]:
        """Return the addresses that are to be connected and are not."""
        with self._lock:
            there = {t.serial for t in self._table if t.state not in (DeviceState.ABSENT, DeviceState.OFFLINE)}
            known = {t.serial for t in self._table if is_address(t.serial)} | self._kept
            return known - there - self._let_go

    def _connect(self, serial: str) -> None:
        try:
            transport = self.get(serial)
            if transport and transport.state is DeviceState.OFFLINE:
                self._client.disconnect(serial)  # adb keeps a dead TCP phone as offline until told
            # It answers words, not errors; the device list has the truth.
            answer = self._client.connect(serial, timeout=_CONNECT_TIMEOUT_S)
            log.debug("tcp_phone_connect", device=serial, answer=answer)
        except (adbutils.AdbError, OSError, EOFError) as error:
            log.debug("tcp_phone_connect_failed", device=serial, error=str(error))
