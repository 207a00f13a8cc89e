"""What `core.ports.hosts` says of links, held by the fake of the tests and by the real ones over loopback."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import CallLostError, DeviceTimeoutError, HostAwayError
from support.host_links import FakeHostLinks
from support.linked import LinkedHost, LinkedServer, until


class Answers:
    """A host that answers when it is let go; `begun` and `cancelled` have the numbers of questions."""

    def __init__(self):
        self.begun, self.cancelled, self.go = [], [], asyncio.Event()

    async def answer(self, verb, body, attachment):
        self.begun.append(body["number"])
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append(body["number"])
            raise
        return {"verb": verb, "body": body}, attachment[::-1]


class Fake:
    """Links of the tests to the one host rack2."""

    def __init__(self):
        self.answers, self.links = Answers(), FakeHostLinks()

    async def open(self):
        self.links.connect("rack2", self.answers)

    async def lose(self):
        self.links.lose("rack2")

    async def close(self): ...


class Real:
    """A link of host rack2 to a server, over loopback."""

    def __init__(self):
        self.answers, self.server, self.host = Answers(), LinkedServer(), None

    async def open(self):
        await self.server.start()
        self.links = self.server.links
        self.host = LinkedHost(self.server.url, await self.server.tokens.issue("rack2"), self.answers)
        await until(self.links.connected)

    async def lose(self):
        await self.host.stop()
        await until(lambda: not self.links.connected())

    async def close(self):
        if self.host:
            await self.host.stop()
        await self.server.stop()


@pytest.fixture(params=[Fake, Real], ids=["fake", "real"])
def bench(request):
    return request.param  # made on the loop of each test


def run(bench, scenario):
    async def whole():
        made = bench()
        try:
            await made.open()
            await scenario(made)
        finally:
            await made.close()

    asyncio.run(whole())


async def asking(made, number, timeout_s=10):
    """Ask a question, and return when the host has begun to answer it."""
    asked = asyncio.create_task(made.links.ask("rack2", "v", {"number": number}, timeout_s=timeout_s))
    await until(lambda: number in made.answers.begun)
    return asked


def test_a_question_reaches_the_host_and_its_answer_comes_back(bench):
    async def scenario(made):
        made.answers.go.set()
        body = {"number": 1, "text": "你好", "list": [1.5, None, True]}
        answer = await made.links.ask("rack2", "v", body, b"\xff\x00\xd8", timeout_s=10)
        assert answer == ({"verb": "v", "body": body}, b"\xd8\x00\xff")
        assert made.answers.begun == [1]

    run(bench, scenario)


def test_several_are_under_way_at_once_and_get_their_own_answers(bench):
    async def scenario(made):
        asked = [await asking(made, number) for number in range(5)]
        made.answers.go.set()
        assert [(await one)[0]["body"]["number"] for one in asked] == [*range(5)]

    run(bench, scenario)


def test_a_host_that_is_not_connected_is_named(bench):
    async def scenario(made):
        with pytest.raises(HostAwayError, match="Host rack3 is not connected"):
            await made.links.ask("rack3", "v", {"number": 1}, timeout_s=10)
        assert made.answers.begun == []

    run(bench, scenario)


def test_answering_is_cancelled_when_nobody_waits_any_more(bench):
    async def scenario(made):
        left, kept = await asking(made, 1), await asking(made, 2)
        left.cancel()
        await until(lambda: made.answers.cancelled == [1])
        with pytest.raises(DeviceTimeoutError):
            await (await asking(made, 3, timeout_s=0.05))
        await until(lambda: made.answers.cancelled == [1, 3])
        made.answers.go.set()
        assert (await kept)[0]["body"]["number"] == 2

    run(bench, scenario)


def test_a_lost_link_ends_what_waits_for_it_at_both_ends(bench):
    async def scenario(made):
        asked = await asking(made, 1)
        await made.lose()
        with pytest.raises(CallLostError):
            await asyncio.wait_for(asked, 10)
        await until(lambda: made.answers.cancelled == [1])
        with pytest.raises(HostAwayError):
            await made.links.ask("rack2", "v", {"number": 2}, timeout_s=10)

    run(bench, scenario)
