"""Connections: how long a request may take to arrive, and how many may be half sent at a time.

All callers on this computer are one address, so that no number of connections an address can tell an attacker from the
others: instead the oldest half-sent request gives way to a new one. Whoever sends a request at once is always heard.
What is refused here, and what is no HTTP, is answered in the envelope too.

Who is answered before all of a request has been read is read on for a while: a connection that is closed with
something unread is reset, and its caller loses the answer (RFC 9112, 9.6).
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from fleetlane.http.envelope import ALWAYS
from fleetlane.work.hosts.wire import PING_EVERY_S, PONG_WITHIN_S

_SPARE_FILES = 256
"""File descriptors that the store, adb and media need beside the connections."""
_WANTED_FILES = 16_384
_FEWEST_CONNECTIONS, _MOST_CONNECTIONS = 64, 4096
_BUSY_FOR_S = 5
_LINGERING = _SPARE_FILES // 4
"""How many may be read on at a time; they do not count among the connections."""
_REASONS = {400: b"Bad Request", 503: b"Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may do.

    Attributes:
        header_s: from a connection's first moment, or a request's first byte, to the end of its headers.
        body_s: how long a body may take to arrive, however short it is.
        slowest_bytes_per_s: how much longer for each byte that arrives.
        half_sent: how many requests may be on their way at a time.
        grace_s: for so long none gives way: of many that come at once, what they sent may not have been read yet.
        linger_s: for so long the rest of a request is read, and thrown away, that is answered already.
        connections: how many may be open at a time; further ones are answered that the server is busy.
        ping_every_s: how often the other end of a WebSocket is asked whether it is there.
        pong_within_s: for so long it may not answer.
    """

    header_s: float = 10.0
    body_s: float = 30.0
    slowest_bytes_per_s: float = 8 * 1024
    half_sent: int = 200
    grace_s: float = 1.0
    linger_s: float = 10.0
    connections: int = _MOST_CONNECTIONS
    ping_every_s: float = PING_EVERY_S
    pong_within_s: float = PONG_WITHIN_S


class HalfSent:
    """The connections whose request is not whole yet, the oldest first."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._oldest_first: dict[EnvelopeProtocol, float] = {}
        """When each began."""
        self.lingering = 0
        """How many are answered and still read."""

    def __len__(self) -> int:
        return len(self._oldest_first)

    def add(self, connection: EnvelopeProtocol, now_s: float, over: int) -> None:
        """Note a connection; the oldest give way to it when there are too many.

        Args:
            connection: the connection.
            now_s: the event loop's time.
            over: how many more connections are open than may be.
        """
        while self._oldest_first:
            oldest, began_s = next(iter(self._oldest_first.items()))
            too_many = len(self) >= self._bounds.half_sent and now_s - began_s >= self._bounds.grace_s
            if over <= 0 and not too_many:
                break
            oldest.give_way()
            over -= 1
        self._oldest_first[connection] = now_s

    def remove(self, connection: EnvelopeProtocol) -> None:
        """Forget a connection."""
        self._oldest_first.pop(connection, None)


class _LingeringTransport:
    """A transport that goes on reading what its caller still sends, when it is closed with half a request.

    Everything else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, protocol: EnvelopeProtocol) -> None:
        self.inner = transport
        self._protocol = protocol
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def is_closing(self) -> bool:
        """Return whether nothing more may be written."""
        return self.lingers or self.inner.is_closing()

    def close(self) -> None:
        """Close it, at once or when its caller has sent everything; at once when it is closed again."""
        if self.is_closing() or not self._protocol.begins_to_linger():
            self.inner.close()
            return
        self.lingers = True
        if self.inner.can_write_eof():  # not with TLS
            self.inner.write_eof()
        if not self.inner.is_reading():
            self.inner.resume_reading()
        asyncio.get_running_loop().call_later(self._protocol.bounds.linger_s, self.inner.close)


