"""HTTP as the automation server speaks it: requests one after another on a stream, answers with their length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetlane.simulator.link.stream import Stream

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    path: str
    body: bytes


async def next_request(stream: Stream, gives_up: Callable[[], bool] = lambda: False) -> Request | None:
    """Return the next request; None when the host has closed the stream, or it is given up as some of one comes."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = await stream.read_some()
        if not data or gives_up():
            return None
        head += data
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    size = int(headers.get("content-length", "0"))
    while len(body) < size:
        body += await stream.read_some()
    return Request(method, path, body)


def response(status: int, path: str, content: bytes) -> bytes:
    """Return an answer with its head."""
    kind = "text/plain" if path == "/ping" else "application/json-rpc"
    head = (
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(content)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + content
