"""What two looks at a profile prove."""

from __future__ import annotations

import pytest

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.profile import Profile, ProfileState, is_newer, same_caption


def _state(*tiles, count=None):
    return ProfileState("me", tiles, count)


@pytest.mark.parametrize(
    ("before", "after", "newer"),
    [
        ((), ("0",), True),
        (("5", "x"), ("0", "5", "x"), True),
        (("5", "9"), ("0", "6", "9"), True),
        (("0",) * 9, ("0",) * 9, False),
        (("0",) * 8, ("0",) * 9, True),
        (("1.559", "118,6 rb", "3"), ("0", "1.560", "118,7 rb", "3"), True),
        (("5", "9"), ("6", "9"), False),
        (("5", "5"), ("6", "5"), False),
        (("5", "9"), ("0", "9"), False),
        (("5", "9"), ("0", "4", "9"), False),
        (("9", "8", "7", "6", "5", "4"), ("0", "9", "8", "7", "6", "5"), True),
        (("5", "9"), (), False),
    ],
)
def test_a_grid_proves_a_new_post_only_when_nothing_else_explains_it(before, after, newer):
    assert is_newer(_state(*before), _state(*after)) is newer


def test_the_profiles_own_count_has_the_last_word():
    assert is_newer(_state("a", count=17), _state("a", count=18))
    assert not is_newer(_state("5", count=18), _state("0", "5", count=18))


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("hello #fyp", True),
        ("hello", False),
        ("hello #fyp and more", False),
        ("HELLO #fyp", True),
    ],
)
def test_a_whole_caption_is_compared_as_people_read_it(shown, same):
    assert same_caption(shown, "hello #fyp") is same


def test_a_cut_caption_is_the_same_only_when_enough_of_it_is_shown():
    wanted = "a caption that is much longer than what an app shows at first"
    assert same_caption("a caption that is much longer… more", wanted)
    assert not same_caption("a caption…", wanted)
    assert not same_caption("another caption that is much longer…", wanted)


def _with(*texts):
    return ProfileState("me", ("5",), None, texts)


@pytest.mark.parametrize(
    ("newest", "shows", "may_show"),
    [
        ("New drop \U0001f525", True, True),
        ("New drop ..", False, True),  # as a dump shows it
        ("New drop \U0001f680", False, False),  # read whole, and another one
        ("New drop !!", False, False),
    ],
)
def test_a_caption_with_an_emoji_is_shown_by_its_whole_text_only(newest, shows, may_show):
    state = _with("me", newest)
    assert (state.newest_shows("New drop \U0001f525"), state.newest_may_show("New drop \U0001f525")) == (
        shows,
        may_show,
    )


class Shows:
    """A navigator of an app that shows one screen, whatever is wanted."""

    def __init__(self, xml):
        self.pack = next(pack for pack in load_packs() if pack.app == "tiktok")
        self.verbs, self.phone = {}, self
        view = View(parse_tree(xml, (1080, 2400)))
        self.screen = Screen(view, recognise([self.pack], view), xml)

    def whole(self, node):
        return node.label

    def reach(self, *_args, **_options):
        return self.screen


def test_a_card_that_shows_what_was_copied_is_no_caption_of_a_post():
    """Of a build whose ids are not known every text of the page counts, but only of the app's own windows."""
    app, system = 'package="com.zhiliaoapp.musically"', 'package="com.android.systemui"'
    shows = Shows(
        f'<hierarchy rotation="0"><node {app} bounds="[0,0][1080,2400]">'
        f'<node {app} class="android.widget.FrameLayout" clickable="true" bounds="[0,1000][350,1500]" />'
        f'<node {app} text="an older post" bounds="[0,2000][900,2060]" /></node>'
        f'<node {system} bounds="[30,2060][450,2290]">'
        f'<node {system} text="the new post" bounds="[30,2060][370,2290]" /></node></hierarchy>'
    )
    seen = Profile(shows).look_at_newest(shows.screen, _state("1"), "the new post")
    assert seen.newest_texts == ("an older post",)
