"""What may have gone out is never called unpublished, and nothing is called published that is not there."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image

from fleetlane.core.errors import LeaseLostError, StoreBusyError, StoreError, StoreFullError
from fleetlane.core.journal import Phase
from fleetlane.simulator.apps.accounts import Post
from fleetlane.simulator.faults import Fault
from support.parallel_scenarios import Scenarios
from support.phones import on_screen
from support.rig import CAPTION, VIDEO, Phases

OTHER_VIDEO = VIDEO.read_bytes() + b"\x00\x00\x00\x08free"


scenario = Scenarios(first_port=24000)
running = scenario.fixture()


def tiktok(server):
    return next(app for app in server.phone.apps.values() if app.model.app == "tiktok")


def _posts(server, *posts):
    """Give the account these posts, newest first."""
    account = tiktok(server).accounts[0]
    account.posts[:] = [Post("video", caption, plays, -1000.0 * (n + 1)) for n, (caption, plays) in enumerate(posts)]
    account.shown = list(account.posts)
    return account


def _add_to_gallery(server, path, content, second):
    server.phone.files.write(path, content, 0o660, second)
    server.phone.media.scan_file(path, second)


# -- nothing is called published that is not there --------------------------------------------------


@scenario
def a_count_that_grows_on_an_old_post_with_the_same_caption_is_no_proof(rig, serial):
    def prepare(server):
        account = _posts(server, (CAPTION, "5"), ("x", "5"))
        tiktok(server).faults.upload = "stuck"
        on_screen(server, "post", lambda: setattr(account.posts[0], "plays", "6"))

    rig.on(serial, prepare)
    result = rig.post(serial, {"upload_wait_time": 3})
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])


@scenario
def a_count_that_grows_is_no_proof_for_a_post_without_caption(rig, serial):
    def prepare(server):
        account = _posts(server, ("x", "5"))
        tiktok(server).faults.upload = "stuck"
        on_screen(server, "post", lambda: setattr(account.posts[0], "plays", "6"))

    rig.on(serial, prepare)
    result = rig.post(serial, {"upload_wait_time": 3, "captions": ""})
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])


@scenario
def unplayed_posts_with_the_same_caption_are_no_proof(rig, serial):
    def prepare(server):
        account = _posts(server, (CAPTION, "0"), (CAPTION, "0"))
        tiktok(server).faults.upload = "stuck"
        on_screen(server, "post", lambda: setattr(account.posts[0], "plays", "1"))

    rig.on(serial, prepare)
    result = rig.post(serial, {"upload_wait_time": 3})
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])


@scenario.each((), (("x", "0"),), ((CAPTION, "0"),), ((CAPTION, "0"),) * 9, (("x", "5"),) * 9)
def a_post_is_known_whatever_was_there_before(rig, serial, posts):
    rig.on(serial, lambda server: _posts(server, *posts) and None)
    result = rig.post(serial)
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION]


@scenario
def a_post_without_caption_is_known_by_its_tile(rig, serial):
    result = rig.post(serial, {"captions": ""})
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [""]


# -- the media is ours ------------------------------------------------------------------------------


@scenario.each(5, 0)
def a_file_that_comes_in_between_is_never_published(rig, serial, late_s):
    def prepare(server):
        next(iter(server.phone.apps.values())).data["has_albums"] = False

        def add():
            second = server.phone.media.newest_first()[0].date_added_s + late_s
            _add_to_gallery(server, "/sdcard/DCIM/other.mp4", OTHER_VIDEO, second)

        on_screen(server, "camera", add)

    rig.on(serial, prepare)
    result = rig.post(serial, {"post_way": "addButton"})
    assert (result.outcome.error_code, rig.posts(serial)) == ("gallery_timeout", [])


@scenario
def a_screenshot_that_comes_in_between_is_never_published(rig, serial):
    picture = io.BytesIO()
    Image.new("RGB", (100, 200), "red").save(picture, "PNG")

    def prepare(server):
        next(iter(server.phone.apps.values())).data["has_albums"] = False

        def add():
            second = server.phone.media.newest_first()[0].date_added_s + 5
            _add_to_gallery(server, "/sdcard/Pictures/shot.png", picture.getvalue(), second)

        on_screen(server, "camera", add)

    rig.on(serial, prepare)
    result = rig.post(serial, {"post_way": "addButton"})
    assert (result.outcome.error_code, rig.posts(serial)) == ("gallery_timeout", [])


# -- consent ----------------------------------------------------------------------------------------


@scenario.each("post", "editor")
def a_legal_statement_before_post_is_never_accepted(rig, serial, screen):
    rig.on(serial, lambda server: tiktok(server).faults.popups.append((screen, "popup_music_rights")))
    result = rig.post(serial, settings=replace(rig.settings, accept_music_rights=True))
    assert (result.outcome.error_code, rig.posts(serial)) == ("needs_consent", [])
    assert Phase.TAPPED not in result.phases.seen


@scenario
def a_legal_statement_after_post_is_accepted_only_when_the_owner_has_said_so(rig, serial):
    rig.on(serial, lambda server: tiktok(server).data.update(music_rights=True))
    refused = rig.post(serial)
    assert (refused.outcome.error_code, refused.phases.phase) == ("needs_consent", Phase.NOT_PUBLISHED)
    assert rig.posts(serial) == []
    accepted = rig.post(serial, settings=replace(rig.settings, accept_music_rights=True))
    assert accepted.outcome.ok, accepted.outcome
    assert len(rig.posts(serial)) == 1


# -- around the press -------------------------------------------------------------------------------


def _journal(**methods):
    return type("Journal", (Phases,), methods)()


@scenario
def a_stop_between_journal_and_press_does_not_press(rig, serial):
    controls = []

    def arm(self):
        Phases.arm(self)
        controls[0].stop()

    result = rig.post(serial, phases=_journal(arm=arm), on_start=controls.append)
    assert (result.outcome.error_code, result.phases.phase) == ("stopped", Phase.NOT_PUBLISHED)
    assert rig.posts(serial) == []


@scenario.each(StoreFullError, StoreBusyError)
def a_post_that_cannot_be_armed_is_not_pressed(rig, serial, error):
    def arm(self):
        raise error("The disk is full, or somebody holds the store.")

    result = rig.post(serial, phases=_journal(arm=arm))
    assert (result.outcome.error_code, result.phases.phase) == ("store_failed", Phase.PREPARED)
    assert rig.posts(serial) == []


@scenario
def a_lease_that_is_lost_before_the_press_does_not_press(rig, serial):
    controls = []

    def arm(self):
        Phases.arm(self)
        controls[0]._lost = lambda: LeaseLostError(serial)

    result = rig.post(serial, phases=_journal(arm=arm), on_start=controls.append)
    assert (result.outcome.error_code, result.phases.phase) == ("server_interrupted", Phase.NOT_PUBLISHED)
    assert rig.posts(serial) == []


@scenario
def a_stop_after_the_press_says_that_it_cannot_be_taken_back(rig, serial):
    controls = []

    def tapped(self):
        Phases.tapped(self)
        controls[0].stop()

    result = rig.post(serial, phases=_journal(tapped=tapped), on_start=controls.append)
    assert result.outcome.error_code == "outcome_unknown"
    assert "cannot be taken back" in str(result.outcome.remark)


@scenario
def a_deadline_after_the_press_is_no_failure_that_may_be_repeated(rig, serial):
    controls = []

    def tapped(self):
        Phases.tapped(self)
        controls[0].deadline_s = 0

    def start(control):
        controls.append(control)
        control.allow = lambda seconds: None  # the time for the look is over as well

    result = rig.post(serial, phases=_journal(tapped=tapped), on_start=start)
    assert (result.outcome.error_code, result.phases.phase) == ("outcome_unknown", Phase.TAPPED)
    assert result.outcome.unseen


@scenario
def a_journal_that_cannot_be_kept_after_the_press_makes_the_outcome_unknown(rig, serial):
    def tapped(self):
        raise StoreError("the disk is full")

    assert rig.post(serial, phases=_journal(tapped=tapped)).outcome.error_code == "outcome_unknown"


@scenario
def a_press_that_the_app_ignores_is_not_repeated_and_called_unpublished_after_a_look(rig, serial):
    rig.on(serial, lambda server: tiktok(server).faults.ignored_taps.update(post=1))
    result = rig.post(serial)
    assert (result.outcome.error_code, result.phases.phase) == ("not_published", Phase.NOT_PUBLISHED)
    assert rig.posts(serial) == []


@scenario
def an_editor_that_ignores_taps_is_tapped_again_and_says_so_first(rig, serial):
    rig.on(serial, lambda server: tiktok(server).faults.ignored_taps.update(editor_next_box=1))
    result = rig.post(serial)
    assert result.outcome.ok, result.outcome
    assert result.phases.seen[:2] == [Phase.AT_RISK, Phase.PREPARED]


@scenario.each(2.2, 2.8, 3.4)
def a_next_that_is_slow_to_react_on_a_slow_phone_is_never_a_press_on_post(rig, serial, app_s):
    def prepare(server):
        app = tiktok(server)
        usual = app.timing

        def slow():
            app.timing = lambda name: app_s if name == "transition" else usual(name)
            server.inject(Fault("slow", factor=16.0, for_s=8.0))

        on_screen(server, "editor", slow)
        on_screen(server, "post", lambda: setattr(app, "timing", usual))

    rig.on(serial, prepare)
    result = rig.post(serial)
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION]


@scenario
def an_app_that_crashes_while_it_uploads_is_looked_into_again(rig, serial):
    rig.on(serial, lambda server: setattr(server.phone, "upload_s", 3.0))

    def prepare(server):
        def later():
            on_screen(server, "home_feed", lambda: server.phone.delay(0.5, lambda: server.phone.crash(tiktok(server))))

        on_screen(server, "post", later)

    rig.on(serial, prepare)
    result = rig.post(serial, {"upload_wait_time": 5})
    published = len(rig.posts(serial))
    assert result.outcome.error_code == (None if published else "outcome_unknown"), result.outcome


@scenario
def a_phone_that_goes_away_after_the_press_leaves_the_outcome_to_a_later_look(rig, serial):
    def prepare(server):
        server.phone.upload_s = 4.0
        on_screen(
            server, "post", lambda: on_screen(server, "home_feed", lambda: server.inject(Fault("unplug", for_s=2.0)))
        )

    rig.on(serial, prepare)
    result = rig.post(serial)
    assert (result.outcome.error_code, result.phases.phase) == ("outcome_unknown", Phase.TAPPED)


# -- text -------------------------------------------------------------------------------------------


@scenario.each("line1\nline2 \U0001f600 <b>&amp; 'q' \"dq\" é trailing", "Log in to TikTok")
def odd_captions_arrive_byte_for_byte(rig, serial, caption):
    result = rig.post(serial, {"captions": caption, "caption_format": "spintax"})
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [caption]


@scenario
def a_text_the_app_garbles_is_typed_again_in_another_way(rig, serial):
    rig.on(serial, lambda server: setattr(tiktok(server).faults, "eat_text", True))
    result = rig.post(serial)
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION]


@scenario
def a_text_the_app_never_keeps_is_not_published(rig, serial):
    def prepare(server):
        app = tiktok(server)
        kept = app.type_text

        def garble(text, **options):
            app.faults.eat_text = True
            return kept(text, **options)

        app.type_text = garble

    rig.on(serial, prepare)
    result = rig.post(serial)
    assert (result.outcome.error_code, rig.posts(serial)) == ("caption_refused", [])


@scenario.each("x" * 4001, "#a #b #c #d #e #f")
def a_caption_that_is_too_long_is_said_so(rig, serial, caption):
    assert rig.post(serial, {"captions": caption}).outcome.error_code == "caption_too_long"


# -- what is left -----------------------------------------------------------------------------------


def _files(rig, serial):
    return rig.on(serial, lambda server: [p for p in server.phone.files.paths("/sdcard") if "fleetlane-" in p])


@scenario
def media_stays_on_the_phone_while_an_upload_may_still_run_and_goes_with_the_next_task(rig, serial):
    rig.on(serial, lambda server: setattr(tiktok(server).faults, "upload", "stuck"))
    assert rig.post(serial, {"upload_wait_time": 2}).outcome.error_code == "outcome_unknown"
    assert len(_files(rig, serial)) == 1
    rig.on(serial, lambda server: setattr(tiktok(server).faults, "upload", ""))
    assert rig.post(serial, {"dry_run": True, "captions": "other"}).outcome.ok
    assert _files(rig, serial) == []


test_scenario = scenario.test()
test_in_virtual_time = scenario.virtual_test()
