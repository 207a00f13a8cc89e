"""A Next that is slow to react is tapped again, and a popup may go by itself, but no tap presses what publishes.

The real driver in virtual time, on a phone whose calls take long: an app leaves its editor at any moment in between.
"""

from __future__ import annotations

import pytest

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.media.files import MediaKind
from fleetlane.scripts.apps import needed_permissions
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.simulator.apps.app_state import AppFaults
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.rig import VIDEO
from support.virtual import VirtualRig
from support.virtual_phone import INSTAGRAM, TIKTOK

pytestmark = pytest.mark.slow

# What stands before the page with the publishing button, and that page.
EDITORS = [
    (TIKTOK, ["editor"], {"post"}),
    (TIKTOK, ["camera", "gallery", "preview"], {"post"}),
    (INSTAGRAM, ["reel_editor"], {"share"}),
    (INSTAGRAM, ["post_editor"], {"share"}),
]
# How long a call takes until the phone hears it, and from then to its answer.
LATENCIES_S = [(0.02, 0.02), (0.2, 0.2), (0.1, 0.9), (0.6, 0.6), (1.8, 0.2), (0.1, 2.5), (1.5, 1.5), (2.9, 0.1)]


class SlowPhone:
    """A phone with a video, and a driver that knows it already: each moment begins with the app's start."""

    def __init__(self, package: str, latency_s: tuple[float, float]) -> None:
        self._package = package
        self._latency_s = latency_s
        self._rig = VirtualRig(FleetSettings(phones=1))
        [self._link], [serial] = self._rig.fleet.links, self._rig.serials
        self._driver = self._rig.driver(serial)
        self._driver.push(VIDEO, "/sdcard/a.mp4", MediaKind.VIDEO)
        self._driver.grant(package, needed_permissions(self._driver.facts().sdk))
        self._driver.tree()  # starts the automation server
        self.app = self._link.phone.apps[package]

    def show(self, stack: list[str], app_s: float) -> None:
        """Start the app, let it show the last of some screens, and take `app_s` to react."""
        self._link.latency_s = self._link.answer_latency_s = 0.0
        self._driver.start_app(self._package, anew=True)
        self._rig.wait(10)
        self.app.faults = AppFaults()
        self.app.data = {**self.app.model.data, "first_run": False, "first_reel": False}  # else sheets lie over Share
        self.app.selected = self._link.phone.media.newest_first()
        self.app.stack = stack
        self._link.phone.touch()
        self.app.timing = lambda name: app_s if name in ("transition", "editor_load") else 0.1
        self._link.latency_s, self._link.answer_latency_s = self._latency_s

    def go_on(self, last_pages: set[str], dwell_s: float | None = None) -> tuple[str, int]:
        """Go on to the last page; return how it ended, and how much was published."""
        before = len(self._rig.ledger)
        phone = Phone(self._driver, load_packs(), self._rig.control(self._rig.clock.monotonic_s() + 600), None)
        pack = next(pack for pack in load_packs() if self._package in pack.packages)
        navigator = Navigator(phone, pack, self._package, {}, dwell_s=dwell_s)
        try:
            end = navigator.reach("create", last_pages, timeout_s=120).name
        except TaskFailedError as error:
            end = error.code
        self._rig.wait(60)
        return end, len(self._rig.ledger) - before


def _next_takes(latency_s):
    """Return how many hundredths of a second; on phones with slow calls some of them end while a tap is under way."""
    return range(150, 700, 37 if sum(latency_s) < 1 else 55)


@pytest.mark.parametrize("dwell_s", [None, 0.0])
@pytest.mark.parametrize("latency_s", LATENCIES_S)
@pytest.mark.parametrize(("package", "stack", "last_pages"), EDITORS)
def test_a_slow_next_never_presses_post(package, stack, last_pages, latency_s, dwell_s):
    phone, ends = SlowPhone(package, latency_s), {}
    for app_s in _next_takes(latency_s):
        phone.show(["home_feed", *stack], app_s / 100)
        ends[app_s] = phone.go_on(last_pages, dwell_s)
    assert {app_s: published for app_s, (_, published) in ends.items() if published} == {}
    assert {app_s: end for app_s, (end, _) in ends.items() if end not in (*last_pages, "screen_stuck")} == {}


# TikTok's popups, but for those that need a person or lead somewhere else.
POPUPS = (
    "popup_notifications", "popup_contacts", "popup_widget", "popup_phone", "popup_save_login",
    "popup_business_inbox", "popup_commercial_sounds", "popup_update", "popup_notice",
)  # fmt: skip


def _popup_goes_after(latency_s):
    """Return how many hundredths of a second; by the last it has been tapped, which takes two looks and the tap."""
    return range(20, min(700, round(50 + 400 * sum(latency_s))), 31)


@pytest.mark.parametrize("latency_s", LATENCIES_S[::2])
@pytest.mark.parametrize("popup", POPUPS)
def test_a_tap_on_a_popup_that_goes_by_itself_never_publishes(popup, latency_s):
    """The editor comes in the popup's place as soon as it is loaded: a tap that is under way falls through."""
    phone, ends = SlowPhone(TIKTOK, latency_s), {}
    for app_s in _popup_goes_after(latency_s):
        phone.show(["home_feed"], app_s / 100)
        phone.app.faults.popups.append(("editor_loading", popup))
        phone.app.arrive("push", "editor_loading")
        ends[app_s] = phone.go_on({"post"})
    assert {app_s: published for app_s, (_, published) in ends.items() if published} == {}
    assert {app_s: end for app_s, (end, _) in ends.items() if end not in ("post", "screen_stuck")} == {}
