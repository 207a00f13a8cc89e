"""What `core.ports.records` says of answers and single values, and `core.ports.leases` of leases, for every store."""

from __future__ import annotations

from fleetlane.core.ports.leases import Heartbeat
from fleetlane.core.ports.records import StoredResponse


def test_an_answer_is_kept_under_its_key(run):
    answer = StoredResponse("a hash", {"task_ids": [1, 2], "text": "看", "none": None})
    run(lambda r: r.answers.put("key", answer, 5))
    assert run(lambda r: (r.answers.get("key"), r.answers.get("KEY"))) == (answer, None)


def test_the_oldest_answers_are_forgotten_first_and_only_so_many(run):
    for at_ms in (30, 10, 20, 40):
        run(lambda r, at_ms=at_ms: r.answers.put(f"k{at_ms}", StoredResponse("h", {}), at_ms))
    assert run(lambda r: r.answers.prune(40, 2)) == 2
    assert [run(lambda r, n=n: r.answers.get(f"k{n}")) is None for n in (10, 20, 30, 40)] == [True, True, False, False]
    assert run(lambda r: (r.answers.prune(40, 9), r.answers.prune(40, 9))) == (1, 0)


def test_a_value_is_kept_until_another_one_takes_its_place(run):
    assert run(lambda r: r.facts.get("name")) is None
    for value in ("看", ""):
        run(lambda r, value=value: r.facts.set("name", value))
        assert run(lambda r: r.facts.get("name")) == value
    assert run(lambda r: r.facts.get("other")) is None


def test_a_heart_that_beats_is_known_from_its_first_beat_on(run):
    assert run(lambda r: [r.leases.beat("one", ttl_ms) for ttl_ms in (30, 40, 40)]) == [False, True, True]
    assert not run(lambda r: r.leases.beat("other", 30))
    assert run(lambda r: r.leases.heartbeats()) == {"one": Heartbeat(3, 40), "other": Heartbeat(1, 30)}


def test_a_device_is_its_last_takers(run):
    run(lambda r: (r.leases.beat("one", 30), r.leases.beat("other", 30), r.leases.take("one", {"a", "b"})))
    assert run(lambda r: r.leases.holders()) == {"a": "one", "b": "one"}
    run(lambda r: r.leases.take("other", ["b", "c"]))
    assert run(lambda r: r.leases.holders()) == {"a": "one", "b": "other", "c": "other"}
    assert run(lambda r: [r.leases.holds("one", serial) for serial in "abz"]) == [True, False, False]
    run(lambda r: r.leases.take("one", []))
    assert run(lambda r: r.leases.holds("one", "a"))


def test_what_is_released_is_nobodys(run):
    run(lambda r: (r.leases.beat("one", 30), r.leases.take("one", ["a", "b"]), r.leases.release(["a", "none"])))
    assert run(lambda r: r.leases.holders()) == {"b": "one"}


def test_a_worker_is_forgotten_with_its_leases(run):
    def fill(r):
        for owner, serial in (("one", "a"), ("other", "b"), ("third", "c")):
            r.leases.beat(owner, 30)
            r.leases.take(owner, [serial])

    run(fill)
    run(lambda r: (r.leases.dismiss("one"), r.leases.dismiss("none")))
    assert run(lambda r: (set(r.leases.heartbeats()), r.leases.holders())) == (
        {"other", "third"},
        {"b": "other", "c": "third"},
    )
    assert not run(lambda r: r.leases.beat("one", 30)), "it is a new one, and has none"
    run(lambda r: r.leases.dismiss_all())
    assert run(lambda r: (r.leases.heartbeats(), r.leases.holders())) == ({}, {})
