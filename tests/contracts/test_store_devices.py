"""What `core.ports.records.DeviceRecords` says, held by every store."""

from __future__ import annotations

import pytest

from fleetlane.core.phones import Adoption, Finding, Identity, Phone

PIXEL, OTHER = Identity("S1", "pixel", "1"), Identity("S2", "pixel", "2")
ONE = Phone("id1", "S1", PIXEL)
TWO = Phone("id2", "S2", OTHER)


@pytest.fixture
def met(run):
    run(lambda r: r.devices.meet([ONE, TWO], 5))


def serials(run):
    return {one.serial: one.device for one in run(lambda r: r.devices.serials())}


def test_a_phone_that_is_met_is_on_record_by_its_serial(run, met):
    record = run(lambda r: r.devices.get("S1"))
    assert (record.serial, record.phone, record.first_seen_ms, record.last_seen_ms, record.facts) == (
        "S1",
        ONE,
        5,
        5,
        {},
    )
    assert [one.serial for one in run(lambda r: r.devices.all())] == ["S1", "S2"]
    assert serials(run) == {"S1": "S1", "S2": "S2"}
    assert run(lambda r: r.devices.get("none")) is None


def test_what_a_device_says_of_itself_is_kept_until_it_says_something_else(run, met):
    for now_ms, facts in ((10, {"model": "看"}), (20, None)):
        run(lambda r, now_ms=now_ms, facts=facts: r.devices.seen("S1", now_ms, facts))
        record = run(lambda r: r.devices.get("S1"))
        assert (record.first_seen_ms, record.last_seen_ms, record.facts) == (5, now_ms, {"model": "看"})
    run(lambda r: r.devices.seen("S1", 30, {"battery": 5}))
    assert run(lambda r: r.devices.get("S1")).facts == {"battery": 5}


def test_a_device_that_was_never_met_is_on_record_once_it_is_seen(run):
    run(lambda r: r.devices.seen("new", 10, {"model": "x"}))
    record = run(lambda r: r.devices.get("new"))
    assert (record.first_seen_ms, record.facts, record.phone.identity) == (10, {"model": "x"}, None)
    assert serials(run) == {"new": "new"}


def test_a_lane_is_meant_by_its_serial_an_alias_or_a_name(run, met):
    run(lambda r: r.devices.keep(Finding(ONE, attach="10.0.0.1:5555"), 10))
    run(lambda r: r.devices.describe("S2", "The Second", ("x",)))
    asked = ["S1", " 10.0.0.1:5555 ", "the second", "none ", "S2"]
    assert run(lambda r: r.devices.lanes(asked)) == {
        "S1": "S1",
        " 10.0.0.1:5555 ": "S1",
        "the second": "S2",
        "none ": "none",
        "S2": "S2",
    }
    assert run(lambda r: (r.devices.lane("THE SECOND"), r.devices.lane("none"))) == ("S2", "none")
    assert run(lambda r: r.devices.lanes([])) == {}


def test_a_name_that_is_anothers_serial_means_that_one(run, met):
    run(lambda r: r.devices.describe("S2", "S1", ()))
    assert run(lambda r: r.devices.lane("S1")) == "S1"


def test_a_device_is_described_and_the_name_can_be_taken_back(run, met):
    run(lambda r: r.devices.describe("S1", "看 1", ("a", "b")))
    phone = run(lambda r: r.devices.get("S1")).phone
    assert (phone.name, phone.tags) == ("看 1", ("a", "b"))
    run(lambda r: r.devices.describe("S1", "", ()))
    phone = run(lambda r: r.devices.get("S1")).phone
    assert (phone.name, phone.tags, run(lambda r: r.devices.lane("看 1"))) == ("", (), "看 1")


def test_what_a_phone_answers_is_kept_and_the_lane_it_absorbs_ends(run, met):
    run(lambda r: r.devices.keep(Finding(TWO, attach="10.0.0.2:5555"), 10))
    known = Phone("id1", "S1", Identity("S1", "pixel", "9"), "mine")
    run(lambda r: r.devices.keep(Finding(known, attach="10.0.0.1:5555", absorbed="S2"), 20))
    record = run(lambda r: r.devices.get("S1"))
    assert (record.phone, record.last_seen_ms) == (known, 20)
    assert [one.serial for one in run(lambda r: r.devices.all())] == ["S1"]
    assert serials(run) == {"S1": "S1", "S2": "S1", "10.0.0.1:5555": "S1", "10.0.0.2:5555": "S1"}


def test_a_phone_that_nobody_has_met_is_kept_as_well(run):
    run(lambda r: r.devices.keep(Finding(ONE), 10))
    assert run(lambda r: r.devices.get("S1")).phone == ONE


def test_those_that_are_there_together_are_known_not_to_be_one_another(run, met):
    run(lambda r: r.devices.keep(Finding(ONE, apart=("S2", "none")), 10))
    assert run(lambda r: (r.devices.get("S1").phone.refused, r.devices.get("S2").phone.refused)) == (
        {"id2"},
        {"id1"},
    )
    run(lambda r: r.devices.refuse("S1", "id3"))
    assert run(lambda r: r.devices.get("S1").phone.refused) == {"id2", "id3"}


def test_a_phone_takes_the_place_of_another_that_gets_a_lane_of_its_own(run, met):
    run(lambda r: r.devices.keep(Finding(ONE, attach="10.0.0.1:5555"), 10))
    present, former = Phone("id2", "S1", OTHER), Phone("id1", "S1-before", PIXEL)
    run(lambda r: r.devices.adopt(Adoption("S1", "S2", present, former, kept=("10.0.0.1:5555",)), 20))
    assert {one.serial: one.phone for one in run(lambda r: r.devices.all())} == {"S1": present, "S1-before": former}
    assert serials(run) == {"S1": "S1", "S2": "S1", "S1-before": "S1-before", "10.0.0.1:5555": "S1-before"}


def test_a_phone_takes_the_place_of_one_that_was_never_asked(run):
    run(lambda r: r.devices.meet([Phone("id1", "S1"), TWO], 5))
    present = Phone("id2", "S1", OTHER)
    run(lambda r: r.devices.adopt(Adoption("S1", "S2", present, None), 20))
    assert [one.phone for one in run(lambda r: r.devices.all())] == [present]
    assert serials(run) == {"S1": "S1", "S2": "S1"}


def test_an_address_that_was_let_go_is_remembered_until_it_is_its_phones_again(run, met):
    run(lambda r: r.devices.let_go("S1", gone=True))
    assert [one.let_go for one in run(lambda r: r.devices.serials())] == [True, False]
    run(lambda r: r.devices.let_go("S1", gone=False))
    assert [one.let_go for one in run(lambda r: r.devices.serials())] == [False, False]
    run(lambda r: (r.devices.let_go("S1", gone=True), r.devices.keep(Finding(ONE, attach="S1"), 30)))
    [first, _] = run(lambda r: r.devices.serials())
    assert (first.let_go, first.last_seen_ms) == (False, 30)


def test_a_device_is_forgotten_with_all_its_serials(run, met):
    run(lambda r: r.devices.keep(Finding(ONE, attach="10.0.0.1:5555"), 10))
    assert run(lambda r: (r.devices.forget("S1"), r.devices.forget("S1"))) == (True, False)
    assert run(lambda r: r.devices.get("S1")) is None
    assert serials(run) == {"S2": "S2"}