class EnvelopeProtocol(H11Protocol):
    """HTTP with bounds, whose answers are in the envelope whatever comes in. Made by `bounded_protocol`."""

    bounds: Bounds
    half_sent: HalfSent
    upgraded: frozenset[str] = frozenset()
    """The paths at which a caller may go on with a WebSocket; everywhere else it gets the answer to a plain request."""

    _due: asyncio.TimerHandle | None = None
    _began_s = 0.0
    _received_bytes = 0
    _lingering: _LingeringTransport

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request."""
        self._lingering = _LingeringTransport(transport, self)
        super().connection_made(cast("asyncio.Transport", self._lingering))
        self._begin()
        if self._too_many() > 0:
            self.app = _busy

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end()
        self.half_sent.lingering -= self._lingering.lingers
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Go on with a request, or begin one."""
        if self._lingering.lingers:
            return
        if self._due is None and self.conn.their_state is h11.IDLE:
            self._begin()
        self._received_bytes += len(data)
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._end()

    def begins_to_linger(self) -> bool:
        """End the wait for a request; return whether its caller was answered, may still be sending, and is read on."""
        answered = self.conn.our_state in (h11.MUST_CLOSE, h11.CLOSED)
        lingers = answered and self._due is not None and self.half_sent.lingering < _LINGERING
        self.half_sent.lingering += lingers
        self._end()
        return lingers

    def _should_upgrade(self) -> bool:
        of_ours = self.scope["path"] in self.upgraded and self.scope["method"] == "GET"
        return of_ours and self.app is not _busy and self._get_upgrade() == b"websocket"

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; it is no request that could be half sent any more."""
        self._end()
        self.transport = self._lingering.inner
        super().handle_websocket_upgrade(event)

    def give_way(self) -> None:
        """End a request that is not whole: there are too many of them."""
        self._refuse(503, 50301, "Too many requests are on their way at the same time. Send it again.")

    def send_400_response(self, msg: str) -> None:
        """Answer something that is no HTTP request."""
        self._refuse(400, 40001, f"This is no HTTP request: {msg}")

    # -- time ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._began_s, self._received_bytes = self.loop.time(), 0
        self._due = self.loop.call_later(self.bounds.header_s, self._look)
        self.half_sent.add(self, self._began_s, self._too_many())

    def _too_many(self) -> int:
        """Return how many more connections are open than may be; those that are only read on do not count."""
        return len(self.connections) - self.half_sent.lingering - self.bounds.connections

    def _end(self) -> None:
        self.half_sent.remove(self)
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _look(self) -> None:
        """Look whether a request still arrives as fast as it must."""
        due_s = self._began_s + self.bounds.header_s
        if self.conn.their_state is h11.SEND_BODY:
            slowest_s = self._received_bytes / self.bounds.slowest_bytes_per_s
            due_s = self._began_s + self.bounds.header_s + self.bounds.body_s + slowest_s
            if self.flow.read_paused:  # it is we who do not read
                due_s = max(due_s, self.loop.time() + self.bounds.body_s)
        if due_s > self.loop.time():
            self._due = self.loop.call_at(due_s, self._look)
        elif self._received_bytes:
            self._refuse(400, 40001, "The request did not arrive in time. Send it again, all of it at once.")
        else:
            self._close()

    # -- the end -------------------------------------------------------------------------------------------

    def _refuse(self, status: int, code: int, message: str) -> None:
        """Answer by ourselves, unless an answer has begun, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in _answer(status, code, message):
                self.transport.write(self.conn.send(event) or b"")
        self._close()

    def _close(self) -> None:
        self.half_sent.remove(self)
        # Before the first request there is none, whatever uvicorn's types say; the app must not wait for the rest.
        if self.cycle is not None and not self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        if not self._lingering.lingers:
            self.connections.discard(self)  # it counts no more, though its end is still to be told


def _answer(status: int, code: int, message: str) -> tuple[h11.Event, ...]:
    body = json.dumps({"code": code, "message": message, "data": None}).encode()
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
        *ALWAYS.items(),
        *([("retry-after", str(_BUSY_FOR_S))] if status == 503 else []),
    ]
    response = h11.Response(status_code=status, headers=headers, reason=_REASONS[status])
    return response, h11.Data(data=body), h11.EndOfMessage()


async def _busy(_scope: Any, _receive: Any, send: Any) -> None:
    response, data, _ = _answer(503, 50301, "Too many connections are open. Close some, and send it again.")
    assert isinstance(response, h11.Response)
    assert isinstance(data, h11.Data)
    await send({"type": "http.response.start", "status": response.status_code, "headers": list(response.headers)})
    await send({"type": "http.response.body", "body": bytes(data.data), "more_body": False})


def bounded_protocol(bounds: Bounds, upgraded: frozenset[str] = frozenset()) -> type[EnvelopeProtocol]:
    """Return the protocol of one server: its connections share their bounds."""

    class Bounded(EnvelopeProtocol):
        half_sent = HalfSent(bounds)

    Bounded.bounds = bounds
    Bounded.upgraded = upgraded
    return Bounded


def bounds_for(files: int) -> Bounds:
    """Return the bounds of a process that may open so many files."""
    connections = max(_FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, files - _SPARE_FILES))
    return Bounds(connections=connections, half_sent=min(Bounds().half_sent, connections // 2))


def open_files_limit() -> int:
    """Return how many files this process may open, after asking the system for as many as a server can need."""
    if sys.platform == "win32":
        return _WANTED_FILES  # there sockets are no files, and not counted
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return _WANTED_FILES if soft == resource.RLIM_INFINITY else soft
