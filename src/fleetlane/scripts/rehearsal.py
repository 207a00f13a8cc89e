"""A rehearsal outside of the server: a script on one phone, up to the button that publishes and never on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleetlane.core.errors import FleetlaneError, TaskStoppedError, UnknownRequestError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.journal import Phase
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import Outcome, from_error
from fleetlane.core.ports.library import TakenMaterial
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.phone import Driver
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Job, ScriptSettings

SCRIPT = "post"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal did: its steps by name with how each went, and its outcome."""

    steps: Sequence[tuple[str, bool]]
    outcome: Outcome


@dataclass(slots=True)
class _Steps:
    """A trace that keeps names only."""

    kept: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])

    def add(
        self,
        name: str,
        detail: str,
        screen: str,
        started_ms: int,
        duration_ms: int,
        *,
        ok: bool,
        screenshot: bytes | None,
        tree: str | None,
        selectors: Sequence[str],
    ) -> None:
        """Keep a step."""
        del detail, screen, started_ms, duration_ms, screenshot, tree, selectors
        self.kept.append((name, ok))


class _NothingPublished:
    """A journal in which the button that publishes can not even be aimed at."""

    phase = Phase.NONE

    def at_risk(self, facts: Mapping[str, Any]) -> None:
        """Note nothing."""
        del facts

    def prepared(self, facts: Mapping[str, Any]) -> None:
        """Note that all is ready."""
        del facts
        self.phase = Phase.PREPARED

    def arm(self) -> None:
        """Refuse."""
        raise TaskStoppedError("a rehearsal publishes nothing")

    def tapped(self) -> None:
        """Refuse."""
        raise TaskStoppedError("a rehearsal publishes nothing")

    def note(self, facts: Mapping[str, Any]) -> None:
        """Note nothing."""
        del facts

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        """Note what became of it."""
        del facts
        self.phase = phase


class _EmptyShelf:
    """A library without anything in it."""

    def take(self, kind: MediaKind, count: int, tags: Sequence[str], username: str) -> list[TakenMaterial]:
        """Return nothing."""
        del kind, count, tags, username
        return []

    def used_files(self, account: str) -> set[str]:
        """Return nothing."""
        del account
        return set()

    def take_files(self, account: str, hashes: Sequence[str]) -> bool:
        """Let all be taken."""
        del account, hashes
        return True


def rehearse(
    driver: Driver,
    control: AttemptControl,
    config: Mapping[str, Any],
    username: str | None,
    *,
    inspector: MediaInspector,
    settings: ScriptSettings | None = None,
) -> Rehearsed:
    """Rehearse a post on a phone; whatever `config` says, nothing is published.

    Its files may lie anywhere: who rehearses named them on his own command line.

    Raises:
        UnknownRequestError: the phone is one that is replayed, and was asked what was never recorded.
    """
    now_ms = control.clock.now_ms()
    config, at = {**config, "dry_run": True}, driver.serial
    named = AllowedFolders(tuple(Path(path).resolve().parent for path in config.get("material_list", ())))
    settings = replace(settings or ScriptSettings(), folders=named)
    task = Task(
        1, "rehearsal", 0, SCRIPT, config, at, username, Source.UI, 1, Status.RUNNING, now_ms, now_ms, attempt=1
    )  # fmt: skip
    steps = _Steps()
    try:
        phone = Phone(driver, load_packs(), control, steps)
        media = LocalMedia(named, inspector)
        job = Job(task, phone, _NothingPublished(), _EmptyShelf(), settings, inspector, media)
        outcome = script(SCRIPT).run(job)
    except UnknownRequestError:
        raise
    except FleetlaneError as error:
        outcome = from_error(error)
    finally:
        driver.close()
    return Rehearsed(steps.kept, outcome)
