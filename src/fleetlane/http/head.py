"""`HEAD`: answered wherever `GET` is, with the same headers and no body."""

from __future__ import annotations

import asyncio
from typing import Any


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

        async def gone_when_answered() -> Any:
            if not answered.is_set():
                waiting = asyncio.ensure_future(receive())
                told = asyncio.ensure_future(answered.wait())
                try:
                    await asyncio.wait({waiting, told}, return_when=asyncio.FIRST_COMPLETED)
                    if waiting.done():
                        return waiting.result()
                finally:
                    waiting.cancel()
                    told.cancel()
            return {"type": "http.disconnect"}

        # By this version a streamed answer ends when its caller is gone, not only when it sends the next part.
        as_get = {**scope, "method": "GET", "asgi": {**scope.get("asgi", {}), "spec_version": "2.3"}}
        await self._app(as_get, gone_when_answered, headers_only)
