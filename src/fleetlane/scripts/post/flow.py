"""The flow of a post, in the order in which it happens. Each stage is a step in the trace.

    app opened -> account -> profile as it is -> media found, and on the phone -> into the app -> sound
    -> text, read back -> product link -> Post, once (publish.py)

Up to Post everything may be repeated; from there on nothing taps Post again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fleetlane.core.errors import DeviceError, DeviceTimeoutError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import Outcome, PublishState, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.screens.recognition import Action, Pack
from fleetlane.scripts.accounts import AccountSwitcher
from fleetlane.scripts.apps import open_app
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.caption import CaptionWriter
from fleetlane.scripts.post.config import PostConfig
from fleetlane.scripts.post.content import Content, find_content
from fleetlane.scripts.post.gallery import Gallery, PhoneMedia
from fleetlane.scripts.post.picker import MediaPicker
from fleetlane.scripts.post.posting_page import last_page, must_offer, way_in
from fleetlane.scripts.post.product import add_product_link
from fleetlane.scripts.post.proof import ProfileProof, Proof, StoryProof
from fleetlane.scripts.post.publish import Publisher
from fleetlane.scripts.post.share import share
from fleetlane.scripts.post.sounds import Sounds
from fleetlane.scripts.post.warnings import warnings_of
from fleetlane.scripts.profile import Profile, ProfileState
from fleetlane.scripts.script import Job
from fleetlane.scripts.waits import Situation

_EDITORS = frozenset({"editor", "reel_editor"})
_OUT = frozenset({"home_feed", "friends", "own_profile", "own_post", "posted"})


class PostFlow:
    """One attempt at one post.

    Args:
        job: the task, its phone and its journal.
        config: what to post.
        pack: the app's screens.
        package: which of the app's packages to use.
    """

    def __init__(self, job: Job, config: PostConfig, *, pack: Pack, package: str) -> None:
        self.job = job
        self.config = config
        self.pack = pack
        self.package = package
        self.page = last_page(pack, config.placement)
        self.result: dict[str, Any] = {"app": package}
        self._navigator = Navigator(
            job.phone,
            pack,
            package,
            {"create_row": self._create_row},
            unknown_patience_s=job.settings.unknown_screen_patience_s,
            dwell_s=job.settings.editor_dwell_s,
            on_risk=lambda: job.journal.at_risk(self._facts()),
        )
        self._profile = Profile(self._navigator)
        self._gallery = Gallery(job.phone)
        self._way = way_in(config, self.page)
        self._before: ProfileState | None = None

    def run(self) -> Outcome:
        """Publish, and say how it ended."""
        must_offer(self.pack, self.config)
        try:
            outcome = self._post()
        except DeviceTimeoutError:
            raise  # a phone that does not answer is asked nothing more: its lane would wait once more in vain
        except BaseException:
            self._clean_up(None)
            raise
        self._clean_up(outcome)
        return outcome

    def _post(self) -> Outcome:
        phone = self.job.phone
        with phone.step("open the app"):
            open_app(phone, self.package)
        with phone.step("read the profile"):
            before = self._read_profile()
        with phone.step("find the media", picture=False):
            content = find_content(self.job, self.config, self.pack, before.handle)
            self._note(content)
        if content.passed_over:
            with phone.step("pass over files that cannot be published", content.passed_over, picture=False):
                pass
        with phone.step("copy the media to the phone", picture=False):
            name = f"{self.job.task.id}-{self.job.task.attempt}"
            media = self._gallery.bring(content.files, name, picked=self._way != "shared")
        outcome = self._make(content, media, before)
        if outcome.ok and content.passed_over:
            remark = Remark.of(outcome.remark, RemarkTemplate.PASSED_OVER, f"{content.passed_over}.")
            return replace(outcome, remark=remark)
        return outcome

    def _note(self, content: Content) -> None:
        self.result["media_sha256"] = [file.sha256 for file in content.files]
        if content.caption.text:
            self.result["caption"] = content.caption.text
        if content.caption.title:
            self.result["title"] = content.caption.title
        if warnings := [*content.warnings, *warnings_of(self.config, self.pack)]:
            self.result["warnings"] = warnings

    def _make(self, content: Content, media: Sequence[PhoneMedia], before: ProfileState) -> Outcome:
        """Make the post in the app, and publish it."""
        phone = self.job.phone
        sounds = Sounds(self._navigator, self.config)
        settings = self.job.settings
        proof: Proof = ProfileProof(
            self._profile,
            before,
            content.caption.text,
            least_s=settings.grid_patience_s,
            upload_s=settings.upload_patience_s,
        )
        if self.page.proof == "story":
            proof = StoryProof(self._navigator, self._profile)
        publisher = Publisher(
            self.job, self._navigator, self.page, proof, upload_s=self.config.upload_wait_time, result=self.result
        )
        if content.sound is not None:
            with phone.step("use the sound", content.sound.text):
                self.result["sound"] = sounds.use(content.sound)
        with phone.step("bring the media into the app", self._way):
            self._bring_in(media)
        if self.config.sets_sound:
            with phone.step("set the sound", self.config.add_sound.value):
                sounds.set()
        with phone.step("go to the last page"):
            self._reach_last_page()
        if self.page.has_caption and (content.caption.text or content.caption.title):
            with phone.step("write the caption", content.caption.whole):
                CaptionWriter(self._navigator, self.page).write(content.caption)
        if self.config.add_product_link:
            with phone.step("add the product link"):
                self.result["product_link"] = add_product_link(self._navigator, self.page)
        self.job.journal.prepared(self._facts())
        if self.config.dry_run:
            return self._leave()
        return publisher.publish()

    # -- getting ready ---------------------------------------------------------------------------------

    def _read_profile(self) -> ProfileState:
        wanted = self.job.task.username
        if wanted:
            AccountSwitcher(self._navigator, self._profile).switch_to(wanted)
        self._before = before = self._profile.before()
        self.result["account"] = before.handle
        return before

    # -- into the app ------------------------------------------------------------------------------------

    def _bring_in(self, media: Sequence[PhoneMedia]) -> None:
        MediaPicker(self._navigator, self._gallery, media)
        if self._way == "shared":
            share(self._navigator, media[0])
        self._navigator.reach(self._way, {*_EDITORS, *self.page.all_screens}, situation=Situation.LOADING)

    def _reach_last_page(self) -> None:
        try:
            self._navigator.reach(self._way, self.page.all_screens, situation=Situation.LOADING)
        except TaskFailedError as error:
            # An editor that never reacted: what was tapped again was tapped on the editor.
            journal = self.job.journal
            stayed = self.job.phone.look().name in _EDITORS if error.code == "screen_stuck" else False
            if stayed and journal.phase is Phase.AT_RISK:
                journal.decided(Phase.NOT_PUBLISHED, {"evidence": "the editor did not react"})
            raise

    def _create_row(self, screen: Screen, _action: Action) -> None:
        """Tap the row of the sheet that makes this kind of post (a verb of the packs)."""
        kind = "row_reel" if self.config.kind is MediaKind.VIDEO else "row_post"
        node = screen.find(self.pack.elements[kind])
        if node is not None:
            self.job.phone.tap(node)

    # -- the end -----------------------------------------------------------------------------------------

    def _facts(self) -> dict[str, Any]:
        """Return what the journal notes: what is published, and the profile as it was before."""
        return {**self.result, "profile": self._before.facts() if self._before else None}

    def _leave(self) -> Outcome:
        phone = self.job.phone
        with phone.step("the last page, not published (dry run)"):
            self._navigator.reach("look", self.page.screens)
        with phone.step("leave the app"):
            self._navigator.reach("leave", _OUT)
        return succeeded(RemarkTemplate.DRY_RUN, PublishState.DRY_RUN, self.result)

    def _clean_up(self, outcome: Outcome | None) -> None:
        """Take the media off the phone again, when the app surely needs it no more.

        A phone that is gone, or an upload that may still run, keeps it until the next task.
        """
        phase = self.job.journal.phase
        if phase is Phase.UNKNOWN or not (phase.may_repeat or phase.is_decided) or self.job.phone.control.stopped:
            return
        try:
            self._gallery.clear()
            if outcome is not None and outcome.ok:
                self.job.phone.press("home")
        except (DeviceError, TaskFailedError, TaskStoppedError):
            return
