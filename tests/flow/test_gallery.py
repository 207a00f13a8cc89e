"""Files on the phone, its gallery and the share, as the evidence about real phones has them. In virtual time."""

from __future__ import annotations

import io
from dataclasses import replace
from hashlib import sha256

import pytest
from PIL import Image

from fleetlane.simulator.android.files import File
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.rig import VIDEO
from support.virtual import A_POST_S, PATIENT, VirtualRig, like

EACH_APP = pytest.mark.parametrize("app", ["tiktok", "instagram"])
EACH_ORDER = pytest.mark.parametrize("order", ["added", "modified", "taken"])
DIGEST = sha256(VIDEO.read_bytes()).hexdigest()
OTHERS = VIDEO.read_bytes() + b"\x00\x00\x00\x0cfree1234"
AN_HOUR_S = 3600


@pytest.fixture(params=["ideal", "real"])
def make(request):
    """Make a phone that is as usual, or as the evidence says, but for some traits."""

    def make_phone(**traits):
        settings = {name: traits.pop(name) for name in ("vary", "storage_bytes") if name in traits}
        rig = VirtualRig(FleetSettings(phones=1, traits=like(request.param, **traits), **settings))
        rig.settings, rig.timeout_s = PATIENT, A_POST_S
        return rig, rig.serials[0]

    return make_phone


def _phone(rig, serial):
    return rig.fleet.link(serial).phone


def _photo(path, color, taken=None):
    """Write a photo, and return its hash."""
    picture = Image.new("RGB", (90, 160), color)
    exif = picture.getexif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    picture.save(path, "JPEG", exif=exif)
    return sha256(path.read_bytes()).hexdigest()


def _own_file(phone, path="/sdcard/DCIM/Camera/mine.mp4", data=OTHERS, ahead_s=0):
    """Put a file of the phone's owner into the gallery, dated some seconds in the future."""
    second = int(phone.wall_s()) + ahead_s
    phone.files.write(path, data, 0o644, second)
    phone.media.scan_file(path, second)


def _published(rig, serial):
    return [post["media_sha256"] for post in rig.posts(serial)]


# -- what an app is made to take --------------------------------------------------------------------


@EACH_APP
@EACH_ORDER
def test_an_old_photo_is_taken_and_never_another_of_the_owners(make, tmp_path, app, order):
    rig, serial = make(gallery_order=order)
    out = io.BytesIO()
    Image.new("RGB", (90, 160), "black").save(out, "JPEG")
    _own_file(_phone(rig, serial), "/sdcard/DCIM/Camera/mine.jpg", out.getvalue())
    digest = _photo(tmp_path / "old.jpg", "red", "2019:01:01 10:00:00")
    config = {"platform": app, "content_type": 1, "material_list": [str(tmp_path / "old.jpg")]}
    result = rig.post(serial, config)
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [[digest]])


@EACH_APP
@EACH_ORDER
def test_a_video_is_taken_whatever_a_gallery_sorts_by(make, app, order):
    rig, serial = make(gallery_order=order)
    _own_file(_phone(rig, serial), ahead_s=AN_HOUR_S)
    result = rig.post(serial, {"platform": app, "post_way": "addButton"})
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [[DIGEST]])


@EACH_ORDER
def test_photos_keep_their_order_whatever_the_dates_in_them_are(make, tmp_path, order):
    rig, serial = make(gallery_order=order)
    _own_file(_phone(rig, serial))
    taken = {"red": "2021:01:01 00:00:00", "green": "2019:01:01 00:00:00", "blue": "2020:01:01 00:00:00", "white": None}
    digests = [_photo(tmp_path / f"{color}.jpg", color, date) for color, date in taken.items()]
    paths = [str(tmp_path / f"{color}.jpg") for color in taken]
    result = rig.post(serial, {"content_type": 1, "material_list": paths})
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [digests])


def test_photos_that_were_taken_in_one_second_are_not_published_in_a_guessed_order(make, tmp_path):
    rig, serial = make()
    for color in ("red", "green"):
        _photo(tmp_path / f"{color}.jpg", color, "2021:01:01 00:00:00")
    paths = [str(tmp_path / f"{color}.jpg") for color in ("red", "green")]
    result = rig.post(serial, {"content_type": 1, "material_list": paths})
    assert (result.outcome.error_code, _published(rig, serial)) == ("step_unavailable", [])


@EACH_APP
@pytest.mark.parametrize(("ahead_s", "code"), [(-5, None), (AN_HOUR_S, "gallery_timeout")])
def test_without_albums_the_first_cell_is_taken_only_when_every_order_proves_it(make, app, ahead_s, code):
    rig, serial = make(gallery_order="modified")
    rig.app(serial, app).data["has_albums"] = False
    _own_file(_phone(rig, serial), ahead_s=ahead_s)
    result = rig.post(serial, {"platform": app, "post_way": "addButton"})
    assert (result.outcome.error_code, _published(rig, serial)) == (code, [] if code else [[DIGEST]])


