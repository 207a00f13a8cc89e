"""The flow of a post, in the order in which it happens. Each stage is a step in the trace.

    media on the phone -> profile as it is -> into the app -> caption, read back -> Post, once
    -> upload watched -> profile looked at

Up to Post everything may be repeated; from there on nothing taps Post again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleetlane.core.errors import (
    DeviceError,
    DriverBrokenError,
    ShellFailedError,
    TaskFailedError,
    TaskStoppedError,
)
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import Outcome, PublishState, failed, succeeded
from fleetlane.core.ports.phone import TYPING_WAYS
from fleetlane.core.recognition import Action, Pack
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.phone import Screen
from fleetlane.scripts.post.config import PostConfig, PostWay
from fleetlane.scripts.post.gallery import Gallery, PhoneMedia
from fleetlane.scripts.post.materials import Material
from fleetlane.scripts.post.profile import Profile, ProfileState, is_newer, same_handle
from fleetlane.scripts.script import Job

_PERMISSIONS = ("CAMERA", "RECORD_AUDIO")
_MEDIA_PERMISSIONS = ("READ_MEDIA_VIDEO", "READ_MEDIA_IMAGES")
_CAPTION_SCREENS = frozenset({"post", "post_editing", "share", "share_editing"})
_LAST_SCREENS = frozenset({"post", "share"})
_EDITING_SCREENS = frozenset({"post_editing", "share_editing"})
_AFTER_POST = frozenset({"home_feed", "friends", "own_profile", "own_post", "posted"})
_VERIFY_TIMEOUT_S = 25.0
_NOT_TAKEN_AFTER_S = 5.0


class PostFlow:
    """One attempt at one post.

    Args:
        job: the task, its phone and its journal.
        config: what to post.
        pack: the app's screens.
        package: which of the app's packages to use.
        caption: the text to publish.
        materials: the media, checked.
    """

    def __init__(
        self, job: Job, config: PostConfig, *, pack: Pack, package: str, caption: str, materials: Sequence[Material]
    ) -> None:
        self.job = job
        self.config = config
        self.pack = pack
        self.package = package
        self.caption = caption
        self.materials = materials
        self.result: dict[str, Any] = {"media_sha256": [material.sha256 for material in materials]}
        self._on_phone: list[PhoneMedia] = []
        verbs = {"pick_media": self._pick_media, "consent": self._consent}
        self._navigator = Navigator(job.phone, pack, package, verbs, job.settings.unknown_screen_patience_s)
        self._profile = Profile(self._navigator)
        self._gallery = Gallery(job.phone)

    def run(self) -> Outcome:
        """Publish, and say how it ended."""
        phone = self.job.phone
        try:
            with phone.step("copy the media to the phone", picture=False):
                self._on_phone = self._gallery.bring(self.materials, f"{self.job.task.id}-{self.job.task.attempt}")
            with phone.step("open the app"):
                self._open_app()
            with phone.step("read the profile"):
                before = self._read_profile()
            with phone.step("bring the media into the app", self.config.post_way):
                self._bring_in()
            if self.caption:
                with phone.step("write the caption", self.caption):
                    self._write_caption()
            if self.config.dry_run:
                return self._leave()
            self.job.journal.prepared(self._prepared_facts(before))
            return self._publish(before)
        finally:
            self._clean_up()

    # -- getting ready ---------------------------------------------------------------------------------

    def _open_app(self) -> None:
        phone = self.job.phone
        self._grant_permissions()
        phone.stop_app(self.package)  # a share activity left open from before confuses the next start
        phone.press("wakeup")
        phone.start_app(self.package)

    def _grant_permissions(self) -> None:
        names = _MEDIA_PERMISSIONS if self.job.phone.facts().sdk >= 33 else ("READ_EXTERNAL_STORAGE",)
        for name in (*names, *_PERMISSIONS):
            try:
                self.job.phone.shell("pm", "grant", self.package, f"android.permission.{name}")
            except ShellFailedError:
                continue  # not every phone allows it; then the app asks, and the pack answers

    def _read_profile(self) -> ProfileState:
        screen, state = self._profile.open()
        wanted = self.job.task.username
        if wanted and not same_handle(state.handle, wanted):
            raise TaskFailedError("wrong_account", f"Signed in: @{state.handle}; wanted: @{wanted.removeprefix('@')}.")
        self.result.update(app=self.package, account=state.handle)
        if state.is_fresh:  # only its caption tells it from ours
            return self._profile.look_at_newest(screen, state)
        return state

    def _bring_in(self) -> None:
        goal = "create"
        if self.config.post_way == PostWay.SHARE:
            goal = "shared"
            self._gallery.must_be_newest(self._on_phone)
            try:
                activity = str(self.pack.facts["share_activity"])
                self.job.phone.share(self.package, activity, self._on_phone[0].entry.uri, self.materials[0].mime_type)
            except ShellFailedError as error:
                raise TaskFailedError("share_refused", error.output.strip()[-300:]) from error
        self._navigator.reach(goal, _CAPTION_SCREENS)

    def _pick_media(self, screen: Screen, _action: Action) -> None:
        self._gallery.must_be_newest(self._on_phone)
        self._gallery.pick(screen, self.pack, self._on_phone)

    def _consent(self, screen: Screen, action: Action) -> None:
        if not self.job.settings.accept_music_rights:
            raise TaskFailedError(action.argument, "It asks to confirm the music rights (setting accept_music_rights).")
        node = screen.find(action.element) if action.element else None
        if node is not None:
            self.job.phone.tap(node)

    # -- caption -----------------------------------------------------------------------------------------

    def _write_caption(self) -> None:
        typed = ""
        for way in TYPING_WAYS:
            self._focus_caption()
            try:
                self.job.phone.type_text(self.caption, way)
            except DriverBrokenError:
                continue
            typed = self._read_back()
            if typed == self.caption:
                return
            self._focus_caption()
            self.job.phone.clear_text()
        raise TaskFailedError("caption_refused", f"It shows {typed[:200]!r}.")

    def _focus_caption(self) -> None:
        """Put the cursor into the caption field, not into the title above it."""
        phone = self.job.phone
        screen = self._navigator.reach("caption", _CAPTION_SCREENS)
        for _ in range(5):
            field_node = screen.find(self.pack.elements["caption_field"])
            if field_node is not None and field_node.focused:
                return
            if field_node is not None:
                phone.tap(field_node)
            phone.control.pause(0.05)
            screen = self._navigator.reach("caption", _CAPTION_SCREENS)
        raise TaskFailedError("screen_stuck", "The caption field does not take the cursor.")

    def _read_back(self) -> str:
        """Close the keyboard and return what the caption field now holds."""
        screen = self._navigator.reach("caption", _CAPTION_SCREENS)
        if screen.name in _EDITING_SCREENS:
            ok = screen.find(self.pack.elements["caption_ok"]) if "caption_ok" in self.pack.elements else None
            if ok is not None:
                self.job.phone.tap(ok)
            else:
                self.job.phone.press("back")
        screen = self._navigator.reach("caption", _LAST_SCREENS)
        field_node = screen.find(self.pack.elements["caption_field"])
        return field_node.text if field_node else ""

    # -- publishing --------------------------------------------------------------------------------------

    def _prepared_facts(self, before: ProfileState) -> dict[str, Any]:
        return {
            "app": self.pack.app,
            "package": self.package,
            "caption": self.caption,
            "media_sha256": self.result["media_sha256"],
            "profile": before.facts(),
        }

    def _publish(self, before: ProfileState) -> Outcome:
        phone, journal = self.job.phone, self.job.journal
        with phone.step("press Post"):
            screen = self._navigator.reach("publish", _LAST_SCREENS)
            button = screen.find(self.pack.elements[_POST_BUTTON[self.pack.app]])
            if button is None:
                raise TaskFailedError("screen_stuck", "The button that publishes is not there.")
            journal.arm()
            try:
                phone.tap_once(button)
            except (DeviceError, TaskStoppedError):
                return self._unknown("The connection was lost while Post was pressed.")
            journal.tapped()
        try:
            with phone.step("watch the upload"):
                taken = self._watch_upload()
            with phone.step("look at the profile"):
                return self._verify(before, taken=taken)
        except TaskFailedError as error:
            if error.code == "upload_failed":
                journal.decided(Phase.NOT_PUBLISHED, {"evidence": error.detail})
                raise
            return self._unknown(f"{error.code}: {error.detail}")
        except (DeviceError, TaskStoppedError) as error:
            return self._unknown(str(error))

    def _watch_upload(self) -> bool:
        """Wait until the app is done with the upload. Return False when it never took the post."""
        phone, clock = self.job.phone, self.job.phone.clock
        until_s = clock.monotonic_s() + self.config.upload_wait_time
        still_since_s: float | None = None
        while True:
            left_s = until_s - clock.monotonic_s()
            screen = self._reach_quietly({"home_feed", "friends", "own_post", "posted", *_LAST_SCREENS}, left_s)
            if screen is None:
                return True  # the bound is over; the profile has the last word
            if screen.name not in _LAST_SCREENS:
                return True
            now_s = clock.monotonic_s()
            still_since_s = still_since_s if still_since_s is not None else now_s
            if now_s - still_since_s >= _NOT_TAKEN_AFTER_S:
                return False
            phone.control.pause(0.1)

    def _reach_quietly(self, until: set[str], timeout_s: float) -> Screen | None:
        try:
            return self._navigator.reach("confirm", until, timeout_s=max(timeout_s, 0.1))
        except TaskFailedError as error:
            if error.code in ("screen_stuck", "screen_unrecognised"):
                return None
            raise

    def _verify(self, before: ProfileState, *, taken: bool) -> Outcome:
        """Look for the post on the own profile, and decide."""
        clock = self.job.phone.clock
        if not taken:
            return self._not_taken(before)
        until_s = clock.monotonic_s() + _VERIFY_TIMEOUT_S
        screen, state = self._profile.open()
        turn = 0
        while True:
            if self._is_ours(before, state, screen):
                self.job.journal.decided(Phase.PUBLISHED, {"evidence": "own profile"})
                return succeeded(f"Published on @{state.handle}.", PublishState.PUBLISHED, self.result)
            if clock.monotonic_s() >= until_s:
                return self._unknown(f"It was not on the profile within {_VERIFY_TIMEOUT_S:g} s.")
            self.job.phone.control.pause(0.15)
            screen = self._profile.refresh(turn)
            state = self._profile.read(screen)
            turn += 1

    def _is_ours(self, before: ProfileState, now: ProfileState, screen: Screen) -> bool:
        newer = is_newer(before, now)
        if not self.caption or not (newer or now.is_fresh):
            return newer
        if not self._profile.look_at_newest(screen, now).newest_shows(self.caption):
            return False
        return newer or not before.newest_shows(self.caption)

    def _not_taken(self, before: ProfileState) -> Outcome:
        """The last screen stayed: leave it, and make sure by the profile that nothing went out."""
        self._navigator.reach("leave", _AFTER_POST)
        screen, state = self._profile.open()
        if self._is_ours(before, state, screen):
            self.job.journal.decided(Phase.PUBLISHED, {"evidence": "own profile"})
            return succeeded(f"Published on @{state.handle}.", PublishState.PUBLISHED, self.result)
        self.job.journal.decided(
            Phase.NOT_PUBLISHED, {"evidence": "the last screen stayed, the profile has no new post"}
        )
        return failed("not_published", result=self.result)

    def _unknown(self, why: str) -> Outcome:
        self.job.journal.decided(Phase.UNKNOWN, {"evidence": why})
        return failed("outcome_unknown", why, self.result)

    # -- leaving -------------------------------------------------------------------------------------------

    def _leave(self) -> Outcome:
        phone = self.job.phone
        with phone.step("the last screen, not published (dry run)"):
            self._navigator.reach("look", _LAST_SCREENS)
        with phone.step("leave the app"):
            self._navigator.reach("leave", _AFTER_POST)
        return succeeded(
            "Dry run: everything up to Post was done, nothing was published.",
            PublishState.DRY_RUN,
            self.result,
        )

    def _clean_up(self) -> None:
        """Take the media off the phone again; a phone that is gone keeps it until the next task."""
        try:
            self._gallery.remove(self._on_phone)
            self.job.phone.press("home")
        except (DeviceError, TaskFailedError, TaskStoppedError):
            return


_POST_BUTTON = {"tiktok": "post_button", "instagram": "share_button"}
