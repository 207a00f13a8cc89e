"""What an app has no place for is said, and nothing of the text is lost."""

from __future__ import annotations

from fleetlane.scripts.packs.loader import shipped_packs
from fleetlane.scripts.post.config import parse_config
from fleetlane.scripts.post.limits import NO_TITLE, NO_VIDEO_TITLE, titled
from fleetlane.scripts.post.warnings import warnings_of

TEXT = "Head##Body"


def test_a_title_is_kept_as_text_where_the_app_has_none():
    caption, said = titled(TEXT, parse_config({"content_type": 1}), shipped_packs()["instagram"])
    assert (caption.title, caption.text, [one.template for one in said]) == (None, TEXT, [NO_TITLE])


def test_a_title_becomes_the_first_line_of_a_video():
    caption, said = titled(TEXT, parse_config({"content_type": 0}), shipped_packs()["tiktok"])
    assert (caption.title, caption.text.split("\n")) == (None, ["Head", "Body"])
    assert [one.template for one in said] == [NO_VIDEO_TITLE]


def test_who_asks_to_share_images_is_told_that_they_are_chosen_in_the_gallery():
    config = parse_config({"content_type": 1, "post_way": "share", "platform": "tiktok"})
    [said] = [one for one in warnings_of(config, shipped_packs()["tiktok"]) if "post_way share" in one]
    assert "images will be chosen in the app's own gallery" in said
