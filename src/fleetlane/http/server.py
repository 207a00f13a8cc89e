"""Serves the app with uvicorn: both loopback addresses, and the envelope even for what is no HTTP."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from fleetlane.core.errors import FleetlaneError
from fleetlane.http.connections import Bounds, bounded_protocol, bounds_for, open_files_limit
from fleetlane.http.link_sockets import link_protocol
from fleetlane.work.hosts.wire import LINK_PATH, MAX_FRAME_BYTES

_BACKLOG = 2048


class PortTakenError(FleetlaneError):
    """The port cannot be listened on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.port = port
        super().__init__(
            f"Port {port} on {host} cannot be used: {reason}. Another server may use it; stop that one, or choose "
            f"another port with --port."
        )


def listen(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for an address; 127.0.0.1 comes with [::1] where there is one.

    Raises:
        PortTakenError: the port cannot be used.
    """
    sockets = [_bind(host, port)]
    if host == "127.0.0.1":
        try:
            sockets.append(_bind("::1", sockets[0].getsockname()[1]))
        except PortTakenError:
            if _has_ipv6_loopback():
                sockets[0].close()
                raise
    return sockets


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Of TCP by name: asyncio takes Nagle's delay (40 ms an answer) only from sockets that say so.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "win32":  # there SO_REUSEADDR would share a port that is taken
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise PortTakenError(host, port, error.strerror or str(error)) from error
    return listening


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
    return True


class _Server(uvicorn.Server):
    """uvicorn, whose signals end the serving only; what runs beside it is then taken down in order."""

    handles_signals = True
    before_shutdown: Callable[[], None] = staticmethod(lambda: None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, then wait for the rest."""
        self.before_shutdown()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Let SIGINT and SIGTERM end the serving, and give the former handlers back."""
        numbers = (signal.SIGINT, signal.SIGTERM) if self.handles_signals else ()
        former = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


async def serve(
    app: FastAPI,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event | None = None,
    bounds: Bounds | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until it is ended.

    Args:
        app: what answers.
        sockets: where it is served.
        stop: ends it when it is set, and signals are left alone; without it SIGINT or SIGTERM end it.
        bounds: of the connections; those that fit this process unless given.
        tls: the certificate and its key; without it nothing is encrypted.
    """
    server = _Server(_config(app, bounds or bounds_for(open_files_limit()), tls))
    server.handles_signals = stop is None
    server.before_shutdown = app.state.services.end_streams
    if stop is None:
        await server.serve(sockets=list(sockets))
        return
    serving = asyncio.create_task(server.serve(sockets=list(sockets)), name="serve http")
    await stop.wait()
    server.should_exit = True
    await serving


def _config(app: FastAPI, bounds: Bounds, tls: ssl.SSLContext | None) -> uvicorn.Config:
    links = link_protocol() if app.state.services.host_links is not None else None
    upgraded = frozenset({LINK_PATH} if links else ())
    return uvicorn.Config(
        app, http=bounded_protocol(bounds, upgraded), lifespan="off", log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=10,
        ws=links or "none", ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=bounds.ping_every_s, ws_ping_timeout=bounds.pong_within_s,
        ws_per_message_deflate=False,  # pictures are compressed, and a small message could become a large one
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
        proxy_headers=False,  # whoever is on this computer could name any address, and guess with a new one each time
    )  # fmt: skip
