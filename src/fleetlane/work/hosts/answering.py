"""The host's end of a link: each question is answered by a task of its own, which ends with the link."""

from __future__ import annotations

import asyncio

import structlog

from fleetlane.core.ports.hosts import HostAnswers
from fleetlane.work.hosts.conversation import Conversation
from fleetlane.work.hosts.wire import Kind, LinkBrokenError, Message, Socket

log = structlog.get_logger(__name__)


class Answering:
    """Answers what comes over one link.

    Args:
        socket: the way to the server, which has been greeted.
        answers: knows the answers.
    """

    def __init__(self, socket: Socket, answers: HostAnswers) -> None:
        self._conversation = Conversation(socket)
        self._answers = answers
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Answer until the link ends, or this is cancelled; what is under way then is cancelled.

        Raises:
            LinkClosedError: the server has gone.
            LinkBrokenError: it sent what is no question.
        """
        try:
            await self._conversation.run(self._take)
        finally:
            left = [*self._under_way.values()]
            for one in left:
                one.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _take(self, message: Message) -> None:
        match message.kind:
            case Kind.ASK if message.number not in self._under_way:
                answering = asyncio.create_task(self._answer(message), name=f"answer {message.verb[:20]}")
                self._under_way[message.number] = answering
                answering.add_done_callback(lambda _: self._under_way.pop(message.number, None))
            case Kind.CANCEL:
                if answering := self._under_way.get(message.number):
                    answering.cancel()
            case _:
                raise LinkBrokenError(f"a message of kind {message.kind.value!r}, from a server")

    async def _answer(self, asked: Message) -> None:
        try:
            body, attachment = await self._answers.answer(asked.verb, asked.body, asked.attachment)
            self._conversation.put(Message(Kind.ANSWER, asked.number, body=body, attachment=attachment))
        except Exception:
            # The edge of the host: the link goes on whatever one question came to.
            log.exception("question_not_answered", verb=asked.verb[:40])
            self._conversation.put(Message(Kind.FAILED, asked.number))
