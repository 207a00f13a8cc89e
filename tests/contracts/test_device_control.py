"""What `core.ports.execution.DeviceControl` says, held for phones that are here and for those at another host."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.checkup import Grade, Row, plain, said
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import CallLostError, DeviceGoneError, DriverBrokenError, ShellFailedError, TaskStoppedError
from fleetlane.core.ports.phone import PhoneReport
from fleetlane.work.phones.acts import CheckUp, ReadScreen, Report, ShownTree, TakePicture
from fleetlane.work.phones.gestures import PicturePoint, Press, Swipe, Tap, TypeText
from fleetlane.work.phones.local_control import LocalControl
from fleetlane.work.phones.remote_control import ActServer, RoutedControl
from support.host_links import FakeHostLinks

ROWS = [
    Row("connection", Grade.OK, plain("online"), said("adb reaches the phone."), {"state": "online"}),
    Row("app", Grade.WARNING, plain("1.2"), said("%(app)s is old.", app="TikTok"), {"known": ["1.1"]}, "com.x"),
]
REPORT = PhoneReport("Pixel", "google", "13", (1080, 2400), None, 5 << 40, {"com.x": "1.2"})


class Phone:
    """A driver that notes what was done, and waits while its phone is held until it is cut off."""

    serial = "a"

    def __init__(self):
        self.went, self.entered, self.cut, self.done, self.error = threading.Event(), threading.Event(), False, [], None
        self.went.set()

    def pass_through(self):
        self.entered.set()
        assert self.went.wait(10)
        if self.cut:
            raise TaskStoppedError("stopped")

    def screenshot(self, width):
        self._do("screenshot", width)
        return b"\xff\xd8" + bytes(range(256))

    def tree(self):
        self._do("tree")
        return "<hierarchy text='你好 \ud800'/>"

    def facts(self):
        return SimpleNamespace(size=(1080, 2400))

    def tap_once(self, x, y):
        self._do("tap_once", x, y)

    def swipe(self, start, end):
        self._do("swipe", start, end)

    def press(self, key):
        self._do("press", key)

    def type_text(self, text, way):
        self._do("type", text, way)

    def _do(self, *what):
        self.pass_through()
        if self.error is not None:
            raise self.error
        self.done.append(what)

    def abort(self):
        self.cut = True
        self.went.set()

    def reset(self):
        self.cut = False

    def close(self): ...


class Here:
    """Control of phones of this process, which are their own devices."""

    def __init__(self):
        self.phones = {serial: Phone() for serial in "ab"}
        self.threads = PhoneThreads(self)
        self.local = self.control = LocalControl(self.threads, self, lambda _driver: ROWS)
        self._holding = []

    def driver(self, serial):
        return self.phones[serial]

    def get(self, serial):
        return Device(serial, DeviceState.ONLINE, 0) if serial in self.phones else None

    def report(self, serial, packages):
        assert packages == ("com.x", "com.y")
        if self.phones[serial].error:
            raise self.phones[serial].error
        return REPORT

    async def hold(self, serial):
        phone = self.phones[serial]
        phone.went.clear()
        phone.entered.clear()
        self._holding.append(
            asyncio.create_task(self.threads.call(serial, lambda driver: driver.pass_through(), preemptible=False))
        )
        assert await asyncio.to_thread(phone.entered.wait, 10)

    def let_go(self, serial):
        self.phones[serial].went.set()

    async def close(self):
        await self.threads.close(10)
        await asyncio.gather(*self._holding, return_exceptions=True)


class Elsewhere(Here):
    """Control of phones at another host."""

    def __init__(self):
        super().__init__()
        self.links = FakeHostLinks()
        self.links.connect("rack2", ActServer(self.local, lambda: self.phones))
        self.control = RoutedControl(None, lambda _serial: "rack2", self.links)


@pytest.fixture(params=[Here, Elsewhere], ids=["here", "elsewhere"])
def make(request):
    @asynccontextmanager
    async def made():
        bench = request.param()
        try:
            yield bench
        finally:
            await bench.close()

    return made


async def asked(bench, act, serial="a", *, preemptible=False):
    """Ask for something, and return when it is queued."""
    asking = asyncio.create_task(bench.control.do(serial, act, preemptible=preemptible))
    for _ in range(5):
        await asyncio.sleep(0)  # a link takes some steps of the loop
    return asking


def run(make, scenario):
    async def whole():
        async with make() as bench:
            await asyncio.wait_for(scenario(bench), 20)

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("act", "done", "result"),
    [
        (Tap(PicturePoint(0.5, 0.25)), [("tap_once", 540, 600)], None),
        (Swipe(PicturePoint(0, 0), PicturePoint(1, 0.5, wide=True)), [("swipe", (0, 0), (2399, 540))], None),
        (Press("back"), [("press", "back")], None),
        (TypeText("héllo 你好"), [("type", "héllo 你好", "paste")], None),
        (TakePicture(360), [("screenshot", 360)], b"\xff\xd8" + bytes(range(256))),
        (ReadScreen(), [("tree",)], ShownTree("<hierarchy text='你好 \ud800'/>", (1080, 2400))),
        (CheckUp(), [], ROWS),
        (Report(("com.x", "com.y")), [], REPORT),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_what_is_asked_is_done_once_and_its_result_comes_back(make, act, done, result):
    async def scenario(bench):
        assert await bench.control.do("a", act, preemptible=False) == result
        assert bench.phones["a"].done == done
        assert bench.phones["b"].done == []

    run(make, scenario)


@pytest.mark.parametrize(
    "error",
    [
        DeviceGoneError("a is gone.", serial="a"),
        CallLostError("It was cut off.", serial="a"),
        ShellFailedError(["wm", "size"], 2, "no", serial="a"),
        TaskStoppedError("stopped"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("act", [Press("back"), TakePicture(360), Report(("com.x", "com.y"))], ids=lambda act: act.kind)
def test_what_goes_wrong_is_raised_as_what_it_is(make, act, error):
    async def scenario(bench):
        bench.phones["a"].error = error
        with pytest.raises(type(error)) as caught:
            await bench.control.do("a", act, preemptible=True)
        assert type(caught.value) is type(error)
        assert str(caught.value) == str(error)
        assert vars(caught.value) == vars(error)

    run(make, scenario)


def test_acts_are_done_in_order_and_phones_do_not_wait_for_one_another(make):
    async def scenario(bench):
        await bench.hold("a")
        asking = [await asked(bench, TakePicture(width)) for width in range(1, 9)]
        await bench.control.do("b", Press("home"), preemptible=False)
        assert bench.phones["a"].done == []
        bench.let_go("a")
        await asyncio.gather(*asking)
        assert bench.phones["a"].done == [("screenshot", width) for width in range(1, 9)]

    run(make, scenario)


def test_what_gives_way_is_not_begun_when_something_comes_that_does_not(make):
    async def scenario(bench):
        await bench.hold("a")
        look = await asked(bench, TakePicture(360), preemptible=True)
        act = await asked(bench, Press("back"))
        bench.let_go("a")
        with pytest.raises(TaskStoppedError):
            await look
        await act
        assert bench.phones["a"].done == [("press", "back")]

    run(make, scenario)


def test_what_nobody_waits_for_any_more_is_not_begun(make):
    async def scenario(bench):
        await bench.hold("a")
        unwanted = await asked(bench, Press("back"))
        after = await asked(bench, Press("home"))
        unwanted.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        bench.let_go("a")
        await after
        assert bench.phones["a"].done == [("press", "home")]

    run(make, scenario)


def test_a_report_waits_for_nothing_on_the_phone(make):
    async def scenario(bench):
        await bench.hold("a")
        assert await bench.control.do("a", Report(("com.x", "com.y")), preemptible=True) == REPORT
        bench.let_go("a")

    run(make, scenario)


def test_what_stops_refuses_what_waits_and_what_comes(make):
    async def scenario(bench):
        await bench.hold("a")
        waiting = await asked(bench, Press("back"))
        await bench.close()
        for asking in (waiting, await asked(bench, Press("home"), "b")):
            with pytest.raises(TaskStoppedError):
                await asking
        assert bench.phones["a"].done == bench.phones["b"].done == []

    run(make, scenario)


def test_text_is_typed_in_the_way_the_phone_takes_or_refused_with_a_sentence(make):
    async def scenario(bench):
        bench.phones["a"].error = DriverBrokenError("no", serial="a")
        with pytest.raises(DriverBrokenError, match="Tap a field first"):
            await bench.control.do("a", TypeText("x"), preemptible=False)

    run(make, scenario)
