"""Posts of all kinds on phones as the evidence says, in virtual time: exact, known to be out, and never twice."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest

from fleetlane.core.journal import Phase
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.budget import cases
from support.rig import VIDEO
from support.virtual import VirtualRig, like, post_until_known

WAYS = [(app, way) for app in ("tiktok", "instagram") for way in ("addButton", "share")]
LANGUAGES = ("en", "zh", "id")
CAPTIONS = [
    "new drop 😀 today",
    "family 👨‍👩‍👧 here",
    "𝐁𝐨𝐥𝐝 words #fyp",
    "𠮷野家 lunch",
    "wait.. what 😀..",
    "看看我的新视频！#热门 #推荐",
]


def publish(base: str, number: int):
    """Publish one of the kinds; return how it ended and what is out, beside what was asked for."""
    app, way = WAYS[number % 4]
    language, caption = LANGUAGES[number // 4 % 3], CAPTIONS[number // 12 % 6]
    rig = VirtualRig(FleetSettings(phones=1, traits=like(base), seed=number, language=language))
    result = post_until_known(rig, {"platform": app, "post_way": way, "captions": caption})
    out = [(entry["caption"], entry["media_sha256"]) for entry in rig.ledger]
    return result, out, (caption, [sha256(VIDEO.read_bytes()).hexdigest()])


@pytest.mark.parametrize(("app", "way"), WAYS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_post_is_published_exactly_and_seen(app, way, language):
    first = 4 * LANGUAGES.index(language) + WAYS.index((app, way))
    for number in range(first, first + 12 * len(CAPTIONS), 12):
        result, out, asked = publish("real", number)
        assert (result.outcome.error_code, out) == (None, [asked]), (number, result.outcome.remark)
        assert result.phases.phase is Phase.PUBLISHED
        assert Phase.AT_RISK not in result.phases.seen, "no tap was repeated that could have published"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("base", "first", "end"), [("real", 72, 100), ("slow", 0, cases(72, 200))])
def test_of_a_hundred_posts_at_least_99_are_known_to_be_out(base, first, end):
    """The first 72 for `real` are above; `slow` is where UI trees take 3 s."""
    ends = Counter[str]()
    for number in range(first, end):
        result, out, asked = publish(base, number)
        ends[result.outcome.error_code or "published"] += 1
        assert out == [asked], (number, result.outcome.remark)
    assert ends["published"] >= 0.99 * end - first, ends
