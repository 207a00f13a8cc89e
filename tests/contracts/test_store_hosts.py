"""What `core.ports.records` says of hosts and of phones that people have taken over, held by every store."""

from __future__ import annotations

from dataclasses import replace

from fleetlane.core.device import Device, DeviceState
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.phones import Finding, Identity, Phone
from fleetlane.core.ports.records import TakenOver

RACK = NewHost("rack1", "id1", HostKind.HOST, "0.2.0", 3)


def test_a_host_that_begins_is_on_record_with_what_it_says(run):
    run(lambda r: (r.hosts.begin(RACK, 5), r.hosts.seen("rack1", 9), r.hosts.seen("none", 9)))
    [host] = run(lambda r: r.hosts.all())
    assert (host.name, host.id, host.kind, host.version, host.protocol) == ("rack1", "id1", HostKind.HOST, "0.2.0", 3)
    assert (host.started_ms, host.seen_ms, host.drains, host.may_enter) == (5, 9, False, False)
    assert (run(lambda r: r.hosts.get("rack1")), run(lambda r: r.hosts.get("rack"))) == (host, None)


def test_what_people_said_of_a_host_outlives_its_restarts(run):
    run(lambda r: (r.hosts.let_in("rack1", "hash"), r.hosts.begin(RACK, 5)))
    assert run(lambda r: (r.hosts.drain("rack1", drains=True), r.hosts.drain("none", drains=True))) == (True, False)
    run(lambda r: r.hosts.begin(replace(RACK, version="0.3.0"), 7))
    host = run(lambda r: r.hosts.get("rack1"))
    assert (host.version, host.started_ms, host.drains, host.may_enter) == ("0.3.0", 7, True, True)
    run(lambda r: r.hosts.drain("rack1", drains=False))
    assert not run(lambda r: r.hosts.get("rack1")).drains


def test_a_host_under_another_name_is_the_same_host(run):
    run(lambda r: (r.hosts.begin(RACK, 5), r.hosts.begin(replace(RACK, name="rack9"), 6)))
    assert [(host.name, host.id) for host in run(lambda r: r.hosts.all())] == [("rack9", "id1")]


def test_a_token_lets_one_host_in_until_another_takes_its_place(run):
    run(lambda r: (r.hosts.let_in("rack1", "first"), r.hosts.let_in("rack2", "other")))
    assert run(lambda r: r.hosts.of_token("first")).name == "rack1"
    run(lambda r: r.hosts.let_in("rack1", "second"))
    assert [run(lambda r, t=t: r.hosts.of_token(t) and r.hosts.of_token(t).name) for t in ("first", "second")] == [
        None,
        "rack1",
    ]
    assert run(lambda r: r.hosts.forget("rack1")).name == "rack1"
    assert run(lambda r: (r.hosts.of_token("second"), r.hosts.forget("rack1"))) == (None, None)


def seen(run, lane):
    record = run(lambda r: r.devices.get(lane))
    return record.host_id, record.seen


def test_a_phone_is_where_it_was_seen_last(run):
    here, gone = Device("S1", DeviceState.ONLINE, 5, {"at": "看"}), Device("S1", DeviceState.ABSENT, 9)
    run(lambda r: r.devices.meet([Phone("p1", "S1")], 1))
    assert seen(run, "S1") == (None, None)
    run(lambda r: r.devices.sighted(here, "id1"))
    assert seen(run, "S1") == ("id1", here)
    run(lambda r: r.devices.sighted(gone, "id2"))
    assert seen(run, "S1") == ("id1", here), "whoever never saw it cannot say that it is gone"
    run(lambda r: r.devices.sighted(replace(here, since_ms=7), "id2"))
    run(lambda r: r.devices.sighted(gone, "id1"))
    assert seen(run, "S1") == ("id2", replace(here, since_ms=7)), "it was plugged in elsewhere"
    run(lambda r: r.devices.sighted(gone, "id2"))
    assert seen(run, "S1") == ("id2", gone)


def test_who_sees_others_in_the_place_of_a_phone_does_not_say_where_it_is(run):
    here, gone = Device("S1", DeviceState.ONLINE, 5), Device("S1", DeviceState.ABSENT, 9)
    other = Device("S1", DeviceState.OTHER_PHONE, 7, {"at": "10.0.0.1:5555"})
    run(lambda r: (r.devices.meet([Phone("p1", "S1")], 1), r.devices.sighted(other, "id2")))
    assert seen(run, "S1") == ("id2", other), "nobody has seen it"
    run(lambda r: r.devices.sighted(here, "id1"))
    run(lambda r: r.devices.sighted(other, "id2"))
    assert seen(run, "S1") == ("id1", here)
    run(lambda r: r.devices.sighted(other, "id1"))
    assert seen(run, "S1") == ("id1", other), "it was there itself"
    run(lambda r: (r.devices.sighted(gone, "id1"), r.devices.sighted(other, "id2")))
    assert seen(run, "S1") == ("id2", other)


