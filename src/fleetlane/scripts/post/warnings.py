"""What a caller is told when a task is created: what is done otherwise than asked, and what no recording shows."""

from __future__ import annotations

from collections.abc import Iterator

from fleetlane.core.media.files import MediaKind
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.post.config import AddSound, PostConfig, PostWay
from fleetlane.scripts.post.posting_page import last_page, takes_caption, way_in


def warnings_of(config: PostConfig, pack: Pack) -> list[str]:
    """Return what a caller should know of a post on an app."""
    way = way_in(config, last_page(pack, config.placement))
    return [*_other_way(config, way), *_no_caption(config, pack), *_unproven_steps(config, pack, way)]


def _no_caption(config: PostConfig, pack: Pack) -> list[str]:
    if not config.captions.strip() or takes_caption(pack, config):
        return []
    return [f"a {config.placement} on {pack.label} takes no caption: it is left out"]


def _other_way(config: PostConfig, way: str) -> list[str]:
    asked = "post_way" in config.model_fields_set and config.post_way == PostWay.SHARE
    if not asked or way == "shared":
        return []
    what = "a story" if way == "story" else "images"
    return [f"post_way share is for videos: {what} will be chosen in the app's own gallery, as with addButton"]


def _unproven_steps(config: PostConfig, pack: Pack, way: str) -> list[str]:
    """Return a warning for each step of a post that an app's pack marks as unverified."""
    return [
        f"{name} on {pack.label} follows the app as it is described, not as it was recorded: look at the first posts"
        for step, name in _steps(config, way)
        if step in pack.facts.get("unverified_steps", ())
    ]


def _steps(config: PostConfig, way: str) -> Iterator[tuple[str, str]]:
    """Yield the steps a post needs on an app: their names in the packs, and for people."""
    if config.post_way == PostWay.USE_SOUND:
        yield "use_sound", "post_way useSound"
    if config.add_sound in (AddSound.ADD, AddSound.CUSTOM):
        yield "add_sound", f"add_sound {config.add_sound.value}"
    if config.add_product_link:
        yield "product_link", "add_product_link"
    if config.kind is MediaKind.IMAGE and config.count > 1:
        yield "several_images", "a post of several images"
    if way == "shared":
        yield "share", "post_way share"
    if way == "story":
        yield "story", "placement story"