@EACH_APP
def test_without_albums_an_old_photo_is_not_guessed(make, tmp_path, app):
    rig, serial = make(gallery_order="taken")
    rig.app(serial, app).data["has_albums"] = False
    out = io.BytesIO()
    Image.new("RGB", (90, 160), "black").save(out, "JPEG")
    _own_file(_phone(rig, serial), "/sdcard/DCIM/Camera/mine.jpg", out.getvalue(), -AN_HOUR_S)
    _photo(tmp_path / "old.jpg", "red", "2019:01:01 10:00:00")
    config = {"platform": app, "content_type": 1, "material_list": [str(tmp_path / "old.jpg")]}
    result = rig.post(serial, config)
    assert (result.outcome.error_code, _published(rig, serial)) == ("gallery_timeout", [])


@pytest.mark.parametrize("ahead_s", [-AN_HOUR_S, AN_HOUR_S])
def test_a_file_is_dated_by_the_phones_clock(make, ahead_s):
    def vary(_number, facts):
        return replace(facts, clock_ahead_s=ahead_s)

    rig, serial = make(gallery_order="modified", vary=vary)
    rig.app(serial).data["has_albums"] = False
    _own_file(_phone(rig, serial))
    result = rig.post(serial, {"post_way": "addButton"})
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [[DIGEST]])


@EACH_ORDER
def test_rows_that_are_there_and_dated_from_the_push_on_do_no_harm(make, tmp_path, order):
    rig, serial = make(gallery_order=order, row_from_push=True, sync_s=[1, 3])
    _own_file(_phone(rig, serial))
    digests = [_photo(tmp_path / f"{color}.jpg", color) for color in ("red", "green", "blue")]
    paths = [str(tmp_path / f"{color}.jpg") for color in ("red", "green", "blue")]
    result = rig.post(serial, {"content_type": 1, "material_list": paths})
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [digests])


# -- the media store --------------------------------------------------------------------------------


def test_a_phone_that_ignores_the_call_indexes_by_the_broadcast(make):
    rig, serial = make(scan_call_ignored=True)
    result = rig.post(serial)
    assert (result.outcome.error_code, len(rig.ledger)) == (None, 1)


def test_a_media_store_that_cannot_be_asked_is_a_failure_and_not_an_empty_gallery(make):
    rig, serial = make()
    phone = _phone(rig, serial)
    seal = lambda call: "sync:SEND" in call and setattr(phone.files, "sealed", True)  # noqa: E731
    rig.fleet.link(serial).call_listeners.append(seal)
    result = rig.post(serial)
    assert (result.outcome.ok, _published(rig, serial)) == (False, [])


def test_the_phone_holds_nothing_of_it_afterwards(make):
    rig, serial = make()
    result = rig.post(serial)
    phone = _phone(rig, serial)
    assert result.outcome.ok
    assert (phone.media.newest_first(), phone.files.listing("/sdcard/Movies/Fleetlane")) == ([], [])


class _Grown(File):
    """A file that is 4 GiB longer than what is in it: to 32 bits it has the same size."""

    @property
    def size_bytes(self) -> int:
        return 2**32 + len(self.blob.data)


def test_a_size_is_compared_in_all_its_bits(make):
    rig, serial = make()
    files = _phone(rig, serial).files

    def grow(call):
        if call.startswith("shell:touch"):
            [path] = [path for path in files._files if path.endswith(".mp4")]
            files._files[path] = _Grown(0o100644, 1, files._files[path].blob)

    rig.fleet.link(serial).call_listeners.append(grow)
    result = rig.post(serial)
    assert (result.outcome.ok, _published(rig, serial)) == (False, [])


# -- the share --------------------------------------------------------------------------------------


@EACH_APP
def test_a_share_that_is_told_as_delivered_is_delivered(make, app):
    rig, serial = make(share_answer="delivered")
    result = rig.post(serial, {"platform": app})
    assert (result.outcome.error_code, len(rig.ledger)) == (None, 1)


@EACH_APP
def test_a_share_that_only_brings_the_app_to_the_front_is_shared_once_more(make, app):
    rig, serial = make(share_answer="front")
    link = rig.fleet.link(serial)
    shares = []

    def count(call):
        if "android.intent.action.SEND " in call:
            shares.append(call)
            if len(shares) == 2:
                link.phone.change_traits({"share_answer": "plain"})

    link.call_listeners.append(count)
    result = rig.post(serial, {"platform": app})
    assert (result.outcome.error_code, len(shares), _published(rig, serial)) == (None, 2, [[DIGEST]])


def test_a_share_that_is_never_delivered_is_refused_after_two(make):
    rig, serial = make(share_answer="front")
    result = rig.post(serial, {"platform": "instagram"})
    assert (result.outcome.error_code, rig.ledger) == ("share_refused", [])
    assert "brought to the front" in str(result.outcome.remark)


def test_instagram_runs_before_it_is_shared_with(make):
    rig, serial = make(loses_first_share=True)
    link = rig.fleet.link(serial)
    gone = []

    def kill(call):
        if "scan_file" in call and not gone:
            gone.append(call)
            rig.app(serial, "instagram").kill()
            link.phone.press("home")

    link.call_listeners.append(kill)
    result = rig.post(serial, {"platform": "instagram"})
    assert gone
    assert (result.outcome.error_code, _published(rig, serial)) == (None, [[DIGEST]])
