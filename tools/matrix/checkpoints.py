"""Where on a post's way a fault strikes: the journeys of the post script, and the places each passes.

A place is the last of some moments: a screen that comes up on the simulated phone, or a call that it gets. Each
is looked for when the one before has come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleetlane.simulator.link.phone_link import PhoneLink

PRESS = "the press on Post"
START = "the start of uiautomator2"
COPY = "the copying"
_PRESSES = ("post", "share_button")


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the way. `tap` is the node there that leads on, by its role in the app model."""

    name: str
    moments: tuple[str, ...]
    """Names of screens; "call:" and the beginning of a call's name."""
    tap: str = ""
    pressed: bool = False
    """Whether Post may have been pressed by then."""

    @property
    def is_risky(self) -> bool:
        """Return whether Post is pressed there, or may have been pressed by then."""
        return self.pressed or self.tap in _PRESSES


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to post, and the places on it that no earlier journey has. `screens` are names in the app's pack."""

    name: str
    app: str
    places: Sequence[Place]
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _on(screen: str, tap: str = "") -> Place:
    return Place(screen, (screen,), tap)


def _after(post: str, screen: str) -> Place:
    return Place(f"{screen} after Post", (post, "call:shell:input tap", screen), pressed=True)


JOURNEYS = (
    Journey(
        "tiktok share",
        "tiktok",
        (
            Place(START, ("call:sync:SEND",)),
            _on("home_feed", "profile"),
            _on("own_profile", "cover"),
            _on("own_post", "back"),
            Place(COPY, ("own_post", "call:sync:SEND")),
            _on("editor_loading"),
            _on("editor", "editor_next_box"),
            _on("post", "post"),
            Place(PRESS, ("post", "call:shell:input tap"), pressed=True),
            _after("post", "home_feed"),
            _after("post", "own_profile"),
            _after("post", "own_post"),
        ),
    ),
    Journey(
        "tiktok addButton",
        "tiktok",
        (_on("camera", "upload_hot_area"), _on("gallery", "cell"), _on("preview", "preview_next")),
        {"post_way": "addButton"},
    ),
    Journey(
        "tiktok useSound and a product link",
        "tiktok",
        (
            _on("search", "search_button"),
            _on("search_results", "tab_sounds"),
            _on("sound_page", "use_sound"),
            _on("sounds", "sounds_done"),
            _on("volume", "volume_done"),
            _on("add_link", "link_product"),
            _on("product_picker", "product_add"),
            _on("product_name", "product_confirm"),
        ),
        {"post_way": "useSound", "sound_name": "Sunny Day", "add_product_link": 1},
    ),
    Journey(
        "instagram share",
        "instagram",
        (
            _on("reel_editor", "clips_right_action_button"),
            _on("share", "share_button"),
            Place(PRESS, ("share", "call:shell:input tap"), pressed=True),
            _after("share", "home_feed"),
            _after("share", "own_profile"),
            _after("share", "own_post"),
        ),
    ),
    Journey(
        "instagram addButton",
        "instagram",
        (_on("create_sheet"), _on("gallery_reel", "gallery_grid_item_thumbnail")),
        {"post_way": "addButton"},
    ),
)


def watch(link: PhoneLink, moments: Sequence[str], act: Callable[[], None]) -> None:
    """Do something once, when the last of some moments has come. On the phone's own thread."""
    left = list(moments)

    def seen(moment: str) -> None:
        if left and moment.startswith(left[0]) and (moment == left[0] or left[0].startswith("call:")):
            del left[0]
            if not left:
                act()

    link.phone.screen_listeners.append(lambda _app, screen: seen(screen))
    link.call_listeners.append(lambda call: seen(f"call:{call}"))
