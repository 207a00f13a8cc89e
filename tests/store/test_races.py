"""Two servers on one database of PostgreSQL, whose units of work meet at the worst moment (decision 0023).

The first has read and is about to write when the second begins and commits. What must hold then holds at SERIALIZABLE;
where a weaker level breaks it, that is shown as well: else the test would say nothing.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import event

from contracts.stores import new
from fleetlane.adapters.db.postgres import engines
from fleetlane.adapters.db.postgres.store import PostgresStore
from fleetlane.core.account import NewAccount
from fleetlane.core.journal import Phase
from fleetlane.core.material import MaterialDescription, MaterialRequest, NewMaterial
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import failed
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.task import Status
from fleetlane.work.running.completion import RetryPolicy, complete_attempt
from support.postgres import new_database

pytestmark = pytest.mark.postgres

TTL_MS = 30_000
WEAK, STRONG = "READ COMMITTED", "SERIALIZABLE"


class Meeting:
    """Two stores on one database."""

    def __init__(self, url: str) -> None:
        self.one, self.other = PostgresStore(url), PostgresStore(url)

    def __enter__(self) -> Meeting:
        for store in (self.one, self.other):
            store.start()
        return self

    def __exit__(self, *error) -> None:
        for store in (self.one, self.other):
            store.close()

    def run(self, work):
        return self.one.submit(work).result(10)

    def meet(self, first, second):
        """Run both, the second when the first is about to write for the first time. Returns what they return."""
        about_to_write, done = threading.Event(), threading.Event()

        def stop(_connection, _cursor, statement, _parameters, _context, _many):
            if statement.startswith(("INSERT", "UPDATE", "DELETE")) and not about_to_write.is_set():
                about_to_write.set()
                assert done.wait(10)

        event.listen(self.one._writer, "before_cursor_execute", stop)
        mine = self.one.submit(first)
        assert about_to_write.wait(10)
        theirs = self.other.submit(second)
        theirs.add_done_callback(lambda _future: done.set())
        return mine.result(10), theirs.result(10)


@pytest.fixture(params=[STRONG, WEAK])
def level(request):
    return request.param


@pytest.fixture
def meeting(level, monkeypatch):
    monkeypatch.setattr(engines, "LEVEL", level)
    with ExitStack() as stack:
        yield stack.enter_context(Meeting(stack.enter_context(new_database())))


def on_a_phone(r):
    """Return a task that runs on a phone of which a worker has the lease."""
    r.leases.begin("one", "host", TTL_MS)
    r.leases.take("one", ["a"])
    r.tasks.add([new()])
    return r.tasks.claim(1, "a", 100)


def arm(r):
    """Do what a journal does before Post is pressed."""
    held = r.leases.holds("one", "a") and r.leases.beat("one", TTL_MS)
    return held and r.attempts.set_phase(1, 1, Phase.ARMED, {}, 150)


def test_what_is_armed_meanwhile_does_not_run_again(meeting, level):
    """Posted twice: the task goes back to its lane as one that pressed nothing, while its attempt presses."""
    task = meeting.run(on_a_phone)
    lost = Ended(task, failed("server_interrupted"), Ending.LOST)

    def settle(r):
        return complete_attempt(r, lost, RetryPolicy(), 200)

    _, armed = meeting.meet(settle, arm)
    after = meeting.run(lambda r: r.tasks.get(1))
    assert after.status is Status.PENDING
    assert (armed and not after.in_doubt) is (level == WEAK)


def test_a_worker_that_is_dismissed_meanwhile_arms_nothing(meeting):
    meeting.run(on_a_phone)

    def take_over(r):
        r.leases.begin("other", "elsewhere", TTL_MS)
        return r.leases.dismiss("one"), r.leases.take("other", ["a"])

    armed, _ = meeting.meet(arm, take_over)
    assert not armed
    assert meeting.run(lambda r: r.leases.heartbeats().keys()) == {"other"}


def test_one_file_of_the_library_is_not_given_to_two_tasks(meeting, level):
    material = NewMaterial("f" * 64, "f.mp4", MediaKind.VIDEO, "video/mp4", 1, None, MaterialDescription("a.mp4"))
    meeting.run(lambda r: r.materials.add(material, 1))
    wish = MaterialRequest(MediaKind.VIDEO, 1)
    mine, theirs = meeting.meet(lambda r: r.materials.take(wish, 1, 2), lambda r: r.materials.take(wish, 2, 2))
    assert (len(mine) + len(theirs) == 2) is (level == WEAK)


def test_one_file_of_a_folder_is_not_used_twice_on_an_account(meeting):
    taken = meeting.meet(
        lambda r: r.materials.take_files("tiktok/shop", ["f"], 1, 2),
        lambda r: r.materials.take_files("tiktok/shop", ["f"], 2, 2),
    )
    assert sorted(taken) == [False, True]


def test_a_lane_does_not_run_two_tasks(meeting):
    meeting.run(lambda r: r.tasks.add([new(), new()]))
    claimed = meeting.meet(lambda r: r.tasks.claim(1, "a", 100), lambda r: r.tasks.claim(2, "a", 100))
    assert [task is not None for task in claimed] == [False, True]


def test_a_task_is_made_for_the_phone_that_its_account_is_on(meeting, level):
    """Posted on the wrong phone: the account moves to another one while a task is made for it."""
    account = meeting.run(lambda r: r.accounts.add(NewAccount("shop", "tiktok", "a"), 1))

    def make(r):
        [found] = r.accounts.named(["shop"])
        return r.tasks.add([new(found.serial, username="shop", platform="tiktok")])

    def move(r):
        r.accounts.update(account.id, NewAccount("shop", "tiktok", "b"), 2)
        return r.tasks.bind("shop", "tiktok", "b")

    [[task_id], _] = meeting.meet(make, move)
    assert (meeting.run(lambda r: r.tasks.get(task_id).serial) == "a") is (level == WEAK)


def test_a_counter_that_many_move_at_once_is_right(meeting):
    def add(r):
        return r.tasks.add([new("a"), new("b")])

    waiting = [store.submit(add) for _ in range(30) for store in (meeting.one, meeting.other)]
    ids = [task_id for future in waiting for task_id in future.result(30)]
    assert len({*ids}) == 120
    assert meeting.run(lambda r: r.tasks.waiting()) == {"a": 60, "b": 60}


def test_each_time_that_a_unit_of_work_is_run_again_is_counted_with_its_cause():
    def note(repositories):
        found = repositories.facts.get("noted")
        repositories.facts.set("noted", f"{found or ''}x")

    with new_database() as url, Meeting(url) as meeting:
        meeting.meet(note, note)
        assert meeting.run(lambda r: r.facts.get("noted")) == "xx"
        assert sum(meeting.one.retries.values()) >= 1
        assert set(meeting.one.retries) <= {"40001", "23505"}
        assert meeting.other.retries == {}
