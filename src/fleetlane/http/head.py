"""`HEAD`: answered wherever `GET` is, with the same headers and no body."""

from __future__ import annotations

import asyncio
from typing import Any

from fleetlane.http.cut_off import cut_off


class HeadAsGet:
    """ASGI middleware that lets the routes see a `GET`, and keeps its body back.

    What would go on without end, such as live events, is cut off when its headers are out.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def headers_only(message: Any) -> None:
            if message["type"] == "http.response.start" and not answered.is_set():
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered.set()

        as_get, gone_when_answered = cut_off({**scope, "method": "GET"}, receive, answered)
        await self._app(as_get, gone_when_answered, headers_only)
