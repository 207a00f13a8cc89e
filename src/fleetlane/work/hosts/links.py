"""The links to hosts, at a server: one for each host that is connected, by which it is asked (`core.ports.hosts`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import structlog

from fleetlane.core.errors import ActRefusedError, CallLostError, DeviceTimeoutError, HostAwayError, StoreError
from fleetlane.core.hosts import NewHost
from fleetlane.work.hosts.conversation import Conversation
from fleetlane.work.hosts.greeting import greet_host
from fleetlane.work.hosts.wire import (
    Kind,
    LinkBrokenError,
    LinkClosedError,
    LinkRefusedError,
    Message,
    MessageTooLargeError,
    Socket,
    close,
)

log = structlog.get_logger(__name__)

Answer = tuple[Mapping[str, Any], bytes]
MOST_UNDER_WAY = 64
"""How many questions one host is asked at a time; further ones wait."""
_CHECKED_EVERY_S = 30.0


class HostLinkRegistry:
    """Asks hosts by the links that they keep to this server (`core.ports.hosts.HostLinks`).

    Args:
        mine: this server.
        checked_every_s: how often it is asked whether a host may stay.
    """

    def __init__(self, mine: NewHost, checked_every_s: float = _CHECKED_EVERY_S) -> None:
        self._mine = mine
        self._checked_every_s = checked_every_s
        self._links: dict[str, _Link] = {}
        self._closed = False

    def connected(self) -> list[str]:
        """Return the names of the hosts that are connected to this server."""
        return sorted(self._links)

    async def ask(
        self, host: str, verb: str, body: Mapping[str, Any], attachment: bytes = b"", *, timeout_s: float
    ) -> Answer:
        """Ask a host, and return what it answers (see the port).

        Raises:
            HostAwayError: the host is not connected; it was not asked.
            CallLostError: the link was lost before the answer came, or the answer could not be sent.
            DeviceTimeoutError: no answer came in time.
            ActRefusedError: the question is too large; it was not asked.
        """
        link = self._links.get(host)
        if link is None:
            raise HostAwayError(host)
        try:
            async with asyncio.timeout(timeout_s):
                return await link.ask(verb, body, attachment)
        except TimeoutError as error:
            raise DeviceTimeoutError(f"Host {host} did not answer within {timeout_s:g} s.") from error

    async def keep(self, host: str, socket: Socket, may_stay: Callable[[], Awaitable[bool]]) -> None:
        """Keep a link that a host has opened, until it ends, and close it. It takes the place of an older one.

        Args:
            host: whose token was shown.
            socket: the way to the host.
            may_stay: says whether the host may still be linked; asked now and then.
        """
        why: Exception | None = None
        try:
            if not self._closed:
                await self._keep(host, socket, may_stay)
        except (LinkClosedError, LinkBrokenError, LinkRefusedError) as error:
            why = error
        finally:
            await close(socket, why)
        if why is not None and not isinstance(why, LinkClosedError):
            log.warning("host_refused", host=host, why=str(why))

    async def _keep(self, host: str, socket: Socket, may_stay: Callable[[], Awaitable[bool]]) -> None:
        version = (await greet_host(socket, self._mine, host)).version
        link = _Link(host, socket)
        if self._closed:
            return
        former, self._links[host] = self._links.get(host), link
        if former is not None:
            former.end()
        log.info("host_linked", host=host, version=version, replaced=former is not None)
        watching = asyncio.create_task(self._watch(link, may_stay), name=f"watch link {host}")
        try:
            await link.run()
        finally:
            watching.cancel()
            if self._links.get(host) is link:
                del self._links[host]
                log.info("host_unlinked", host=host)

    async def _watch(self, link: _Link, may_stay: Callable[[], Awaitable[bool]]) -> None:
        """End a link when its host may not stay: nobody tells this server of a token that another one takes away."""
        while True:
            await asyncio.sleep(self._checked_every_s)
            try:
                if not await may_stay():
                    log.warning("host_token_ended", host=link.host)
                    link.end()
            except StoreError as error:
                log.warning("host_token_not_checked", host=link.host, error=str(error))

    def close(self) -> None:
        """End all links, and take no more."""
        self._closed = True
        for link in self._links.values():
            link.end()


class _Link:
    """A link to one host: its questions are numbered, and several may be under way.

    Args:
        host: its name.
        socket: the way to it.
    """

    def __init__(self, host: str, socket: Socket) -> None:
        self.host = host
        self._conversation = Conversation(socket)
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._slots = asyncio.Semaphore(MOST_UNDER_WAY)
        self._lost = False

    def end(self) -> None:
        """End the link."""
        self._lose()
        self._conversation.end()

    async def run(self) -> None:
        """Hand over answers until the link ends; what waits for one then fails.

        Raises:
            LinkClosedError: the host has gone.
            LinkBrokenError: it sent what is no answer.
        """
        try:
            await self._conversation.run(self._take)
        finally:
            self._lose()

    def _lose(self) -> None:
        self._lost = True
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(CallLostError(f"The link to host {self.host} was lost before it answered."))

    def _take(self, message: Message) -> None:
        if message.kind not in (Kind.ANSWER, Kind.FAILED):
            raise LinkBrokenError(f"a message of kind {message.kind.value!r}, from a host")
        answered = self._waiting.get(message.number)
        if answered is None or answered.done():
            return  # nobody waits for it any more
        if message.kind is Kind.ANSWER:
            answered.set_result((message.body, message.attachment))
        else:
            answered.set_exception(CallLostError(f"Host {self.host} could not send its answer; its log says why."))

    async def ask(self, verb: str, body: Mapping[str, Any], attachment: bytes) -> Answer:
        """Ask the host; a question that is not waited for any more is taken back, or its answering is cancelled."""
        async with self._slots:
            if self._lost:
                raise HostAwayError(self.host)
            question = Message(Kind.ASK, next(self._numbers), verb, body, attachment)
            try:
                self._conversation.put(question)
            except MessageTooLargeError as error:
                raise ActRefusedError(f"Host {self.host} was not asked. {error}") from error
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._waiting[question.number] = answered
            try:
                return await answered
            finally:
                del self._waiting[question.number]
                if answered.cancelled() and not self._lost and not self._conversation.withdraw(question):
                    self._conversation.put(Message(Kind.CANCEL, question.number))
