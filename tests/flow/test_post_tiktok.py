"""The post script on simulated phones over the real adb server, adbutils and uiautomator2."""

from __future__ import annotations

import itertools
from dataclasses import replace
from hashlib import sha256

import pytest

from fleetlane.core.journal import Phase
from fleetlane.core.outcome import PublishState
from support.carriers import EACH_CARRIER, rig_of
from support.rig import CAPTION, VIDEO

DIGEST = sha256(VIDEO.read_bytes()).hexdigest()
PACKAGES = ("com.zhiliaoapp.musically", "com.ss.android.ugc.trill")
MATRIX = list(itertools.product(("en", "zh", "id"), PACKAGES, (9, 11, 13, 15)))
SPREAD = MATRIX[::5]
"""Each language, package and version once at least: what is enough on the wire, as virtual time has them all."""


def _phones(carrier):
    """Return phones of the matrix for a rig."""
    kinds = SPREAD if carrier == "wire" else MATRIX

    def package(number, model):
        return kinds[(number - 1) % len(kinds)][1] if model.app == "tiktok" else ""

    def vary(number, facts):
        language, _, android = kinds[(number - 1) % len(kinds)]
        return replace(facts, language=language, android=android)

    return {"phones": len(kinds), "vary": vary, "package": package}


def _published(result, posts, caption=CAPTION):
    assert result.outcome.error_code is None, (result.outcome, result.steps.failed)
    assert result.outcome.publish_state is PublishState.PUBLISHED
    assert result.phases.seen == [Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.PUBLISHED]
    assert [post["caption"] for post in posts] == [caption]
    assert [post["media_sha256"] for post in posts] == [[DIGEST]]


@EACH_CARRIER
@pytest.mark.parametrize("way", ["share", "addButton"])
def test_every_language_package_and_android_version_publishes_exactly_the_asked_post(way, carrier):
    with rig_of(carrier, **_phones(carrier), first_port=22000) as rig:
        results = rig.post_all([(serial, {"post_way": way}) for serial in rig.serials])
        for serial, result in zip(rig.serials, results, strict=True):
            _published(result, rig.posts(serial))


@EACH_CARRIER
def test_permissions_that_were_not_granted_are_answered_on_the_phone(carrier):
    with rig_of(carrier, **_phones(carrier), first_port=22100) as rig:
        for serial in rig.serials:
            rig.on(serial, lambda server: setattr(server.phone.faults, "grant_refused", True))
        ways = itertools.cycle(["share", "addButton"])
        results = rig.post_all([(serial, {"post_way": next(ways)}) for serial in rig.serials])
        for serial, result in zip(rig.serials, results, strict=True):
            _published(result, rig.posts(serial))


@EACH_CARRIER
def test_an_app_build_whose_ids_are_all_different_works(carrier):
    with rig_of(carrier, phones=2, build="scrambled-7", first_port=22200) as rig:
        jobs = [(rig.serials[0], {"post_way": "share"}), (rig.serials[1], {"post_way": "addButton"})]
        for serial, result in zip(rig.serials, rig.post_all(jobs), strict=True):
            _published(result, rig.posts(serial))


@EACH_CARRIER
@pytest.mark.parametrize("seconds", [0.0, 20.0])
def test_the_upload_is_watched_until_it_is_done(seconds, carrier):
    with rig_of(carrier, phones=1, upload_s=seconds, first_port=22400) as rig:
        [serial] = rig.serials
        result = rig.post(serial, {"upload_wait_time": 60})
        _published(result, rig.posts(serial))
        assert result.seconds >= seconds
