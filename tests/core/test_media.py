"""What a media file is by its boxes and marks, and whether all of it is there."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fleetlane.core.media.files import MediaFacts, MediaKind, look, probe
from support.movies import ALL_ONES, FTYP, box, fragmented, full, movie, mvhd, trak
from support.rig import VIDEO


def _image(kind, **options):
    out = io.BytesIO()
    Image.effect_noise((24, 16), 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


WHOLE = {
    "demo": VIDEO.read_bytes(),
    "moov first": movie(),
    "moov last": movie(moov_first=False),
    "media to the end": movie(to_the_end=True),
    "64-bit sizes": movie(long=True),
    "64-bit sizes, moov last": movie(long=True, moov_first=False),
    "jpeg": _image("JPEG"),
    "progressive jpeg": _image("JPEG", progressive=True),
    "jpeg with a thumbnail": _image("JPEG", exif=b"Exif\0\0" + _image("JPEG")),
    "png": _image("PNG"),
    "fragmented, length told": fragmented(mehd=10_000),
}
TAILS = {
    "an ID3v1 tag": b"TAG" + b"My title".ljust(125),
    "blank lines": b"\r\n" * 4,
    "zeros": bytes(5000),
    "one byte": b"x",
    "half a header": b"\0\0\1",
    "a box of no kind": b"\0\0\0\x0c\x01\x02\x03\x04",
    "text": b"made with an editor\n" * 20,
}


def test_the_demo_video_is_a_six_second_mp4():
    facts = probe(io.BytesIO(WHOLE["demo"]))
    assert facts is not None
    assert (facts.kind, facts.mime_type, facts.width, facts.height) == (MediaKind.VIDEO, "video/mp4", 270, 480)
    assert facts.duration_ms == pytest.approx(6000, abs=100)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("tail", TAILS)
def test_what_lies_behind_the_end_is_passed_over(name, tail):
    assert probe(io.BytesIO(WHOLE[name] + TAILS[tail])) == probe(io.BytesIO(WHOLE[name])) != None  # noqa: E711


@given(name=st.sampled_from(list(WHOLE)), tail=st.binary(max_size=200))
def test_any_bytes_may_lie_behind_the_end(name, tail):
    assert isinstance(look(io.BytesIO(WHOLE[name] + tail)), MediaFacts)


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("demo", "fragmented, length told")])
def test_no_beginning_of_a_file_is_whole(name):
    content = WHOLE[name]
    assert [cut for cut in range(len(content)) if probe(io.BytesIO(content[:cut]))] == []


@settings(max_examples=200)
@given(cut=st.integers(0, len(WHOLE["demo"]) - 1))
def test_no_beginning_of_the_demo_video_is_whole(cut):
    assert probe(io.BytesIO(WHOLE["demo"][:cut])) is None


def test_fragments_that_are_missing_are_missed_where_the_file_says_how_long_it_is():
    content = WHOLE["fragmented, length told"]
    assert probe(io.BytesIO(content)).duration_ms == 10_000
    assert [cut for cut in range(len(content) - 60) if probe(io.BytesIO(content[:cut]))] == []


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 rest", FTYP]
)
def test_a_beginning_of_a_few_bytes_is_nothing(content):
    assert probe(io.BytesIO(content)) is None


def test_text_is_no_media_whatever_it_is_called():
    assert probe(io.BytesIO(b"hello, this is a text")) is None


def test_an_mp4_that_holds_only_sound_is_no_video():
    """Libraries that look at signatures call this video/mp4: see docs/decisions/0003."""
    assert probe(io.BytesIO(movie(handler="soun"))) is None
    assert "no video" in look(io.BytesIO(movie(handler="soun"))).sentence


@pytest.mark.parametrize(
    "content",
    [
        FTYP + box("moov", mvhd(2000), trak()) + box("mdat", bytes(99)),
        FTYP + box("moov", mvhd(2000), trak(full("stsz", "II", 0, 0))) + box("mdat", bytes(99)),
        fragmented(track=2),
    ],
    ids=["no tables", "empty tables", "fragments of another track"],
)
def test_a_video_track_without_samples_is_no_video(content):
    assert "no video" in look(io.BytesIO(content)).sentence


def test_a_place_that_was_kept_for_the_media_and_never_written_to_is_cut_off():
    """So files look that are copied into a place of their whole size, and so do downloads in parts."""
    for name in ("demo", "moov first", "64-bit sizes", "media to the end"):
        whole = WHOLE[name]
        assert "its end is missing" in look(io.BytesIO(whole[: len(whole) * 2 // 3].ljust(len(whole), b"\0"))).sentence


def test_a_heic_image_called_mp4_is_no_video():
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + box("meta", bytes(20)) + box("mdat", bytes(99))
    assert "no video" in look(io.BytesIO(heic)).sentence


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("version", [0, 1])
def test_size_and_turning_come_from_the_track(turned, version):
    facts = probe(io.BytesIO(movie(turned=turned, version=version)))
    assert (facts.width, facts.height, facts.rotation_deg) == (720, 1280, turned)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (mvhd(90_000, 600), 150_000),
        (mvhd(90_000, 600, version=1), 150_000),
        (mvhd(ALL_ONES), None),
        (mvhd((1 << 64) - 1, version=1), None),
        (mvhd(5000, timescale=0), None),
        (mvhd(0), None),
        (b"", None),
        (box("mvhd", b"\0" * 9), None),
    ],
)
def test_a_length_that_is_not_said_is_unknown_and_never_huge_or_zero(header, expected):
    assert probe(io.BytesIO(movie(header=header))).duration_ms == expected


def test_the_track_says_its_length_where_the_movie_does_not():
    assert probe(io.BytesIO(movie(header=mvhd(ALL_ONES), duration=1200, timescale=600))).duration_ms == 2000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (fragmented(mehd=7000, lasting=None), 7000),
        (fragmented(mehd=0), 10_000),
        (fragmented(mehd=ALL_ONES), 10_000),
        (fragmented(), 10_000),
        (fragmented(default=True), 10_000),
        (fragmented(lasting=None), None),
        (fragmented(lasting=None, sidx=full("sidx", "IIIIHHIII", 1, 1000, 0, 0, 0, 1, 60, 4000, 0)), 4000),
    ],
)
def test_a_fragmented_video_is_as_long_as_it_says_or_as_its_samples_are(content, expected):
    assert probe(io.BytesIO(content)).duration_ms == expected


def test_a_fragment_without_its_media_is_cut_off():
    content = fragmented()
    assert probe(io.BytesIO(content[: content.rindex(b"mdat") - 4])) is None
    assert probe(io.BytesIO(content[:-1])) is None
    index = full("sidx", "IIIIHHIII", 1, 1000, 0, 0, 0, 1, 10_000, 4000, 0)
    assert probe(io.BytesIO(fragmented(sidx=index))) is None, "the index speaks of more bytes than there are"


@pytest.mark.parametrize(
    "content",
    [
        FTYP + b"\0\0\0\x08free" * 400_000,
        FTYP + box("moov", mvhd(1000), b"\0\0\0\x08free" * 400_000) + box("mdat"),
        FTYP + box("moov", *[trak(full("stco", "I", 1 << 31))] * 3) + box("mdat"),
    ],
    ids=["boxes beside each other", "boxes in a box", "a table that says to be huge"],
)
def test_a_flood_of_boxes_is_looked_at_to_an_end(content):
    look(io.BytesIO(content))


def test_deep_nesting_is_looked_at_to_an_end():
    nested = b""
    for _ in range(2000):
        nested = box("trak", nested)
    assert probe(io.BytesIO(FTYP + box("moov", mvhd(1000), nested) + box("mdat"))) is None


@given(name=st.sampled_from(list(WHOLE)), data=st.data())
def test_hostile_content_is_read_to_an_end(name, data):
    content = bytearray(WHOLE[name][:6000])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    probe(io.BytesIO(bytes(content) + data.draw(st.binary(max_size=50))))
    probe(io.BytesIO(b"\0\0\0\x10ftypisom" + bytes(content)))
