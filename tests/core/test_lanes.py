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


def test_what_starts_is_at_work_and_its_next_head_is_read_before_anything_else_starts():
    table = LaneTable()
    table.added("a", Head(1, 1))
    table.added("b", Head(1, 2))
    table.taken("a")
    assert (table.busy, table.heads) == ({"a"}, {"b": Head(1, 2)})
    table.freed("a")
    assert table.busy == set()
    table.taken("c")
    assert table.busy == {"c"}, "also when its head was gone"
    table.freed("c")
    table.added("a", Head(2, 3))
    assert table.startable(["a"], 10, None) == [], "nobody knows which is first"
    assert table.take_stale() == {"a", "c"}
    table.refreshed({"a": Head(2, 3)})
    assert table.startable(["a"], 10, None) == [("a", Head(2, 3))]


def test_a_lane_that_was_read_and_has_nothing_is_empty():
    table = LaneTable()
    table.added("a", Head(1, 1))
    table.added("b", Head(1, 2))
    table.changed("a")
    table.take_stale()
    table.refreshed({})
    assert table.heads == {"b": Head(1, 2)}, "b was not read"


def test_now_and_then_all_lanes_are_read_whatever_was_told_of_them():
    table = LaneTable()
    table.added("gone", Head(1, 1))
    assert table.take_stale(whole=True) == frozenset()
    table.added("late", Head(1, 2))
    assert "late" not in table.heads, "what comes while all are read is read again"
    table.refreshed({"told": Head(1, 3)})
    assert table.heads == {"told": Head(1, 3)}
    assert table.take_stale() == {"late"}
    table.refreshed({"late": Head(1, 2)})
    assert table.heads == {"told": Head(1, 3), "late": Head(1, 2)}, "a whole read is one read"
    table.added("more", Head(1, 4))
    assert table.heads["more"] == Head(1, 4), "nothing is being read any more"


def test_what_could_not_be_read_is_read_the_next_time():
    table = LaneTable()
    table.added("a", Head(1, 1))
    table.changed("a")
    table.take_stale(whole=True)
    table.changed("b")
    table.unread()
    table.added("c", Head(1, 2))
    assert table.heads["c"] == Head(1, 2), "nothing is being read any more"
    assert table.take_stale() == {"a", "b"}
    table.refreshed({})
    assert table.heads == {"c": Head(1, 2)}


def test_an_earlier_task_is_the_head_and_a_later_one_is_not():
    table = LaneTable()
    for head in (Head(5, 1), Head(7, 2), Head(3, 3)):
        table.added("a", head)
    assert table.heads == {"a": Head(3, 3)}


def test_the_next_due_time_is_of_lanes_that_are_ready_and_free():
    table = LaneTable()
    for serial, due_ms in {"busy": 1, "held": 2, "away": 3, "free": 4}.items():
        table.added(serial, Head(due_ms, due_ms))
    table.busy.add("busy")
    table.held.add("held")
    assert table.next_due_ms(["busy", "held", "free", "without a task"]) == 4
    assert table.next_due_ms(["busy", "held"]) is None
