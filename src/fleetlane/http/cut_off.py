"""Answers that would go on without end, such as live events, and are to end all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def cut_off(scope: Any, receive: Any, ended: asyncio.Event) -> tuple[Any, Any]:
    """Return a scope and a `receive` by which an app sees its caller go once `ended` is set."""

    async def gone_when_ended() -> Any:
        if not ended.is_set():
            waiting = asyncio.ensure_future(receive())
            told = asyncio.ensure_future(ended.wait())
            try:
                await asyncio.wait({waiting, told}, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    return waiting.result()
            finally:
                waiting.cancel()
                told.cancel()
        return {"type": "http.disconnect"}

    # By this version a streamed answer ends when its caller is gone, not only when it sends the next part.
    return {**scope, "asgi": {**scope.get("asgi", {}), "spec_version": "2.3"}}, gone_when_ended


def only_while(goes_on: Callable[[], bool], scope: Any, receive: Any, send: Any) -> tuple[Any, Any, Any]:
    """Return what an app is called with, so that an answer without a length ends when what allowed it has ended."""
    ended = asyncio.Event()
    is_endless = False

    async def send_on(message: Any) -> None:
        nonlocal is_endless
        if ended.is_set():
            return
        if message["type"] == "http.response.start":
            is_endless = not any(name.lower() == b"content-length" for name, _ in message["headers"])
        elif is_endless and not goes_on():
            ended.set()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return *cut_off(scope, receive, ended), send_on
