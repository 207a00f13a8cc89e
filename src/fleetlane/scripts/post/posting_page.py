"""What the packs say of an app as a place to post: its last page, the ways to it, and what it offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetlane.core.errors import PackError, TaskFailedError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import FAILURES, FailureClass
from fleetlane.core.screens.recognition import Element, Pack, View
from fleetlane.core.screens.screen import Node
from fleetlane.scripts.post.config import PostConfig, PostWay

ASKS_A_PERSON = frozenset(
    code for code, failure in FAILURES.items() if failure.failure_class is FailureClass.NEEDS_PERSON
) - {"screen_unrecognised"}
"""Failures after Post that somebody has to see to, before a look can tell what became of it."""


@dataclass(frozen=True, slots=True)
class PostingPage:
    """The last page before a post goes out.

    Attributes:
        screens: the page as it is when its button can be pressed.
        editing: the same page while a text is typed on it.
        button: what publishes.
        shape: what the button is without any word: asked where it was found by a word that nobody has seen.
        presses: how often the button may be pressed; more than once only where the app is known to ignore a
            press at times, and to show the page unchanged when it did.
        has_caption: whether a caption can be written there.
        proof: what is looked at to know that it went out: "profile" or "story".
    """

    screens: frozenset[str]
    editing: frozenset[str]
    button: Element
    shape: Element | None = None
    presses: int = 1
    has_caption: bool = True
    proof: str = "profile"

    @property
    def all_screens(self) -> frozenset[str]:
        """Return the page in both of its forms."""
        return self.screens | self.editing

    def is_button(self, view: View, node: Node) -> bool:
        """Return whether more than a word that nobody has seen says that a node is the button that publishes."""
        return node in view.find_surely(self.button) or node.button in (view.find_all(self.shape) if self.shape else ())


def way_in(config: PostConfig, page: PostingPage) -> str:
    """Return the goal by which the media comes into the app, as the packs call it: "shared", "create" or "story".

    Only a video is handed over by the phone's share: adb hands over one file, and no recording shows what the
    apps do with an image. Images and stories are chosen in the app's own gallery.
    """
    if page.proof == "story":
        return "story"
    return "shared" if config.post_way == PostWay.SHARE and config.kind is MediaKind.VIDEO else "create"


def must_offer(pack: Pack, config: PostConfig) -> None:
    """Refuse what an app does not have at all, before anything is done for it.

    Raises:
        TaskFailedError: `step_unavailable`.
    """
    for _, problem in _not_there(pack, config):
        raise TaskFailedError("step_unavailable", f"{problem[:1].upper()}{problem[1:]}.")


def not_offered(pack: Pack, config: PostConfig) -> list[tuple[str, str]]:
    """Return the options of a post that an app does not have, and are not at their default: field and sentence."""
    found = _not_there(pack, config)
    if config.captions.strip() and not takes_caption(pack, config):
        found.append(("captions", f"a {config.placement} on {pack.label} takes no caption; leave it out"))
    return found


def takes_caption(pack: Pack, config: PostConfig) -> bool:
    """Return whether a post has a caption on an app."""
    return last_page(pack, config.placement).has_caption


def _not_there(pack: Pack, config: PostConfig) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if "add_sound" not in pack.facts["offers"]:
        found += [(name, f"sounds cannot be set on {pack.label}") for name in _SOUNDS if _is_set(config, name)]
        if config.post_way == PostWay.USE_SOUND:
            found.append(("post_way", f"useSound cannot be done on {pack.label}"))
    if config.add_product_link and "product_link" not in pack.facts["offers"]:
        found.append(("add_product_link", f"{pack.label} has no product links"))
    if _is_set(config, "placement") and config.placement not in pack.facts["last_pages"]:
        found.append(("placement", f"{pack.label} has no placement {config.placement}"))
    return found


_SOUNDS = ("add_sound", "sound_name", "custom_sound_keyword", "origin_sound_volume", "add_sound_volume")


def _is_set(config: PostConfig, name: str) -> bool:
    """Return whether a setting is another than its default."""
    return getattr(config, name) != PostConfig.model_fields[name].default


def last_page(pack: Pack, placement: str) -> PostingPage:
    """Return the last page of an app for a placement ("reel" or "story"; apps that know one only have "post")."""
    pages: Mapping[str, Mapping[str, Any]] = pack.facts["last_pages"]
    raw = pages.get(placement) or pages.get("post")
    if raw is None:
        raise PackError(pack.app, f"facts.last_pages has no page for {placement!r}")
    return PostingPage(
        screens=frozenset(raw["screens"]),
        editing=frozenset(raw.get("editing", ())),
        button=pack.elements[raw["button"]],
        shape=pack.elements[raw["shape"]] if "shape" in raw else None,
        presses=int(raw.get("presses", 1)),
        has_caption=bool(raw.get("has_caption", True)),
        proof=str(raw.get("proof", "profile")),
    )