def test_the_phones_of_a_forgotten_host_are_seen_by_nobody(run):
    run(lambda r: (r.hosts.begin(RACK, 1), r.devices.meet([Phone("p1", "S1")], 1)))
    run(lambda r: r.devices.sighted(Device("S1", DeviceState.ONLINE, 5), "id1"))
    run(lambda r: r.hosts.forget("rack1"))
    assert seen(run, "S1") == (None, None)


def leads(run):
    return {(one.serial, one.host_id): one.device for one in run(lambda r: r.devices.serials())}


def test_one_serial_may_mean_two_phones_at_two_hosts_and_then_means_none_elsewhere(run):
    at = "127.0.0.1:5555"
    one, two = Phone("p1", "ONE", Identity("ONE", "p", "1")), Phone("p2", "TWO", Identity("TWO", "p", "2"))
    run(lambda r: (r.devices.meet([one], 1, "id1"), r.devices.meet([two], 1, "id2")))
    for phone, host in ((one, "id1"), (two, "id2")):
        run(lambda r, phone=phone, host=host: r.devices.keep(Finding(phone, attach=at), 2, host))
    assert leads(run)[at, "id1"] == "ONE"
    assert leads(run)[at, "id2"] == "TWO"
    assert run(lambda r: r.devices.lanes([at, "ONE", "TWO"])) == {at: at, "ONE": "ONE", "TWO": "TWO"}
    run(lambda r: r.devices.let_go(at, gone=True, host_id="id2"))
    assert {one.host_id: one.let_go for one in run(lambda r: r.devices.serials()) if one.serial == at} == {
        "id1": False,
        "id2": True,
    }


def test_a_phone_is_found_by_what_it_says_of_itself(run):
    at, other = Identity("ONE", "p", "1"), Identity("ONE", "p", "2")
    run(lambda r: r.devices.meet([Phone("p0", "NEVER ASKED"), Phone("p1", "LANE", at)], 1))
    assert run(lambda r: (r.devices.same(at), r.devices.same(other))) == ("LANE", None)


def test_a_lane_comes_before_the_same_serial_at_another_host(run):
    at = "127.0.0.1:5555"
    run(lambda r: r.devices.meet([Phone("p1", at)], 1, "id1"))
    run(lambda r: r.devices.keep(Finding(Phone("p2", "TWO", Identity("TWO", "p", "2")), attach=at), 2, "id2"))
    assert run(lambda r: r.devices.lane(at)) == at


def test_a_host_inherits_what_a_server_alone_knew(run):
    run(lambda r: r.devices.meet([Phone("p1", "10.0.0.1:5555")], 1))
    run(lambda r: r.devices.meet([Phone("p2", "S2")], 1, "id2"))
    run(lambda r: r.devices.sighted(Device("S2", DeviceState.ONLINE, 5), "id2"))
    run(lambda r: r.devices.inherit("id1", all_others=False))
    assert leads(run) == {("10.0.0.1:5555", "id1"): "10.0.0.1:5555", ("S2", "id2"): "S2"}
    assert seen(run, "S2")[0] == "id2"
    run(lambda r: r.devices.inherit("embedded", all_others=True))
    assert {host for _, host in leads(run)} == {"embedded"}
    assert seen(run, "S2") == (None, None)


def test_of_two_hosts_serials_that_are_the_same_one_is_inherited(run):
    at = "127.0.0.1:5555"
    run(lambda r: r.devices.meet([Phone("p1", at)], 1, "id1"))
    run(lambda r: r.devices.keep(Finding(Phone("p2", "TWO", Identity("TWO", "p", "2")), attach=at), 2, "id2"))
    run(lambda r: r.devices.inherit("embedded", all_others=True))
    assert sorted(serial for serial, _ in leads(run)) == [at, "TWO"]


def test_hosts_with_a_worker_live(run):
    run(lambda r: (r.leases.begin("w1", "id1", 30), r.leases.begin("w2", "id2", 30)))
    assert run(lambda r: r.leases.living_hosts()) == {"id1", "id2"}
    run(lambda r: r.leases.dismiss("w1"))
    assert run(lambda r: r.leases.living_hosts()) == {"id2"}


def test_a_phone_is_taken_over_as_long_as_the_server_lives_where_that_was_done(run):
    run(lambda r: (r.leases.begin("w1", "id1", 30), r.leases.begin("w2", "id2", 30)))
    first, second = TakenOver("S1", "w1", "anna", 5), TakenOver("S2", "w2", "bo", 6)
    run(lambda r: (r.take_overs.put(second), r.take_overs.put(first)))
    assert run(lambda r: r.take_overs.all()) == [first, second]
    run(lambda r: r.take_overs.drop("S1", "w2"))
    assert run(lambda r: r.take_overs.all()) == [first, second], "it is not his"
    run(lambda r: r.take_overs.put(replace(first, owner="w2", by="bo")))
    assert run(lambda r: r.take_overs.all()) == [replace(first, owner="w2", by="bo"), second]
    run(lambda r: (r.take_overs.drop("S1", "w2"), r.leases.dismiss("w2")))
    assert run(lambda r: r.take_overs.all()) == []
