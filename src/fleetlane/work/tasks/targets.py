"""Targets: which devices and accounts a request means, by what is known now.

A serial never seen, an offline device and an account not bound to a device are accepted: the task waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fleetlane.core.account import Account
from fleetlane.core.errors import NoEnabledAccountError
from fleetlane.core.issue import IGNORED, Issue, Severity, note
from fleetlane.core.message import Message
from fleetlane.core.ports.library import Accounts
from fleetlane.core.ports.store import Repositories
from fleetlane.core.task import username_key
from fleetlane.scripts.registry import script


@dataclass(frozen=True, slots=True)
class Target:
    """What becomes one task. `serial` is None while its account has no device."""

    serial: str | None
    username: str | None = None
    platform: str | None = None


class Request(Protocol):
    """The part of a request that names targets."""

    @property
    def serials(self) -> Sequence[str]:
        """Return the devices."""
        ...

    @property
    def usernames(self) -> Sequence[str]:
        """Return the accounts; they win."""
        ...

    @property
    def enable_multi_account(self) -> bool:
        """Return whether every account of a device is meant."""
        ...

    @property
    def script_name(self) -> str:
        """Return the script."""
        ...

    @property
    def script_config(self) -> Mapping[str, Any]:
        """Return the script's settings."""
        ...


def find_targets(repositories: Repositories, request: Request, issues: list[Issue]) -> list[Target]:
    """Return the targets of a request, in its order; what the caller should know goes to `issues`.

    A phone's name, and every serial it was reached by, is that phone.

    Raises:
        NoEnabledAccountError: every account that is meant is disabled.
    """
    accounts = repositories.accounts
    platform = script(request.script_name).platform(request.script_config)
    if request.usernames:
        if request.serials:
            issues.append(note("both serials and usernames are given: the usernames were used", "serials", IGNORED))
        if request.enable_multi_account:
            told = "enable_multi_account is for serials only: the usernames were used as they are given"
            issues.append(note(told, "enable_multi_account", IGNORED))
        targets = _by_accounts(accounts, request.usernames, platform, issues)
    else:
        lanes = repositories.devices.lanes(request.serials)
        named = _distinct("serials", request.serials, lambda serial: lanes[serial], issues)
        serials = [lanes[serial] for serial in named]
        if not request.enable_multi_account:
            return [Target(serial) for serial in serials]
        targets = _by_devices(accounts, serials, platform, issues)
    if not targets:
        raise NoEnabledAccountError("No enabled account was found for this request. Enable one, or add one.")
    return targets


def _by_accounts(accounts: Accounts, names: Sequence[str], platform: str | None, issues: list[Issue]) -> list[Target]:
    wanted = _distinct("usernames", names, username_key, issues)
    known: dict[str, list[Account]] = {}
    for account in accounts.named([username_key(name) for name in wanted]):
        if platform in (None, account.platform):
            known.setdefault(username_key(account.username), []).append(account)
    targets: list[Target] = []
    for name in wanted:
        found = known.get(username_key(name), [])
        enabled = [account for account in found if account.enabled]
        if found and not enabled:
            issues.append(_skipped("usernames", name, f"account {name} is disabled and was skipped"))
        elif enabled:
            if len(enabled) > 1:
                issues.append(
                    note(f"account {name} is known on two platforms: {enabled[0].platform} was used", "usernames")
                )
            targets.append(Target(enabled[0].serial, name, enabled[0].platform))
        else:
            targets.append(Target(None, name, platform))
    return targets


def _by_devices(accounts: Accounts, serials: Sequence[str], platform: str | None, issues: list[Issue]) -> list[Target]:
    bound: dict[str, list[Account]] = {}
    for account in accounts.on_devices(serials):
        if account.serial is not None and platform in (None, account.platform):
            bound.setdefault(account.serial, []).append(account)
    targets: list[Target] = []
    for serial in serials:
        found = bound.get(serial, [])
        enabled = [account for account in found if account.enabled]
        targets.extend(Target(serial, account.username, account.platform) for account in enabled)
        if not found:
            told = f"no account of device {serial} is on record: the one that is signed in there is used"
            issues.append(note(told, "enable_multi_account"))
            targets.append(Target(serial))
        elif not enabled:
            issues.append(_skipped("serials", serial, f"every account of device {serial} is disabled: it was skipped"))
    return targets


def _skipped(field: str, target: str, text: str) -> Issue:
    return Issue(field, "account_disabled", Severity.ERROR, Message("%(text)s", {"text": text}), target)


def _distinct(field: str, names: Sequence[str], key: Callable[[str], str], issues: list[Issue]) -> list[str]:
    found: dict[str, str] = {}
    for name in names:
        if key(name) in found:
            issues.append(note(f"{field}: {name} is given more than once and was used once", field, IGNORED))
        found.setdefault(key(name), name)
    return list(found.values())
