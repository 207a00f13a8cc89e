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


def begin(r, *owners, ttl_ms=30):
    for owner in owners:
        r.leases.begin(owner, f"host of {owner}", ttl_ms)


def test_the_heart_of_a_worker_beats_from_its_beginning_on(run):
    assert not run(lambda r: r.leases.beat("one", 30)), "nobody has said that it began"
    run(lambda r: begin(r, "one", "other"))
    assert run(lambda r: [r.leases.beat("one", ttl_ms) for ttl_ms in (40, 50)]) == [True, True]
    assert run(lambda r: r.leases.heartbeats()) == {"one": Heartbeat(3, 50), "other": Heartbeat(1, 30)}


def test_a_device_is_its_last_takers(run):
    run(lambda r: (begin(r, "one", "other"), r.leases.take("one", {"a", "b"})))
    assert run(lambda r: r.leases.holders()) == {"a": "one", "b": "one"}
    run(lambda r: r.leases.take("other", ["b", "c"]))
    assert run(lambda r: r.leases.holders()) == {"a": "one", "b": "other", "c": "other"}
    assert run(lambda r: [r.leases.holds("one", serial) for serial in "abz"]) == [True, False, False]
    run(lambda r: r.leases.take("one", []))
    assert run(lambda r: r.leases.holds("one", "a"))


def test_what_is_released_is_nobodys(run):
    run(lambda r: (begin(r, "one"), r.leases.take("one", ["a", "b"]), r.leases.release(["a", "none"])))
    assert run(lambda r: r.leases.holders()) == {"b": "one"}


def three(r):
    """Let three workers have a device each."""
    begin(r, "one", "other", "third")
    for owner, serial in (("one", "a"), ("other", "b"), ("third", "c")):
        r.leases.take(owner, [serial])


def workers(r):
    return set(r.leases.heartbeats()), dict(r.leases.holders())


def test_a_worker_is_forgotten_with_its_leases(run):
    run(three)
    assert run(lambda r: [r.leases.dismiss("one"), r.leases.dismiss("one"), r.leases.dismiss("none")]) == [
        True,
        False,
        False,
    ]
    assert run(workers) == ({"other", "third"}, {"b": "other", "c": "third"})
    assert not run(lambda r: r.leases.beat("one", 30)), "it must begin anew"


def test_a_worker_whose_heart_has_beaten_since_is_not_dismissed(run):
    run(three)
    seen = run(lambda r: r.leases.heartbeats())["one"]
    assert run(lambda r: (r.leases.beat("one", 30), r.leases.dismiss("one", seen))) == (True, False)
    assert run(workers)[1]["a"] == "one"
    seen = run(lambda r: r.leases.heartbeats())["one"]
    assert run(lambda r: r.leases.dismiss("one", seen))
    assert "a" not in run(workers)[1]


def test_who_begins_ends_the_leases_of_his_own_host_only(run):
    run(three)
    run(lambda r: r.leases.begin("again", "host of one", 40, beats=7))
    assert run(workers) == ({"again", "other", "third"}, {"b": "other", "c": "third"})
    assert run(lambda r: r.leases.heartbeats()["again"]) == Heartbeat(7, 40)
