"""How much text a post may have on an app, and what becomes of a title.

Lengths are counted as the apps count them, in UTF-16 units: most emoji count twice. Source: TikTok's Content Posting
API ("UTF-16 runes"); Android's own text fields count so, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleetlane.core.captions import Caption, split_title
from fleetlane.core.media.files import MediaKind
from fleetlane.core.message import Message
from fleetlane.core.screens.recognition import Pack
from fleetlane.scripts.post.config import PostConfig

_HASHTAGS = re.compile(r"(?<!\w)(?:#\w+)+")
"""One or more without blanks between them: the apps link each."""
TOO_LONG = "the caption has %(count)s characters; %(app)s takes %(most)s"
TITLE_TOO_LONG = "the title has %(count)s characters; %(app)s takes %(most)s"
TOO_MANY_TAGS = "the caption has %(count)s hashtags; %(app)s keeps %(most)s"
NO_TITLE = "%(app)s has no title: the ## was kept as text"
NO_VIDEO_TITLE = "%(app)s has no title for videos: it became the first line of the text"
SENTENCES = (TOO_LONG, TITLE_TOO_LONG, TOO_MANY_TAGS, NO_TITLE, NO_VIDEO_TITLE)


def titled(text: str, config: PostConfig, pack: Pack) -> tuple[Caption, list[Message]]:
    """Return a drawn text as an app takes it, and what is done otherwise than written."""
    caption = split_title(text)
    if caption.title is None:
        return caption, []
    app = {"app": str(pack.label)}
    if "title_field" not in pack.elements:
        return Caption(text), [Message(NO_TITLE, app)]
    if config.content_type == 0:
        return Caption(caption.whole), [Message(NO_VIDEO_TITLE, app)]
    return caption, []


def over_limits(caption: Caption, kind: MediaKind, pack: Pack) -> Mapping[str, Message]:
    """Return what is over an app's limits, by the limit: "caption_max", "title_max", "hashtag_max"."""
    longest = pack.facts["caption_max"]
    if kind is MediaKind.IMAGE:
        longest = pack.facts.get("description_max", longest)
    counted = {
        "caption_max": (TOO_LONG, _units(caption.text), int(longest)),
        "title_max": (TITLE_TOO_LONG, _units(caption.title or ""), int(pack.facts["title_max"])),
        "hashtag_max": (TOO_MANY_TAGS, _hashtags(caption.text), int(pack.facts["hashtag_max"])),
    }
    return {
        name: Message(template, {"count": f"{count:,}", "most": f"{most:,}", "app": str(pack.label)})
        for name, (template, count, most) in counted.items()
        if count > most
    }


def _hashtags(text: str) -> int:
    return sum(found.count("#") for found in _HASHTAGS.findall(text))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
