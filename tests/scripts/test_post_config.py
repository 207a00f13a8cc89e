"""Settings of a post that contradict each other, or name what there is not, are refused by their field."""

from __future__ import annotations

import pytest

from fleetlane.core.errors import InvalidParametersError
from fleetlane.scripts.post.config import MOST_IMAGES, parse_config

FILES = ["/a.jpg", "/b.jpg"]


@pytest.mark.parametrize(
    ("raw", "field", "message"),
    [
        ({"material_source": "cloud"}, "material_source", 'must be "materialLibrary" or "localFolder"'),
        ({"platform": "myspace"}, "platform", "tiktok"),
        ({"material_source": "localFolder"}, "material_path", "is needed for material_source = localFolder"),
        ({"add_sound": "custom"}, "custom_sound_keyword", "is needed for add_sound = custom"),
        ({"add_sound": "custom", "custom_sound_keyword": " "}, "custom_sound_keyword", "is needed"),
        ({"post_way": "useSound"}, "sound_name", "is needed for post_way = useSound"),
        ({"post_way": "useSound", "sound_name": "x", "add_sound": 1}, "add_sound", "brings a sound of its own"),
        ({"sound_name": "https://example.com/music/1"}, "sound_name", "must be an https link to tiktok.com"),
        ({"content_type": 1, "material_list": FILES * 40}, "material_list", f"at most {MOST_IMAGES} images"),
        ({"content_type": 1, "material_list": FILES, "image_count": 3}, "image_count", "more than the 2 files"),
    ],
)
def test_it_is_refused_by_its_field(raw, field, message):
    with pytest.raises(InvalidParametersError) as refused:
        parse_config(raw)
    [error] = refused.value.errors
    assert (error.field, message in error.message) == (f"script_config.{field}", True), error


def test_a_folder_may_bring_the_sounds_itself():
    raw = {"post_way": "useSound", "material_source": "localFolder", "material_path": "/clips"}
    assert parse_config(raw).sets_sound
