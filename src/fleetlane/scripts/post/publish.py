"""The one act that cannot be taken back: Post is pressed once, and then it is found out what became of it.

    two equal looks -> journal armed -> pressed -> upload watched -> looked for on the profile

Nothing here presses Post a second time, but where the pack says that the app ignores presses at times: then
the page must have stayed as it was.

An upload is watched as long as the caller says, and while it visibly runs up to `upload_patience_s` of the settings.
A post that was not seen then is *in doubt*: the outcome is `unseen`, nothing is decided, and a later attempt looks
for it (verify.py).
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import Any

from fleetlane.core.errors import DeviceError, LeaseLostError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import Outcome, PublishState, failed, remark_of, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.screens.recognition import Action
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.posting_page import ASKS_A_PERSON, PostingPage
from fleetlane.scripts.post.proof import Proof
from fleetlane.scripts.profile import UPLOADING
from fleetlane.scripts.script import Job
from fleetlane.scripts.waits import LOOK_AFTER_S, UPLOAD_PAUSE_S, Situation, grown

_DONE = frozenset({"home_feed", "friends", "own_post", "own_profile"})
_APP_LOST = frozenset({"app_crashed", "app_not_responding", "screen_unrecognised"})
_NOT_TAKEN_AFTER_S = 5.0
_LAST_PAGE_S = _NOT_TAKEN_AFTER_S + 1.0
_PRESS_AGAIN_AFTER_S = 2.5
_BUTTON_TIMEOUT_S = 20.0
_LEAST_LOOKS = 6
_RUNS_ON_S = 30.0  # an upload that was seen running may be out of sight so long
_FIRST_PAUSE_S, _PAUSE_GROWTH = 0.1, 1.3


class _Seen(StrEnum):
    """What was seen of a post after its button was pressed."""

    DONE = "done"
    """The app went on; or the time is over."""
    NOT_TAKEN = "not_taken"
    """The last page stayed."""
    REFUSED = "upload_failed"
    """The app says that it failed."""
    LOST = "lost"
    """The app crashed, or shows what nobody knows."""


class Publisher:
    """Presses Post on the last page.

    Args:
        job: the task.
        navigator: moves the app.
        page: the last page.
        proof: knows the post when it went out.
        upload_s: how long to wait for the end of the upload.
        result: the task's result so far.
    """

    def __init__(
        self,
        job: Job,
        navigator: Navigator,
        page: PostingPage,
        proof: Proof,
        *,
        upload_s: float,
        result: dict[str, Any],
    ) -> None:
        self._job = job
        self._phone = job.phone
        self._navigator = navigator
        self._page = page
        self._proof = proof
        self._upload_s = upload_s
        self._result = result
        self._confirmed: set[str] = set()
        self._said_posted = False
        navigator.verbs["consent"] = self._consent
        navigator.verbs["confirm"] = self._confirm

    def publish(self) -> Outcome:
        """Press Post once, and say what became of it.

        Raises:
            DeviceError: the phone could not be asked; the journal leaves that to a later look.
            TaskFailedError: nothing was published.
            TaskStoppedError, LeaseLostError: ended from outside.
        """
        journal = self._job.journal
        with self._phone.step("press Post"):
            button = self._still_button()
            journal.arm()
            try:
                self._phone.control.check()
            except (TaskStoppedError, LeaseLostError, TaskFailedError):
                journal.decided(Phase.NOT_PUBLISHED, {"evidence": "ended before Post was pressed"})
                raise
            self._press(button)
            journal.tapped()
        self._phone.control.allow(self._upload_s + LOOK_AFTER_S)
        until_s = self._phone.clock.monotonic_s() + self._upload_s
        try:
            with self._phone.step("watch the upload"):
                seen = self._watch(button, until_s)
            with self._phone.step("look at the profile"):
                return self._settle(seen, until_s)
        except TaskFailedError as error:
            if journal.phase.is_decided:
                raise
            return self._unseen(remark_of(error), asks=error.code if error.code in ASKS_A_PERSON else "")

    def _still_button(self) -> Node:
        """Return the button when two looks show it, and the page, in the same place, and nothing lies over it."""
        last = self._phone.sight  # the page as its caption was read back on it
        before = last.screen.find(self._page.button) if last and last.screen.name in self._page.screens else None
        until_s, looks = self._phone.clock.monotonic_s() + _BUTTON_TIMEOUT_S, 0
        while looks < _LEAST_LOOKS or self._phone.clock.monotonic_s() < until_s:
            looks += 1
            screen = self._navigator.reach("publish", self._page.screens)
            button = screen.find(self._page.button)
            if button is not None and not self._may_be_pressed(screen, button):
                button = None
            if button is not None and before is not None and button.bounds == before.bounds:
                return button
            before = button
            self._phone.control.pause(0.05)
        raise TaskFailedError("screen_stuck", "The button that publishes is not there, or something lies over it.")

    def _may_be_pressed(self, screen: Screen, button: Node) -> bool:
        """Return whether nothing lies over the button, and it surely is the one."""
        is_free = screen.free_point(button, [button.bounds.center]) is not None
        return is_free and self._page.is_button(screen.top, button)

    def _press(self, button: Node) -> None:
        # A press that is lost on the way may have been taken or not: what follows is found out by looking.
        with suppress(DeviceError):
            self._phone.tap_once(*button.bounds.center)

    # -- watching ------------------------------------------------------------------------------------

    def _watch(self, button: Node, until_s: float) -> _Seen:
        clock = self._phone.clock
        presses, pressed_s = 1, clock.monotonic_s()
        longest_s = pressed_s + max(self._job.settings.upload_patience_s, self._upload_s)
        ran, pause_s = False, _FIRST_PAUSE_S
        while (left_s := until_s - clock.monotonic_s()) > 0:
            try:
                screen = self._navigator.reach(
                    "confirm",
                    {"posted", *_DONE, *UPLOADING, *self._page.all_screens},
                    situation=Situation.UPLOADING,
                    timeout_s=left_s,
                )
            except TaskFailedError as error:
                return self._seen_in(error)
            if screen.name in UPLOADING:
                ran = True
                until_s = max(until_s, min(clock.monotonic_s() + _RUNS_ON_S, longest_s))
                self._phone.control.allow(LOOK_AFTER_S)
            if screen.name == "posted" and ran:
                self._said_posted = True
            if screen.name == "posted" or screen.name in _DONE:
                return _Seen.DONE
            if screen.name in self._page.all_screens:
                until_s = max(until_s, pressed_s + _LAST_PAGE_S)  # it must be known whether it stays
                stayed_s = clock.monotonic_s() - pressed_s
                if presses < self._page.presses and stayed_s >= _PRESS_AGAIN_AFTER_S and self._unchanged(button):
                    self._press(button)
                    presses, pressed_s = presses + 1, clock.monotonic_s()
                elif presses >= self._page.presses and stayed_s >= _NOT_TAKEN_AFTER_S:
                    return _Seen.NOT_TAKEN
                pause_s = _FIRST_PAUSE_S
            self._phone.control.pause(pause_s)
            pause_s = grown(pause_s, _PAUSE_GROWTH, UPLOAD_PAUSE_S, self._phone.look_s)
        return _Seen.DONE

    def _unchanged(self, button: Node) -> bool:
        """Return whether two more looks show the last page with its button where it was."""
        for _ in range(2):
            screen = self._phone.look()
            node = screen.find(self._page.button) if screen.name in self._page.screens else None
            if node is None or node.bounds != button.bounds:
                return False
            self._phone.control.check()
        return True

    def _seen_in(self, error: TaskFailedError) -> _Seen:
        """Return what a failure on the way says about the post; raises what says nothing.

        An app that is gone or strange is started again before the profile is opened; one that is only stuck
        is not, since it may still be uploading.
        """
        match error.code:
            case "upload_failed":
                return _Seen.REFUSED
            case code if code in _APP_LOST:
                return _Seen.LOST
            case "screen_stuck":
                return _Seen.DONE
            case _:
                raise error

    # -- deciding ------------------------------------------------------------------------------------

    def _settle(self, seen: _Seen, until_s: float) -> Outcome:
        """Look for the post, and decide."""
        journal = self._job.journal
        if seen is not _Seen.DONE:
            self._proof.restart_app()
        evidence = self._evidence(until_s)
        if evidence is None and self._said_posted:
            evidence = "the app said so"
        if evidence is not None:
            journal.decided(Phase.PUBLISHED, {"evidence": evidence})
            remark = RemarkTemplate.PUBLISHED.filled(account=str(self._result["account"]))
            return succeeded(remark, PublishState.PUBLISHED, self._result)
        if seen in (_Seen.NOT_TAKEN, _Seen.REFUSED) and self._proof.is_conclusive:
            journal.decided(Phase.NOT_PUBLISHED, {"evidence": f"{seen}; the profile has no new post"})
            return failed("upload_failed" if seen is _Seen.REFUSED else "not_published", result=self._result)
        return self._unseen(self._proof.missing)

    def _evidence(self, until_s: float) -> str | None:
        """Look for the post; once more in an app started again, when it is lost while it is looked into."""
        try:
            return self._proof.look(until_s)
        except TaskFailedError as error:
            if error.code not in _APP_LOST:
                raise
        self._proof.restart_app()
        return self._proof.look(until_s)

    def _unseen(self, why: Remark | str, asks: str = "") -> Outcome:
        """Leave it in doubt: a later look may find the post, when a person has seen to what it `asks`."""
        if not self._proof.can_come_late:
            return self._unknown(why)
        return failed("outcome_unknown", why, self._result, unseen=True, asks=asks)

    def _unknown(self, why: Remark | str) -> Outcome:
        self._job.journal.decided(Phase.UNKNOWN, {"evidence": str(why)})
        return failed("outcome_unknown", why, self._result)

    # -- verbs of the packs --------------------------------------------------------------------------

    def _consent(self, screen: Screen, action: Action) -> None:
        """Accept a legal statement in the owner's name: only when he has said so, after Post, and once."""
        journal = self._job.journal
        pressed = journal.phase is Phase.TAPPED
        if not pressed or not self._job.settings.accept_music_rights:
            if pressed:
                journal.decided(Phase.NOT_PUBLISHED, {"evidence": "it asked for consent first"})
            raise TaskFailedError(action.argument, "It asks to confirm the music rights (setting accept_music_rights).")
        self._confirm(screen, action)

    def _confirm(self, screen: Screen, action: Action) -> None:
        """Confirm a sheet that asks again after Post; each one once, and before Post never."""
        if self._job.journal.phase is not Phase.TAPPED:
            self._phone.press("back")
            return
        node = screen.find(action.element) if action.element else None
        if node is not None and screen.name not in self._confirmed:
            self._confirmed.add(screen.name)
            self._navigator.tap_once(*node.bounds.center)
