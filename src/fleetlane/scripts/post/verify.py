"""Looks for a post that the attempt before this one may have sent, and could not see any more. Read only.

    app to the front -> what it shows is watched -> the profile

Nothing here presses Post, confirms what is asked after it, or goes on with a draft. A post is published when the
newest post carries its caption and was not there before; it is not published when the app itself still waits for
Post, or says that the upload failed, and the profile is as it was after the app was ended. Everything else is
in doubt: an upload may go on by itself, and people use phones. Then the outcome is `unseen`, nothing is decided, and
another attempt looks again; how long that goes on is not for this module to say. An editor that is in the way is left
with its draft saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetlane.core.errors import (
    AdbServerDownError,
    DeviceError,
    DeviceGoneError,
    DeviceTimeoutError,
    TaskFailedError,
)
from fleetlane.core.journal import Phase
from fleetlane.core.message import Message
from fleetlane.core.outcome import Outcome, PublishState, failed, remark_of, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.screens.recognition import Action
from fleetlane.scripts.apps import wait_until_started
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.post.config import PostConfig
from fleetlane.scripts.post.posting_page import ASKS_A_PERSON, PostingPage, last_page
from fleetlane.scripts.post.proof import ProfileProof
from fleetlane.scripts.profile import UPLOADING, Profile, ProfileState, same_caption, same_handle
from fleetlane.scripts.script import Job
from fleetlane.scripts.waits import LOOK_AFTER_S, UPLOAD_PAUSE_S, Situation, grown

_ELSEWHERE = frozenset({"home_feed", "friends", "own_post", "own_profile", "posted"})
_WAITS_AFTER_S = 5.0
_SHORTEST_WATCH_S = 15.0
_NO_RESULT = frozenset({"profile", "verifies", "evidence", "refusal"})
_LOOK_S, _SHORT_LOOK_S = 25.0, 8.0
_WAITS = "the last page still waits for Post"
_FIRST_PAUSE_S, _PAUSE_GROWTH = 0.1, 1.3
_RUNS_ON_S = 30.0  # an upload that was seen running may be out of sight so long
_NO_WAY_ON = frozenset({"app_crashed", "app_not_responding", "screen_unrecognised", "screen_stuck"})


def verify_post(job: Job, config: PostConfig, facts: Mapping[str, Any]) -> Outcome:
    """Return what became of the post that `facts`, of the former attempt, describe.

    Raises:
        TaskFailedError, DeviceError, TaskStoppedError: nothing was found out.
    """
    result = {name: value for name, value in facts.items() if name not in _NO_RESULT}
    if not facts.get("profile"):
        return failed("outcome_unknown", RemarkTemplate.PROFILE_NOT_NOTED, result)
    pack = next((pack for pack in load_packs() if facts["app"] in pack.packages), None)
    if pack is None:
        raise TaskFailedError("app_not_installed", f"No screen pack is in force for {facts['app']}.")
    page = last_page(pack, config.placement)
    if page.proof != "profile" or not facts.get("caption"):
        return failed("outcome_unknown", RemarkTemplate.NO_CAPTION_TO_FIND, result)
    navigator = Navigator(job.phone, pack, facts["app"], {}, unknown_patience_s=job.settings.unknown_screen_patience_s)
    return _Search(job, navigator, page, facts, result).run(config.upload_wait_time)


class _Search:
    """One search for a post."""

    def __init__(
        self, job: Job, navigator: Navigator, page: PostingPage, facts: Mapping[str, Any], result: Mapping[str, Any]
    ) -> None:
        self._journal = job.journal
        self._phone = job.phone
        self._navigator = navigator
        self._page = page
        self._profile = Profile(navigator)
        self._before = ProfileState.of(facts["profile"])
        self._caption = str(facts["caption"])
        self._refusal = str(facts.get("refusal", ""))
        """What a former look saw, before it ended the app and was cut off itself."""
        self._result = result
        self._ran = False
        """Whether an upload was seen running."""
        self._upload_patience_s = job.settings.upload_patience_s
        self._grid_patience_s = job.settings.grid_patience_s
        navigator.verbs["consent"] = self._leave_to_its_owner
        navigator.verbs["confirm"] = lambda _screen, _action: self._phone.press("back")

    def run(self, upload_s: float) -> Outcome:
        until_s = self._phone.clock.monotonic_s() + max(upload_s, _SHORTEST_WATCH_S)
        try:
            with self._phone.step("bring the app to the front"):
                wait_until_started(self._phone)
                self._phone.press("wakeup")
                self._phone.start_app(self._navigator.package)
            with self._phone.step("watch what the app shows"):
                refusal = self._refusal or self._watch(until_s)
            with self._phone.step("look for the post on the profile", self._caption):
                return self._look(refusal, until_s)
        except TaskFailedError as error:
            return self._unseen(remark_of(error), asks=error.code if error.code in ASKS_A_PERSON else "")
        except (DeviceGoneError, DeviceTimeoutError, AdbServerDownError):
            raise  # nothing is decided: it is looked for again when the phone has been away, and is back
        except DeviceError as error:
            return self._unseen(str(error))

    # -- watching --------------------------------------------------------------------------------------

    def _watch(self, until_s: float) -> str:
        """Watch until no upload is seen any more. Returns what says that the post was not taken, "" for nothing."""
        clock = self._phone.clock
        waits_since_s: float | None = None
        longest_s = max(until_s, clock.monotonic_s() + self._upload_patience_s)
        pause_s = _FIRST_PAUSE_S
        while (left_s := until_s - clock.monotonic_s()) > 0:
            try:
                screen = self._navigator.reach(
                    "look",
                    {*_ELSEWHERE, *UPLOADING, *self._page.all_screens},
                    situation=Situation.UPLOADING,
                    timeout_s=left_s,
                )
            except TaskFailedError as error:
                if error.code == "upload_failed":
                    return "the app says that the upload failed"
                if error.code in _NO_WAY_ON:
                    return ""
                raise
            if screen.name in _ELSEWHERE or (screen.name in self._page.all_screens and not self._is_ours(screen)):
                return ""
            if screen.name in UPLOADING:
                waits_since_s = None
                self._ran = True
                until_s = max(until_s, min(clock.monotonic_s() + _RUNS_ON_S, longest_s))
                self._phone.control.allow(LOOK_AFTER_S)
            else:
                pause_s = _FIRST_PAUSE_S
                waits_since_s = clock.monotonic_s() if waits_since_s is None else waits_since_s
                if clock.monotonic_s() - waits_since_s >= _WAITS_AFTER_S:
                    return _WAITS
            self._phone.control.pause(pause_s)
            pause_s = grown(pause_s, _PAUSE_GROWTH, UPLOAD_PAUSE_S, self._phone.look_s)
        return ""

    def _is_ours(self, screen: Screen) -> bool:
        """Return whether the last page shows the caption of this post."""
        field = screen.find(self._navigator.pack.elements["caption_field"])
        return field is not None and same_caption(self._phone.whole(field), self._caption)

    def _leave_to_its_owner(self, _screen: Screen, action: Action) -> None:
        raise TaskFailedError(action.argument, "It is left to its owner.")

    # -- deciding --------------------------------------------------------------------------------------

    def _look(self, refusal: str, until_s: float) -> Outcome:
        if refusal:
            self._journal.note({"refusal": refusal})  # the app will not show it again
            self._profile.restart_app()
        _, now = self._profile.open()
        if not same_handle(now.handle, self._before.handle):
            return self._unseen(RemarkTemplate.OTHER_ACCOUNT.filled(now=now.handle, before=self._before.handle))
        clock = self._phone.clock
        waits = refusal == _WAITS  # then nothing was ever on its way
        least_s = _SHORT_LOOK_S if waits else self._grid_patience_s if self._ran else _LOOK_S
        proof = ProfileProof(
            self._profile, self._before, self._caption, least_s=least_s, upload_s=self._upload_patience_s
        )
        if evidence := proof.look(clock.monotonic_s() if waits else until_s):
            self._journal.decided(Phase.PUBLISHED, {"evidence": f"{evidence}, in a later look"})
            remark = RemarkTemplate.SEEN_LATER.filled(account=self._before.handle)
            return succeeded(remark, PublishState.PUBLISHED, self._result)
        if refusal and proof.is_conclusive and self._is_as_it_was():
            self._journal.decided(Phase.NOT_PUBLISHED, {"evidence": f"{refusal}; the profile is as it was"})
            return failed("not_published", f"Seen in a later look: {refusal}.", self._result)
        return self._unseen(proof.missing)

    def _is_as_it_was(self) -> bool:
        return self._profile.before().newest_texts == self._before.newest_texts

    def _unseen(self, why: Remark | Message | str, asks: str = "") -> Outcome:
        return failed("outcome_unknown", why, self._result, unseen=True, asks=asks)
