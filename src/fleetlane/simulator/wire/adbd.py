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

from fleetlane.simulator.link.stream import Service
from fleetlane.simulator.wire.adb_key import PublicKey

_HEADER = struct.Struct("<6I")
_CNXN, _AUTH, _OPEN, _OKAY, _CLSE, _WRTE = (
    int.from_bytes(w, "little") for w in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE")
)
_VERSION_MIN, _VERSION = 0x01000000, 0x01000001
"""Who speaks the second does without the sums of payloads; until both have said so there are sums."""
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
        """Send data, one packet at a time, each after the former was acknowledged.

        Raises:
            EOFError: the host closed; sending nothing only asks for that.
        """
        size = self._connection.max_payload
        for start in range(0, len(data), size):
            await self._ready.wait()
            if self.closed:
                raise EOFError("stream closed")
            self._ready.clear()
            self._connection.send(_WRTE, self.local_id, self.remote_id, data[start : start + size])
        await self._ready.wait()
        if self.closed and not data:
            raise EOFError("stream closed")

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
    `authorised` is asked when `auth` is on: False leaves the phone unauthorised, True takes the host's key, as a
    person does on the phone's dialog; the key is known from then on.
    """

    banner: str
    services: dict[str, Service]
    accepts: Callable[[str], bool] = lambda _service: True
    auth: bool = False
    authorised: Callable[[], bool] = lambda: True
    log: Callable[[str], None] = lambda _line: None
    connections: set[Connection] = field(default_factory=set["Connection"])
    keys: set[PublicKey] = field(default_factory=set[PublicKey])

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
        self._version = _VERSION_MIN
        self.max_payload = _MAX_PAYLOAD

    async def run(self) -> None:
        """Read packets until the other side goes away."""
        try:
            while True:
                command, arg0, arg1, size, _, magic = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
                if magic != command ^ 0xFFFFFFFF or size > self.max_payload:
                    self._daemon.log(f"a wrong adb packet: command {command:#x}, {size} bytes")
                    return
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
        checksum = sum(payload) & 0xFFFFFFFF if self._version < _VERSION else 0
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
                self._connect(arg0, arg1)
            case c if c == _AUTH:
                self._authorise(arg0, payload)
            case c if c == _OPEN:
                self._open(arg0, payload.rstrip(b"\0").decode("utf-8", "replace"))
            case c if c == _OKAY and stream:
                stream.acknowledged()
            case c if c == _WRTE and stream:
                stream.feed(payload)
                self.send(_OKAY, stream.local_id, stream.remote_id)
            case c if c == _CLSE and stream:
                stream.feed(None)
                self.send(_CLSE, stream.local_id, stream.remote_id)  # some hosts wait for it
                self.forget(stream)
            case c if c in (_OKAY, _WRTE, _CLSE):
                pass  # for a stream that is closed already: both sides may close at once
            case _:
                self._daemon.log(f"unknown adb packet {command:#x}")

    def _connect(self, version: int, max_payload: int) -> None:
        self._version = min(version, _VERSION)
        self.max_payload = min(max_payload, _MAX_PAYLOAD)
        if self._daemon.auth:
            self._challenge()
        else:
            self._welcome()

    def _challenge(self) -> None:
        self._token = os.urandom(20)
        self.send(_AUTH, _AUTH_TOKEN, 0, self._token)

    def _authorise(self, kind: int, payload: bytes) -> None:
        if kind == _AUTH_SIGNATURE:
            if self._daemon.authorised() and any(key.signed(self._token, payload) for key in self._daemon.keys):
                self._welcome()
            else:
                self._challenge()  # not known: the host tries its next key, or sends its public one
        elif kind == _AUTH_PUBLIC_KEY and self._daemon.authorised():
            key = PublicKey.read(payload)
            if key is None:
                self._daemon.log("adb: that is no public key")
                return
            self._daemon.keys.add(key)
            self._welcome()

    def _welcome(self) -> None:
        banner = f"device::{self._daemon.banner};features={_FEATURES}"
        self.send(_CNXN, _VERSION, self.max_payload, banner.encode())

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
