"""Runs one attempt on its phone's thread: from a task and a driver to an outcome.

The one place where whatever a script raises becomes an outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import structlog

from fleetlane.core.errors import (
    FleetlaneError,
    LeaseLostError,
    ScriptUnknownError,
    TaskFailedError,
    TaskStoppedError,
)
from fleetlane.core.journal import Phase, moves_forward, never_denied
from fleetlane.core.material import MaterialRequest
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import Outcome, failed
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.library import MaterialReader, TakenMaterial
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.phone import Driver
from fleetlane.core.ports.presses import PressLog
from fleetlane.core.ports.report import TraceWriter
from fleetlane.core.ports.sources import AttemptMedia, MediaAccess
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.presses import Press
from fleetlane.core.remark import RemarkTemplate
from fleetlane.core.returned import claimed, raised, returned
from fleetlane.core.storable import storable
from fleetlane.core.task import Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Job, ScriptSettings, Verifier
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.trace_recorder import AttemptTrace

log = structlog.get_logger(__name__)


class StoreJournal:
    """The publish journal of one attempt, kept in the store (`core.ports.report.Journal`).

    After `close` it takes nothing more: what a script left behind on a thread of its own cannot press any more.
    """

    def __init__(
        self,
        store: Store,
        task: Task,
        clock: Clock,
        *,
        phase: Phase = Phase.NONE,
        leases: DeviceLeases | None = None,
        presses: PressLog | None = None,
    ) -> None:
        self._store = store
        self._task = task
        self._clock = clock
        self._phase = phase
        self._leases = leases
        self._presses = presses
        self._facts: dict[str, Any] = {}
        """What it was told here, for the host's own memory."""
        self._lock = threading.RLock()
        self._closed = False
        self.has_refused = False
        """Whether the attempt was told here that it must end."""

    def close(self) -> None:
        """Take nothing more. Returns when nothing is on its way: `phase` is final."""
        with self._lock:
            self._closed = True

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
            self.has_refused = True
            raise LeaseLostError(str(self._task.serial))

    def tapped(self) -> None:
        """Note that the tap was sent."""
        self._move(Phase.TAPPED, {})

    def note(self, facts: Mapping[str, Any]) -> None:
        """Commit something more that was seen."""
        task, now_ms, kept = self._task, self._clock.now_ms(), storable(facts).values
        with self._lock:
            self._must_be_open()
            if not self._store.submit(lambda r: r.attempts.note(task.id, task.attempt, kept, now_ms)).result():
                self._refuse(TaskStoppedError("this attempt is no longer the one that runs"))
            self._facts |= kept

    def decided(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        """Note what became of the post."""
        if phase not in set(Phase) or not Phase(phase).is_decided:
            raise TaskFailedError("script_error", "Its journal was told of an end that is none.")
        self._move(Phase(phase), facts)

    def _must_be_open(self) -> None:
        if self._closed:
            raise TaskStoppedError("this attempt has ended")

    def _refuse(self, error: TaskStoppedError | LeaseLostError) -> NoReturn:
        self.has_refused = True
        raise error

    def _move(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        with self._lock:
            self._must_be_open()
            if not moves_forward(self._phase, phase):
                raise TaskFailedError("script_error", f"Its journal cannot go from {self._phase} to {phase}.")
            self._store_move(phase, storable(facts).values)

    def _store_move(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        task, now_ms, leases = self._task, self._clock.now_ms(), self._leases
        serial = str(task.serial)

        def move(repositories: Repositories) -> bool | None:
            if phase is Phase.ARMED and leases is not None and not leases.renew(repositories, serial):
                return None
            return repositories.attempts.set_phase(task.id, task.attempt, phase, facts, now_ms)

        moved = self._store.submit(move).result()
        if moved is None:
            self._refuse(LeaseLostError(serial))
        if not moved:
            self._refuse(TaskStoppedError("this attempt is no longer the one that runs"))
        self._phase = phase
        self._facts |= facts
        self._remember(phase)

    def _remember(self, phase: Phase) -> None:
        """Let the host itself remember it, too: a store may go back.

        Raises:
            TaskFailedError: it cannot, so that Post must not be pressed.
        """
        if self._presses is None:
            return
        task = self._task
        press = Press(task.id, task.attempt, task.batch_id, str(task.serial), phase, self._facts)
        try:
            self._presses.note(press)
        except OSError as error:
            log.error("press_not_noted", task_id=task.id, error=str(error))  # noqa: TRY400 - its cause is all there is
            if phase is Phase.ARMED:
                self._move(Phase.NOT_PUBLISHED, {"evidence": "not noted on this computer's disk"})
                raise TaskFailedError("store_failed", f"This computer cannot keep what it presses: {error}.") from error


class StoreReservations:
    """What one task may take from the library (`core.ports.library.MaterialReservations`)."""

    def __init__(self, store: Store, files: MaterialReader, task: Task, clock: Clock) -> None:
        self._store = store
        self._files = files
        self._task = task
        self._clock = clock

    def take(self, kind: MediaKind, count: int, tags: Sequence[str], username: str) -> list[TakenMaterial]:
        """Reserve library items: as many as asked for, or none at all."""
        wish = MaterialRequest(kind, count, tuple(tags), username or None)
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
        media: lets attempts read what they publish.
        clock: the time.
        settings: what the owner has set for scripts.
        timeout_s: how long an attempt may take, on top of the upload's own bound.
        leases: which phones may be worked on.
        inspector: looks into media files.
        presses: where this host remembers what it pressed.
        keep_picture: called from the phones' threads with each picture of a step.
    """

    def __init__(
        self,
        store: Store,
        traces: TraceWriter,
        media: MediaAccess,
        clock: Clock,
        *,
        settings: ScriptSettings,
        timeout_s: float,
        leases: DeviceLeases,
        inspector: MediaInspector,
        presses: PressLog | None = None,
        keep_picture: Callable[[str, bytes], None] = lambda _serial, _jpeg: None,
    ) -> None:
        self._store = store
        self._traces = traces
        self._media = media
        self._clock = clock
        self._settings = settings
        self._timeout_s = timeout_s
        self._keep_picture = keep_picture
        self._leases = leases
        self._inspector = inspector
        self._presses = presses

    def control(self, task: Task) -> AttemptControl:
        """Return the stop flag and deadline for an attempt that starts now."""
        serial = str(task.serial)

        def lost() -> LeaseLostError | None:
            return None if self._leases.holds(serial) else LeaseLostError(serial)

        return AttemptControl(self._clock, self._clock.monotonic_s() + self._timeout_s + _extra_s(task), lost)

    def run(self, task: Task, driver: Driver, control: AttemptControl) -> Outcome:
        """Run an attempt to its end. Never raises.

        The attempt of a task in doubt goes on with the former one's journal, and only looks for its post.
        """
        structlog.contextvars.bind_contextvars(task_id=task.id, attempt=task.attempt, device=task.serial)
        trace = AttemptTrace(self._store, self._traces, task, self._keep_picture)
        phase = Phase.ARMED if task.in_doubt else Phase.NONE
        journal = StoreJournal(self._store, task, self._clock, phase=phase, leases=self._leases, presses=self._presses)
        try:
            with self._media.attempt(control.check) as media:
                outcome = self._run_script(task, Phone(driver, load_packs(), control, trace), journal, media)
        except BaseException as error:  # noqa: BLE001 - the executor's edge: a script must not take its lane with it
            outcome = _ended_by(error, control, journal)
        finally:
            control.finish()
            journal.close()
            trace.close()
            structlog.contextvars.clear_contextvars()
        return never_denied(outcome, journal.phase)

    def _run_script(self, task: Task, phone: Phone, journal: StoreJournal, media: AttemptMedia) -> Outcome:
        shelf = StoreReservations(self._store, media.library, task, self._clock)
        job = Job(task, phone, journal, shelf, self._settings, self._inspector, media.named)
        chosen = script(task.script_name)
        if not task.in_doubt:
            return returned(chosen.run(job))
        if isinstance(chosen, Verifier):
            return returned(chosen.verify(job, self._former_facts(task)))
        return failed("outcome_unknown", RemarkTemplate.SCRIPT_CANNOT_LOOK)

    def _former_facts(self, task: Task) -> Mapping[str, Any]:
        """Return what the journal says of the post that is looked for."""
        attempts = self._store.submit(lambda repositories: repositories.attempts.attempts(task.id)).result()
        return attempts[-1].facts


def _extra_s(task: Task) -> float:
    """Return how long its script may take beyond the usual; nothing when there is none: the attempt says so."""
    try:
        return script(task.script_name).extra_s(task.script_config)
    except ScriptUnknownError:
        return 0.0


def _ended_by(error: BaseException, control: AttemptControl, journal: StoreJournal) -> Outcome:
    """Return the outcome for what a script raised; a stop, or a lost phone, only where there was one."""
    if not isinstance(error, FleetlaneError):
        log.error("script_failed", exc_info=error)
    was_told = control.stopped or control.is_lost or journal.has_refused
    if isinstance(error, (TaskStoppedError, LeaseLostError)) and not was_told:
        return claimed(error)
    return raised(error)
