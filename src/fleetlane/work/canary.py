"""The canary: with a version of an app that is new to all, one phone posts first; the others wait for its post.

Who is first is kept in the store, as {package: {version: serial}}. What is new `work.app_versions` says: a person who
lets the others go says that it is not new any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from fleetlane.core.errors import RequestError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.recognition import Pack
from fleetlane.core.sentence import Sentence
from fleetlane.core.task import Task
from fleetlane.scripts.packs import load_packs
from fleetlane.work.app_versions import is_met, met_here, note_met, versions_on
from fleetlane.work.subjects import plan_of

_FACT = "canaries"
_AGAIN_MS = 30_000
_LET_GO = "a person"
WAITS = "device %(canary)s to publish first with %(app)s %(version)s, which is new; or a person to let it go"


class Canary:
    """Says which tasks wait for the first phone of a new version.

    Args:
        store: keeps who is first.
        clock: the time.
        wake: lets the scheduler look again.
    """

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._clock = clock
        self.wake = wake
        self._withheld: dict[str, tuple[Sentence, int]] = {}

    def withholds(self, repositories: Repositories, task_id: int, serial: str) -> bool:
        """Return whether a task must not start yet; the first phone that asks with a new version becomes its canary."""
        task = repositories.tasks.get(task_id)
        new = None if task is None or task.in_doubt else _new_version(repositories, task, serial)
        if new is None:
            return False
        pack, package, version = new
        first = _first(repositories, serial, package, version)
        if first == serial:
            return False
        facts = {"canary": first, "app": pack.label, "version": version}
        self._withheld[serial] = (Sentence(WAITS, facts), self._clock.now_ms() + _AGAIN_MS)
        return True

    def reason(self, serial: str) -> Sentence | None:
        """Return why a device was withheld when its task was last looked at, None when it was not."""
        found = self._withheld.get(serial)
        return found[0] if found else None

    def is_withheld(self, serial: str) -> bool:
        """Return whether a device is left alone for now; it is looked at again after half a minute."""
        found = self._withheld.get(serial)
        return found is not None and self._clock.now_ms() < found[1]

    def look_again(self, serial: str | None = None) -> None:
        """Forget what was found of a device, None: of all: their next tasks are looked at anew."""
        if serial is None:
            self._withheld.clear()
        else:
            self._withheld.pop(serial, None)

    async def let_go(self, serial: str) -> None:
        """Take a person's word for the versions of the apps on a device: no phone waits for a first post with them."""

        def note(repositories: Repositories) -> None:
            there = versions_on(repositories, serial)
            for package in (package for pack in load_packs() for package in pack.packages if package in there):
                note_met(repositories, package, there[package], _LET_GO)

        await self._store.write(note)
        self.look_again()
        self.wake()


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
    canaries: dict[str, dict[str, str]] = json.loads(repositories.facts.get(_FACT) or "{}")
    former = canaries.get(package, {})
    kept = {known: first for known, first in former.items() if versions_on(repositories, first).get(package) == known}
    if version in kept:
        return kept[version]
    repositories.facts.set(_FACT, json.dumps({**canaries, package: {**kept, version: serial}}))
    return serial
