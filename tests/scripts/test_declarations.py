"""What scripts declare of themselves, and generic code reads of them: Fleetlane's own, and those of others."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fleetlane.core.issue import Issue
from fleetlane.scripts.guest import Guest, VerifyingGuest, load
from fleetlane.scripts.registry import script, scripts


class Bare:
    """The least that a script of somebody else's is."""

    name, summary = "greet", "Look whether the phone is awake"

    def __init__(self, **more) -> None:
        vars(self).update(more)

    def check(self, config): ...
    def schema(self): ...
    def preview(self, config, position, seed): ...
    def run(self, job): ...


OLD, NEW, NEITHER = Bare(offered=False), Bare(listed=True), Bare()


@pytest.mark.parametrize(("name", "listed"), [("OLD", False), ("NEW", True)])
def test_callers_may_name_a_guest_that_says_so_also_by_the_word_of_before(name, listed):
    found, broken = load([EntryPoint("greet", f"{__name__}:{name}", "fleetlane.scripts")])
    assert (found["greet"].listed, broken) == (listed, [])


def test_a_guest_that_does_not_say_whether_callers_may_name_it_is_none():
    found, [broken] = load([EntryPoint("greet", f"{__name__}:NEITHER", "fleetlane.scripts")])
    assert found == {}
    assert "it lacks listed" in broken.error


@pytest.mark.parametrize(
    ("said", "kept"),
    [(90, 90.0), (1e9, 86_400.0), (0, 0.0), (-1, 0.0), (float("nan"), 0.0), ("long", 0.0), (True, 0.0)],
)
def test_a_guest_may_say_how_much_longer_it_takes_within_bounds(said, kept):
    guest = Guest(Bare(listed=True, longest_extra_s=said))
    assert (guest.longest_extra_s, guest.extra_s({})) == (kept, kept)


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ("caption", "profile")),
        ({"findable_by": ["link"]}, ("link",)),
        ({"findable_by": ()}, ()),
        ({"findable_by": 7}, ()),
    ],
)
def test_a_guest_may_say_by_which_facts_its_post_is_found(more, names):
    assert VerifyingGuest(Bare(listed=True, verify=None, **more)).findable_by == names


@pytest.mark.parametrize(
    ("config", "platform"), [({"platform": "tiktok"}, "tiktok"), ({}, None), ({"platform": 7}, None)]
)
def test_every_script_says_which_platform_settings_name_that_need_not_have_been_checked(config, platform):
    for one in (*scripts().values(), Guest(Bare(listed=True))):
        assert one.platform(config) == platform, one.name


@pytest.mark.parametrize(
    ("config", "extra_s"),
    [({"upload_wait_time": 60}, 60), ({"upload_wait_time": 10**9}, 3600), ({"upload_wait_time": "x"}, 0), ({}, 0)],
)
def test_a_post_may_take_as_long_as_its_upload_is_waited_for(config, extra_s):
    post = script("post")
    assert post.extra_s(config) == extra_s <= post.longest_extra_s


def test_the_settings_that_name_media_are_settings_there_are():
    for one in scripts().values():
        names = {name for name in vars_of(one.media_settings) if name}
        assert names <= set(one.schema()["properties"]), one.name
        assert all(sentence for sentence in one.sentences)
    assert script("post").media_settings.files


def test_a_plan_of_a_script_says_the_same_of_its_media_settings():
    for name in ("post", "accounts_scan"):
        plan = script(name).plan({"material_list": ["/a.mp4"]} if name == "post" else {})
        assert plan.media_settings == script(name).media_settings
        assert all(isinstance(issue, Issue) for issue in plan.idle())


def vars_of(settings):
    return [settings.files, settings.kind, settings.folder, settings.source]
