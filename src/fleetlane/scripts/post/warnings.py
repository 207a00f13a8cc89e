"""What a caller is told when a task is created: steps whose screens no recording of the real apps shows."""

from __future__ import annotations

from collections.abc import Iterator

from fleetlane.core.media import MediaKind
from fleetlane.core.recognition import Pack
from fleetlane.scripts.post.config import AddSound, PostConfig, PostWay


def unproven_steps(config: PostConfig, pack: Pack) -> list[str]:
    """Return a warning for each step of a post that an app's pack marks as unverified."""
    return [
        f"{name} on {pack.label} follows the app as it is described, not as it was recorded: look at the first posts"
        for step, name in _steps(config, pack)
        if step in pack.facts.get("unverified_steps", ())
    ]


def _steps(config: PostConfig, pack: Pack) -> Iterator[tuple[str, str]]:
    """Yield the steps a post needs on an app: their names in the packs, and for people."""
    if config.post_way == PostWay.USE_SOUND:
        yield "use_sound", "post_way useSound"
    if config.add_sound in (AddSound.ADD, AddSound.CUSTOM):
        yield "add_sound", f"add_sound {config.add_sound.value}"
    if config.add_product_link:
        yield "product_link", "add_product_link"
    if config.kind is MediaKind.IMAGE and config.count > 1:
        yield "several_images", "a post of several images"
    if config.post_way == PostWay.SHARE:
        yield "share", "post_way share"
    if pack.app == "instagram" and config.placement == "story":
        yield "story", "placement story"
