"""Answers with the content of an open file, or a part of it that `Range` asks for (RFC 9110, 14)."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from io import BufferedReader
from typing import Any

from fastapi import Response

_CHUNK = 512 * 1024
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


class RangedFile(Response):
    """The content of a file, which is closed with the answer.

    One part may be asked for, from a place on. Any other `Range`, and one of another version than `If-Range` names,
    is answered with all of it, as whoever asks must expect.

    Args:
        file: open for reading.
        etag: names this version of it; quotes included.
        headers: of the request.
    """

    media_type = "application/octet-stream"

    def __init__(self, file: BufferedReader, etag: str, headers: Mapping[str, str]) -> None:
        size = os.fstat(file.fileno()).st_size
        part = _part(headers.get("range", ""), size) if headers.get("if-range", etag) == etag else None
        self._file = file
        self._begin, self._end = part or (0, size)
        about = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Length": str(self._end - self._begin)}
        if part is not None:
            about["Content-Range"] = f"bytes {self._begin}-{self._end - 1}/{size}"
        super().__init__(None, 200 if part is None else 206, headers=about)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it, as fast as it is read at the other end."""
        del scope
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send_content(receive, send)
        finally:
            self._file.close()

    async def _send_content(self, receive: Any, send: Any) -> None:
        gone = asyncio.create_task(_gone(receive), name="caller of a file")
        try:
            await asyncio.to_thread(self._file.seek, self._begin)
            left = self._end - self._begin
            while left > 0 and not gone.done():
                chunk = await asyncio.to_thread(self._file.read, min(_CHUNK, left))
                if not chunk:
                    return  # it was shortened: the connection breaks off, and that tells
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _gone(receive: Any) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """Return where a part begins and ends that is asked for, None for all of a file."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or int(found[1]) >= size:
        return None
    end = min(size, int(found[2]) + 1) if found[2] else size
    return (int(found[1]), end) if int(found[1]) < end else None
