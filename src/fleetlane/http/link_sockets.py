"""The WebSockets of the links: as uvicorn has them, with ends that come in time."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

import structlog

log = structlog.get_logger(__name__)


def link_protocol() -> type[asyncio.Protocol] | None:
    """Return the protocol of a link; None where what it needs is not installed, and no host can be linked."""
    if find_spec("websockets") is None:
        log.warning("hosts_cannot_link", why="websockets is not installed: pip install fleetlane[fleet]")
        return None
    from uvicorn.protocols.websockets.websockets_sansio_impl import (  # noqa: PLC0415 - needs what may not be there
        WebSocketsSansIOProtocol,
    )

    class LinkProtocol(WebSocketsSansIOProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self.handshake_initiated:  # it is handed over with its request, and this one was none
                self.transport.close()

        def keepalive_timeout(self) -> None:
            super().keepalive_timeout()
            self.transport.abort()  # else it would wait until what was not sent is sent

    return LinkProtocol
