"""What moves in the store when two lanes turn out to be one phone, or one phone takes another's place.

Units of work only: each is all of a change, or nothing. A running attempt is never moved, and what is in doubt stays
with the phone where it was published.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fleetlane.core.errors import ConflictError, StoreBusyError
from fleetlane.core.hosts import Host
from fleetlane.core.message import Message
from fleetlane.core.phones import ALONE, Adoption, Finding
from fleetlane.core.ports.records import DeviceRecord, SerialRecord
from fleetlane.core.ports.store import Repositories
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.remark import Remark
from fleetlane.core.task import NeedsPerson, Status, note_of
from fleetlane.work.preflight.repeats import RepeatWindow, drop_repeats

Moves = Collection[str]
"""The lanes whose tasks have come or gone."""

_MOST_TASKS = 10_000


def absorb(
    repositories: Repositories, finding: Finding, now_ms: int, window: RepeatWindow, host_id: str = ALONE
) -> Moves:
    """Store what the answer of a phone means; what waits in a lane that is the same phone moves to its own.

    What would then repeat a post ends: for two names of one phone nobody could tell when it was made.

    Raises:
        StoreBusyError: an attempt runs in the lane that would end, or another host met this phone meanwhile, or one
            that has this lane.
    """
    lane, absorbed = finding.phone.serial, finding.absorbed
    known = repositories.devices.get(lane)
    if known is not None and known.phone.id not in ("", finding.phone.id):
        raise StoreBusyError(f"Another phone has the lane {lane} by now. It is told again.")
    there = repositories.devices.same(finding.phone.identity) if finding.phone.identity else None
    if there not in (None, lane, absorbed):
        raise StoreBusyError(f"This phone has the lane {there} by now. It is told again.")
    if absorbed in (None, lane):
        repositories.devices.keep(finding, now_ms, host_id)
        return ()
    if absorbed in _running(repositories):
        raise StoreBusyError(f"A task runs on device {absorbed}, which is {lane}. It is told again.")
    repositories.devices.keep(finding, now_ms, host_id)
    return _move(repositories, str(absorbed), lane, now_ms, window)


def adopt(repositories: Repositories, done: Adoption, now_ms: int, window: RepeatWindow, host_id: str = ALONE) -> Moves:
    """Let a phone take another one's place: the lane and what waits there is its own from now on.

    Raises:
        ConflictError: an attempt runs on one of the two.
    """
    for lane in {done.lane, done.left} & _running(repositories):
        raise ConflictError(f"A task runs on device {lane}. Wait for its end, or stop it, first.")
    lanes = {done.lane, done.left}
    if done.former is not None:
        repositories.tasks.move(done.lane, done.former.serial, in_doubt=True)
        lanes.add(done.former.serial)
    repositories.devices.adopt(done, now_ms, host_id)
    in_doubt = repositories.tasks.move(done.left, done.lane, in_doubt=True)
    _move(repositories, done.left, done.lane, now_ms, window, came=in_doubt)
    unflag(repositories, done.lane)
    return lanes


def strays(repositories: Repositories) -> dict[str, str]:
    """Return what tasks wait for and accounts are bound to that is no lane, with the lanes that they are now.

    A lane may have ended, and a name may have been given to a phone only after it was used.
    """
    meant = {*repositories.tasks.waiting(), *repositories.accounts.devices()}
    return {lane: now for lane, now in repositories.devices.lanes(meant).items() if now != lane}


def tidy(repositories: Repositories, now_ms: int, window: RepeatWindow) -> Moves:
    """Give what waits for, or is bound to, what is no lane to the phones that are meant; what is in doubt stays."""
    moved: set[str] = set()
    for lane, now in strays(repositories).items():
        repositories.accounts.move(lane, now)
        if _move_tasks(repositories, lane, now, now_ms, window):
            moved |= {lane, now}
    return moved


def flagged_lanes(repositories: Repositories) -> set[str]:
    """Return the lanes whose tasks are on the list of what needs a person, for want of a word on their phone."""
    found = repositories.tasks.find(TaskFilter(Status.PENDING, needs_person=True), 0, _MOST_TASKS)
    return {task.serial for task in found if task.serial and task.needs_person is NeedsPerson.OTHER_PHONE}


def flag(repositories: Repositories, lane: str, why: Message) -> None:
    """Put what waits in a lane on the list of what needs a person."""
    note = note_of(Remark.of(why))
    repositories.tasks.flag(_pending(repositories, lane), NeedsPerson.OTHER_PHONE, note)


def unflag(repositories: Repositories, lane: str) -> None:
    """Take what waits in a lane off that list."""
    repositories.tasks.unflag(_pending(repositories, lane), NeedsPerson.OTHER_PHONE)


def _pending(repositories: Repositories, lane: str) -> list[int]:
    found = repositories.tasks.find(TaskFilter(Status.PENDING, serial=lane), 0, _MOST_TASKS)
    return [task.id for task in found]


def _running(repositories: Repositories) -> set[str]:
    return {task.serial for task in repositories.tasks.running() if task.serial}


def _move(
    repositories: Repositories, lane: str, to: str, now_ms: int, window: RepeatWindow, *, came: Sequence[int] = ()
) -> Moves:
    _move_tasks(repositories, lane, to, now_ms, window, came=came)
    repositories.accounts.move(lane, to)
    repositories.leases.release([lane])
    return lane, to


def _move_tasks(
    repositories: Repositories, lane: str, to: str, now_ms: int, window: RepeatWindow, *, came: Sequence[int] = ()
) -> int:
    """Move the tasks of a lane, and end what waits in either whose post waits, or went out, in the other.

    `came` names those that have moved already. Returns how many have moved.
    """
    waits_here = _comparable(repositories, to)
    waits_there = _comparable(repositories, lane)
    moved = [*came, *repositories.tasks.move(lane, to)]
    drop_repeats(repositories, repositories.tasks.some(waits_there), now_ms, window)
    drop_repeats(repositories, repositories.tasks.some(waits_here), now_ms, window, of=moved)
    return len(moved)


def _comparable(repositories: Repositories, lane: str) -> set[int]:
    """Return what waits in a lane and may be a repeat."""
    waiting = repositories.tasks.find(TaskFilter(Status.PENDING, serial=lane), 0, _MOST_TASKS)
    return {task.id for task in waiting if task.content_key and not task.in_doubt}


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of the phones.

    Attributes:
        devices: the devices.
        serials: how they are reached.
        flagged: the lanes with tasks that wait for a person's word on a phone.
        hosts: the hosts.
        living: the ids of those that work.
    """

    devices: Sequence[DeviceRecord]
    serials: Sequence[SerialRecord]
    flagged: set[str]
    hosts: Sequence[Host]
    living: frozenset[str]


def on_record(repositories: Repositories) -> OnRecord:
    """Return what is on record of the phones."""
    return OnRecord(
        repositories.devices.all(),
        repositories.devices.serials(),
        flagged_lanes(repositories),
        repositories.hosts.all(),
        repositories.leases.living_hosts(),
    )
