"""The way to a phone: adbutils with deadlines that hold, without Nagle's delay, and that can be aborted.

adbutils and uiautomator2 are used unmodified. `LaneDevice` is the subclass of `AdbDevice` that
`uiautomator2.connect` is given: every byte to the phone goes through its `open_transport`.
"""

# adbutils and uiautomator2 carry few types; what they return is typed here, at the border.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import http.client
import socket
import stat
import struct
import threading
import time
import weakref
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import adbutils
from adbutils import AdbConnection
from adbutils._utils import list2cmdline
from adbutils.errors import AdbConnectionError
from adbutils.sync import Sync
from uiautomator2 import exceptions as u2_errors

from fleetlane.core.device import Transport
from fleetlane.core.errors import (
    AdbServerDownError,
    CallLostError,
    DeviceGoneError,
    DeviceTimeoutError,
    DriverBrokenError,
    FileRefusedError,
    TaskStoppedError,
)
from fleetlane.core.ports.phone import Where

CALL_TIMEOUT_S = 20.0
_CHUNK_BYTES = 64 * 1024  # adbd takes no larger piece
_CONNECT_TIMEOUT_S = 3.0
_FRESH_S = 10.0


class Readable(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, b"" at the end."""
        ...


class QuickConnection(AdbConnection):
    """A connection to the adb server without Nagle's delay, that never starts a server by itself."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        super().__init__(host, port)

    def _create_socket(self) -> socket.socket:
        try:
            connected = socket.create_connection(self._address, timeout=_CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            raise adbutils.AdbTimeout("connect to adb server timeout") from error
        except OSError as error:
            raise AdbConnectionError(f"connect to adb server failed: {error}") from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _safe_connect(self) -> socket.socket:
        return self._create_socket()  # adbutils would run `adb start-server` here; the supervisor owns that

    def close(self) -> None:
        """Close at once (adbutils waits 10 ms here), and wake a thread that reads from it."""
        with suppress(OSError):
            self.conn.shutdown(socket.SHUT_RDWR)  # fails when the other side is gone already
        self.conn.close()


class QuickClient(adbutils.AdbClient):
    """A client of the adb server whose connections are `QuickConnection`s.

    Args:
        host, port: of the adb server.
        call_timeout_s: the longest any call may wait for its answer.
    """

    def __init__(self, host: str, port: int, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        super().__init__(host, port)
        self.call_timeout_s = call_timeout_s
        self.started_s: float | None = None
        """When the adb server had to be started, on the monotonic clock; None: it ran all the time."""

    def make_connection(self, timeout: float | None = None) -> AdbConnection:
        """Connect to the adb server; `timeout` is in seconds for each read."""
        connection = QuickConnection(self.host, self.port)
        connection.conn.settimeout(self.within(timeout))
        return connection

    @property
    def is_fresh(self) -> bool:
        """Return whether the adb server was started a moment ago: it may not know the phones yet."""
        return self.started_s is not None and time.monotonic() - self.started_s < _FRESH_S

    def within(self, timeout: float | None) -> float:
        """Return a timeout that is not longer than calls may take."""
        return min(timeout or self.call_timeout_s, self.call_timeout_s)


class Wire:
    """The sockets one lane holds open. `abort` ends the call in progress, from any thread."""

    def __init__(self, client: QuickClient) -> None:
        self._client = client
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._aborted = False

    @property
    def server_is_fresh(self) -> bool:
        """Return whether the adb server was started a moment ago."""
        return self._client.is_fresh

    @property
    def aborted(self) -> bool:
        """Return whether calls are refused."""
        return self._aborted

    def opened(self, connected: socket.socket) -> None:
        """Note an open socket.

        Raises:
            TaskStoppedError: the lane was aborted.
        """
        with self._lock:
            if self._aborted:
                connected.close()
                raise TaskStoppedError("stopped")
            self._sockets.add(connected)

    def exempt(self, connected: socket.socket) -> None:
        """Keep a socket that outlives single calls out of `abort`."""
        with self._lock:
            self._sockets.discard(connected)

    def check(self) -> None:
        """Raise when the lane was aborted.

        Raises:
            TaskStoppedError: the lane was aborted.
        """
        if self._aborted:
            raise TaskStoppedError("stopped")

    def abort(self) -> None:
        """Shut every socket down and refuse further calls until `reset`."""
        with self._lock:
            self._aborted = True
            for connected in list(self._sockets):
                try:
                    connected.shutdown(socket.SHUT_RDWR)
                except OSError:
                    connected.close()  # it was not connected any more

    def reset(self) -> None:
        """Take calls again."""
        with self._lock:
            self._aborted = False


class LaneSync(Sync):
    """File transfers: a file goes out by one request, in large pieces."""

    def push(self, src: Any, dst: Any, mode: int = 0o755, check: bool = False) -> int:
        """Copy a file (see adbutils, which leaves the file open that it has opened when the phone goes away)."""
        if not isinstance(src, (str, Path)):
            return super().push(src, dst, mode=mode, check=check)
        with Path(src).open("rb") as file:
            return super().push(file, dst, mode=mode, check=check)

    def send(self, file: Readable, path: str, mode: int = 0o644) -> int:
        """Copy a file to a path of the phone, and return how many bytes were sent."""
        sent = 0
        with self._prepare_sync(f"{path},{stat.S_IFREG | mode}", "SEND") as connection:
            while chunk := file.read(_CHUNK_BYTES):
                connection.conn.sendall(b"DATA" + struct.pack("<I", len(chunk)) + chunk)
                sent += len(chunk)
            connection.conn.sendall(b"DONE" + struct.pack("<I", int(time.time())))
            answer = connection.read_string(4)
        if answer != "OKAY":
            raise adbutils.AdbError(answer)
        return sent


class LaneDevice(adbutils.AdbDevice):
    """A device whose calls can be aborted and end in time. Before each of them it is asked where it is."""

    @property
    def sync(self) -> LaneSync:
        """Return what transfers files."""
        return LaneSync(self)

    def __init__(self, client: QuickClient, serial: str, wire: Wire, where: Where) -> None:
        super().__init__(client, serial)
        self._quick = client
        self._wire = wire
        self._where = where

    def open_transport(self, command: str | None = None, timeout: float | None = None) -> AdbConnection:
        """Open a connection to the phone, or run one host command about it."""
        self._wire.check()
        transport = self._where(self._wire.check)
        with ExitStack() as undo:
            connection = self._quick.make_connection(timeout)
            undo.callback(connection.close)
            self._wire.opened(connection.conn)
            if command:
                connection.send_command(f"{_about(transport)}:{command}")
                connection.check_okay()
            elif transport.id is not None:
                connection.send_command(f"host:transport-id:{transport.id}")
                connection.check_okay()
            else:
                connection.send_command(f"host:tport:serial:{transport.serial}")  # adbutils asks `host:version` before
                connection.check_okay()
                connection.read(8)  # the transport id
            undo.pop_all()
        return connection

    def open_shell(self, cmdargs: str | list[str] | tuple[str, ...]) -> AdbConnection:
        """Start a command (see adbutils, which would leave the connection open when the phone goes away just then)."""
        line = cmdargs if isinstance(cmdargs, str) else list2cmdline(cmdargs)
        with ExitStack() as undo:
            connection = self.open_transport()
            undo.callback(connection.close)
            connection.send_command(f"shell:{line}")
            connection.check_okay()
            undo.pop_all()
        return connection

    def shell(  # pyright: ignore[reportIncompatibleMethodOverride] - overloads upstream, the same calls
        self, cmdargs: Any, stream: bool = False, timeout: float | None = None, **kwargs: Any
    ) -> Any:
        """Run a command (see adbutils). A stream outlives calls: it has no deadline and is not aborted."""
        if not stream:
            return super().shell(cmdargs, stream=False, timeout=self._quick.within(timeout), **kwargs)
        connection = super().shell(cmdargs, stream=True)
        self._wire.exempt(connection.conn)
        connection.conn.settimeout(None)
        weakref.finalize(connection, connection.conn.close)  # uiautomator2 forgets those of servers that ended
        return connection


def _about(transport: Transport) -> str:
    if transport.id is None:
        return f"host-serial:{transport.serial}"
    return f"host-transport-id:{transport.id}"


_GONE = (
    "not found",
    "no device with transport id",
    "offline",
    "unauthorized",
    "device still authorizing",
    "no devices",
    "closed",
    "more than one",
)
_REFUSED = "FAIL"  # the answer to a file that is pushed; adbutils keeps nothing else of it
_TAKEN = "already registered"  # what the automation server prints when another program holds UiAutomation


@contextmanager
def translated(wire: Wire, serial: str) -> Generator[None]:
    """Turn every error of adbutils, uiautomator2 and the sockets into one of ours."""
    try:
        yield
    except TaskStoppedError:
        raise
    except Exception as error:
        if wire.aborted:
            raise TaskStoppedError("stopped") from error
        ours = _translate(error, serial)
        if ours is None:
            raise
        if isinstance(ours, DeviceGoneError) and wire.server_is_fresh:
            ours = AdbServerDownError("The adb server had ended, and was started again.", serial=serial)
        raise ours from (None if ours is error else error)


def _why_broken(serial: str, said: str) -> str:
    """Return why the automation service does not work; `said` may be what the phone printed, line by line."""
    if _TAKEN in said:
        return f"On {serial} another program holds the automation service (Appium, another server): end it."
    return f"The automation service on {serial} does not work: {' '.join(said.split())}."


def _translate(error: Exception, serial: str) -> Exception | None:
    match error:
        case DeviceGoneError():
            return error  # said before anything was sent
        case AdbConnectionError():
            return AdbServerDownError(f"The adb server cannot be reached: {error}.", serial=serial)
        case adbutils.AdbTimeout() | TimeoutError():
            return DeviceTimeoutError(f"{serial} did not answer in time.", serial=serial)
        case adbutils.AdbError() if any(word in str(error) for word in _GONE):
            return DeviceGoneError(_gone(serial, error), serial=serial)
        case u2_errors.HTTPError() if isinstance(error.__cause__, adbutils.AdbError) and "closed" not in str(error):
            return DeviceGoneError(_gone(serial, error.__cause__), serial=serial)
        case ConnectionRefusedError():
            return AdbServerDownError(f"The adb server cannot be reached: {error}.", serial=serial)
        case adbutils.AdbError() if str(error) == _REFUSED:
            return FileRefusedError(f"{serial} did not take a file.", serial=serial)
        case adbutils.AdbError() if len(error.args) == 1 and error.args[0]:  # else only what the library was doing
            return CallLostError(f"{serial}: {error}.", serial=serial)
        case ConnectionError() | EOFError() | http.client.HTTPException() | adbutils.AdbError():
            return CallLostError(f"The connection to {serial} was lost in the middle of a call.", serial=serial)
        case u2_errors.BaseException():
            return DriverBrokenError(_why_broken(serial, str(error)), serial=serial)
        case OSError() if error.filename is None:  # a missing file here is no fault of the phone
            return CallLostError(f"{serial}: {error}.", serial=serial)
        case _:
            return None


def _gone(serial: str, error: BaseException) -> str:
    """Return why a phone is not there; adb's own words go on with advice that is no help here."""
    first = str(error).partition("\n")[0].rstrip(".")
    if "unauthorized" in first or "authorizing" in first:  # adb is asking the phone, or was refused
        return f"{serial} does not trust this computer: allow USB debugging on its screen."
    return f"{serial}: {first}."
