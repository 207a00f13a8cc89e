"""What `core.ports.hosts` says of answers, held by the host's end of acts; and the way from a server to it."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import (
    ActRefusedError,
    CallLostError,
    DeviceError,
    DeviceGoneError,
    DeviceTimeoutError,
    HostAwayError,
    LeaseLostError,
)
from fleetlane.work.phones.act_codec import encode
from fleetlane.work.phones.acts import ReadScreen, TakePicture
from fleetlane.work.phones.error_codec import UNFORESEEN, decode_error
from fleetlane.work.phones.gestures import Press
from fleetlane.work.phones.remote_control import ACT, ActServer, RoutedControl
from support.host_links import FakeHostLinks

ASKED = {"serial": "a", "act": encode(Press("back")), "preemptible": False, "wait_s": 10}


class Control:
    """Notes what it is asked, and waits when it is held; `error` is what it raises instead."""

    def __init__(self, answer=None):
        self.done, self.cancelled, self.error, self.answer = [], 0, None, answer
        self.go = asyncio.Event()
        self.go.set()

    async def do(self, serial, act, *, preemptible):
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.done.append((serial, act, preemptible))
        if self.error:
            raise self.error
        return self.answer


class Rack:
    """A server with phone b, and host rack2 with phone a."""

    def __init__(self):
        self.here, self.there, self.links = Control(b"here"), Control(b"there"), FakeHostLinks()
        self.server = ActServer(self.there, lambda: ["a"])
        self.links.connect("rack2", self.server)
        self.control = RoutedControl(self.here, {"a": "rack2", "c": "rack3", "d": "rack2"}.get, self.links)

    async def answered(self, body, verb=ACT, attachment=b""):
        return await self.server.answer(verb, body, attachment)


def run(scenario):
    async def whole():
        await asyncio.wait_for(scenario(Rack()), 10)

    asyncio.run(whole())


def test_each_phone_is_asked_where_it_is():
    async def scenario(rack):
        assert await rack.control.do("a", TakePicture(9), preemptible=True) == b"there"
        assert await rack.control.do("b", TakePicture(8), preemptible=False) == b"here"
        assert rack.there.done == [("a", TakePicture(9), True)]
        assert rack.here.done == [("b", TakePicture(8), False)]
        assert [(host, verb) for host, verb, _ in rack.links.asked] == [("rack2", ACT)]

    run(scenario)


def test_a_host_that_is_away_is_named_and_one_that_has_another_phone_says_so():
    async def scenario(rack):
        with pytest.raises(HostAwayError, match=r"Host rack3 is not connected\. Check"):
            await rack.control.do("c", Press("back"), preemptible=False)
        with pytest.raises(DeviceGoneError, match="d is not at the host"):
            await rack.control.do("d", Press("back"), preemptible=False)
        assert rack.there.done == []

    run(scenario)


def test_a_link_that_is_lost_leaves_nothing_to_be_begun():
    async def scenario(rack):
        rack.there.go.clear()
        asking = asyncio.create_task(rack.control.do("a", Press("back"), preemptible=False))
        while not rack.links.asked:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        rack.links.lose("rack2")
        with pytest.raises(CallLostError):
            await asking
        rack.there.go.set()
        await asyncio.sleep(0.01)
        assert (rack.there.done, rack.there.cancelled) == ([], 1)

    run(scenario)


def test_what_is_not_begun_in_time_is_never_begun_though_the_link_says_nothing():
    async def scenario(rack):
        rack.there.go.clear()
        body, attachment = await rack.answered({**ASKED, "wait_s": 0.02})
        assert isinstance(decode_error(body), DeviceTimeoutError)
        rack.there.go.set()
        await asyncio.sleep(0.01)
        assert (rack.there.done, rack.there.cancelled, attachment) == ([], 1, b"")

    run(scenario)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": ""},
        {"serial": None},
        {"serial": "-s"},
        {"preemptible": 1},
        {"wait_s": 0},
        {"wait_s": float("nan")},
        {"wait_s": 10**9},
        {"wait_s": True},
        {"act": {"kind": "reboot"}},
        {"act": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_question_that_is_not_wholly_understood_is_refused(change):
    async def scenario(rack):
        body, attachment = await rack.answered({**ASKED, **change})
        assert isinstance(decode_error(body), ActRefusedError)
        assert (rack.there.done, attachment) == ([], b"")

    run(scenario)


def test_another_verb_and_an_act_with_an_attachment_are_refused():
    async def scenario(rack):
        for verb, attachment in (("stop", b""), (ACT, b"x")):
            body, _ = await rack.answered(ASKED, verb, attachment)
            assert isinstance(decode_error(body), ActRefusedError)
        assert rack.there.done == []

    run(scenario)


@pytest.mark.parametrize("error", [ValueError("/home/secret"), TimeoutError("x"), LeaseLostError("a")], ids=repr)
def test_what_nobody_foresaw_is_an_answer_as_well(error):
    async def scenario(rack):
        rack.there.error = error
        with pytest.raises(DeviceError) as caught:
            await rack.control.do("a", Press("back"), preemptible=False)
        assert str(caught.value) == UNFORESEEN

    run(scenario)


def test_a_result_that_cannot_be_sent_is_an_answer_as_well():
    async def scenario(rack):
        rack.there.answer = object()
        with pytest.raises(DeviceError) as caught:
            await rack.control.do("a", ReadScreen(), preemptible=False)
        assert str(caught.value) == UNFORESEEN

    run(scenario)
