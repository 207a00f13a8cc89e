"""One end of a link: sends what is put there, and hands over what comes, until either end has enough."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from fleetlane.work.hosts.wire import Message, Socket, frames, receive, send


class Conversation:
    """Messages to and from the other end of a link. On the event loop.

    Args:
        socket: carries them; nobody else uses it while the conversation runs.
    """

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._unsent: deque[tuple[Message, tuple[str, bytes]]] = deque()
        self._more = asyncio.Event()
        self._ended = asyncio.Event()

    def put(self, message: Message) -> None:
        """Let a message be sent, after all that were put before.

        Raises:
            ValueError: its body is not made of JSON values; nothing is sent.
            MessageTooLargeError: likewise.
        """
        self._unsent.append((message, frames(message)))
        self._more.set()

    def withdraw(self, message: Message) -> bool:
        """Take a message back. False when it is sent, or has begun to be."""
        for one in self._unsent:
            if one[0] is message:
                self._unsent.remove(one)
                return True
        return False

    def end(self) -> None:
        """End the conversation; what was not sent is not sent any more."""
        self._ended.set()

    async def run(self, take: Callable[[Message], None]) -> None:
        """Send and receive until `end` is called.

        Args:
            take: called with each message that comes; what it raises ends the conversation, and is raised.

        Raises:
            LinkClosedError: the other end has gone.
            LinkBrokenError: what came is no message.
        """
        works = (self._receive(take), self._send(), self._ended.wait())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, take: Callable[[Message], None]) -> None:
        while True:
            take(await receive(self._socket))

    async def _send(self) -> None:
        while True:
            while self._unsent:
                _, framed = self._unsent.popleft()
                await send(self._socket, framed)
            self._more.clear()
            await self._more.wait()
