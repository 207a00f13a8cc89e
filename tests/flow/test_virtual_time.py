"""Virtual time does what the wire does, and does it quickly: the same phone, driver and scripts stand on both."""

from __future__ import annotations

import re
from itertools import product

import pytest

from fleetlane.core.errors import DeviceTimeoutError
from fleetlane.core.journal import Phase
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import IDEAL
from support.rig import CAPTION, Rig
from support.virtual import VirtualRig, like, one_post

APPS = ("tiktok", "instagram")
WAYS = ("addButton", "share")


@pytest.mark.parametrize("language", ["en", "zh", "id"])
@pytest.mark.parametrize(("app", "way"), list(product(APPS, WAYS)))
def test_an_ideal_phone_publishes_exactly_the_asked_post(app, way, language):
    result, rig = one_post({"platform": app, "post_way": way}, traits=IDEAL, language=language)
    assert result.outcome.ok, result.outcome
    assert result.phases.seen == [Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.PUBLISHED]
    assert [entry["caption"] for entry in rig.ledger] == [CAPTION]


_BY_TIME = ("rpc:dumpWindowHierarchy", "rpc:/ping", "rpc:swipe")
"""Calls whose number depends on when things happen: looks, and the profile brought up to date."""


def _calls_and_ledger(rig, config):
    """Publish, and return the calls in the order in which each came first, and what the ledger says but when."""
    [serial] = rig.serials
    calls: list[str] = []
    rig.on(serial, lambda link: link.call_listeners.append(calls.append))
    result = rig.post(serial, config)
    assert result.outcome.ok, result.outcome
    first = list(dict.fromkeys(re.sub(r"\d+", "N", call) for call in calls if call not in _BY_TIME))
    return first, [
        {key: value for key, value in entry.items() if key not in ("time", "serial")} for entry in rig.ledger
    ]


@pytest.mark.phone
@pytest.mark.parametrize(("app", "way"), list(product(APPS, WAYS)))
def test_the_wire_and_virtual_time_see_the_same_calls_and_the_same_post(app, way):
    config = {"platform": app, "post_way": way}
    settings = FleetSettings(phones=1, first_port=22700)
    with Rig(settings) as rig:
        wire = _calls_and_ledger(rig, config)
    assert _calls_and_ledger(VirtualRig(settings), config) == wire


@pytest.mark.phone
def test_the_wire_takes_as_long_and_counts_alike():
    settings = FleetSettings(phones=1, first_port=22710, traits=like("ideal", dump_s=0.6, jvm_command_s=0.4))
    with Rig(settings) as rig:
        [serial] = rig.serials
        driver = rig.driver(serial)
        driver.tree()
        start = rig.clock.monotonic_s()
        driver.tree()
        assert driver.installed(["x"]) == []
        assert rig.clock.monotonic_s() - start >= 1.0
        assert rig.fleet.server(serial).kinds["tree"] == 2
        driver.close()


def test_a_run_repeats_by_its_seed():
    def run(seed):
        result, rig = one_post(traits=like("real", other_user=0, physical_keys=True), seed=seed)
        return result.seconds, dict(rig.fleet.links[0].kinds), rig.fleet.links[0].calls

    assert run(3) == run(3)
    assert run(3)[0] != run(4)[0]


def test_calls_cost_what_the_phone_takes_and_are_counted_by_kind():
    rig = VirtualRig(FleetSettings(phones=1, traits=like("ideal", jvm_command_s=1.0, command_s=0.1, dump_s=2.0)))
    [serial] = rig.serials
    driver, [link] = rig.driver(serial), rig.fleet.links

    def cost(call):
        before = rig.clock.monotonic_s()
        call()
        return round(rig.clock.monotonic_s() - before, 2)

    driver.facts()
    driver.tree()
    assert cost(lambda: driver.shell("getprop")) == 0.1
    assert cost(lambda: driver.installed(["x"])) == 1.0
    assert cost(driver.tree) == 2.0
    assert link.kinds["tree"] == 2
    driver.close()


def test_a_call_may_be_heard_late_and_answered_late():
    rig = VirtualRig(FleetSettings(phones=1))
    [serial] = rig.serials
    driver, [link] = rig.driver(serial), rig.fleet.links
    driver.tree()
    heard: list[float] = []
    link.phone.tap = lambda *_where, **_how: heard.append(rig.clock.monotonic_s() - asked_s)
    link.phone.dump = lambda: str(heard.append(rig.clock.monotonic_s() - asked_s))
    link.latency_s, link.answer_latency_s = 0.5, 2.0
    for call in (lambda: driver.tap(5, 5), lambda: driver.tap_once(5, 5), driver.tree):
        asked_s = rig.clock.monotonic_s()
        call()
        assert rig.clock.monotonic_s() - asked_s == pytest.approx(2.5)
    link.answer_latency_s, asked_s = 30.0, rig.clock.monotonic_s()
    with pytest.raises(DeviceTimeoutError):
        driver.tap_once(5, 5)
    assert heard == pytest.approx([0.5] * 4)
    driver.close()


def test_a_phone_that_is_unplugged_hangs_or_is_cut_off_fails_as_on_the_wire():
    rig = VirtualRig(FleetSettings(phones=1))
    [serial] = rig.serials
    driver, [link] = rig.driver(serial), rig.fleet.links
    driver.tree()
    link.inject(Fault("hang"))
    before = rig.clock.monotonic_s()
    with pytest.raises(DeviceTimeoutError):
        driver.tree()
    assert 19 < rig.clock.monotonic_s() - before < 45
    link.hang(hanging=False)
    for kind, error in (
        ("unplug", "DeviceGoneError"),
        ("offline", "DeviceGoneError"),
        ("unauthorized", "DeviceGoneError"),
    ):
        link.inject(Fault(kind, for_s=5.0))
        with pytest.raises(Exception, match=r".") as caught:
            driver.tree()
        assert type(caught.value).__name__ == error
        rig.wait(6)
        assert "<hierarchy" in driver.tree()
    link.faults.append(Fault("drop", call="shell:wm"))
    with pytest.raises(Exception, match=r".") as caught:
        driver.shell("wm", "size")
    assert type(caught.value).__name__ == "CallLostError"
    driver.close()


def test_a_tree_is_of_the_middle_of_its_call_and_the_screen_goes_on():
    rig = VirtualRig(FleetSettings(phones=1, traits=like("ideal", dump_s=4.0)))
    [serial] = rig.serials
    driver, [link] = rig.driver(serial), rig.fleet.links
    driver.tree()
    link.phone.press("sleep")
    link.phone.press("wakeup")
    link.later(3.0, link.phone.unlock)
    assert "keyguard" in driver.tree()
    assert "keyguard" not in driver.tree()
    driver.close()
