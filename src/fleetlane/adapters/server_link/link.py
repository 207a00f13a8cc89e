"""Keeps a link to one server, and answers what comes by it."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from fleetlane.adapters.server_link.address import ServerAddress
from fleetlane.core.hosts import NewHost
from fleetlane.core.ports.hosts import HostAnswers
from fleetlane.work.hosts.answering import Answering
from fleetlane.work.hosts.greeting import greet_server
from fleetlane.work.hosts.wire import (
    MAX_FRAME_BYTES,
    PING_EVERY_S,
    PONG_WITHIN_S,
    LinkBrokenError,
    LinkClosedError,
    LinkRefusedError,
    close,
)

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_HELD_S = 10.0
"""A link that held for so long was a good one: after it the first pause is the shortest again."""
_OPEN_WITHIN_S, _CLOSE_WITHIN_S = 10.0, 2.0
_FAILURES = (OSError, WebSocketException, LinkClosedError, LinkBrokenError, LinkRefusedError)
_NO_LINKS = "There is no Fleetlane server that takes hosts: one does that shares its store (store_url) with them"


class ServerLink:
    """A link to one server. It goes there directly, by no proxy, and follows no redirection.

    Args:
        url: of the server, such as https://fleet.lan:50809; `https` is demanded off this computer.
        token: of this host, at that server.
        host: this host.
        answers: knows the answers to what the server asks.
        ca: a file of the certificates that the server's may be signed by, in the place of those this computer trusts.
        plain: whether nobody else is in the network, so that nothing need be encrypted.
        changed: called with why there is no link (a sentence), or None when there is one, whenever that has changed.

    Raises:
        ServerAddressError: the address or the file cannot be used.
    """

    def __init__(
        self,
        url: str,
        token: str,
        host: NewHost,
        answers: HostAnswers,
        *,
        ca: Path | None = None,
        plain: bool = False,
        changed: Callable[[str | None], None] = lambda _problem: None,
    ) -> None:
        self._url = url
        self._address = ServerAddress.of(url, ca, plain=plain)
        self._token = token
        self._host = host
        self._answers = answers
        self._changed = changed
        self._problem: str | None = ""
        """Why there is no link; None while there is one, "" when nothing is known yet."""

    async def run(self) -> None:
        """Keep the link until cancelled: open it, answer, and open it again when it is lost."""
        pause_s = _FIRST_PAUSE_S
        while True:
            began_s = time.monotonic()
            try:
                await self._once()
            except _FAILURES as error:
                self._say(_why(error))
            if time.monotonic() - began_s > _HELD_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _once(self) -> None:
        """Open the link, and answer until it is lost."""
        headers = {"Authorization": f"Bearer {self._token}"}
        opening = _Direct(
            self._address.url, ssl=self._address.tls, proxy=None, additional_headers=headers, compression=None,
            user_agent_header=f"fleetlane/{self._host.version}", max_size=MAX_FRAME_BYTES,
            open_timeout=_OPEN_WITHIN_S, close_timeout=_CLOSE_WITHIN_S,
            ping_interval=PING_EVERY_S, ping_timeout=PONG_WITHIN_S,
        )  # fmt: skip
        async with opening as connection:
            socket = _Frames(connection)
            try:
                server = await greet_server(socket, self._host)
                self._say(None, name=server.name, version=server.version)
                await Answering(socket, self._answers).run()
            except (LinkBrokenError, LinkRefusedError) as error:
                await close(socket, error)
                raise

    def _say(self, problem: str | None, **facts: str) -> None:
        """Log how the link is, unless that has been said."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem is None:
            log.info("server_linked", server=self._url, **facts)
        else:
            log.warning("server_not_linked", server=self._url, why=problem)
        self._changed(problem)


class _Direct(connect):
    """Follows no redirection: the token is for one server."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the answer as what it is."""
        return exc


class _Frames:
    """The frames of a connection (`work.hosts.wire.Socket`)."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: str | bytes) -> None:
        """Send a frame."""
        try:
            await self._connection.send(frame)
        except ConnectionClosed as error:
            raise _gone(error) from error

    async def receive(self) -> str | bytes:
        """Return the next frame."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise _gone(error) from error

    async def close(self, code: int, reason: str) -> None:
        """Close it."""
        await self._connection.close(code, reason)


def _gone(error: ConnectionClosed) -> LinkClosedError:
    reason = f" It says: {error.rcvd.reason}" if error.rcvd and error.rcvd.reason else ""
    return LinkClosedError(f"The link was lost.{reason}")


def _why(error: Exception) -> str:
    """Return why there is no link, as a sentence."""
    match error:
        case InvalidStatus():
            return _answered(error)
        case ssl.SSLCertVerificationError():
            why = f"The server's certificate is not trusted ({error.verify_message})."
            return f"{why} Set server_ca to the file of its authority."
        case TimeoutError():
            return f"The server did not answer within {_OPEN_WITHIN_S:g} s."
        case OSError():
            return f"The server cannot be reached ({error.strerror or error})."
        case WebSocketException():
            return f"What answers there takes no links ({error})."
        case _:
            return str(error)


def _answered(error: InvalidStatus) -> str:
    """Return what a server said instead of opening the link: the sentence of its envelope."""
    try:
        envelope = json.loads(error.response.body or b"")
        code, message = int(envelope["code"]), str(envelope["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return f"{_NO_LINKS} (HTTP {error.response.status_code})."
    return f"{_NO_LINKS}." if code == 40401 else f"The server refuses ({code}): {message[:500]}"
