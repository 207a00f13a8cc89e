"""How many calls posts make: on phones in virtual time, each with a driver that is kept, as a lane keeps it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fleetlane.core.outcome import Outcome
from fleetlane.scripts.script import ScriptSettings
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import Traits
from fleetlane.simulator.link.calls import kind_of
from support.rig import ANYWHERE
from support.virtual import A_POST_S, VirtualRig


def counted_posts(traits: Traits, posts: int, seed: int = 0, **config: Any) -> list[tuple[Outcome, Counter[str]]]:
    """Post one after another on one phone, and return how each ended and its calls by kind.

    A look while the upload, or the profile after it, is waited for is of the kind "waiting"; so is the swipe that has
    the profile read again, without which the next look would show nothing new.
    """
    rig = VirtualRig(FleetSettings(phones=1, traits=traits, seed=seed))
    [serial] = rig.serials
    driver = rig.driver(serial)
    driver.close = lambda: None
    rig.driver = lambda _serial: driver
    calls: list[str] = []
    rig.fleet.link(serial).call_listeners.append(calls.append)
    ends = []
    for number in range(posts):
        calls.clear()
        result = rig.post(
            serial,
            {"captions": f"post {number}", "post_way": "share", **config},
            settings=ScriptSettings(folders=ANYWHERE),
            timeout_s=A_POST_S,
        )
        ends.append((result.outcome, _by_kind(calls)))
        rig.wait(2)
    return ends


def _by_kind(calls: list[str]) -> Counter[str]:
    pressed = max(number for number, call in enumerate(calls) if call.startswith("shell:input tap"))
    return Counter(_kind(call, after_post=number > pressed) for number, call in enumerate(calls))


def _kind(call: str, *, after_post: bool) -> str:
    kind = kind_of(call)
    is_look = kind == "tree" or call == "rpc:swipe"
    return "waiting" if after_post and is_look else kind
