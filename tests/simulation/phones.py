"""Phones of the simulation: what an attempt does on one, step by step, and what was truly published."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field

from fleetlane.core.errors import DeviceGoneError, FleetlaneError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase, never_denied
from fleetlane.core.outcome import Outcome, PublishState, failed, from_error, succeeded
from fleetlane.core.task import Task
from fleetlane.work.runner import StoreJournal

FAULTS_OF_A_POST = ("app_crash", "tap_lost", "upload_fails", "cannot_be_seen", "hangs")


@dataclass
class Handset:
    """One phone. `ledger` counts the posts of each task that are out; `uploading` are on their way."""

    serial: str
    plugged_in: bool = True
    ledger: Counter[int] = field(default_factory=Counter)
    uploading: list[int] = field(default_factory=list)

    def settle(self) -> None:
        """Let what is on its way come out: the app goes on whatever becomes of the server and the cable."""
        self.ledger.update(self.uploading)
        self.uploading.clear()


class Attempt:
    """An attempt of the post script, cut down to what matters here: the journal and the one tap.

    `fault` is what goes wrong, "" for nothing; `at` the step at which an app crash or a hang comes.
    """

    def __init__(self, task: Task, journal: StoreJournal, handset: Handset, fault: str, draw: random.Random) -> None:
        self.task = task
        self.stopped = self.hangs = False
        self.outcome: Outcome | None = None
        self._journal = journal
        self._handset = handset
        self._fault = fault
        self._at = draw.randrange(6)
        self._number = 0
        self._steps = self._post()

    def step(self) -> None:
        """Do the next step; `outcome` is there when it was the last."""
        try:
            next(self._steps)
        except StopIteration as end:
            outcome = end.value
        except FleetlaneError as error:
            outcome = from_error(error)
        else:
            return
        self.outcome = never_denied(outcome, self._journal.phase)

    def time_out(self) -> None:
        """End an attempt that hangs, as its deadline does."""
        self.outcome = never_denied(failed("deadline_exceeded"), self._journal.phase)

    def _check(self) -> None:
        """What happens before each call to a phone, and what a phone may do at any of them."""
        if self.stopped:
            raise TaskStoppedError("stopped")
        if not self._handset.plugged_in:
            raise DeviceGoneError("unplugged")
        self._number += 1
        if self._number > self._at and self._fault == "app_crash":
            raise TaskFailedError("app_crashed")
        if self._number > self._at and self._fault == "hangs":
            self.hangs = True

    def _post(self) -> Generator[None, None, Outcome]:
        journal, handset = self._journal, self._handset
        self._check()
        yield
        self._check()
        before = handset.ledger[self.task.id]
        journal.prepared({"profile": before})
        yield
        self._check()
        journal.arm()
        yield
        if self.stopped:
            journal.decided(Phase.NOT_PUBLISHED, {})
            raise TaskStoppedError("stopped")
        if handset.plugged_in and self._fault not in ("tap_lost", "upload_fails"):
            handset.uploading.append(self.task.id)
        yield
        journal.tapped()
        yield
        self._check()
        yield
        self._check()
        return self._look(before)

    def _look(self, before: int) -> Outcome:
        """Look at the profile, as the real script does: evidence, or nobody knows."""
        if self._fault == "upload_fails":
            self._journal.decided(Phase.NOT_PUBLISHED, {})
            return failed("upload_failed")
        self._handset.settle()
        if self._fault == "cannot_be_seen" or self._handset.ledger[self.task.id] == before:
            self._journal.decided(Phase.UNKNOWN, {})
            return failed("outcome_unknown")
        self._journal.decided(Phase.PUBLISHED, {})
        return succeeded("Published.", PublishState.PUBLISHED, {})
