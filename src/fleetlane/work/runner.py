"""Runs one attempt on its phone's thread: from a task and a driver to an outcome.

The one place where whatever a script raises becomes an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from fleetlane.core.errors import FleetlaneError, LeaseLostError, TaskStoppedError
from fleetlane.core.journal import Phase, never_denied
from fleetlane.core.material import MaterialWish
from fleetlane.core.media import MediaKind
from fleetlane.core.outcome import Outcome, failed, from_error
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.library import MaterialFiles, TakenMaterial
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.phone import Driver
from fleetlane.core.ports.report import TraceFiles
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Control, Phone
from fleetlane.scripts.script import Job, ScriptSettings, Verifier, script
from fleetlane.work.leases import DeviceLeases
from fleetlane.work.trace import AttemptTrace

log = structlog.get_logger(__name__)


class StoreJournal:
    """The publish journal of one attempt, kept in the store (`core.ports.report.Journal`)."""

    def __init__(
        self,
        store: Store,
        task: Task,
        clock: Clock,
        *,
        phase: Phase = Phase.NONE,
        leases: DeviceLeases | None = None,
    ) -> None:
        self._store = store
        self._task = task
        self._clock = clock
        self._phase = phase
        self._leases = leases

    @property
    def phase(self) -> Phase:
        """Return how far the attempt has come."""
        return self._phase

    def at_risk(self, facts: Mapping[str, Any]) -> None:
        """Commit that a tap is repeated that could land on Post."""
        if self._phase is Phase.NONE:
            self._move(Phase.AT_RISK, facts)

    def prepared(self, facts: Mapping[str, Any]) -> None:
        """Note what will be published, and how the profile looked before."""
        self._move(Phase.PREPARED, facts)

    def arm(self) -> None:
        """Commit that the tap on Post comes next. Returns when it is on the disk, and the phone is still ours.

        Another worker may take the phone when the lease has expired: whoever was held up for half of its time, as by
        a computer that slept, does not press any more.
        """
        began_s = self._clock.monotonic_s()
        self._move(Phase.ARMED, {})
        if self._leases is not None and self._clock.monotonic_s() - began_s > self._leases.ttl_s / 2:
            self.decided(Phase.NOT_PUBLISHED, {"evidence": "held up before Post was pressed"})
            raise LeaseLostError(str(self._task.serial))

    def tapped(self) -> None:
        """Note that the tap was sent."""
        self._move(Phase.TAPPED, {})

    def note(self, facts: Mapping[str, Any]) -> None:
        """Commit something more that was seen."""
        task, now_ms = self._task, self._clock.now_ms()
        if not self._store.submit(lambda r: r.attempts.note(task.id, task.attempt, facts, now_ms)).result():
            raise TaskStoppedError("this attempt is no longer the one that runs")

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        """Note what became of the post."""
        self._move(phase, facts)

    def _move(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        task, now_ms, leases = self._task, self._clock.now_ms(), self._leases
        serial = str(task.serial)

        def move(repositories: Repositories) -> bool | None:
            if phase is Phase.ARMED and leases is not None and not leases.renew(repositories, serial):
                return None
            return repositories.attempts.set_phase(task.id, task.attempt, phase, facts, now_ms)

        moved = self._store.submit(move).result()
        if moved is None:
            raise LeaseLostError(serial)
        if not moved:
            raise TaskStoppedError("this attempt is no longer the one that runs")
        self._phase = phase


class StoreShelf:
    """What one task may take from the library (`core.ports.library.Shelf`)."""

    def __init__(self, store: Store, files: MaterialFiles, task: Task, clock: Clock) -> None:
        self._store = store
        self._files = files
        self._task = task
        self._clock = clock

    def take(self, kind: MediaKind, count: int, tags: Sequence[str], username: str) -> list[TakenMaterial]:
        """Reserve library items: as many as asked for, or none at all."""
        wish = MaterialWish(kind, count, tuple(tags), username or None)
        task_id, now_ms = self._task.id, self._clock.now_ms()
        taken = self._store.submit(lambda repositories: repositories.materials.take(wish, task_id, now_ms)).result()
        return [
            TakenMaterial(self._files.path(item.file), item.described.name or item.file, item.described.caption)
            for item in taken
        ]

    def used_files(self, account: str) -> set[str]:
        """Return the sha256 of the files that were used, or are reserved, on an account."""
        return self._store.submit(lambda repositories: repositories.materials.used_files(account)).result()

    def take_files(self, account: str, hashes: Sequence[str]) -> bool:
        """Reserve files on an account. False, and nothing reserved, when one of them is taken."""
        task_id, now_ms = self._task.id, self._clock.now_ms()

        def take(repositories: Repositories) -> bool:
            return repositories.materials.take_files(account, hashes, task_id, now_ms)

        return self._store.submit(take).result()


class Runner:
    """Runs attempts.

    Args:
        store: for journal and steps.
        traces: for screenshots and trees.
        materials: the library's files.
        clock: the time.
        settings: what the owner has set for scripts.
        timeout_s: how long an attempt may take, on top of the upload's own bound.
        leases: which phones may be worked on.
        inspector: looks into media files.
    """

    def __init__(
        self,
        store: Store,
        traces: TraceFiles,
        materials: MaterialFiles,
        clock: Clock,
        *,
        settings: ScriptSettings,
        timeout_s: float,
        leases: DeviceLeases,
        inspector: MediaInspector,
    ) -> None:
        self._store = store
        self._traces = traces
        self._materials = materials
        self._clock = clock
        self._settings = settings
        self._timeout_s = timeout_s
        self.on_picture: Callable[[str, bytes], None] = lambda _serial, _jpeg: None
        """Called from the phones' threads with each picture of a step."""
        self._leases = leases
        self._inspector = inspector

    def control(self, task: Task) -> Control:
        """Return the stop flag and deadline for an attempt that starts now."""
        upload_s = task.script_config.get("upload_wait_time", 0)
        extra_s = upload_s if isinstance(upload_s, int) else 0
        serial = str(task.serial)

        def lost() -> LeaseLostError | None:
            return None if self._leases.holds(serial) else LeaseLostError(serial)

        return Control(self._clock, self._clock.monotonic_s() + self._timeout_s + extra_s, lost)

    def run(self, task: Task, driver: Driver, control: Control) -> Outcome:
        """Run an attempt to its end. Never raises.

        The attempt of a task in doubt goes on with the former one's journal, and only looks for its post.
        """
        structlog.contextvars.bind_contextvars(task_id=task.id, attempt=task.attempt, device=task.serial)
        trace = AttemptTrace(self._store, self._traces, task, self.on_picture)
        phase = Phase.ARMED if task.in_doubt else Phase.NONE
        journal = StoreJournal(self._store, task, self._clock, phase=phase, leases=self._leases)
        shelf = StoreShelf(self._store, self._materials, task, self._clock)
        try:
            phone = Phone(driver, load_packs(), control, trace)
            job = Job(task, phone, journal, shelf, self._settings, self._inspector)
            chosen = script(task.script_name)
            if not task.in_doubt:
                outcome = chosen.run(job)
            elif isinstance(chosen, Verifier):
                outcome = chosen.verify(job, self._former_facts(task))
            else:
                outcome = failed("outcome_unknown", "This script cannot look for its post.")
        except FleetlaneError as error:
            outcome = from_error(error)
        except Exception as error:
            # The executor's edge: a script must not take its lane's thread with it.
            log.exception("script_failed")
            outcome = from_error(error)
        finally:
            trace.close()
            structlog.contextvars.clear_contextvars()
        return never_denied(outcome, journal.phase)

    def _former_facts(self, task: Task) -> Mapping[str, Any]:
        """Return what the journal says of the post that is looked for."""
        attempts = self._store.submit(lambda repositories: repositories.attempts.attempts(task.id)).result()
        return attempts[-1].facts
