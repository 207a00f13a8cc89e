"""A TCP forwarder: an address that stays while what is behind it changes, as in front of a standby that takes over."""

from __future__ import annotations

import asyncio
import threading
from typing import Self

_CHUNK_BYTES = 65_536
_WAIT_S = 10.0

Target = tuple[str, int]


class Forwarder:
    """Listens on a free port on a thread of its own. Use it as a context manager.

    Args:
        address: to listen on.
        target: where connections lead.
    """

    def __init__(self, address: str, target: Target) -> None:
        self.address = address
        self.port = 0
        self._target: Target | None = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, self.address, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_WAIT_S)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        self._abort()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def lead_to(self, target: Target | None) -> None:
        """Break off all connections; new ones lead to `target`, or are closed at once."""

        async def change() -> None:
            self._target = target
            self._abort()

        self._call(change())

    def _abort(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_S)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._loop.create_task(self._connected(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target is None:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, there_writer}
        self._open |= ends
        await asyncio.gather(_pour(reader, there_writer), _pour(there_reader, writer))
        self._open -= ends


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
        target.write_eof()
    except OSError:  # one of the two is gone: so is the other
        target.transport.abort()
