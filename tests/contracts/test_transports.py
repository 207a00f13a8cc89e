"""What `core.ports.phone.Transports` says, held by what follows adb and by the fake of the tests."""

from __future__ import annotations

import pytest

from fleetlane.core.device import DeviceState
from fleetlane.core.errors import DeviceError, DeviceGoneError
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.fakes import FakeTransports
from support.rig import Rig, wait_for

NOBODY = "127.0.0.1:1"
PACKAGE = "com.zhiliaoapp.musically"


class OverAdb:
    """Two simulated phones behind a real adb server."""

    def __init__(self):
        self._rig = Rig(FleetSettings(phones=2, first_port=22680))

    def __enter__(self):
        self._rig.__enter__()
        self.transports = self._rig.devices
        self.serials = self._rig.serials
        return self

    def __exit__(self, *error):
        self._rig.__exit__(*error)


class InMemory:
    """Two phones of the fake."""

    def __enter__(self):
        self.transports = FakeTransports()
        self.serials = ["127.0.0.1:5555", "127.0.0.1:5556"]
        for serial in self.serials:
            self.transports.plug(serial)
        return self

    def __exit__(self, *error): ...


@pytest.fixture(
    scope="module", params=[pytest.param(OverAdb, marks=pytest.mark.phone, id="adb"), pytest.param(InMemory, id="fake")]
)
def bench(request):
    with request.param() as bench:
        yield bench


@pytest.fixture
def transports(bench):
    """The transports, with both phones there."""
    for serial in bench.serials:
        bench.transports.connect(serial)
        wait_for(lambda serial=serial: answers(bench.transports, serial))
    return bench.transports


def answers(transports, serial):
    """Return whether a phone answers. Just after its end a connection may come and go once more."""
    try:
        transports.ask(at(transports, serial))
    except DeviceError:
        return False
    return True


def at(transports, serial):
    """Return the one transport of a serial."""
    [found] = [t for t in transports.all() if t.serial == serial]
    return found


def gone(transports, serial):
    assert transports.disconnect(serial)
    wait_for(lambda: at(transports, serial).state is DeviceState.ABSENT)


def test_each_phone_that_is_there_is_listed_and_stands(bench, transports):
    assert {t.serial for t in transports.all()} == set(bench.serials)
    assert all(t.is_ready and transports.is_current(t) for t in transports.all())
    assert transports.problem is None


def test_a_phone_that_went_is_listed_as_absent_and_comes_back_by_another_connection(bench, transports):
    serial, other = bench.serials
    before, untouched = at(transports, serial), at(transports, other)
    gone(transports, serial)
    assert not transports.is_current(before)
    assert transports.is_current(untouched)
    assert not transports.is_current(at(transports, serial))
    assert transports.connect(serial) == serial
    wait_for(lambda: answers(transports, serial))
    after = at(transports, serial)
    assert after.connection > before.connection
    assert (transports.is_current(after), transports.is_current(before)) == (True, False)
    assert at(transports, other) == untouched


def test_each_phone_says_who_it_is_every_time(bench, transports):
    said = [[transports.ask(at(transports, serial)) for _ in range(2)] for serial in bench.serials]
    assert [one.is_same(again) for one, again in said] == [True, True]
    assert not said[0][0].is_same(said[1][0])


def test_a_phone_that_went_cannot_be_asked(bench, transports):
    before = at(transports, bench.serials[0])
    gone(transports, bench.serials[0])
    with pytest.raises(DeviceError):
        transports.ask(before)


def test_a_driver_asks_before_each_call_where_its_phone_is(bench, transports):
    places, asked = [bench.serials[0]], []

    def where(_check):
        asked.append(1)
        if not places:
            raise DeviceGoneError("nowhere")
        return at(transports, places[0])

    driver = transports.driver_at("a lane", where)
    assert driver.serial == "a lane"
    assert driver.shell("echo", "hello") == "hello\n"
    before = len(asked)
    assert driver.shell("echo", "hello") == "hello\n"
    assert len(asked) > before > 0
    places.clear()
    with pytest.raises(DeviceGoneError, match="nowhere"):
        driver.shell("echo", "hello")
    driver.close()


def test_a_report_is_of_the_phone_where_it_is(bench, transports):
    report = transports.report_at("a lane", lambda _check: at(transports, bench.serials[0]), [PACKAGE])
    assert report.model
    assert all(side > 100 for side in report.size)
    assert set(report.apps) <= {PACKAGE}

    def nowhere(_check):
        raise DeviceGoneError("nowhere")

    with pytest.raises(DeviceGoneError, match="nowhere"):
        transports.report_at("a lane", nowhere, [])


def test_where_nobody_answers_nothing_can_be_connected(transports):
    with pytest.raises(DeviceError):
        transports.connect(NOBODY)
    assert NOBODY not in {t.serial for t in transports.all() if t.is_ready}


def test_what_is_connected_already_stays_as_it_is(bench, transports):
    before = at(transports, bench.serials[0])
    assert transports.connect(bench.serials[0]) == bench.serials[0]
    assert at(transports, bench.serials[0]) == before


def test_a_phone_is_let_go_of_once_and_not_brought_back_by_being_kept(bench, transports):
    serial = bench.serials[0]
    gone(transports, serial)
    assert not transports.disconnect(serial)
    assert not transports.disconnect(NOBODY)
    transports.keep([serial])
    assert at(transports, serial).state is DeviceState.ABSENT
    transports.keep([])
