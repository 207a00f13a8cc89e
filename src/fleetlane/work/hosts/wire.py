"""What goes over a link between a server and a host: messages, and the frames that they are sent in.

A message is one frame of text, a JSON object, and after it one of bytes when it has an attachment. Both ends use what
is here; whatever carries frames is a `Socket`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, cast

from fleetlane.core.errors import FleetlaneError

LINK_PATH = "/api/v1/hosts/link"
"""Where a server takes links."""
MAX_FRAME_BYTES = 16 * 1024 * 1024
PING_EVERY_S = 10.0
PONG_WITHIN_S = 10.0
"""Who does not answer a ping for so long is gone."""

_GOING_AWAY, _BROKEN, _REFUSED = 1001, 1002, 4001
_LONGEST_REASON_BYTES = 120
"""Of a closing frame (RFC 6455, 5.5), with some to spare."""


class LinkClosedError(FleetlaneError):
    """The other end of a link has gone, or cannot be reached any more."""


class LinkBrokenError(FleetlaneError):
    """What came over a link is no message, or none that may come there."""

    def __init__(self, what: str) -> None:
        super().__init__(f"What came over the link cannot be understood: {what}.")


class LinkRefusedError(FleetlaneError):
    """One end of a link does not work with the other. The sentence says why, and what to do."""


class MessageTooLargeError(FleetlaneError):
    """A message is larger than a link carries; it was not sent."""

    def __init__(self) -> None:
        super().__init__(
            f"It is larger than {MAX_FRAME_BYTES // (1024 * 1024)} MB, which is the most that a link carries."
        )


class Kind(StrEnum):
    """What a message is."""

    HELLO = "hello"
    """Who the sender is; the first message of either end."""
    REFUSED = "refused"
    """In the place of a server's hello: why it does not work with the host."""
    ASK = "ask"
    CANCEL = "cancel"
    """Nobody waits for the answer to a question any more."""
    ANSWER = "answer"
    FAILED = "failed"
    """In the place of an answer: there is none that could be sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `number` is of the question that it is, answers or ends; `verb` is of a question only."""

    kind: Kind
    number: int = 0
    verb: str = ""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    attachment: bytes = b""


class Socket(Protocol):
    """Carries frames between two ends, in order."""

    async def send(self, frame: str | bytes) -> None:
        """Send a frame.

        Raises:
            LinkClosedError: the other end has gone.
        """
        ...

    async def receive(self) -> str | bytes:
        """Return the next frame.

        Raises:
            LinkClosedError: the other end has gone.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close it, whether or not the other end is still there."""
        ...


def frames(message: Message) -> tuple[str, bytes]:
    """Return the frames of a message; the second is empty for none.

    Raises:
        ValueError: its body is not made of JSON values.
        MessageTooLargeError: a frame would be too large.
    """
    header = {
        "kind": message.kind.value,
        "number": message.number,
        "verb": message.verb,
        "body": message.body,
        "bytes": len(message.attachment),
    }
    try:
        text = json.dumps(header, allow_nan=False)  # ASCII: as many bytes as characters
    except TypeError as error:
        raise ValueError(str(error)) from error
    if max(len(text), len(message.attachment)) > MAX_FRAME_BYTES:
        raise MessageTooLargeError
    return text, message.attachment


async def send(socket: Socket, framed: tuple[str, bytes]) -> None:
    """Send a message, given as its frames.

    Raises:
        LinkClosedError: the other end has gone.
    """
    text, attachment = framed
    await socket.send(text)
    if attachment:
        await socket.send(attachment)


async def receive(socket: Socket) -> Message:
    """Return the next message.

    Raises:
        LinkClosedError: the other end has gone.
        LinkBrokenError: what came is none.
    """
    message, size_bytes = _read(await socket.receive())
    if not size_bytes:
        return message
    attachment = await socket.receive()
    if not isinstance(attachment, bytes) or len(attachment) != size_bytes:
        raise LinkBrokenError("an attachment was announced, and something else came")
    return replace(message, attachment=attachment)


async def close(socket: Socket, why: Exception | None = None) -> None:
    """Close a socket; `why` is what ended the link, None when this end ended it itself."""
    match why:
        case LinkRefusedError():
            code = _REFUSED
        case LinkBrokenError():
            code = _BROKEN
        case _:
            code = _GOING_AWAY
    await socket.close(code, str(why or "").encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore"))


def _read(frame: str | bytes) -> tuple[Message, int]:
    """Return a message without its attachment, and how many bytes that has."""
    if not isinstance(frame, str):
        raise LinkBrokenError("bytes that were not announced")
    try:
        header = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise LinkBrokenError("a text that is no JSON") from error
    if not isinstance(header, dict):
        raise LinkBrokenError("a text that is no object")
    found = cast("dict[str, Any]", header)
    try:
        kind = Kind(found.get("kind", ""))
    except ValueError as error:
        raise LinkBrokenError(f"a message of kind {str(found.get('kind'))[:40]!r}") from error
    number, verb, body = found.get("number", 0), found.get("verb", ""), found.get("body", {})
    size_bytes = found.get("bytes", 0)
    if type(number) is not int or type(size_bytes) is not int or not 0 <= size_bytes <= MAX_FRAME_BYTES:
        raise LinkBrokenError("a number that is none")
    if not isinstance(verb, str) or not isinstance(body, dict):
        raise LinkBrokenError("a verb or a body that is none")
    return Message(kind, number, verb, cast("dict[str, Any]", body)), size_bytes
