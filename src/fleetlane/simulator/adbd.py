"""adbd: the wire protocol of a phone, so that the real adb server can be connected to it.

Source: AOSP packages/modules/adb, protocol.txt and SERVICES.TXT, checked against adb 36.0.0. One WRTE a
stream is unacknowledged at a time, a refused OPEN is CLSE(0, remote id), `delayed_ack` is not offered.
"""

from __future__ import annotations

import asyncio
import os
import struct
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from fleetlane.simulator.phone_link import Service

_HEADER = struct.Struct("<6I")
_CNXN, _AUTH, _OPEN, _OKAY, _CLSE, _WRTE = (
    int.from_bytes(w, "little") for w in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE")
)
_VERSION = 0x01000001
_MAX_PAYLOAD = 256 * 1024
_AUTH_TOKEN, _AUTH_SIGNATURE, _AUTH_PUBLIC_KEY = 1, 2, 3
_FEATURES = "shell_v2,cmd"


class Stream:
    """One stream of a connection, as its service sees it."""

    def __init__(self, connection: Connection, local_id: int, remote_id: int) -> None:
        self._connection = connection
        self.local_id = local_id
        self.remote_id = remote_id
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._buffer = bytearray()
        self._ready = asyncio.Event()
        self._ready.set()
        self.closed = False

    def feed(self, data: bytes | None) -> None:
        """Take data from the host; None when the host closed."""
        if data is None:
            self.closed = True
            self._ready.set()
        self._incoming.put_nowait(data)

    def acknowledged(self) -> None:
        """Note that the host has taken the last write."""
        self._ready.set()

    async def read(self, count: int) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            EOFError: the host closed first.
        """
        while len(self._buffer) < count:
            data = await self._incoming.get()
            if data is None:
                raise EOFError("stream closed")
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def read_some(self) -> bytes:
        """Return what there is, at least one byte, or b"" when the host closed."""
        if self._buffer:
            taken = bytes(self._buffer)
            self._buffer.clear()
            return taken
        return await self._incoming.get() or b""

    async def write(self, data: bytes) -> None:
        """Send data, one packet at a time, each after the former was acknowledged."""
        for start in range(0, len(data), _MAX_PAYLOAD):
            await self._ready.wait()
            if self.closed:
                raise EOFError("stream closed")
            self._ready.clear()
            self._connection.send(_WRTE, self.local_id, self.remote_id, data[start : start + _MAX_PAYLOAD])
        await self._ready.wait()

    def end(self) -> None:
        """Close it, and wake the service that reads from it."""
        self.close()
        self.feed(None)

    def close(self) -> None:
        """Close from the phone's side."""
        if not self.closed:
            self.closed = True
            self._connection.send(_CLSE, self.local_id, self.remote_id)
        self._connection.forget(self)


@dataclass
class Daemon:
    """What a phone's adbd offers.

    `services` are looked up by prefix. `accepts` decides about an OPEN before it is answered.
    `authorised` is asked when `auth` is on: False leaves the phone unauthorised.
    """

    banner: str
    services: dict[str, Service]
    accepts: Callable[[str], bool] = lambda _service: True
    auth: bool = False
    authorised: Callable[[], bool] = lambda: True
    log: Callable[[str], None] = lambda _line: None
    connections: set[Connection] = field(default_factory=set["Connection"])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of an adb server until it ends."""
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    def drop_connections(self) -> None:
        """Cut every connection, as a pulled cable does."""
        for connection in list(self.connections):
            connection.abort()

    def drop_streams(self) -> None:
        """Close every open stream at once, the connection stays."""
        for connection in list(self.connections):
            connection.drop_streams()


class Connection:
    """One connection of an adb server."""

    def __init__(self, daemon: Daemon, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._daemon = daemon
        self._reader = reader
        self._writer = writer
        self._streams: dict[int, Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_id = 1
        self._token = b""

    async def run(self) -> None:
        """Read packets until the other side goes away."""
        try:
            while True:
                command, arg0, arg1, size, _, _ = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
                payload = await self._reader.readexactly(size) if size else b""
                self._packet(command, arg0, arg1, payload)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            self._daemon.log("adb server gone")
        finally:
            for stream in list(self._streams.values()):
                stream.feed(None)
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def send(self, command: int, arg0: int, arg1: int, payload: bytes = b"") -> None:
        """Send one packet."""
        if self._writer.is_closing():
            return
        checksum = sum(payload) & 0xFFFFFFFF if command in (_CNXN, _AUTH) else 0
        self._writer.write(_HEADER.pack(command, arg0, arg1, len(payload), checksum, command ^ 0xFFFFFFFF) + payload)

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()

    def drop_streams(self) -> None:
        """Close every open stream."""
        for stream in list(self._streams.values()):
            stream.end()

    def forget(self, stream: Stream) -> None:
        """Drop a closed stream."""
        self._streams.pop(stream.local_id, None)

    def _packet(self, command: int, arg0: int, arg1: int, payload: bytes) -> None:
        stream = self._streams.get(arg1)
        match command:
            case c if c == _CNXN:
                self._connect()
            case c if c == _AUTH:
                self._authorise(arg0)
            case c if c == _OPEN:
                self._open(arg0, payload.rstrip(b"\0").decode("utf-8", "replace"))
            case c if c == _OKAY and stream:
                stream.acknowledged()
            case c if c == _WRTE and stream:
                stream.feed(payload)
                self.send(_OKAY, stream.local_id, stream.remote_id)
            case c if c == _CLSE and stream:
                stream.feed(None)
                self.forget(stream)
            case c if c in (_OKAY, _WRTE, _CLSE):
                pass  # for a stream that is closed already: both sides may close at once
            case _:
                self._daemon.log(f"unknown adb packet {command:#x}")

    def _connect(self) -> None:
        if self._daemon.auth:
            self._token = os.urandom(20)
            self.send(_AUTH, _AUTH_TOKEN, 0, self._token)
        else:
            self._welcome()

    def _authorise(self, kind: int) -> None:
        if self._daemon.authorised() and kind in (_AUTH_SIGNATURE, _AUTH_PUBLIC_KEY):
            self._welcome()
        elif kind == _AUTH_SIGNATURE:
            self.send(_AUTH, _AUTH_TOKEN, 0, self._token)  # not known: the host sends its public key next

    def _welcome(self) -> None:
        banner = f"device::{self._daemon.banner};features={_FEATURES}"
        self.send(_CNXN, _VERSION, _MAX_PAYLOAD, banner.encode())

    def _open(self, remote_id: int, name: str) -> None:
        prefix = next((p for p in self._daemon.services if name.startswith(p)), None)
        if prefix is None or not self._daemon.accepts(name):
            if prefix is None:
                self._daemon.log(f"there is no service {name!r}")
            self.send(_CLSE, 0, remote_id)
            return
        local_id, self._next_id = self._next_id, self._next_id + 1
        stream = self._streams[local_id] = Stream(self, local_id, remote_id)
        self.send(_OKAY, local_id, remote_id)
        task = asyncio.create_task(self._serve(stream, prefix, name[len(prefix) :]), name=f"adb {name[:60]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, stream: Stream, prefix: str, argument: str) -> None:
        try:
            await self._daemon.services[prefix](stream, argument)
        except EOFError:
            self._daemon.log(f"{prefix}{argument[:40]}: closed by the host")
        except Exception:  # noqa: BLE001 - the edge: a broken app model must not end the phone, and must be seen
            self._daemon.log(f"{prefix}{argument[:200]} failed:\n{traceback.format_exc()}")
        finally:
            stream.close()
