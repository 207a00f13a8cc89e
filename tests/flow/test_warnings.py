"""What a caller is told of a post when the task is created."""

from __future__ import annotations

import pytest

from fleetlane.scripts.post.script import SCRIPT

VIDEO = {"material_list": ["a.mp4"]}
IMAGE = {"content_type": 1, "material_list": ["a.png"]}
STORY = {"platform": "instagram", "placement": "story", **VIDEO}
IMAGES = {"content_type": 1, "material_list": ["a.png", "b.png"]}


def told(config):
    """Return the beginnings of the warnings."""
    return [warning.split(": ")[0].split(" follows")[0] for warning in SCRIPT.check(config)]


@pytest.mark.parametrize("what", [IMAGE, STORY])
def test_a_share_that_becomes_a_choice_in_the_apps_gallery_is_told(what):
    asked, silent = {**what, "post_way": "share"}, what
    assert "post_way share is for videos" in told(asked)
    assert "post_way share is for videos" not in told(silent)
    assert "post_way share is for videos" not in told({**what, "post_way": "addButton"})


def test_the_share_of_a_video_is_what_was_asked_for():
    assert told({**VIDEO, "post_way": "share"}) == []
    assert told({**VIDEO, "post_way": "share", "platform": "instagram"}) == ["post_way share on Instagram"]


@pytest.mark.parametrize(
    ("config", "step"),
    [
        ({**VIDEO, "post_way": "useSound", "sound_name": "x"}, "post_way useSound on TikTok"),
        ({**VIDEO, "add_sound": 1}, "add_sound 1 on TikTok"),
        ({**VIDEO, "add_product_link": 1}, "add_product_link on TikTok"),
        (IMAGES, "a post of several images on TikTok"),
        ({**IMAGES, "platform": "instagram"}, "a post of several images on Instagram"),
        (STORY, "placement story on Instagram"),
    ],
)
def test_a_step_that_no_recording_shows_is_told(config, step):
    assert told(config) == [step]
