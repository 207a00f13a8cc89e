"""Dialogs are known by their words in every language, and the same words written by people are not."""

from __future__ import annotations

import pytest

from fleetlane.scripts.packs import load_packs
from support.trees import PACKAGES, dialog_nodes, package_of, phrases, seen

ROWS = phrases()
CASES = [(row, lang, phrase) for row in ROWS for lang, said in row["phrases"].items() for phrase in said]
PACKS = {pack.app: pack for pack in load_packs()}

BELOW = {
    "tiktok": [
        {"desc": "Home", "at": [0, 2208, 216, 2337]},
        {"desc": "Create", "at": [432, 2208, 648, 2337]},
        {"desc": "Profile", "at": [864, 2208, 1080, 2337]},
    ],
    "instagram": [{"id": "feed_tab", "at": [0, 2140, 216, 2270]}, {"id": "profile_tab", "at": [864, 2140, 1080, 2270]}],
}
FIELD = {"at": [42, 240, 1038, 650], "focused": True}
CAPTION_PAGES = {
    "tiktok": (
        "post",
        {"class": "EditText", **FIELD},
        [{"text": "Drafts", "at": [32, 2150, 529, 2276]}, {"text": "Post", "at": [550, 2150, 1048, 2276]}],
    ),
    "instagram": (
        "share",
        {"class": "AutoCompleteTextView", "id": "caption_input_text_view", **FIELD},
        [
            {"id": "action_bar_title", "text": "New reel", "at": [170, 90, 400, 160]},
            {"id": "share_button", "desc": "Share", "at": [560, 2090, 1040, 2210]},
        ],
    ),
}
# Where the apps show what people wrote: captions, names, searches, tiles.
WRITTEN = {
    "tiktok": [
        {"id": "desc", "at": [32, 1700, 870, 2097]},
        {"id": "tv_top_text", "at": [370, 220, 700, 330]},
        {"class": "EditText", "at": [40, 1000, 1000, 1100]},
    ],
    "instagram": [
        {"id": "row_feed_comment_textview_layout", "at": [40, 1500, 1040, 1600]},
        {"id": "row_feed_photo_imageview", "at": [0, 850, 1080, 1480]},
        {"id": "image_button", "at": [0, 1130, 350, 1600], "class": "Button"},
        {"id": "username", "at": [60, 470, 210, 510]},
    ],
}
# Words of people in a build whose ids are not known: the feed has them in its lowest part.
LOW_IN_THE_FEED = {"at": [32, 1980, 870, 2097]}


def name_of(value):
    return value if isinstance(value, str) else f"{value['app']}-{value['screen']}"


@pytest.mark.parametrize(("row", "lang", "phrase"), CASES, ids=name_of)
def test_a_dialog_is_known_by_its_words_alone_and_over_the_feed(row, lang, phrase):
    window = dialog_nodes(row, lang, phrase), package_of(row)
    wanted = f"{row['app']} {row['screen']}"
    assert seen(window) == wanted
    assert seen((BELOW[row["app"]], PACKAGES[row["app"]]), window) == wanted


@pytest.mark.parametrize(("row", "lang", "phrase"), CASES, ids=name_of)
def test_the_same_words_written_by_people_are_only_words(row, lang, phrase):
    app = row["app"]
    page, field, buttons = CAPTION_PAGES[app]
    assert seen(([{**field, "text": phrase}, *buttons], PACKAGES[app])) == f"{app} {page}"
    for place in WRITTEN[app]:
        for words in ({"text": phrase}, {"desc": f"{phrase} by owner"}):
            assert seen(([{**place, **words}, *BELOW[app]], PACKAGES[app])) == f"{app} home_feed", (place, words)


NEEDS_A_PERSON = [case for case in CASES if case[0]["app"] == "tiktok" and "buttons" not in case[0]]


@pytest.mark.parametrize(("row", "lang", "phrase"), NEEDS_A_PERSON, ids=name_of)
def test_a_caption_in_a_build_whose_ids_are_unknown_asks_for_nobody(row, lang, phrase):
    assert seen(([{**LOW_IN_THE_FEED, "text": phrase}, *BELOW["tiktok"]], PACKAGES["tiktok"])) == "tiktok home_feed"


@pytest.mark.parametrize("row", [row for row in ROWS if "buttons" not in row], ids=name_of)
def test_what_asks_for_a_person_has_nothing_to_tap(row):
    actions = PACKS[row["app"]].screen(row["screen"]).actions
    assert [(goal, action.verb, action.element) for goal, action in actions.items()] == [("*", "person", None)]


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_each_dialog_is_tested_in_english_chinese_and_indonesian(row):
    assert {"en", "zh", "id"} <= set(row["phrases"])


# Those whose own ids name them, and what is no dialog of words.
BY_ID = {"popup_rate", "popup_original_audio", "popup_first_reel", "popup_download_privacy"}


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_every_popup_of_the_packs_is_tested_by_its_words(app):
    dialogs = {rule.name for rule in PACKS[app].screens if rule.name.startswith("popup_")}
    people = {rule.name for rule in PACKS[app].screens if any(a.verb == "person" for a in rule.actions.values())}
    assert (dialogs | people) - BY_ID == {row["screen"] for row in ROWS if row["app"] == app}
