"""Owns the adb server and the table of devices: follows them, and brings TCP phones back.

Two threads: one follows `track-devices` and subscribes again when that ends, one reconnects phones
that came by TCP, waiting longer after each failure. Everything else only reads the table.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing

import adbutils
import structlog

from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.android.transport import CALL_TIMEOUT_S, QuickClient
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import AdbServerDownError, DeviceGoneError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import PhoneReport

log = structlog.get_logger(__name__)

_TCP_SERIAL = re.compile(r"[^\s:]+:\d{1,5}")
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 30.0
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_CONNECT_TRIES = 3
_CONNECT_AGAIN_AFTER_S = 0.5


def adb_port(configured: int | None) -> int:
    """Return the adb server's port: as configured, else ANDROID_ADB_SERVER_PORT, else 5037."""
    return configured or int(os.environ.get("ANDROID_ADB_SERVER_PORT") or "5037")


class DeviceSupervisor:
    """The devices of one adb server (`core.ports.phone.Devices`).

    Args:
        port: of the adb server on this machine.
        clock: for `Device.since_ms`.
        call_timeout_s: the longest one call to a phone may take.
    """

    def __init__(self, port: int, clock: Clock, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        self.port = port
        self.problem: str | None = None
        """Why the adb server cannot be used, None when it can."""
        self.on_change: Callable[[Device], None] = lambda _device: None
        """Called from the following thread whenever a device changes its state."""
        self._clock = clock
        self._client = QuickClient("127.0.0.1", port, call_timeout_s)
        self._devices: dict[str, Device] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._absent = threading.Event()
        self._let_go: set[str] = set()
        """TCP phones that were disconnected on purpose."""
        self._tracking: adbutils.AdbConnection | None = None
        self._threads: list[threading.Thread] = []
        self._started_server = False

    # -- the table -----------------------------------------------------------------------------------

    def all(self) -> Sequence[Device]:
        """Return every device seen since the start, by serial."""
        with self._lock:
            return sorted(self._devices.values(), key=lambda device: device.serial)

    def get(self, serial: str) -> Device | None:
        """Return a device, None when it was never seen."""
        with self._lock:
            return self._devices.get(serial)

    def driver(self, serial: str) -> AndroidDriver:
        """Return a new driver for a device. The caller closes it."""
        return AndroidDriver(self._client, serial)

    def report(self, serial: str, packages: Collection[str]) -> PhoneReport:
        """Ask a device what it is (see the port)."""
        driver = self.driver(serial)
        try:
            return driver.report(packages)
        finally:
            driver.close()

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
            if "failed" not in answer and "connected" in answer:
                return address
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

    def start(self) -> None:
        """Start following."""
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
            connection.send_command("host:track-devices")
            connection.check_okay()
            self.problem = None
            while not self._stop.is_set():
                self._take(connection.read_string_block())

    def _take(self, listing: str) -> None:
        present = dict(line.split("\t", 1) for line in listing.splitlines() if "\t" in line)
        changed: list[Device] = []
        with self._lock:
            for serial in self._devices.keys() | present.keys():
                state = DeviceState.from_adb(present.get(serial, "absent"))
                known = self._devices.get(serial)
                if known is None or known.state is not state:
                    self._devices[serial] = Device(serial, state, self._clock.now_ms())
                    changed.append(self._devices[serial])
        for device in changed:
            log.info("device_changed", device=device.serial, state=device.state.value)
            self.on_change(device)
        if changed:
            self._absent.set()

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
        pauses: dict[str, float] = {}
        wait_s: float | None = None
        while not self._stop.is_set():
            self._absent.wait(wait_s)
            self._absent.clear()
            lost = [d.serial for d in self.all() if _TCP_SERIAL.fullmatch(d.serial) and self._is_lost(d)]
            for serial in list(pauses):
                if serial not in lost:
                    del pauses[serial]
            for serial in lost:
                if self._stop.is_set():
                    return
                self._connect(serial)
                pauses[serial] = min(pauses.get(serial, _FIRST_RETRY_S / 2) * 2, _LAST_RETRY_S)
            wait_s = min(pauses.values(), default=None)
            if wait_s is not None and self._stop.wait(wait_s):
                return
            if wait_s is not None:
                self._absent.set()

    def _connect(self, serial: str) -> None:
        try:
            device = self.get(serial)
            if device and device.state is DeviceState.OFFLINE:
                self._client.disconnect(serial)  # adb keeps a dead TCP phone as offline until told
            # It answers words, not errors; the device list has the truth.
            answer = self._client.connect(serial, timeout=_CONNECT_TIMEOUT_S)
            log.debug("tcp_phone_connect", device=serial, answer=answer)
        except (adbutils.AdbError, OSError, EOFError) as error:
            log.debug("tcp_phone_connect_failed", device=serial, error=str(error))

    def _is_lost(self, device: Device) -> bool:
        return device.state in (DeviceState.ABSENT, DeviceState.OFFLINE) and device.serial not in self._let_go
