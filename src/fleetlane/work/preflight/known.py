"""What is on record of the phones, the accounts and the library that tasks are for: read in one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fleetlane.core.account import Account
from fleetlane.core.material import UseState
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.core.ports.store import Repositories
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import Status, username_key
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.platforms import platform_in, platforms
from fleetlane.work.preflight.app_versions import Met, is_met, met_here
from fleetlane.work.preflight.stock import Stock

_SCAN = "accounts_scan"
_MOST_SCANS = 500
_MOST_MATERIALS = 2_000
_MOST_FOLDER_ACCOUNTS = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record.

    Attributes:
        apps: the packages each phone said it has, and their versions; phones that never said so are not in it.
        accounts: the accounts by their keys (`username_key`), those that are named and those on the phones.
        signed_in: by phone and platform, who the last scan has seen there.
        used: by account of a folder (`platform:name`), the files that were used there.
        stock: what the library has; None when nobody asks for it.
        met: the versions of apps that have published here, by package.
    """

    apps: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    accounts: Mapping[str, Sequence[Account]] = field(default_factory=dict[str, Sequence[Account]])
    signed_in: Mapping[str, Mapping[str, frozenset[str]]] = field(
        default_factory=dict[str, Mapping[str, frozenset[str]]]
    )
    used: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    stock: Stock | None = None
    met: Met = field(default_factory=dict[str, Mapping[str, str]])

    def missing_app(self, serial: str, platform: str | None) -> str | None:
        """Return the app that a phone does not have, as people call it; None when it has it, or that is not known."""
        if serial not in self.apps:
            return None
        packs = [pack for pack in load_packs() if pack.packages and platform in (None, pack.app)]
        if any(self.apps[serial].keys() & set(pack.packages) for pack in packs):
            return None
        return " or ".join(str(pack.label) for pack in packs) or None

    def unmet(self, serial: str, platform: str | None) -> tuple[str, str] | None:
        """Return the app that a phone would post with, as people call it, and its version, when that is new to all.

        None when its pack is made from that version, or has published with it here, and when that is not known.
        """
        there = self.apps.get(serial, {})
        pack = next((one for one in load_packs() if one.app == (platform or app_on(self, serial))), None)
        package = next((name for name in pack.packages if name in there), None) if pack else None
        if pack is None or package is None or is_met(pack, package, there[package], self.met):
            return None
        return pack.label, there[package]

    def is_disabled(self, username: str, platform: str | None) -> bool:
        """Return whether an account is on record, and nowhere enabled."""
        found = [one for one in self.accounts.get(username_key(username), ()) if platform in (None, one.platform)]
        return bool(found) and not any(account.enabled for account in found)

    def only_account(self, serial: str | None, platform: str | None) -> str | None:
        """Return the account of a phone when it has one only."""
        every = (account for accounts in self.accounts.values() for account in accounts)
        found = {a.username for a in every if serial and a.serial == serial and platform in (None, a.platform)}
        return found.pop() if len(found) == 1 else None

    def used_files(self, platform: str, account: str) -> frozenset[str]:
        """Return the sha256 of the files of folders that were used on an account."""
        return self.used.get(f"{platform}:{username_key(account)}", frozenset())


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom and what something must be known of."""

    serials: Collection[str]
    usernames: Collection[str]
    of_library: bool = False
    of_folders: bool = False


def app_on(known: Known, serial: str | None) -> str | None:
    """Return the platform whose app a phone would post with by itself; None when that is not known."""
    there = known.apps.get(serial or "")
    if there is None:
        return None
    return next((pack.app for pack in load_packs() if there.keys() & set(pack.packages)), None)


def with_stock(known: Known, former: Known | None) -> Known:
    """Return what is known now, with what a former look has left in the library."""
    if former is None or former.stock is None:
        return known
    return replace(known, stock=former.stock)


def read_known(repositories: Repositories, asked: Asked) -> Known:
    """Return what is on record."""
    accounts = _accounts(repositories, asked)
    return Known(
        apps={
            record.serial: record.facts["apps"]
            for record in repositories.devices.all()
            if record.serial in asked.serials and isinstance(record.facts.get("apps"), Mapping)
        },
        accounts=accounts,
        signed_in=_signed_in(repositories, asked.serials),
        used=_used(repositories, accounts, asked) if asked.of_folders else {},
        stock=_stock(repositories) if asked.of_library else None,
        met=met_here(repositories) if asked.serials else {},
    )


def _accounts(repositories: Repositories, asked: Asked) -> dict[str, list[Account]]:
    found = repositories.accounts.named({username_key(name) for name in asked.usernames}) if asked.usernames else []
    if asked.of_folders and asked.serials:
        found = [*found, *repositories.accounts.on_devices(list(asked.serials))]
    by_key: dict[str, list[Account]] = {}
    for account in dict.fromkeys(found):
        by_key.setdefault(username_key(account.username), []).append(account)
    return by_key


def _signed_in(repositories: Repositories, serials: Collection[str]) -> dict[str, dict[str, frozenset[str]]]:
    """Return who the last scans have seen; what a scan had a problem with is not known."""
    scans = TaskFilter(status=Status.COMPLETED, script_name=_SCAN)
    if not serials or not repositories.tasks.count(scans):
        return {}
    found: dict[str, dict[str, frozenset[str]]] = {}
    for task in repositories.tasks.find(scans, 0, _MOST_SCANS):
        if task.serial is None or task.serial not in serials:
            continue
        asked = platform_in(task.script_config)
        troubled = {problem.get("platform") for problem in task.result.get("problems", ())}
        seen = found.setdefault(task.serial, {})
        for platform in {asked} if asked else set(platforms()):
            if platform not in troubled and platform not in seen:
                own = [one for one in task.result.get("accounts", ()) if one["platform"] == platform]
                seen[platform] = frozenset(username_key(one["username"]) for one in own)
    return found


def _used(
    repositories: Repositories, accounts: Mapping[str, Sequence[Account]], asked: Asked
) -> dict[str, frozenset[str]]:
    names = dict.fromkeys([*(username_key(name) for name in asked.usernames), *accounts])
    keys = [f"{platform}:{name}" for name in list(names)[:_MOST_FOLDER_ACCOUNTS] for platform in platforms()]
    return {key: frozenset(repositories.materials.used_files(key)) for key in keys}


def _stock(repositories: Repositories) -> Stock:
    free = repositories.materials.find(MaterialFilter(state=UseState.FREE), 0, _MOST_MATERIALS)
    return Stock(free, is_all=len(free) < _MOST_MATERIALS)
