"""Binding: the pending tasks of an account wait for the device that the account is on now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fleetlane.core.account import Account
from fleetlane.core.lanes import Head
from fleetlane.core.ports.store import Repositories
from fleetlane.core.ports.tasks import Pending
from fleetlane.core.task import username_key
from fleetlane.work.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class Moved:
    """A pending task that has changed its lane: `task` as it was, `serial` where it is now."""

    task: Pending
    serial: str | None


def rebind(repositories: Repositories, account: Account) -> list[Moved]:
    """Let the pending tasks of an account wait for its device; for none while it is disabled."""
    moved = repositories.tasks.bind(username_key(account.username), account.platform, account.lane)
    return [Moved(task, account.lane) for task in moved]


def unbind(repositories: Repositories, account: Account) -> list[Moved]:
    """Let the pending tasks of an account that is gone wait for one of that name."""
    moved = repositories.tasks.bind(username_key(account.username), account.platform, None)
    return [Moved(task, None) for task in moved]


def rebind_named(repositories: Repositories, usernames: Collection[str]) -> list[Moved]:
    """Do `rebind` for the accounts of these names that are on record."""
    accounts = repositories.accounts.named({username_key(name) for name in usernames}) if usernames else []
    return [moved for account in accounts for moved in rebind(repositories, account)]


def to_their_devices(repositories: Repositories, tasks: Sequence[Pending]) -> list[Moved]:
    """Let tasks of accounts wait for where the accounts are now: they may have moved since."""
    return rebind_named(repositories, {task.username for task in tasks if task.username})


def tell(scheduler: Scheduler, moved: Sequence[Moved]) -> None:
    """Tell the scheduler of tasks that have changed their lanes."""
    for item in moved:
        if item.task.serial is not None:
            scheduler.changed(item.task.serial)
        if item.serial is not None:
            scheduler.added(item.serial, Head(item.task.due_ms, item.task.task_id))
