"""The one answer to what a media file is: whole or not, its size, length and turning."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from PIL import Image

from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.video import video_check
from fleetlane.core.media.files import MediaKind
from fleetlane.core.media.pictures import Picture, read_jpeg
from fleetlane.core.media.wholeness import DAMAGED_IMAGE, DAMAGED_VIDEO
from support.movies import movie
from support.rig import VIDEO


def _image(kind="JPEG", size=(120, 80), **options):
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def inspect(tmp_path):
    """Write a content, and return what it is."""
    inspector = FileInspector()

    def inspect(content, name="file"):
        (tmp_path / name).write_bytes(content)
        return inspector.inspect(tmp_path / name)

    return inspect


def test_a_whole_file_is_described(inspect):
    video, image = inspect(VIDEO.read_bytes(), "v"), inspect(_image("PNG"), "i")
    assert (video.kind, video.mime_type, video.duration_ms, video.problem) == (MediaKind.VIDEO, "video/mp4", 6000, None)
    assert (video.sha256, video.size_bytes) == (hashlib.sha256(VIDEO.read_bytes()).hexdigest(), VIDEO.stat().st_size)
    assert (image.kind, image.mime_type, image.width, image.height) == (MediaKind.IMAGE, "image/png", 120, 80)


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 180), (6, 90), (8, 270), (99, 0)])
def test_a_photo_says_how_it_is_turned(inspect, orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert inspect(_image(exif=exif)).rotation_deg == turned


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"kind": "PNG"}])
def test_an_image_that_is_cut_or_holds_garbage_has_a_problem_and_bytes_behind_it_have_none(inspect, options):
    whole = _image(**options)
    assert inspect(whole + b"TAG" + bytes(125)).problem is None
    cuts = {*range(0, len(whole), 97), 1, 2, 3, 4, len(whole) - 1, len(whole) // 3}
    assert [cut for cut in cuts if inspect(whole[:cut]).problem is None] == []
    garbage = whole[: len(whole) // 4] + os.urandom(len(whole) // 2) + whole[-200:]
    assert inspect(garbage).problem is not None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"quality": 95}])
def test_a_jpeg_whose_rest_is_missing_before_its_end_mark_is_not_whole(inspect, options):
    whole = _image(**options)
    for part in (0.3, 0.6, 0.95):
        assert "its end is missing" in inspect(whole[: int(len(whole) * part)] + b"\xff\xd9").problem
    assert inspect(whole).problem is None


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (900, 3), (8, 8)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"kind": "PNG"}])
def test_a_very_small_image_is_an_image(inspect, size, options):
    seen = inspect(_image(size=size, **options))
    assert (seen.problem, seen.width, seen.height) == (None, *size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "It is empty."),
        (b"hello", "no complete video or image"),
        (movie()[:-1], "its end is missing"),
        (_image()[:3], "its end is missing"),
        (_image()[:700] + b"\xff\x30\xff\xd9", "damaged image"),
    ],
)
def test_what_is_wrong_is_a_sentence(inspect, content, words):
    seen = inspect(content)
    assert words in seen.problem
    assert (seen.kind, seen.sha256, seen.size_bytes) == (None, "", len(content))


def test_an_image_of_a_great_many_pixels_is_not_decoded(inspect):
    png = bytearray(_image("PNG"))
    png[16:24] = (50_000).to_bytes(4, "big") * 2
    assert "more pixels" in inspect(bytes(png)).problem
    jpeg = bytearray(_image())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = (65_000).to_bytes(2, "big") * 2
    assert "more pixels" in inspect(bytes(jpeg)).problem


def _of_size(jpeg, width, height):
    """Return a JPEG that says it is so large."""
    frame = next(at for at in range(len(jpeg)) if jpeg[at : at + 2] in (b"\xff\xc0", b"\xff\xc2"))
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return jpeg[: frame + 5] + sides + jpeg[frame + 9 :]


def test_a_jpeg_in_many_scans_is_decoded_only_as_far_as_memory_and_time_allow(inspect):
    scans = _image(progressive=True)
    last = scans.rindex(b"\xff\xda")
    many = scans[:last] + scans[last:-2] * 10 + scans[-2:]
    one_by_one = _image()
    one_by_one = one_by_one.replace(b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0c\x01")
    for content in (_of_size(scans, 8000, 8000), _of_size(many, 6000, 6000), _of_size(one_by_one, 8000, 8000)):
        assert "more pixels" in inspect(content).problem
    assert inspect(scans).problem is None


@pytest.mark.parametrize(("side", "meet"), [(100, True), (4000, False)])
def test_of_large_pictures_one_is_decoded_at_a_time(tmp_path, monkeypatch, side, meet):
    both = threading.Barrier(2)
    met = []

    def decoded(_file, facts):
        with suppress(threading.BrokenBarrierError):
            met.append(both.wait(timeout=5 if meet else 0.3))
        return facts

    monkeypatch.setattr("fleetlane.adapters.media._decoded_image", decoded)
    for name in ("a", "b"):
        Image.new("1", (side, side)).save(tmp_path / f"{name}.png")
    inspector = FileInspector()
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(inspector.inspect, [tmp_path / "a.png", tmp_path / "b.png"]))
    assert [one.problem for one in seen] == [None, None]
    assert bool(met) is meet


def test_a_jpeg_that_says_two_sizes_is_not_decoded():
    whole = _image(progressive=True)
    frame, rest = whole.index(b"\xff\xc2"), whole.rindex(b"\xff\xda")
    large_first = _of_size(whole, 60_000, 60_000)[:rest] + whole[frame : whole.index(b"\xff\xda")] + whole[rest:]
    assert read_jpeg(io.BytesIO(whole)) == Picture(120, 80, len(whole) - 2, whole.count(b"\xff\xda"))
    assert read_jpeg(io.BytesIO(large_first)) == DAMAGED_IMAGE


def test_a_file_of_4_gib_is_told_at_once(tmp_path):
    with (tmp_path / "large.mp4").open("wb") as file:
        file.write(movie())
        file.truncate(1 << 32)
    assert "4 GiB" in FileInspector().inspect(tmp_path / "large.mp4").problem


def test_what_cannot_be_opened_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileInspector().inspect(tmp_path / "none", 5)
    with pytest.raises(OSError, match="no regular file"):
        FileInspector().inspect(tmp_path)


def test_an_answer_is_kept_until_the_file_changes(tmp_path):
    looks = []
    inspector = FileInspector(lambda _file, facts: looks.append(facts) or facts)
    path = tmp_path / "a.mp4"
    path.write_bytes(movie())
    assert inspector.inspect(path) is inspector.inspect(path)
    assert len(looks) == 1
    path.write_bytes(movie() + b"more")
    assert inspector.inspect(path).size_bytes == len(movie()) + 4
    assert len(looks) == 2


def test_a_look_that_takes_too_long_goes_on_and_is_kept(tmp_path):
    go, looks = threading.Event(), []

    def slow(_file, facts):
        looks.append(facts)
        go.wait(30)
        return facts

    inspector = FileInspector(slow)
    (tmp_path / "a.mp4").write_bytes(movie())
    for _ in range(2):
        with pytest.raises(TimeoutError):
            inspector.inspect(tmp_path / "a.mp4", 0.05)
    go.set()
    assert inspector.inspect(tmp_path / "a.mp4").problem is None
    assert len(looks) == 1


def test_a_file_that_is_still_written_is_not_whole_yet(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(movie())

    def somebody_writes(_file, facts):
        with path.open("ab") as file:
            file.write(b"more")
        return facts

    inspector = FileInspector(somebody_writes)
    assert "still writing" in inspector.inspect(path).problem


def test_without_pyav_the_boxes_alone_say_what_a_video_is(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert video_check() is None


def test_with_pyav_a_video_must_show_a_picture(tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'fleetlane[media]'")
    inspector = FileInspector(video_check())
    content = VIDEO.read_bytes()
    media = content.index(b"mdat") + 4
    for name, written, problem in (
        ("whole", content + b"TAG" + bytes(125), None),
        ("unknown codec", content.replace(b"avc1", b"zzzz"), None),
        ("garbage", content[:media] + os.urandom(len(content) - media), DAMAGED_VIDEO.sentence),
    ):
        (tmp_path / name).write_bytes(written)
        assert inspector.inspect(tmp_path / name).problem == problem, name
