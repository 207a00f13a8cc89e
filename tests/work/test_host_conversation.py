"""Questions that nobody waits for any more, on a way that carries nothing for a while."""

from __future__ import annotations

import asyncio
import json

import pytest

from fleetlane.core.errors import CallLostError, DeviceTimeoutError
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.work.hosts.answering import Answering
from fleetlane.work.hosts.links import HostLinkRegistry
from fleetlane.work.hosts.wire import LinkClosedError
from support.linked import until

HELLO = {"kind": "hello", "body": {"name": "rack2", "kind": "host", "version": "1", "protocol": 1}}


class Way:
    """A socket of which a test has the other end: `sent` is what came out, `put` sends in; it may be blocked."""

    def __init__(self):
        self.sent, self.closed, self._in, self.open = [], False, asyncio.Queue(), asyncio.Event()
        self.open.set()

    def put(self, **message):
        self._in.put_nowait(json.dumps(message))

    def cut(self):
        self._in.put_nowait(None)

    async def send(self, frame):
        await self.open.wait()
        self.sent.append(frame if isinstance(frame, bytes) else json.loads(frame))

    async def receive(self):
        frame = await self._in.get()
        if frame is None:
            raise LinkClosedError("cut")
        return frame

    async def close(self, code, reason):
        self.closed = True


async def always():
    return True


def run(scenario):
    async def whole():
        way, links = Way(), HostLinkRegistry(NewHost("main", "i", HostKind.SERVER, "1"))
        keeping = asyncio.create_task(links.keep("rack2", way, always))
        way.put(**HELLO)
        await until(links.connected)
        del way.sent[:]
        await asyncio.wait_for(scenario(way, links), 10)
        links.close()
        await keeping
        assert way.closed

    asyncio.run(whole())


def ask(links, number, attachment=b"", timeout_s=10):
    return asyncio.create_task(links.ask("rack2", "v", {"number": number}, attachment, timeout_s=timeout_s))


def test_what_was_not_sent_yet_is_taken_back_and_what_was_is_cancelled():
    async def scenario(way, links):
        way.open.clear()
        first, second, third = ask(links, 1, b"picture"), ask(links, 2), ask(links, 3)
        await asyncio.sleep(0.01)
        for one in (first, second):
            one.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        way.open.set()
        await until(lambda: len(way.sent) == 4)
        assert [one if isinstance(one, bytes) else (one["kind"], one["number"]) for one in way.sent] == [
            ("ask", 1),
            b"picture",
            ("ask", 3),
            ("cancel", 1),
        ]
        way.put(kind="answer", number=3, body={"yes": True})
        assert await third == ({"yes": True}, b"")

    run(scenario)


def test_a_way_that_carries_nothing_keeps_nobody_longer_than_he_waits():
    async def scenario(way, links):
        way.open.clear()
        with pytest.raises(DeviceTimeoutError, match=r"rack2 did not answer within 0\.05 s"):
            await ask(links, 1, timeout_s=0.05)
        way.cut()
        await until(lambda: not links.connected())

    run(scenario)


def test_what_is_asked_of_a_link_that_ends_fails_at_once():
    async def scenario(way, links):
        asked = [ask(links, number) for number in range(3)]
        await until(lambda: len(way.sent) == 3)
        links.close()
        for one in asked:
            with pytest.raises(CallLostError):
                await one

    run(scenario)


def test_a_question_that_breaks_whoever_answers_it_leaves_the_others():
    class Broken:
        async def answer(self, verb, body, attachment):
            if verb == "break":
                raise RuntimeError("a secret")
            return body, b""

    async def scenario():
        way = Way()
        answering = asyncio.create_task(Answering(way, Broken()).run())
        way.put(kind="ask", number=1, verb="break")
        way.put(kind="ask", number=2, verb="v", body={"a": 1})
        await until(lambda: len(way.sent) == 2)
        told = {one["number"]: (one["kind"], one["body"]) for one in way.sent}
        assert told == {1: ("failed", {}), 2: ("answer", {"a": 1})}
        way.cut()
        with pytest.raises(LinkClosedError):
            await answering

    asyncio.run(scenario())
