from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.lanes import Head, LaneTable

SERIALS = ("a", "b", "c")


def test_the_earliest_due_task_starts_first_and_ids_decide_between_equals():
    book = LaneTable()
    book.added("a", Head(20, 1))
    book.added("a", Head(10, 3))
    book.added("a", Head(10, 2))
    assert book.startable(["a"], 30, None) == [("a", Head(10, 2))]


def test_a_busy_a_stale_and_an_unready_lane_start_nothing():
    book = LaneTable()
    for serial in SERIALS:
        book.added(serial, Head(0, 1))
    book.taken("a")
    book.changed("b")
    assert book.startable(["a", "b"], 5, None) == []


def test_a_held_lane_starts_nothing_and_wakes_nobody():
    book = LaneTable()
    book.added("a", Head(1, 1))
    book.held.add("a")
    assert book.startable(["a"], 5, None) == []
    assert book.next_due_ms(["a"]) is None
    book.held.discard("a")
    assert book.startable(["a"], 5, None) == [("a", Head(1, 1))]


def test_a_limit_gives_the_slots_to_the_earliest():
    book = LaneTable()
    for number, serial in enumerate(SERIALS):
        book.added(serial, Head(10 - number, number))
    assert [serial for serial, _ in book.startable(SERIALS, 50, 2)] == ["c", "b"]
    assert book.startable(SERIALS, 50, 0) == []


def test_a_task_that_comes_while_heads_are_read_is_not_lost():
    book = LaneTable()
    book.changed("a")
    assert book.take_stale() == {"a"}
    book.added("a", Head(1, 7))  # the answer on its way does not know it
    book.refreshed({})
    assert book.take_stale() == {"a"}
    book.refreshed({"a": Head(1, 7)})
    assert book.startable(["a"], 1, None) == [("a", Head(1, 7))]


@given(
    st.lists(st.tuples(st.sampled_from(SERIALS), st.integers(0, 20)), max_size=30),
    st.integers(0, 25),
    st.integers(0, 4),
)
def test_what_starts_is_due_of_a_ready_lane_and_never_more_than_the_slots(tasks, now, slots):
    book = LaneTable()
    for number, (serial, due) in enumerate(tasks):
        book.added(serial, Head(due, number))
    started = book.startable(SERIALS[:2], now, slots)
    assert len(started) <= slots
    assert len({serial for serial, _ in started}) == len(started)
    for serial, head in started:
        assert serial in SERIALS[:2]
        assert head.due_ms <= now
        assert head == min(Head(due, n) for n, (s, due) in enumerate(tasks) if s == serial)
    assert [head for _, head in started] == sorted(head for _, head in started)
