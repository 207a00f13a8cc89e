"""A socket to an adb server that is not there: adb's host protocol, and streams to a phone, in memory.

A service of the phone is a coroutine that waits for nothing but bytes of the host: it runs on whenever some come.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, Protocol, cast

from adbutils import AdbConnection

from fleetlane.core.errors import UnknownRequestError
from fleetlane.simulator.link.stream import Service

_ADB_VERSION = 41


class Line(Protocol):
    """What a socket needs of the phone it leads to.

    Attributes:
        absent: what adb says when it does not reach the phone; "" when it does.
        waits_s: how long the caller of the present call waits for its answer.
        open_sockets: those with a service of the phone behind them.
        services: by the beginnings of their names.
    """

    absent: str
    waits_s: float
    open_sockets: set[VirtualSocket]
    services: Mapping[str, Service]

    @property
    def serial(self) -> str:
        """Return the phone's serial."""
        ...

    def accepts(self, service: str) -> bool:
        """Return whether somebody on the phone listens to a service."""
        ...

    def settle(self) -> None:
        """Let what is due happen."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


Phones = Callable[[str], Line | None]


class HostTimeoutError(Exception):
    """A call was left without an answer for longer than its caller waits."""


class _MoreBytes:
    """Awaited by a service that needs bytes of the host."""

    def __await__(self) -> Generator[None]:
        yield


class VirtualStream:
    """One stream, as the phone's service sees it (`simulator.link.stream.Stream`)."""

    def __init__(self, opened: VirtualSocket) -> None:
        self._socket = opened
        self._buffer = bytearray()
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Take bytes of the host."""
        self._buffer += data

    async def read(self, count: int) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            EOFError: the host closed first.
        """
        while len(self._buffer) < count:
            if self.ended:
                raise EOFError("stream closed")
            await _MoreBytes()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def read_some(self) -> bytes:
        """Return what there is, or b"" when the stream was closed."""
        while not self._buffer and not self.ended:
            await _MoreBytes()
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken

    async def write(self, data: bytes) -> None:
        """Send data to the host."""
        if self.ended:
            raise EOFError("stream closed")
        self._socket.answer(data)

    def end(self) -> None:
        """Close it, and wake the service that reads from it."""
        self._socket.cut()


class VirtualSocket:
    """What adbutils takes for its socket to the adb server."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        self._thread = threading.get_ident()
        self._changed = threading.Condition()
        self._request = bytearray()
        self._out = bytearray()
        self._link: Line | None = None
        self._stream: VirtualStream | None = None
        self._service: Coroutine[Any, Any, None] | None = None
        self._running = self._over = self._late = False
        self._timeout_s: float | None = None

    # -- what a socket has -----------------------------------------------------------------------------

    def settimeout(self, seconds: float | None) -> None:
        """Set how long a read may wait, in virtual seconds."""
        self._timeout_s = seconds

    def gettimeout(self) -> float | None:
        """Return how long a read may wait."""
        return self._timeout_s

    def setsockopt(self, *_args: object) -> None:
        """Take an option that means nothing here."""

    def send(self, data: bytes) -> int:
        """Send data to the adb server, or to the phone's service when one is open."""
        if self._over:
            raise BrokenPipeError("the stream is closed")
        if self._stream is not None:
            self._stream.feed(data)
            self._pump()
        else:
            self._request += data
            self._host()
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send all of some data."""
        self.send(data)

    def recv(self, count: int) -> bytes:
        """Return at most `count` bytes, or b"" when the stream is over.

        Raises:
            TimeoutError: nothing comes.
        """
        with self._changed:
            if threading.get_ident() != self._thread:
                self._changed.wait_for(lambda: self._out or self._over)
            if not self._out and not self._over:
                self._wait_in_vain()
            taken = bytes(self._out[:count])
            del self._out[:count]
        return taken

    def _wait_in_vain(self) -> None:
        if self._link is not None and self._timeout_s and not self._late:
            self._link.wait(self._timeout_s)
        raise TimeoutError("timed out")

    def makefile(self, *_args: object, **_options: object) -> io.BufferedReader:
        """Return a file to read from."""
        return io.BufferedReader(cast("io.RawIOBase", _Reader(self)))

    def shutdown(self, _how: int) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it from the host's side: the service ends."""
        self.cut()

    # -- adb's side -------------------------------------------------------------------------------------

    def answer(self, data: bytes) -> None:
        """Give data to whoever reads."""
        with self._changed:
            self._out += data
            self._changed.notify_all()

    def cut(self) -> None:
        """End the stream, from either side."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        if self._stream is not None:
            self._stream.ended = True
            self._pump()
        if self._link is not None:
            self._link.open_sockets.discard(self)

    def _host(self) -> None:
        while len(self._request) >= 4 and len(self._request) >= (size := 4 + int(self._request[:4], 16)):
            command = bytes(self._request[4:size]).decode()
            del self._request[:size]
            self._command(command)

    def _command(self, command: str) -> None:
        if command.startswith("host:tport:serial:"):
            self._to_phone(command.removeprefix("host:tport:serial:"), bytes(8))
        elif command.startswith("host-serial:"):
            serial, _, asked = command.removeprefix("host-serial:").rpartition(":")
            answers = {"features": "shell_v2,cmd", "get-state": "device", "get-serialno": serial}
            self._to_phone(serial, _block(answers[asked]) if asked in answers else b"")
        elif command == "host:version":
            self.answer(b"OKAY" + _block(f"{_ADB_VERSION:04x}"))
        elif self._link is None:
            self._fail(f"unknown host service {command}")
        else:
            self._open(self._link, command)

    def _to_phone(self, serial: str, more: bytes) -> None:
        link = self._phones(serial)
        if link is not None:
            link.settle()
        if link is None or link.absent:
            self._fail(link.absent if link else f"device '{serial}' not found")
            return
        self._link = link
        self.answer(b"OKAY" + more)

    def _open(self, link: Line, name: str) -> None:
        services = link.services
        prefix = next((prefix for prefix in services if name.startswith(prefix)), None)
        if prefix is None or not link.accepts(name):
            self._fail("closed")
            return
        self.answer(b"OKAY")
        link.open_sockets.add(self)
        self._stream = VirtualStream(self)
        coroutine = services[prefix](self._stream, name[len(prefix) :])
        self._service = cast("Coroutine[Any, Any, None]", coroutine)
        self._pump()

    def _fail(self, why: str) -> None:
        self.answer(b"FAIL" + _block(why))
        with self._changed:
            self._over = True

    def _pump(self) -> None:
        """Let the service go on until it needs more bytes."""
        service, link = self._service, self._link
        if service is None or link is None or self._running:
            return
        self._running = True
        if self._timeout_s is not None:
            link.waits_s = self._timeout_s
        try:
            service.send(None)
        except HostTimeoutError:
            self._service, self._late = None, True
        except (StopIteration, EOFError):
            self._service = None
            self.cut()
        except UnknownRequestError:
            self._service = None  # it has ended; the caller is told
            raise
        finally:
            self._running = False


def _block(text: str) -> bytes:
    data = text.encode()
    return f"{len(data):04x}".encode() + data


class _Reader(io.RawIOBase):
    """Reads a virtual socket as a file."""

    def __init__(self, opened: VirtualSocket) -> None:
        self._socket = opened

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._socket.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class VirtualConnection(AdbConnection):
    """A connection to the adb server in memory."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        super().__init__("127.0.0.1", 1)

    def _safe_connect(self) -> socket.socket:
        return cast("socket.socket", VirtualSocket(self._phones))

    def close(self) -> None:
        """Close at once."""
        self.conn.close()
