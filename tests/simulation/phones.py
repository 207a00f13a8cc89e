"""Phones of the simulation: what an attempt does on one, step by step, and what was truly published."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetlane.core.errors import DeviceGoneError, FleetlaneError, LeaseLostError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase, never_denied
from fleetlane.core.outcome import Outcome, PublishState, failed, from_error, succeeded
from fleetlane.core.task import Task
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.runner import StoreJournal

FAULTS_OF_A_POST = ("app_crash", "tap_lost", "upload_fails", "cannot_be_seen", "hangs")


@dataclass
class Handset:
    """One phone.

    `ledger` counts the posts of each task that are out; `uploading` are on their way; `page` is the task whose last
    page is shown; `refused` the one whose upload the app says has failed.
    """

    serial: str
    plugged_in: bool = True
    ledger: Counter[int] = field(default_factory=Counter)
    uploading: list[int] = field(default_factory=list)
    page: int | None = None
    refused: int | None = None

    def restart_app(self) -> None:
        """Let the app begin anew; what is on its way goes on."""
        self.page = self.refused = None

    def settle(self) -> None:
        """Let what is on its way come out: the app goes on whatever becomes of the server and the cable."""
        self.ledger.update(self.uploading)
        self.uploading.clear()


class Attempt:
    """An attempt of the post script, cut down to what matters here: the journal and the one tap.

    `fault` is what goes wrong, "" for nothing; `at` the step at which an app crash or a hang comes. A task in doubt
    is looked for.

    Args:
        task: what it is an attempt of.
        journal: its journal.
        handset: the phone.
        leases: of the worker that runs it.
        draw: what goes wrong.
        reaches: whether the phone is reached.
        presses: called when Post is pressed, before anything comes of it.
    """

    def __init__(
        self,
        task: Task,
        journal: StoreJournal,
        handset: Handset,
        leases: DeviceLeases,
        draw: random.Random,
        *,
        reaches: Callable[[], bool],
        presses: Callable[[], None] = lambda: None,
    ) -> None:
        self.task = task
        self.phone = ""
        """The phone that it is on, whatever that is called."""
        self.former: Mapping[str, Any] = {}
        self.fault = draw.choice(FAULTS_OF_A_POST) if draw.random() < 0.35 else ""
        self.stopped = self.hangs = False
        self.outcome: Outcome | None = None
        self._journal = journal
        self._handset = handset
        self._leases = leases
        self._reaches = reaches
        self._presses = presses
        self.is_about_to_press = False
        """Whether Post is what it presses next, if its phone is still its own."""
        self._at_risk = draw.random() < 0.2
        self._at = draw.randrange(6)
        self._number = 0
        self._steps = self._verify() if task.in_doubt else self._post()

    @property
    def is_lost(self) -> bool:
        """Return whether its server may not work on the phone any more."""
        return not self._leases.holds(str(self.task.serial))

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
        if self.is_lost:
            raise LeaseLostError(str(self.task.serial))
        if not self._reaches():
            raise DeviceGoneError("unplugged")
        self._number += 1
        if self._number > self._at and self.fault == "app_crash":
            raise TaskFailedError("app_crashed")
        if self._number > self._at and self.fault == "hangs":
            self.hangs = True

    def _post(self) -> Generator[None, None, Outcome]:
        journal, handset = self._journal, self._handset
        self._check()
        handset.restart_app()
        yield
        self._check()
        before = {"profile": handset.ledger[self.task.id]}
        if self._at_risk:
            journal.at_risk(before)
            yield
            self._check()
        handset.page = self.task.id
        journal.prepared(before)
        yield
        self._check()
        journal.arm()
        self.is_about_to_press = True
        yield
        self.is_about_to_press = False
        if self.stopped or self.is_lost:
            journal.decided(Phase.NOT_PUBLISHED, {})
            raise TaskStoppedError("stopped") if self.stopped else LeaseLostError(str(self.task.serial))
        self._press()
        yield
        journal.tapped()
        yield
        self._check()
        yield
        self._check()
        return self._look(before["profile"])

    def _press(self) -> None:
        handset = self._handset
        self._presses()
        if not self._reaches() or self.fault == "tap_lost":
            return
        handset.page = None
        if self.fault == "upload_fails":
            handset.refused = self.task.id
        else:
            handset.uploading.append(self.task.id)

    def _verify(self) -> Generator[None, None, Outcome]:
        """Look for the post of a former attempt, as the real script does: nothing is pressed."""
        self._check()
        yield
        self._check()
        yield
        self._check()
        task_id, handset = self.task.id, self._handset
        if self.fault != "cannot_be_seen" and handset.ledger[task_id] > self.former["profile"]:
            self._journal.decided(Phase.PUBLISHED, {})
            return succeeded("Published.", PublishState.PUBLISHED, {})
        waits = task_id in (handset.page, handset.refused)
        if self.fault == "cannot_be_seen" or not waits or task_id in handset.uploading:
            self._journal.decided(Phase.UNKNOWN, {})
            return failed("outcome_unknown")
        handset.restart_app()
        self._journal.decided(Phase.NOT_PUBLISHED, {})
        return failed("not_published")

    def _look(self, before: int) -> Outcome:
        """Look at the profile, as the real script does: evidence, or nobody knows."""
        if self.fault == "upload_fails":
            self._journal.decided(Phase.NOT_PUBLISHED, {})
            return failed("upload_failed")
        self._handset.settle()
        if self.fault == "cannot_be_seen" or self._handset.ledger[self.task.id] == before:
            self._journal.decided(Phase.UNKNOWN, {})
            return failed("outcome_unknown")
        self._journal.decided(Phase.PUBLISHED, {})
        return succeeded("Published.", PublishState.PUBLISHED, {})
