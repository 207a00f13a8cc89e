"""The canary: with a version of an app that is new to all, one phone posts first; the others wait for its post.

Who is first is kept in the store, as {package: {version: serial}}. What is new `preflight.app_versions` says: a person
who lets the others go says that it is not new any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetlane.core.errors import NotFoundError, RequestError
from fleetlane.core.message import Message
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.screens.recognition import Pack
from fleetlane.core.task import Task
from fleetlane.scripts.packs import load_packs
from fleetlane.work.preflight.app_versions import is_met, met_here, note_met, versions_on
from fleetlane.work.preflight.subjects import plan_of
from fleetlane.work.running.lanes import Lanes

_FACT = "canaries"
_Canaries = Mapping[str, Mapping[str, str]]
_AGAIN_MS = 30_000
_LET_GO = "a person"
WAITS = "device %(canary)s to publish first with %(app)s %(version)s, which is new; or a person to let it go"


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version of an app that is new to all, and has a canary.

    Attributes:
        app: the platform, such as `tiktok`.
        package: the Android package.
        version: its version.
        canary: the phone that posts first with it.
        waiting: the phones whose next task waits for that post.
    """

    app: str
    package: str
    version: str
    canary: str
    waiting: Sequence[str]


@dataclass(frozen=True, slots=True)
class Withheld:
    """What the next task of a phone waits for: the first post with a version. It is looked at again at `until_ms`."""

    package: str
    version: str
    reason: Message
    until_ms: int


class Canary:
    """Says which tasks wait for the first phone of a new version.

    Args:
        store: keeps who is first.
        clock: the time.
        lanes: tell of the tasks that come and go; told when the next task of a lane may start.
    """

    def __init__(self, store: Store, clock: Clock, lanes: Lanes) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._withheld: dict[str, Withheld] = {}
        lanes.listen(told=self.look_again)

    def withholds(self, repositories: Repositories, task_id: int, serial: str) -> bool:
        """Return whether a task must not start yet; the first phone that asks with a new version becomes its canary."""
        self.look_again(serial)
        task = repositories.tasks.get(task_id)
        new = None if task is None or task.in_doubt else _new_version(repositories, task, serial)
        if new is None:
            return False
        pack, package, version = new
        first = _first(repositories, serial, package, version)
        if first == serial:
            return False
        reason = Message(WAITS, {"canary": first, "app": pack.label, "version": version})
        self._withheld[serial] = Withheld(package, version, reason, self._clock.now_ms() + _AGAIN_MS)
        return True

    def withheld(self, serial: str) -> Withheld | None:
        """Return what a device waited for when its task was last looked at, None when it did not."""
        return self._withheld.get(serial)

    def is_withheld(self, serial: str) -> bool:
        """Return whether a device is left alone for now; it is looked at again after half a minute."""
        found = self._withheld.get(serial)
        return found is not None and self._clock.now_ms() < found.until_ms

    def look_again(self, serial: str | None = None) -> None:
        """Forget what was found of a device, None: of all: their next tasks are looked at anew."""
        if serial is None:
            self._withheld.clear()
        else:
            self._withheld.pop(serial, None)

    async def new_versions(self) -> Sequence[NewVersion]:
        """Return the versions that a first post is awaited with, by package and version."""
        return await self._store.read(lambda repositories: sorted(self._new(repositories), key=_by_package))

    async def let_go(self, package: str, version: str) -> None:
        """Take a person's word for a version of an app: no phone waits for a first post with it any more.

        Raises:
            NotFoundError: no first post is awaited with it.
        """

        def note(repositories: Repositories) -> bool:
            awaited = any((one.package, one.version) == (package, version) for one in self._new(repositories))
            if awaited:
                note_met(repositories, package, version, _LET_GO)
            return awaited

        if not await self._store.write(note):
            raise nothing_awaited(package, version)
        self.look_again()
        self._lanes.notify()

    def _new(self, repositories: Repositories) -> Iterator[NewVersion]:
        canaries, met = _canaries(repositories), met_here(repositories)
        for pack in load_packs():
            for package in pack.packages:
                for version, first in _kept(repositories, canaries, package).items():
                    if not is_met(pack, package, version, met):
                        yield NewVersion(pack.app, package, version, first, self._waiting(package, version))

    def _waiting(self, package: str, version: str) -> Sequence[str]:
        withheld = list(self._withheld.items())
        return sorted(serial for serial, one in withheld if (one.package, one.version) == (package, version))


def nothing_awaited(package: str, version: str) -> NotFoundError:
    """Return the error for a version that nobody waits for a first post with."""
    return NotFoundError("wait for a first post with", f"{package} {version}")


def _by_package(new: NewVersion) -> tuple[str, str]:
    return new.package, new.version


def _new_version(repositories: Repositories, task: Task, serial: str) -> tuple[Pack, str, str] | None:
    """Return the app a task would publish with, when its version is new to all; None for what publishes nothing."""
    try:
        plan = plan_of(task.script_name, task.script_config)
    except RequestError:
        return None  # it fails by itself
    if plan is None or plan.is_rehearsal or not plan.one(task.position, task.seed).shape:
        return None
    there, platform = versions_on(repositories, serial), plan.platform or task.platform
    for pack in load_packs():
        package = next((name for name in pack.packages if name in there), None)
        if package is None or platform not in (None, pack.app):
            continue
        version = there[package]
        return None if is_met(pack, package, version, met_here(repositories)) else (pack, package, version)
    return None


def _first(repositories: Repositories, serial: str, package: str, version: str) -> str:
    """Return the canary of a version: the one there is while it has that version, else this device."""
    canaries = _canaries(repositories)
    kept = _kept(repositories, canaries, package)
    if version in kept:
        return kept[version]
    repositories.facts.set(_FACT, json.dumps({**canaries, package: {**kept, version: serial}}))
    return serial


def _canaries(repositories: Repositories) -> _Canaries:
    return json.loads(repositories.facts.get(_FACT) or "{}")


def _kept(repositories: Repositories, canaries: _Canaries, package: str) -> dict[str, str]:
    """Return the canaries of a package by version, without those that have another version by now."""
    former = canaries.get(package, {}).items()
    return {version: first for version, first in former if versions_on(repositories, first).get(package) == version}
