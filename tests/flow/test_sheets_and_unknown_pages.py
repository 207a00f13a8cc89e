"""What is done on a sheet that nobody has named, on a popup over a button that publishes, and on an unknown page."""

from __future__ import annotations

import pytest

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.ports.phone import PhoneFacts
from fleetlane.core.screens.screen import parse_bounds
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.phone import Phone
from support.clock import ManualClock
from support.trees import PACKAGES, nodes_xml
from support.virtual import VirtualControl

SHARE_AT, STORY_AT = [560, 2100, 1040, 2210], [36, 2154, 529, 2276]
SHARE_PAGE = [
    {"id": "caption_input_text_view", "class": "AutoCompleteTextView", "text": "my words", "at": [40, 210, 1040, 460]},
    {"id": "share_button", "desc": "Share", "at": SHARE_AT, "clickable": True},
    {"id": "action_bar_title", "text": "New reel", "at": [180, 90, 400, 150]},
]
DIMMER = {"id": "background_dimmer", "at": [0, 72, 1080, 2400], "clickable": True}
SHEET = {"id": "layout_container_bottom_sheet", "at": [0, 1300, 1080, 2400], "clickable": True}
HEADING = {"text": "Something new", "at": [80, 1400, 1000, 1480]}
FEED = [{"id": "feed_tab", "at": [0, 2140, 216, 2270]}, {"id": "profile_tab", "at": [864, 2140, 1080, 2270]}]


def button(label, at):
    return {"text": label, "at": at, "clickable": True}


def sheet_over(page, *nodes):
    return [*page, DIMMER, SHEET, HEADING, *nodes]


class Trace:
    def __init__(self):
        self.steps = []

    def add(self, name, detail, *_args, **_kept):
        self.steps.append((name, detail))


class Shown:
    """A phone that shows one tree after another: the next when it is touched where `goes` says, or by Back.

    `first` is the package that draws the first one, when it is another app's.
    """

    serial = "s"

    def __init__(self, app, *pages, goes=(), back=True, first=""):
        self.app, self.pages, self.goes, self.back, self.first = app, list(pages), goes, back, first
        self.first_until_s = float("inf")
        self.clock = ManualClock()
        self.done = []

    def facts(self):
        return PhoneFacts("", "13", 33, (1080, 2400))

    def tree(self):
        self.clock.advance(0.2)
        if self.clock.monotonic_s() >= self.first_until_s:
            del self.pages[:-1]
        package = self.first or PACKAGES[self.app]
        return f'<hierarchy rotation="0">{nodes_xml(self.pages[0], package)}</hierarchy>'

    def tap(self, x, y):
        self._touch("tap", (x, y))

    def tap_once(self, x, y):
        self._touch("once", (x, y))

    def press(self, key):
        self._touch(key, None)

    def screenshot(self, _width):
        return b""

    def _touch(self, how, point):
        if how != "wakeup":
            self.done.append((how, point))
        answers = self.back and how == "back" if point is None else any(_contains(at, point) for at in self.goes)
        if answers and len(self.pages) > 1:
            del self.pages[0]
            self.first = ""


def _contains(at, point):
    return parse_bounds("[{},{}][{},{}]".format(*at)).contains(*point)


def navigator_on(shown, trace):
    control = VirtualControl(shown.clock, shown.clock.monotonic_s() + 600)
    pack = next(pack for pack in load_packs() if pack.app == shown.app)
    return Navigator(Phone(shown, load_packs(), control, trace), pack, PACKAGES[shown.app], {}, dwell_s=0)


def reach(shown, until):
    """Go on until a screen; return how it ended and the trace."""
    trace = Trace()
    try:
        return navigator_on(shown, trace).reach("look", until, timeout_s=120).name, trace.steps
    except TaskFailedError as error:
        return error.code, trace.steps


# -- sheets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["Not now", "Cancel", "以后再说", "Batal", "Ahora no", "Agora não", "Не сейчас"])
def test_a_sheet_that_nobody_named_is_refused_in_its_own_words(label):
    refusal = [40, 1900, 1040, 2000]
    shown = Shown("instagram", sheet_over(SHARE_PAGE, button(label, refusal)), SHARE_PAGE, goes=[refusal])
    assert reach(shown, {"share"})[0] == "share"
    assert shown.done == [("tap", (540, 1950))]


def test_a_sheet_without_a_refusal_is_left_by_back_and_nothing_is_tapped():
    shown = Shown("instagram", sheet_over(SHARE_PAGE, button("Get App", [40, 1900, 1040, 2000])), SHARE_PAGE)
    assert reach(shown, {"share"})[0] == "share"
    assert shown.done == [("back", None)]


def test_a_refusal_that_does_not_answer_gives_way_to_back():
    shown = Shown("instagram", sheet_over(SHARE_PAGE, button("Cancel", [40, 1900, 1040, 2000])), SHARE_PAGE)
    assert reach(shown, {"share"})[0] == "share"
    assert shown.done[-1] == ("back", None)
    assert {how for how, _ in shown.done[:-1]} == {"tap"}


def test_a_sheet_that_no_answer_takes_away_ends_the_task():
    shown = Shown("instagram", sheet_over(SHARE_PAGE), SHARE_PAGE, back=False)
    assert reach(shown, {"share"})[0] == "screen_unrecognised"


# -- places that publish -----------------------------------------------------------------------------------------------


