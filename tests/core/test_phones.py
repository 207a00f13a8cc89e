"""Which phone is which: what an answer means, and what a person must say."""

from __future__ import annotations

import itertools

import pytest

from fleetlane.core.device import DeviceState, why_not_ready
from fleetlane.core.phone_book import PhoneBook
from fleetlane.core.phones import Identity, Phone
from support.fakes import FakeTransports

R58 = Identity("R58", "pixel", "aa11")
RESET = Identity("R58", "pixel", "bb22")
R59 = Identity("R59", "pixel", "cc33")
ADDRESS = "10.0.0.1:5555"


class Shelf:
    """A book, and what adb lists."""

    def __init__(self, *known: Phone) -> None:
        ids = (f"id{n}" for n in itertools.count())
        self.adb, self.book, self.views = FakeTransports(), PhoneBook(lambda: next(ids)), {}
        self.book.load(known, [])

    def plug(self, serial, identity=None, **options):
        transport = self.adb.plug(serial, **options)
        self.look()
        return self.answer(transport, identity) if identity else transport

    def answer(self, transport, identity):
        finding = self.book.judge(transport, identity)
        self.book.accept(finding, transport)
        self.look()
        self.last = finding
        return transport

    def pull(self, transport):
        self.adb.unplug(transport)
        self.look()

    def look(self):
        self.book.listed(self.adb.all())
        self.views = self.book.views(self.views, 0)

    def states(self):
        return {lane: view.device.state for lane, view in self.views.items()}

    def adopt(self, lane):
        [question] = self.book.questions(lane)
        self.book.adopted(self.book.adoption(question))
        self.look()


def test_nothing_runs_before_a_phone_has_said_who_it_is():
    shelf = Shelf()
    transport = shelf.plug("R58", usb=True)
    assert shelf.states() == {"R58": DeviceState.ASKING}
    assert shelf.book.unasked() == [transport]
    shelf.answer(transport, R58)
    assert shelf.states() == {"R58": DeviceState.ONLINE}
    shelf.pull(transport)
    shelf.plug("R58", usb=True)
    assert shelf.states() == {"R58": DeviceState.ASKING}, "who comes back is asked again"


def test_one_phone_is_one_device_by_whatever_serials_and_its_cable_comes_first():
    shelf = Shelf()
    shelf.plug(ADDRESS, R58)
    cable = shelf.plug("R58", R58, usb=True)
    assert shelf.states() == {ADDRESS: DeviceState.ONLINE}
    assert shelf.book.serials(ADDRESS) == [ADDRESS, "R58"]
    assert shelf.views[ADDRESS].transport is cable
    shelf.pull(cable)
    assert shelf.views[ADDRESS].transport.serial == ADDRESS
    assert shelf.book.lane(" R58 ") == ADDRESS
    assert shelf.last.absorbed == "R58", "tasks that wait for the serial are the phone's"


def test_another_phone_at_a_known_address_gets_a_lane_of_its_own_and_a_person_is_asked():
    shelf = Shelf()
    shelf.pull(shelf.plug(ADDRESS, R58))
    shelf.plug(ADDRESS, R59)
    assert shelf.states() == {ADDRESS: DeviceState.OTHER_PHONE, "R59": DeviceState.ONLINE}
    assert str(why_not_ready(ADDRESS, shelf.views[ADDRESS].device)).startswith(f"another phone answers at {ADDRESS}")
    shelf.adopt(ADDRESS)
    assert shelf.states()[ADDRESS] is DeviceState.ONLINE
    assert shelf.book.phones[ADDRESS].identity == R59
    assert shelf.book.phones["R58"].identity == R58, "the former phone has a lane of its own"
    assert shelf.book.lane("R59") == ADDRESS
    shelf.plug("R58", R58, usb=True)
    assert shelf.states()["R58"] is DeviceState.ONLINE


def test_a_phone_that_was_reset_waits_for_a_person_and_keeps_its_serial():
    shelf = Shelf(Phone("old", "R58", R58, "Shelf 3", ("fr",)))
    shelf.plug("R58", RESET, usb=True)
    assert shelf.states() == {"R58": DeviceState.RESET, "R58-bb22": DeviceState.ONLINE}
    shelf.adopt("R58")
    assert shelf.states()["R58"] is DeviceState.ONLINE
    phone = shelf.book.phones["R58"]
    assert (phone.identity, phone.name, phone.tags) == (RESET, "Shelf 3", ("fr",))
    assert shelf.book.lane("shelf 3") == "R58"


