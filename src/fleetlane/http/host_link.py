"""The route of the links that hosts keep to this server, one WebSocket for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from fleetlane.core.errors import FleetlaneError
from fleetlane.http.errors import ErrorAnswers
from fleetlane.work.access.access import bearer
from fleetlane.work.access.hosts import HostAccess
from fleetlane.work.hosts.links import HostLinkRegistry
from fleetlane.work.hosts.wire import LinkClosedError


class _Frames:
    """The frames of a WebSocket (`work.hosts.wire.Socket`)."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, frame: str | bytes) -> None:
        """Send a frame."""
        try:
            if isinstance(frame, str):
                await self._websocket.send_text(frame)
            else:
                await self._websocket.send_bytes(frame)
        except (WebSocketDisconnect, RuntimeError) as error:  # the other: it was closed, and not told yet
            raise LinkClosedError("The host has gone.") from error

    async def receive(self) -> str | bytes:
        """Return the next frame."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise LinkClosedError("The host has gone.")
        text: str | None = message.get("text")
        return message["bytes"] if text is None else text

    async def close(self, code: int, reason: str) -> None:
        """Close it."""
        with suppress(WebSocketDisconnect, RuntimeError):  # it is closed already
            await self._websocket.close(code, reason)


def host_link(
    links: HostLinkRegistry, access: HostAccess, answers: ErrorAnswers
) -> Callable[[WebSocket], Awaitable[None]]:
    """Return the route: it lets a host in that shows its token, and keeps its link.

    Args:
        links: where links are kept.
        access: knows the hosts.
        answers: makes the answers to those that are not let in.
    """

    async def link(websocket: WebSocket) -> None:
        token = bearer(websocket.headers.get("authorization", ""))
        try:
            name = await access.must_be_host(token, websocket.client.host if websocket.client else "")
        except FleetlaneError as error:
            await websocket.send_denial_response(answers.for_error(error))
            return
        await websocket.accept()

        async def may_stay() -> bool:
            return await access.is_host(token, name)

        await links.keep(name, _Frames(websocket), may_stay)

    return link