def test_a_refusal_over_the_button_that_publishes_is_tapped_beside_it_by_the_path_that_never_repeats():
    refusal = [560, 2000, 1040, 2200]
    shown = Shown("instagram", sheet_over(SHARE_PAGE, button("Not now", refusal)), SHARE_PAGE, goes=[refusal])
    assert reach(shown, {"share"})[0] == "share"
    [(how, point)] = shown.done
    assert how == "once"
    assert _contains(refusal, point)
    assert not _contains(SHARE_AT, point)


def test_a_refusal_that_covers_nothing_but_the_button_that_publishes_is_not_tapped():
    refusal = [600, 2120, 1000, 2200]
    shown = Shown("instagram", sheet_over(SHARE_PAGE, button("Not now", refusal)), SHARE_PAGE, goes=[refusal])
    assert reach(shown, {"share"})[0] == "share"
    assert shown.done == [("back", None)]


NOTIFICATIONS = [{"text": "Turn on notifications?", "at": [137, 1943, 943, 2052]}]
NOT_NOW = button("Not now", [84, 2090, 529, 2252])
EDITOR = [
    button("Your Story", STORY_AT),
    button("Next", [545, 2154, 1048, 2276]),
    {"desc": "Text", "at": [933, 804, 1080, 940]},
    {"desc": "Stickers", "at": [933, 940, 1080, 1076]},
]


@pytest.mark.parametrize("below", [EDITOR, []], ids=["the page is in the tree", "the page was seen before"])
def test_a_popups_button_over_the_story_shortcut_is_tapped_beside_it(below):
    shown = Shown("tiktok", EDITOR, goes=[NOT_NOW["at"]])
    navigator = navigator_on(shown, Trace())
    navigator.reach("look", {"editor"})
    shown.pages = [[*below, *NOTIFICATIONS, NOT_NOW], EDITOR]
    navigator.phone.look()
    assert navigator.reach("look", {"editor"}).name == "editor"
    [(how, point)] = shown.done
    assert how == "once"
    assert not _contains(STORY_AT, point)


def test_where_the_page_was_never_seen_the_recorded_places_count():
    shown = Shown("tiktok", [*NOTIFICATIONS, NOT_NOW], EDITOR, goes=[NOT_NOW["at"]])
    assert reach(shown, {"editor"})[0] == "editor"
    assert shown.done == [("back", None)]


def test_a_popup_over_a_page_that_publishes_nothing_is_tapped_in_its_middle():
    tabs = [
        {"desc": "Home", "at": [0, 2308, 216, 2400]},
        {"desc": "Create", "at": [432, 2308, 648, 2400]},
        {"desc": "Profile", "at": [864, 2308, 1080, 2400]},
    ]
    shown = Shown("tiktok", [*tabs, *NOTIFICATIONS, NOT_NOW], tabs, goes=[NOT_NOW["at"]])
    assert reach(shown, {"home_feed"})[0] == "home_feed"
    assert shown.done == [("tap", (306, 2171))]


# -- pages that nobody knows -------------------------------------------------------------------------------------------

STRANGE = [{"text": "A page of tomorrow", "at": [40, 400, 1040, 500]}]
BACK = ("go back from a page nobody knows", "shown by instagram")


def test_one_back_is_tried_on_an_unknown_page_and_is_in_the_trace():
    shown = Shown("instagram", STRANGE, FEED)
    assert reach(shown, {"home_feed"}) == ("home_feed", [BACK])
    assert shown.done == [("back", None)]


def test_a_page_that_takes_its_time_is_not_left():
    shown = Shown("instagram", STRANGE, FEED)
    shown.first_until_s = shown.clock.monotonic_s() + 10
    assert reach(shown, {"home_feed"}) == ("home_feed", [])
    assert shown.done == []


def test_no_second_back_is_tried_and_the_task_ends():
    shown = Shown("instagram", STRANGE, FEED, back=False)
    assert reach(shown, {"home_feed"}) == ("screen_unrecognised", [BACK])
    assert shown.done == [("back", None)]


@pytest.mark.parametrize(
    "mark",
    [
        {"class": "EditText", "text": "Password", "at": [40, 600, 1040, 700]},
        {"class": "EditText", "text": "Enter the code", "at": [40, 600, 1040, 700]},
        {"id": "share_button", "desc": "Share", "at": SHARE_AT, "clickable": True},
    ],
    ids=["a password", "a code", "a button that publishes"],
)
def test_no_back_where_a_person_is_needed_or_something_publishes(mark):
    shown = Shown("instagram", [*STRANGE, mark], FEED)
    assert reach(shown, {"home_feed"}) == ("screen_unrecognised", [])
    assert shown.done == []


def test_one_back_is_tried_on_another_app_that_came_in_between():
    shown = Shown("instagram", STRANGE, FEED, first="com.android.vending")
    trace = [("go back from a page nobody knows", "shown by com.android.vending")]
    assert reach(shown, {"home_feed"}) == ("home_feed", trace)


def test_no_back_where_another_app_asks_for_something_to_be_typed():
    field = {"class": "EditText", "text": "", "at": [40, 600, 1040, 700]}
    shown = Shown("instagram", [*STRANGE, field], FEED, first="com.google.android.gms")
    assert reach(shown, {"home_feed"}) == ("screen_unrecognised", [])
    assert shown.done == []
