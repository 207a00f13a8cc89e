"""A Next that is slow to react is tapped again, and a popup may go by itself, but no tap presses what publishes.

In virtual time: a phone whose calls take long, and an app that leaves its editor at any moment in between.
"""

from __future__ import annotations

import pytest

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.ports.phone import PhoneFacts
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from fleetlane.simulator.virtual_control import VirtualControl
from support.handset import INSTAGRAM, TIKTOK, Handset

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
    """A driver of a simulated phone that is slow to hear a call, and to answer it."""

    serial = "s"

    def __init__(self, handset: Handset, latency_s: tuple[float, float]) -> None:
        self._handset = handset
        self._latency_s = latency_s

    def facts(self) -> PhoneFacts:
        return PhoneFacts("", "13", 33, self._handset.phone.size)

    def tree(self) -> str:
        return self._call(self._handset.phone.dump)

    def tap_once(self, x: int, y: int) -> None:
        self._call(lambda: self._handset.phone.tap(x, y))

    tap = tap_once

    def press(self, key: str) -> None:
        self._call(lambda: self._handset.phone.press(key))

    def _call(self, act):
        before_s, after_s = self._latency_s
        self._handset.wait(before_s)
        answer = act()
        self._handset.wait(after_s)
        return answer


def _handset(package, stack, app_s):
    """Return a phone whose app shows the last of some screens, and takes `app_s` to react."""
    handset = Handset(package)
    handset.allow_all()
    handset.media("a.mp4")
    handset.phone.start_app(package)
    handset.wait(10)
    handset.app.selected = handset.phone.media.newest_first()
    handset.app.stack = stack
    handset.phone.touch()
    handset.app.timing = lambda name: app_s if name in ("transition", "editor_load") else 0.1
    return handset


def _go_on(handset, package, last_pages, latency_s, dwell_s=None):
    """Go on to the last page; return how it ended, and what was published."""
    clock = handset.clock
    phone = Phone(SlowPhone(handset, latency_s), load_packs(), VirtualControl(clock, clock.monotonic_s() + 600), None)
    pack = next(pack for pack in load_packs() if package in pack.packages)
    try:
        end = Navigator(phone, pack, package, {}, dwell_s=dwell_s).reach("create", last_pages, timeout_s=120).name
    except TaskFailedError as error:
        end = error.code
    handset.wait(60)
    return end, handset.ledger.entries


@pytest.mark.parametrize("dwell_s", [None, 0.0])
@pytest.mark.parametrize("latency_s", LATENCIES_S)
@pytest.mark.parametrize(("package", "stack", "last_pages"), EDITORS)
def test_a_slow_next_never_presses_post(package, stack, last_pages, latency_s, dwell_s):
    ends = [
        _go_on(_handset(package, ["home_feed", *stack], app_s / 100), package, last_pages, latency_s, dwell_s)
        for app_s in range(150, 700, 37)
    ]
    assert [published for _, published in ends if published] == []
    assert [end for end, _ in ends if end not in (*last_pages, "screen_stuck")] == []


# TikTok's popups, but for those that need a person or lead somewhere else.
POPUPS = (
    "popup_notifications", "popup_contacts", "popup_widget", "popup_phone", "popup_save_login",
    "popup_business_inbox", "popup_commercial_sounds", "popup_update", "popup_notice",
)  # fmt: skip


@pytest.mark.parametrize("latency_s", LATENCIES_S[::2])
@pytest.mark.parametrize("popup", POPUPS)
def test_a_tap_on_a_popup_that_goes_by_itself_never_publishes(popup, latency_s):
    """The editor comes in the popup's place as soon as it is loaded: a tap that is under way falls through."""
    ends = []
    for app_s in range(20, 700, 31):
        handset = _handset(TIKTOK, ["home_feed"], app_s / 100)
        handset.app.faults.popups.append(("editor_loading", popup))
        handset.app.arrive("push", "editor_loading")
        ends.append(_go_on(handset, TIKTOK, {"post"}, latency_s))
    assert [published for _, published in ends if published] == []
    assert [end for end, _ in ends if end not in ("post", "screen_stuck")] == []
