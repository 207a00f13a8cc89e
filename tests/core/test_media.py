from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.media import MediaKind, probe
from support.rig import VIDEO


def test_the_demo_video_is_a_six_second_mp4():
    with VIDEO.open("rb") as file:
        facts = probe(file)
    assert facts is not None
    assert (facts.kind, facts.mime_type) == (MediaKind.VIDEO, "video/mp4")
    assert facts.duration_ms == pytest.approx(6000, abs=100)


def test_images_are_known_by_their_first_bytes():
    assert probe(io.BytesIO(b"\xff\xd8\xff\xe0 rest")).mime_type == "image/jpeg"
    assert probe(io.BytesIO(b"\x89PNG\r\n\x1a\n rest")).mime_type == "image/png"


def test_text_is_no_media_whatever_it_is_called():
    assert probe(io.BytesIO(b"hello, this is a text")) is None


def test_an_mp4_cut_off_before_its_header_is_no_video():
    assert probe(io.BytesIO(VIDEO.read_bytes()[:40])) is None


def test_an_mp4_that_holds_only_sound_is_no_video():
    """Libraries that look at signatures call this video/mp4: see docs/decisions/0003."""
    sound_only = VIDEO.read_bytes().replace(b"vide", b"soun")
    assert probe(io.BytesIO(sound_only)) is None


def test_a_heic_image_called_mp4_is_no_video():
    assert probe(io.BytesIO(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)) is None


@given(st.binary(max_size=300), st.integers(0, 200))
def test_hostile_content_is_read_to_an_end(noise, cut):
    data = VIDEO.read_bytes()[:cut] + noise
    probe(io.BytesIO(data))
    probe(io.BytesIO(b"\0\0\0\x10ftypisom" + noise))
