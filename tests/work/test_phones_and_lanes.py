"""Phones behind changing addresses, on a real store: never two attempts on one phone, never a task on another phone."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.errors import ConflictError
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.phones import Identity
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import NewTask, Source, Status
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.recovery import recover
from support.budget import cases
from support.clock import ManualClock
from support.fakes import FakeTransports
from support.scheduling import Scheduling
from support.stores import new_store

pytestmark = pytest.mark.slow

DONE = succeeded("Published.", PublishState.PUBLISHED, {})
NUMBERS = {"A": "R58A", "B": "R58B", "twin": "R58A", "cheap": "0123456789ABCDEF", "cheap too": "0123456789ABCDEF"}
PRODUCTS = {"cheap too": "another"}
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # each commit reaches the disk: a test need not wait
PHONES = tuple(NUMBERS)
ADDRESSES = ("10.0.0.1:5555", "10.0.0.2:5555", "adb-R58A-x._adb-tls-connect._tcp")
TEXTS = (*sorted(set(NUMBERS.values())), *ADDRESSES, "never seen")
Key = tuple[str, int]
"""A phone, and how often it was reset: after a reset it is another one until a person says that it is not."""


@dataclass
class Link:
    """A phone that is plugged in."""

    phone: str
    transport: Transport


@dataclass
class Made:
    """A task: by what it was made, and for which phone, as soon as that can be known."""

    text: str
    key: Key | None
    due_ms: int


class Shelf:
    """Phones are plugged, pulled, moved, reset and cloned; answers come late; people decide, or do not.

    Each act takes a number, by which it chooses among what there is.
    """

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(dir=_MEMORY)
        path = new_store(Path(self.folder.name) / "s.db")
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock(1000.0)
        self.store = SqliteStore(path)
        self.store.start()
        self.links: list[Link] = []
        self.resets = dict.fromkeys(PHONES, 0)
        self.made: dict[int, Made] = {}
        self.ended: set[int] = set()
        self.where: dict[int, Key] = {}
        """The phone that each running attempt is on. One that was reset since is another: nothing reaches it."""
        self.answered: dict[str, set[str]] = {}
        """Who has ever answered at a serial."""
        self.new_server()

    def new_server(self):
        self.transports = FakeTransports()
        self.links = [Link(one.phone, self._plugged(one.phone, one.transport)) for one in self.links]
        self.asked: dict[int, tuple[Link, Identity, asyncio.Future]] = {}
        ids = (f"{id(self.transports)}-{n}" for n in itertools.count())
        self.lanes = Lanes()
        self.phones = PhoneDirectory(self.transports, self.store, self.clock, self.lanes, draw_id=lambda: next(ids))
        self.phones.ask_phone = self._ask
        made = Scheduling(self.store, self.phones, self.clock, self.lanes)
        self.ends, self.executor, self.scheduler = made.ends, made.executor, made.scheduler
        self.do(self.phones.load())
        self.look()

    def _plugged(self, _phone, before: Transport) -> Transport:
        return self.transports.plug(before.serial, before.state, usb=before.usb)

    async def _ask(self, transport: Transport) -> Identity:
        link = next(link for link in self.links if link.transport is transport)
        future = self.loop.create_future()
        self.asked[transport.connection] = link, self.identity(link.phone), future
        return await future

    def identity(self, phone) -> Identity:
        return Identity(NUMBERS[phone], PRODUCTS.get(phone, "pixel"), f"{phone}/{self.resets[phone]}")

    def key(self, phone) -> Key:
        return phone, self.resets[phone]

    def do(self, work):
        return self.loop.run_until_complete(work)

    def look(self):
        async def look():
            self.phones.update()
            await asyncio.sleep(0)
            await self.phones.settle()

        self.do(look())

    def close(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.do(asyncio.sleep(0))
        self.store.close()
        self.loop.close()
        self.folder.cleanup()

    # -- the shelf -----------------------------------------------------------------------------------

    def _pull(self, link):
        self.links.remove(link)
        self.transports.unplug(link.transport)

    def plug(self, choice):
        """Plug a phone in by its cable, or give it an address, which nobody else has then."""
        phone, by, state = _PLUGS[choice % len(_PLUGS)]
        for link in [one for one in self.links if _is_in_the_way(one, phone, by)]:
            self._pull(link)
        transport = self.transports.plug(by or NUMBERS[phone], state, usb=by is None)
        self.links.append(Link(phone, transport))
        self.look()
        if choice % 4:
            self.all_answer(choice)

    def pull(self, choice):
        if self.links:
            self._pull(self.links[choice % len(self.links)])
            self.look()

    def authorise(self, choice):
        waiting = [one for one in self.links if not one.transport.is_ready]
        if waiting:
            link = waiting[choice % len(waiting)]
            self._pull(link)
            self.links.append(Link(link.phone, self.transports.plug(link.transport.serial, usb=link.transport.usb)))
            self.look()

    def reset(self, choice):
        phone = PHONES[choice % len(PHONES)]
        for link in [one for one in self.links if one.phone == phone]:
            self._pull(link)
        self.resets[phone] += 1
        self.look()

    def answer(self, choice):
        """Let one of those answer that were asked, perhaps long after it is gone."""
        if self.asked:
            self._answer(sorted(self.asked)[choice % len(self.asked)])

    def all_answer(self, _choice):
        for connection in sorted(self.asked):
            self._answer(connection)

    def _answer(self, connection):
        link, identity, future = self.asked.pop(connection)
        if link in self.links:
            self.answered.setdefault(link.transport.serial, set()).add(link.phone)
        asking = self.phones._asking._tasks[connection]
        future.set_result(identity)
        self.do(asking)
        self.do(self.phones.settle())
        self._bind_what_waited()

    def _bind_what_waited(self):
        """Note for which phone a task is whose serial has now got one."""
        for task in self._pending():
            if self.made[task.id].key is None:
                self.made[task.id].key = self._key_of(task.serial)

    def _key_of(self, lane) -> Key | None:
        phone = self.phones._book.phones.get(lane)
        if phone is None or phone.identity is None:
            return None
        name, _, resets = phone.identity.android_id.partition("/")
        return name, int(resets)

    # -- tasks ---------------------------------------------------------------------------------------

    def create(self, choice):
        here = [link.transport.serial for link in self.links] if choice % 4 else ()
        text, blank = (here or TEXTS)[choice % len(here or TEXTS)], choice % 2
        now = self.clock.now_ms()

        def work(r):
            lane = r.devices.lane(f" {text} " if blank else text)
            return lane, r.tasks.add([NewTask("b", 0, "post", "{}", lane, None, Source.API, 1, now, now)])[0]

        lane, task_id = self.do(self.store.write(work))
        self.made[task_id] = Made(text, self._key_of(lane), now)
        self.lanes.added(lane, Head(now, task_id))
        if choice % 3:
            self.tick(choice)

    def tick(self, _choice):
        self.clock.advance(1)
        first = len(self.executor.started)
        self.do(self.scheduler.tick())
        for task in self.executor.started[first:]:
            self._started(task)
        self._attempts_reach_their_own_phones_only()
        self._nothing_is_stranded()

    def _attempts_reach_their_own_phones_only(self):
        for task in self.executor.running.values():
            view = self.phones._views.get(task.serial)
            for link in self.links:
                if view is not None and link.transport is view.transport and self.transports.is_current(link.transport):
                    reached = self.key(link.phone)
                    assert reached == self.where[task.id], f"an attempt on {self.where[task.id]} reaches {reached}"

    def _started(self, task):
        transport = self.phones._where(task.serial, lambda: None)
        [link] = [one for one in self.links if one.transport is transport]
        here = self.key(link.phone)
        assert here not in self.where.values(), f"two attempts on {here}"
        made = self.made[task.id]
        assert made.key == here, f"made for {made.key}, runs on {here}"
        self.where[task.id] = here

    def _nothing_is_stranded(self):
        """What waits for a phone that is there, and has said who it is, waits in its lane."""
        lanes = {}
        for link in self.links:
            lane = self.phones._book._asked.get(link.transport.connection)
            if lane is not None and self.phones.get(lane).is_ready:
                lanes[self.key(link.phone)] = lane
        for task in self._pending():
            lane = lanes.get(self.made[task.id].key)
            if lane is not None and not task.in_doubt:
                assert task.serial == lane, f"task {task.id} waits in {task.serial}, its phone is {lane}"
                assert self.lanes.is_busy(lane), f"{lane} is free and does nothing"

    def end(self, choice):
        if not self.executor.running:
            return
        task = self.executor.end(sorted(self.executor.running)[choice % len(self.executor.running)])
        del self.where[task.id]
        if choice % 3 == 0 and not task.in_doubt:
            facts = {"caption": "c", "profile": {"a": 1}}
            for phase in (Phase.PREPARED, Phase.ARMED):
                self.do(self.store.write(lambda r, to=phase: r.attempts.set_phase(task.id, task.attempt, to, facts, 1)))
            self.do(self.ends.ended(Ended(task, failed("outcome_unknown"), Ending.INTERRUPTED)))
        else:
            self.do(self.ends.ended(Ended(task, DONE)))
            self.ended.add(task.id)

    def a_person_decides(self, choice):
        keep_present = choice % 3 > 0
        asked = [lane for lane in sorted(self.phones._book.phones) if self.phones.question(lane)]
        if not asked:
            return
        lane = asked[choice % len(asked)]
        question, former = self.phones.question(lane), self._key_of(lane)
        present = self._key_of(question.present)
        pending = self._pending()
        try:
            self.do(self.phones.adopt(lane, keep_present=keep_present))
        except ConflictError:
            assert keep_present
            assert self.lanes.is_busy(lane) or self.lanes.is_busy(question.present)
            return
        for task in pending if keep_present else ():
            made = self.made[task.id]
            is_meant = made.key == former if former else task.serial == lane
            if is_meant and not task.in_doubt:
                made.key = present
        self.do(self.phones.settle())
        assert lane not in [one for one in self.phones._book.phones if self.phones.question(one) == question]

    def the_server_starts_anew(self, _choice):
        for asking in list(self.phones._asking._tasks.values()):
            asking.cancel()
        self.do(asyncio.sleep(0))
        self.where.clear()
        self.do(recover(self.store, self.clock))
        self.new_server()
        self._bind_what_waited()

    def _pending(self):
        wanted = TaskFilter(Status.PENDING)
        return self.do(self.store.read(lambda r: r.tasks.find(wanted, 0, 1000)))

    def none_is_lost(self):
        tasks = self.do(self.store.read(lambda r: r.tasks.find(TaskFilter(), 0, 1000)))
        assert {task.id for task in tasks} == set(self.made)
        assert {task.id for task in tasks if task.is_ended} == self.ended


def _is_in_the_way(link: Link, phone: str, by: str | None) -> bool:
    """Return whether a link ends: a phone has one cable, an address is one phone's."""
    if by is None:
        return link.phone == phone and link.transport.usb
    return link.transport.serial == by


_STATES = (*[DeviceState.ONLINE] * 4, DeviceState.UNAUTHORIZED, DeviceState.OFFLINE)
_PLUGS = tuple(itertools.product(PHONES, (None, *ADDRESSES), _STATES))
ACTS = {
    Shelf.plug: 6,
    Shelf.create: 6,
    Shelf.all_answer: 5,
    Shelf.tick: 5,
    Shelf.end: 3,
    Shelf.answer: 2,
    Shelf.pull: 2,
    Shelf.authorise: 2,
    Shelf.a_person_decides: 4,
    Shelf.reset: 1,
    Shelf.the_server_starts_anew: 1,
}
"""What can happen, and how often it does beside the others."""
_ACTS = [act for act, weight in ACTS.items() for _ in range(weight)]


@example([(Shelf.plug, 301), (Shelf.create, 1), (Shelf.reset, 922), (Shelf.plug, 1614), (Shelf.create, 1)])
@settings(max_examples=cases(120, 300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 2**16)), min_size=25, max_size=40))
def test_whatever_is_plugged_where_a_task_runs_on_its_phone_alone(acts):
    shelf = Shelf()
    try:
        for act, choice in acts:
            act(shelf, choice)
        shelf.none_is_lost()
    finally:
        shelf.close()
