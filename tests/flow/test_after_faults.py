"""What a fault leaves behind does not become the end of what comes next."""

from __future__ import annotations

import itertools

from fleetlane.simulator.faults import Fault
from support.parallel_scenarios import Scenarios
from support.phones import app_on
from support.rig import CAPTION

scenario = Scenarios(first_port=24400)
running = scenario.fixture()


def _strike_at(server, screen, fault, times=1):
    shown = itertools.count(1)
    server.phone.screen_listeners.append(
        lambda _app, now: now == screen and next(shown) == times and server.inject(fault)
    )


@scenario
def a_crash_of_one_task_is_no_failure_of_the_next(rig, serial):
    rig.on(serial, lambda server: _strike_at(server, "editor", Fault("crash")))
    assert rig.post(serial).outcome.error_code == "app_crashed"
    after = rig.post(serial)
    assert after.outcome.ok, after.outcome
    assert len(rig.posts(serial)) == 1


@scenario
def an_app_that_crashes_while_its_profile_is_looked_at_is_started_again_and_looked_into(rig, serial):
    rig.on(serial, lambda server: _strike_at(server, "own_profile", Fault("crash"), times=2))
    result = rig.post(serial)
    assert result.outcome.ok, result.outcome
    assert [post["caption"] for post in rig.posts(serial)] == [CAPTION]


@scenario
def a_phone_that_has_just_restarted_is_given_time_until_android_has_started(rig, serial):
    asked = []

    def prepare(server):
        server.phone.started = False
        server.call_listeners.append(lambda call: call.startswith("shell:pm") and asked.append(server.phone.started))
        server.later(1.5, lambda: setattr(server.phone, "started", True))

    rig.on(serial, prepare)
    assert rig.post(serial).outcome.ok
    assert asked
    assert all(asked)


@scenario.each(1, 4)
def a_post_that_was_not_taken_is_known_however_short_the_wait_for_the_upload(rig, serial, wait_s):
    rig.on(serial, lambda server: app_on(server).faults.ignored_taps.update(post=1))
    result = rig.post(serial, {"upload_wait_time": wait_s})
    assert (result.outcome.error_code, rig.posts(serial)) == ("not_published", [])


@scenario.each("sync:SEND", "shell:content query")
def a_call_that_may_be_repeated_is_repeated_when_it_was_lost(rig, serial, call):
    second = 2  # the first file is uiautomator2's own
    rig.on(serial, lambda server: server.faults.append(Fault("drop", call=call, times=second)))
    assert rig.post(serial).outcome.ok
    assert len(rig.posts(serial)) == 1


@scenario.each({"screen": "editor"}, {"call": "shell:am start --user 0 -a android.intent.action.SEND"})
def an_app_that_is_removed_in_the_midst_is_said_to_be_gone(rig, serial, when):
    rig.on(serial, lambda server: server.faults.append(Fault("uninstall", **when)))
    outcome = rig.post(serial).outcome
    assert (outcome.error_code, rig.posts(serial)) == ("app_not_installed", [])


test_scenario = scenario.test()
test_in_virtual_time = scenario.virtual_test()