def test_who_is_said_not_to_be_meant_is_not_asked_about_again():
    shelf = Shelf()
    shelf.pull(shelf.plug(ADDRESS, R58))
    shelf.plug(ADDRESS, R59)
    shelf.book.refuse(ADDRESS, shelf.book.phones["R59"].id)
    shelf.look()
    assert shelf.states() == {ADDRESS: DeviceState.ABSENT, "R59": DeviceState.ONLINE}


def test_clones_that_are_there_together_are_two_phones_for_ever():
    shelf = Shelf()
    one, other = shelf.plug("R58", usb=True), shelf.plug("R58", usb=True)
    shelf.answer(one, R58)
    shelf.answer(other, RESET)
    assert shelf.states() == {"R58-aa11": DeviceState.ONLINE, "R58-bb22": DeviceState.ONLINE}
    assert shelf.book.device("R58", 0).state is DeviceState.SHARED_SERIAL
    assert shelf.book.lane("R58") == "R58", "nobody's alias"
    shelf.pull(one)
    assert shelf.states()["R58-aa11"] is DeviceState.ABSENT
    assert not shelf.book.questions("R58-aa11")


def test_clones_that_nothing_tells_apart_are_not_used():
    shelf = Shelf()
    for transport in (shelf.plug("R58", usb=True), shelf.plug("R58", usb=True)):
        shelf.answer(transport, R58)
    assert set(shelf.states().values()) == {DeviceState.SHARED_SERIAL}


def test_two_phones_of_one_serial_without_transport_ids_are_never_asked():
    shelf = Shelf()
    for state in (DeviceState.ONLINE, DeviceState.OFFLINE):
        shelf.plug("R58", state=state, numbered=False)
    assert shelf.book.unasked() == []
    assert shelf.states() == {"R58": DeviceState.SHARED_SERIAL}


def test_a_phone_of_an_older_store_becomes_what_it_answers():
    shelf = Shelf(Phone("old", "R58"), Phone("older", ADDRESS))
    shelf.plug("R58", R58, usb=True)
    assert shelf.book.phones["R58"] == Phone("old", "R58", R58)
    shelf.plug(ADDRESS, R58)
    assert shelf.last.absorbed == ADDRESS
    assert list(shelf.book.phones) == ["R58"]
    assert shelf.book.device(ADDRESS, 0).state is DeviceState.FORMER_NAME


def test_one_that_cannot_be_asked_is_a_phone_for_now():
    shelf = Shelf()
    shelf.plug("R58", state=DeviceState.UNAUTHORIZED)
    [stranger] = shelf.book.strangers()
    shelf.book.met(stranger)
    assert shelf.book.strangers() == []
    assert shelf.states() == {"R58": DeviceState.UNAUTHORIZED}


def test_an_answer_that_comes_late_changes_nothing_for_who_is_there_now():
    shelf = Shelf()
    gone = shelf.plug(ADDRESS)
    shelf.pull(gone)
    there = shelf.plug(ADDRESS)
    shelf.answer(gone, R58)
    assert shelf.states() == {ADDRESS: DeviceState.ASKING}
    shelf.answer(there, R59)
    assert shelf.book.phones[ADDRESS].identity == R59, "who has gone takes no serial from who is there"


def test_a_name_means_one_phone():
    shelf = Shelf(Phone("1", "R58", R58, "Shelf 3"), Phone("2", "R59", R59))
    assert shelf.book.taken_name("shelf 3", "R59") == "R58"
    assert shelf.book.taken_name("r58", "R59") == "R58", "a serial of another phone"
    assert shelf.book.taken_name("R59", "R59") is None
    assert shelf.book.taken_name("SHELF 3", "R58") is None


@pytest.mark.parametrize("number", ["", "unknown"])
def test_phones_without_a_serial_number_are_told_apart_by_the_android_id(number):
    one, other = Identity(number, "pixel", "aa"), Identity(number, "pixel", "bb")
    assert not one.is_same(other)
    assert not one.may_be(other), "no number says that it could be the same"
