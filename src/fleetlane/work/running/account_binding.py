"""Binding: the pending tasks of an account wait for the device that the account is on now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fleetlane.core.account import Account
from fleetlane.core.lanes import Head
from fleetlane.core.ports.store import Repositories
from fleetlane.core.ports.tasks import Pending
from fleetlane.core.task import Status, Task, username_key
from fleetlane.work.preflight.repeats import RepeatWindow, drop_repeats
from fleetlane.work.running.lanes import Lanes


@dataclass(frozen=True, slots=True)
class Moved:
    """A task that has left its lane: `task` as it was, `serial` where it waits now; None: nowhere."""

    task: Pending
    serial: str | None


def rebind(repositories: Repositories, account: Account, now_ms: int, window: RepeatWindow) -> list[Moved]:
    """Let the pending tasks of an account wait for its device; for none while it is disabled.

    What would then repeat a post ends: another task may be for that device, and not name the account.
    """
    moved = repositories.tasks.bind(username_key(account.username), account.platform, account.lane)
    found = [Moved(task, account.lane) for task in moved]
    if account.lane is None:
        return found
    here = repositories.tasks.some([task.task_id for task in moved])
    ended = drop_repeats(repositories, here, now_ms, window)
    return found + [Moved(Pending(task.id, task.serial, task.due_ms), None) for task in ended]


def unbind(repositories: Repositories, account: Account) -> list[Moved]:
    """Let the pending tasks of an account that is gone wait for one of that name."""
    moved = repositories.tasks.bind(username_key(account.username), account.platform, None)
    return [Moved(task, None) for task in moved]


def rebind_named(
    repositories: Repositories, usernames: Collection[str], now_ms: int, window: RepeatWindow
) -> list[Moved]:
    """Do `rebind` for the accounts of these names that are on record."""
    accounts = repositories.accounts.named({username_key(name) for name in usernames}) if usernames else []
    return [moved for account in accounts for moved in rebind(repositories, account, now_ms, window)]


def to_their_devices(
    repositories: Repositories, task_ids: Collection[int], now_ms: int, window: RepeatWindow
) -> list[Moved]:
    """Let tasks of accounts wait for where the accounts are now: they may have moved since, or be gone.

    Those that do not wait stay as they are, and cost nothing more.
    """
    tasks = [task for task in repositories.tasks.some(task_ids) if task.username and task.status is Status.PENDING]
    if not tasks:
        return []
    moved = rebind_named(repositories, {str(task.username) for task in tasks}, now_ms, window)
    here = {account.key for account in repositories.accounts.named([username_key(str(t.username)) for t in tasks])}
    for key, platform in {(username_key(str(t.username)), t.platform) for t in tasks if t.serial and t.platform}:
        if (platform, key) not in here:
            moved += [Moved(task, None) for task in repositories.tasks.bind(key, platform, None)]
    return moved


def as_it_would_wait(repositories: Repositories, task: Task) -> Task:
    """Return a task that does not wait, for the device it would wait for (see `to_their_devices`)."""
    if not task.username:
        return task
    found = repositories.accounts.named([username_key(task.username)])
    fitting = [account for account in found if task.platform in (None, account.platform)]
    if fitting:
        return replace(task, serial=fitting[0].lane)
    return replace(task, serial=None) if task.platform else task


def tell(lanes: Lanes, moved: Sequence[Moved]) -> None:
    """Tell of tasks that have changed their lanes."""
    for item in moved:
        if item.task.serial is not None:
            lanes.changed(item.task.serial)
        if item.serial is not None:
            lanes.added(item.serial, Head(item.task.due_ms, item.task.task_id))
