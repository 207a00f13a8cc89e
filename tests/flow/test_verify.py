"""A server that ends after Post may have been pressed: the next attempt only looks, and says what it saw."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetlane.core.journal import Phase
from fleetlane.simulator.apps.accounts import Post
from fleetlane.simulator.faults import Fault
from support.parallel_scenarios import Scenarios
from support.rig import CAPTION, Phases

SHORT = {"upload_wait_time": 3}

scenario = Scenarios(first_port=24400)
running = scenario.fixture()


class KilledError(Exception):
    """The server ends here."""


def tiktok(server):
    return next(app for app in server.phone.apps.values() if app.model.app == "tiktok")


def cut_off(rig, serial, at="tapped", config=SHORT):
    """Post until the journal comes to a phase, and return the journal as a store would give it back."""

    def die(self, *facts):
        getattr(Phases, at)(self, *facts)
        raise KilledError

    journal = type("Journal", (Phases,), {at: die})()
    try:
        result = rig.post(serial, config, phases=journal)
    except KilledError:
        return Phases(list(journal.seen), json.loads(json.dumps(journal.facts)))
    raise AssertionError(f"it never was {at}: {result.outcome}")


def look(rig, serial, former, config=SHORT, settings=None):
    return rig.post(serial, config, former=former, settings=settings)


def judge(rig, serial, result, *expected):
    code, phase, posts = expected
    assert (result.outcome.error_code, result.phases.phase) == (code, phase), result
    assert result.outcome.unseen == phase.in_doubt, "what is in doubt is looked for again"
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION] * posts, "a look publishes nothing"
    assert result.steps.names[:1] in (["bring the app to the front"], [])


# -- it went out ------------------------------------------------------------------------------------


@scenario.each(0.0, 3.0)
def a_post_that_goes_out_without_the_server_is_found(rig, serial, upload_s):
    rig.on(serial, lambda server: setattr(server.phone, "upload_s", upload_s))
    former = cut_off(rig, serial)
    result = look(rig, serial, former)
    judge(rig, serial, result, None, Phase.PUBLISHED, 1)
    assert result.outcome.result["caption"] == CAPTION
    assert "profile" not in result.outcome.result
    assert "a later look" in str(result.outcome.remark)


@scenario
def a_post_is_found_although_the_app_has_ended_since(rig, serial):
    former = cut_off(rig, serial)
    rig.on(serial, lambda server: server.phone.crash(tiktok(server)))
    result = look(rig, serial, former, {"upload_wait_time": 10})
    published = len(rig.posts(serial))
    code, phase = (None, Phase.PUBLISHED) if published else ("outcome_unknown", Phase.TAPPED)
    judge(rig, serial, result, code, phase, published)


@scenario.each("tiktok", "instagram")
def a_post_is_found_behind_others_that_went_out_since(rig, serial, app):
    config = {**SHORT, "platform": app}
    rig.on(serial, lambda server: setattr(server.phone, "upload_s", 0.0))
    former = cut_off(rig, serial, config=config)
    for caption in ("another one", "and one more"):
        assert rig.post(serial, {**config, "captions": caption}).outcome.ok
    result = look(rig, serial, former, config)
    assert (result.outcome.error_code, result.phases.phase) == (None, Phase.PUBLISHED), result.outcome.remark
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION, "another one", "and one more"]


@scenario
def an_older_post_behind_the_former_newest_is_no_proof_when_others_went_out_since(rig, serial):
    def prepare(server):
        account = tiktok(server).accounts[0]
        account.posts[:] = [Post("video", "the newest", "7", -500.0), Post("video", CAPTION, "5", -1000.0)]
        account.shown = list(account.posts)
        tiktok(server).faults.upload = "stuck"

    rig.on(serial, prepare)
    former = cut_off(rig, serial)
    rig.on(serial, lambda server: tiktok(server).accounts[0].posts.insert(0, Post("video", "by hand", "0", 0.0)))
    judge(rig, serial, look(rig, serial, former), "outcome_unknown", former.phase, 0)


# -- it did not ---------------------------------------------------------------------------------------


@scenario
def a_page_that_still_waits_for_post_and_a_profile_as_it_was_prove_that_it_is_not_out(rig, serial):
    former = cut_off(rig, serial, "arm")
    judge(rig, serial, look(rig, serial, former), "not_published", Phase.NOT_PUBLISHED, 0)


@scenario
def an_upload_that_the_app_calls_failed_is_not_out(rig, serial):
    rig.on(serial, lambda server: setattr(tiktok(server).faults, "upload", "fail"))
    former = cut_off(rig, serial)
    judge(rig, serial, look(rig, serial, former), "not_published", Phase.NOT_PUBLISHED, 0)


@scenario
def what_a_look_saw_before_it_was_cut_off_itself_is_not_lost(rig, serial):
    class Cut(Phases):
        def note(self, facts):
            super().note(facts)
            raise KilledError

    former = cut_off(rig, serial, "arm")
    journal = Cut(list(former.seen), dict(former.facts))
    with pytest.raises(KilledError):
        rig.post(serial, SHORT, former=former, phases=journal)
    rig.on(serial, lambda server: server.phone.crash(tiktok(server)))
    again = Phases(list(journal.seen), journal.facts)
    result = look(rig, serial, again)
    judge(rig, serial, result, "not_published", Phase.NOT_PUBLISHED, 0)
    assert "refusal" not in result.outcome.result


# -- nobody can say yet ---------------------------------------------------------------------------------


@scenario
def an_upload_that_still_runs_is_no_evidence(rig, serial):
    rig.on(serial, lambda server: setattr(tiktok(server).faults, "upload", "stuck"))
    former = cut_off(rig, serial)
    judge(rig, serial, look(rig, serial, former), "outcome_unknown", former.phase, 0)


@scenario
def a_page_with_another_text_is_no_evidence(rig, serial):
    former = cut_off(rig, serial, "arm")
    former.facts["caption"] = "something else"
    judge(rig, serial, look(rig, serial, former), "outcome_unknown", former.phase, 0)


@scenario
def a_page_that_waits_is_no_evidence_when_somebody_has_posted_since(rig, serial):
    former = cut_off(rig, serial, "arm")
    by_hand = Post("video", "by hand", "0", 0.0)
    rig.on(serial, lambda server: tiktok(server).accounts[0].posts.insert(0, by_hand))
    judge(rig, serial, look(rig, serial, former), "outcome_unknown", former.phase, 0)


@scenario
def an_older_post_with_the_same_caption_is_no_proof(rig, serial):
    def prepare(server):
        account = tiktok(server).accounts[0]
        account.posts[:] = [Post("video", CAPTION, "5", -1000.0)]
        account.shown = list(account.posts)
        tiktok(server).faults.upload = "stuck"

    rig.on(serial, prepare)
    former = cut_off(rig, serial)
    judge(rig, serial, look(rig, serial, former), "outcome_unknown", former.phase, 0)


@scenario
def the_profile_of_another_account_says_nothing(rig, serial):
    former = cut_off(rig, serial)
    former.facts["profile"]["handle"] = "somebody_else"
    result = look(rig, serial, former)
    judge(rig, serial, result, "outcome_unknown", Phase.TAPPED, 1)
    assert "not @somebody_else" in str(result.outcome.remark)


@scenario
def a_post_without_caption_cannot_be_told_from_others_and_no_phone_is_touched(rig, serial):
    former = cut_off(rig, serial, config={**SHORT, "captions": ""})
    result = look(rig, serial, former, {**SHORT, "captions": ""})
    assert (result.outcome.error_code, result.steps.names) == ("outcome_unknown", [])


def _check(server):
    server.inject(Fault("security_check", app="tiktok"))


def _lock_by_pin(server):
    server.phone.change_traits({"pin": True})
    server.inject(Fault("lock"))


def _at_home(act):
    """Let something happen on a phone when the feed is there: what comes while pages move goes with them."""

    def when_shown(server):
        left = [act]

        def seen(screen):
            if left and screen == "home_feed":
                left.pop()(server)

        server.phone.screen_listeners.append(lambda _app, screen: seen(screen))
        seen(tiktok(server).screen)

    return when_shown


NEEDS = {
    "security_check": (_check, lambda server: server.phone.stop_app(tiktok(server).package.name)),
    "screen_locked": (_lock_by_pin, lambda server: server.phone.change_traits({"pin": False})),
}


@scenario.each(*NEEDS)
def a_post_is_found_when_a_person_has_seen_to_what_kept_a_look_from_it(rig, serial, code):
    happens, mend = NEEDS[code]
    rig.on(serial, lambda server: setattr(server.phone, "upload_s", 0.0))
    former = cut_off(rig, serial)
    rig.on(serial, _at_home(happens))
    result = look(rig, serial, former)
    assert (result.outcome.error_code, result.outcome.unseen, result.outcome.asks) == ("outcome_unknown", True, code)
    rig.on(serial, mend)
    judge(rig, serial, look(rig, serial, result.phases, {"upload_wait_time": 10}), None, Phase.PUBLISHED, 1)


@scenario
def a_post_after_which_the_app_asks_for_a_person_stays_in_doubt(rig, serial):
    shown = []

    def lay(server):
        server.phone.screen_listeners.append(lambda _app, now: shown.append(now) or inject(server))

    def inject(server):
        if shown[-1] == "home_feed" and "post" in shown:
            shown.clear()
            _check(server)

    rig.on(serial, lay)
    result = rig.post(serial, SHORT)
    assert (result.outcome.error_code, result.outcome.unseen) == ("outcome_unknown", True)
    assert (result.outcome.asks, result.phases.phase) == ("security_check", Phase.TAPPED)


# -- read only --------------------------------------------------------------------------------------


@scenario
def a_legal_statement_is_left_to_its_owner_whatever_the_settings_say(rig, serial):
    rig.on(serial, lambda server: tiktok(server).data.update(music_rights=True))
    former = cut_off(rig, serial)
    result = look(rig, serial, former, settings=replace(rig.settings, accept_music_rights=True))
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])
    assert "left to its owner" in str(result.outcome.remark)


@scenario
def an_editor_of_instagram_is_left_with_its_draft_saved(rig, serial):
    config = {**SHORT, "platform": "instagram"}

    def instagram(server):
        return next(app for app in server.phone.apps.values() if app.model.app == "instagram")

    rig.on(serial, lambda server: instagram(server).faults.ignored_taps.update(clips_right_action_button=1))
    former = cut_off(rig, serial, "at_risk", config)
    result = look(rig, serial, former, config)
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])
    assert rig.on(serial, lambda server: instagram(server).data["draft"])


@scenario
def an_attempt_cut_off_at_risk_has_noted_what_to_look_for(rig, serial):
    rig.on(serial, lambda server: tiktok(server).faults.ignored_taps.update(editor_next_box=1))
    former = cut_off(rig, serial, "at_risk")
    assert former.facts["profile"]["newest_texts"] is not None
    assert former.facts["caption"] == CAPTION
    result = look(rig, serial, former)
    assert (result.outcome.error_code, rig.posts(serial)) == ("outcome_unknown", [])
    assert "does not react" not in str(result.outcome.remark), "it left the editor"
    assert rig.on(serial, lambda server: tiktok(server).data["drafts"]) == 1, "and lost nothing there"


test_scenario = scenario.test()
test_in_virtual_time = scenario.virtual_test()
