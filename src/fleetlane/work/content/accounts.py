"""The accounts: changing them moves the tasks that wait for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fleetlane.core.account import Account, NewAccount
from fleetlane.core.errors import ConflictError, InvalidParametersError, NotFoundError
from fleetlane.core.message import Message
from fleetlane.core.names import NAME_RULE, is_name
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.library import AccountFilter
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import username_key
from fleetlane.work.content.sheets.account_sheet import CLEARED, AccountRow, Sheet, named
from fleetlane.work.content.sheets.cells import read_again
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.account_binding import Moved, rebind, tell, unbind
from fleetlane.work.running.lanes import Lanes

_MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of accounts, and how many the whole list has."""

    total: int
    accounts: Sequence[Account]


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What an import changes: `before` is None for a new account."""

    before: Account | None
    after: NewAccount

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Return what changes: field -> (before, after)."""
        if self.before is None:
            return {}
        pairs = {name: (getattr(self.before, name), getattr(self.after, name)) for name in _CHANGEABLE}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


_CHANGEABLE = ("username", "serial", "enabled", "note")


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do, or did."""

    added: Sequence[AccountChange]
    changed: Sequence[AccountChange]
    unchanged: int
    ignored_columns: Sequence[str]
    warnings: Sequence[Message]


class AccountService:
    """Changes accounts, and gives their pending tasks to the device they are on.

    Args:
        store: where they are.
        lanes: told of the tasks that move.
        clock: the time.
        repeats: for how long a post is not to be repeated.
    """

    def __init__(self, store: Store, lanes: Lanes, clock: Clock, repeats: RepeatWindow | None = None) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._repeats = repeats or RepeatWindow()

    async def page(self, asked: AccountFilter, number: int, size: int) -> AccountPage:
        """Return page `number`, from 1, of the accounts that are wanted, by name."""

        def read(repositories: Repositories) -> AccountPage:
            wanted = _of_phone(repositories, asked)
            found = repositories.accounts.find(wanted, (number - 1) * size, size)
            return AccountPage(repositories.accounts.count(wanted), found)

        return await self._store.read(read)

    async def get(self, account_id: int) -> Account:
        """Return an account.

        Raises:
            NotFoundError: there is none.
        """
        account = await self._store.read(lambda repositories: repositories.accounts.get(account_id))
        if account is None:
            raise NotFoundError("account", account_id)
        return account

    async def add(self, new: NewAccount) -> Account:
        """Store an account.

        Raises:
            InvalidParametersError: its name is none.
            ConflictError: there is one of that name on that platform.
        """
        _check(new)

        def work(repositories: Repositories) -> tuple[Account | None, list[Moved]]:
            account = repositories.accounts.add(_at_phone(repositories, new), self._clock.now_ms())
            return account, self._rebind(repositories, account) if account else []

        account, moved = await self._store.write(work)
        if account is None:
            raise ConflictError(f"There is an account {new.username} on {new.platform} already.")
        tell(self._lanes, moved)
        return account

    async def update(self, account_id: int, change: Callable[[NewAccount], NewAccount]) -> Account:
        """Change an account.

        Args:
            account_id: which.
            change: makes the new account of the old.

        Raises:
            NotFoundError, InvalidParametersError, ConflictError: see `get` and `add`.
        """

        def work(repositories: Repositories) -> tuple[Account, list[Moved]]:
            before = repositories.accounts.get(account_id)
            if before is None:
                raise NotFoundError("account", account_id)
            changed = change(_new(before))
            _check(changed)
            bound = _at_phone(repositories, changed)
            after = repositories.accounts.update(account_id, bound, self._clock.now_ms())
            if after is None:
                raise ConflictError(f"There is an account {changed.username} on {changed.platform} already.")
            moved = unbind(repositories, before) if before.key != after.key else []
            return after, moved + self._rebind(repositories, after)

        account, moved = await self._store.write(work)
        tell(self._lanes, moved)
        return account

    async def delete(self, account_id: int) -> None:
        """Delete an account. Its pending tasks wait until there is one of that name again.

        Raises:
            NotFoundError: there is none.
        """

        def work(repositories: Repositories) -> tuple[Account | None, list[Moved]]:
            account = repositories.accounts.delete(account_id)
            return account, unbind(repositories, account) if account else []

        account, moved = await self._store.write(work)
        if account is None:
            raise NotFoundError("account", account_id)
        tell(self._lanes, moved)

    def _rebind(self, repositories: Repositories, account: Account) -> list[Moved]:
        return rebind(repositories, account, self._clock.now_ms(), self._repeats)

    # -- sheets ----------------------------------------------------------------------------------------

    async def import_sheet(self, sheet: Sheet, *, dry_run: bool) -> ImportPlan:
        """Add and change accounts as a sheet says; accounts it does not name stay as they are.

        Args:
            sheet: the rows.
            dry_run: only say what would change.

        Raises:
            InvalidParametersError: with every row that is wrong; nothing was changed.
        """

        def work(repositories: Repositories) -> tuple[ImportPlan, list[Moved]]:
            plan = _plan(repositories, sheet)
            if dry_run:
                return plan, []
            moved: list[Moved] = []
            now_ms = self._clock.now_ms()
            for change in plan.added:
                account = repositories.accounts.add(change.after, now_ms)
                moved += self._rebind(repositories, account) if account else []
            for change in plan.changed:
                assert change.before is not None
                account = repositories.accounts.update(change.before.id, change.after, now_ms)
                moved += self._rebind(repositories, account) if account else []
            return plan, moved

        plan, moved = await (self._store.read(work) if dry_run else self._store.write(work))
        tell(self._lanes, moved)
        return plan

    async def export(self) -> Sequence[Account]:
        """Return every account, by name."""
        return await self._store.read(lambda r: r.accounts.find(AccountFilter(), 0, _MOST_EXPORTED))


def _new(account: Account) -> NewAccount:
    return NewAccount(account.username, account.platform, account.serial, account.enabled, account.note)


def _at_phone(repositories: Repositories, account: NewAccount) -> NewAccount:
    """Return an account bound to the phone that its device is a serial or the name of."""
    return replace(account, serial=repositories.devices.lane(account.serial)) if account.serial else account


def _of_phone(repositories: Repositories, wanted: AccountFilter) -> AccountFilter:
    return replace(wanted, serial=repositories.devices.lane(wanted.serial)) if wanted.serial else wanted


def _check(account: NewAccount) -> None:
    if not is_name(account.username):
        raise InvalidParametersError.one("username", NAME_RULE)
    if account.serial is not None and not is_name(account.serial):
        raise InvalidParametersError.one("device", NAME_RULE)  # as callers call it


def _plan(repositories: Repositories, sheet: Sheet) -> ImportPlan:
    known = {a.key: a for a in repositories.accounts.named([username_key(row.username) for row in sheet.rows])}
    added: dict[Any, AccountChange] = {}
    changed: list[AccountChange] = []
    unchanged = 0
    for row in sheet.rows:
        before = known.get((row.platform, username_key(row.username)))
        if before is None:
            new = _at_phone(repositories, _with(NewAccount(row.username, row.platform), row))
            added[new.key] = AccountChange(None, new)
            continue
        change = AccountChange(before, _at_phone(repositories, _with(_new(before), row)))
        if change.fields():
            changed.append(change)
        else:
            unchanged += 1
    warnings = [*sheet.warnings, *_cleared(changed)]
    return ImportPlan(list(added.values()), changed, unchanged, sheet.ignored_columns, warnings)


def _cleared(changed: Sequence[AccountChange]) -> list[Message]:
    """Return what empty cells take away from accounts, where they do."""
    places = [
        f"{change.after.username} ({'device' if name == 'serial' else name})"
        for change in changed
        for name, (_, after) in change.fields().items()
        if after in (None, "")
    ]
    return [Message(CLEARED, {"places": named(places)})] if places else []


def _with(account: NewAccount, row: AccountRow) -> NewAccount:
    """Return an account with what a row says; columns the sheet does not have change nothing.

    Nor does a text that is only written otherwise because no sheet can hold it, such as one with blanks around it.
    """
    changes: dict[str, Any] = {}
    if row.serial is not None and row.serial != read_again(account.serial or ""):
        changes["serial"] = row.serial or None
    if row.enabled is not None:
        changes["enabled"] = row.enabled
    if row.note is not None and row.note != read_again(account.note):
        changes["note"] = row.note
    return replace(account, **changes)
