"""Links to hosts that are in the same process; what goes through them is made JSON and read again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fleetlane.core.errors import CallLostError, DeviceTimeoutError, HostAwayError
from fleetlane.core.ports.hosts import HostAnswers


class FakeHostLinks:
    """Asks the hosts that a test has connected; `asked` has host, verb and body of each question that went out."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self._hosts: dict[str, HostAnswers] = {}
        self._answering: dict[asyncio.Task[Any], str] = {}

    def connect(self, host: str, answers: HostAnswers) -> None:
        self._hosts[host] = answers

    def lose(self, host: str) -> None:
        """Cut the link to a host."""
        del self._hosts[host]
        for answering, at in self._answering.items():
            if at == host:
                answering.cancel()

    async def ask(
        self, host: str, verb: str, body: Mapping[str, Any], attachment: bytes = b"", *, timeout_s: float
    ) -> tuple[Mapping[str, Any], bytes]:
        if host not in self._hosts:
            raise HostAwayError(host)
        answers, sent = self._hosts[host], _sent(body)
        self.asked.append((host, verb, sent))
        answering = asyncio.ensure_future(answers.answer(verb, sent, attachment))
        self._answering[answering] = host
        try:
            done, _ = await asyncio.wait([answering], timeout=timeout_s)
        finally:
            del self._answering[answering]
            answering.cancel()
        if not done:
            raise DeviceTimeoutError(f"Host {host} did not answer within {timeout_s} s.")
        if answering.cancelled():
            raise CallLostError(f"The link to host {host} was lost.")
        reply, picture = answering.result()
        return _sent(reply), picture


def _sent(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return json.loads(json.dumps(body, allow_nan=False))
