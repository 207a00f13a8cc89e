"""adbd's `sync:` service of a simulated phone: files come and go.

Source: AOSP packages/modules/adb, SYNC.TXT.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable

from fleetlane.simulator.android.files import S_IFDIR, NoSpaceError
from fleetlane.simulator.link.stream import Stream
from fleetlane.simulator.phone import SimPhone

_CHUNK = 64 * 1024
_ROWS_FROM_PUSH = 11
_32_BITS = 0xFFFFFFFF
"""STAT and LIST tell sizes in 32 bits: of a file of 4 GiB or more the rest."""


class SyncService:
    """Serves the `sync:` streams of one phone.

    Args:
        phone: whose files.
        before: awaited before each request, with its name.
        stamped: turns the second that the host gives a file into the one it gets.
    """

    def __init__(
        self, phone: SimPhone, before: Callable[[str], Awaitable[object]], stamped: Callable[[int], int]
    ) -> None:
        self._stamped = stamped
        self._phone = phone
        self._files = phone.files
        self._log = phone.log
        self._before = before

    async def serve(self, stream: Stream, _argument: str) -> None:
        """Serve one stream until the host closes it."""
        while True:
            try:
                header = await stream.read(8)
            except EOFError:
                return
            verb, size = header[:4].decode("ascii", "replace"), struct.unpack("<I", header[4:])[0]
            argument = (await stream.read(size)).decode("utf-8", "replace")
            await self._before(f"sync:{verb}")
            match verb:
                case "STAT":
                    await stream.write(b"STAT" + self._stat(argument))
                case "LIST":
                    await self._list(stream, argument)
                case "SEND":
                    await self._receive(stream, argument)
                case "RECV":
                    await self._send(stream, argument)
                case "QUIT":
                    return
                case _:
                    self._log(f"sync: there is no {verb!r}")
                    await stream.write(_fail(f"unknown command {verb}"))

    def _stat(self, path: str) -> bytes:
        file = self._files.get(path)
        if file is None:
            return bytes(12)
        return struct.pack("<III", file.mode, file.size_bytes & _32_BITS, file.mtime_s)

    async def _list(self, stream: Stream, path: str) -> None:
        out = b""
        for name, file in self._files.listing(path):
            encoded = name.encode()
            out += (
                b"DENT"
                + struct.pack("<IIII", file.mode, file.size_bytes & _32_BITS, file.mtime_s, len(encoded))
                + encoded
            )
        await stream.write(out + b"DONE" + bytes(16))

    async def _receive(self, stream: Stream, argument: str) -> None:
        path, _, mode = argument.rpartition(",")
        chunks: list[bytes] = []
        began_s = int(self._phone.wall_s())
        while True:
            kind, size = struct.unpack("<4sI", await stream.read(8))
            if kind == b"DONE":
                break
            chunks.append(await stream.read(size))
        try:
            self._files.write(path, b"".join(chunks), int(mode), self._stamped(size))
        except (NoSpaceError, IsADirectoryError, FileNotFoundError) as error:
            await stream.write(_fail(str(error)))
            return
        if self._phone.traits.row_from_push and self._phone.android >= _ROWS_FROM_PUSH:
            self._phone.media.scan_file(path, began_s)
        await stream.write(b"OKAY" + bytes(4))

    async def _send(self, stream: Stream, path: str) -> None:
        file = self._files.get(path)
        if file is None or file.mode & S_IFDIR:
            await stream.write(_fail(f"open failed: {path}: No such file or directory"))
            return
        for start in range(0, file.size_bytes, _CHUNK):
            chunk = file.blob.data[start : start + _CHUNK]
            await stream.write(b"DATA" + struct.pack("<I", len(chunk)) + chunk)
        await stream.write(b"DONE" + bytes(4))


def _fail(reason: str) -> bytes:
    encoded = reason.encode()
    return b"FAIL" + struct.pack("<I", len(encoded)) + encoded
