"""Every screen and element of the packs is held by screens of our own making: no recording is needed to see it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.looks import near_edge
from fleetlane.scripts.packs import load_packs
from support.recorded import ROWS, needs_recordings
from support.trees import (
    LANGUAGES,
    cases_from_facts,
    cases_in_languages,
    cases_of_dialogs,
    cases_of_kinds,
    view_of_case,
    xml_of,
)

PACKS = {pack.app: pack for pack in load_packs()}
CASES = cases_in_languages()
HELD = [*CASES, *cases_of_kinds(), *cases_of_dialogs()]
VERIFIED = [case for case in CASES if not PACKS[case["app"]].screen(case["screen"]).unverified]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "screen-packs.md"


def name_of_case(case):
    return f"{case['app']}-{case['screen']}-{case['lang'] or 'no words'}-{case['why']}"


def wanted(case):
    return f"{case['app']} {case['screen']}"


def shown(xml):
    return str(recognise(load_packs(), View(parse_tree(xml))))


def languages_of(found):
    """Return the languages of cases; one that no word tells counts for all."""
    return {lang for case in found for lang in ([case["lang"]] if case["lang"] else LANGUAGES)}


@pytest.mark.parametrize("case", CASES, ids=name_of_case)
def test_an_own_screen_gets_its_name(case):
    assert shown(xml_of(case)) == wanted(case)


@pytest.mark.parametrize("case", [case for case in CASES if not case["lang"]], ids=name_of_case)
def test_a_screen_that_is_told_in_no_language_needs_no_word(case):
    assert shown(re.sub(r' (text|content-desc)="[^"]*"', "", xml_of(case))) == wanted(case)


@pytest.mark.parametrize(("app", "screen"), [(pack.app, rule.name) for pack in PACKS.values() for rule in pack.screens])
def test_every_screen_of_the_packs_is_held_in_english_chinese_and_indonesian(app, screen):
    assert languages_of(case for case in HELD if wanted(case) == f"{app} {screen}") >= set(LANGUAGES)


@pytest.mark.parametrize("app", PACKS)
def test_every_element_of_the_packs_is_found_in_english_chinese_and_indonesian(app):
    found = defaultdict(list)
    for case in HELD:
        if case["app"] == app:
            view = view_of_case(case)
            for name, element in PACKS[app].elements.items():
                if view.find(element) is not None:
                    found[name].append(case)
    absent = {name: set(LANGUAGES) - languages_of(found[name]) for name in PACKS[app].elements}
    assert {name: langs for name, langs in absent.items() if langs} == {}


# -- what the recordings show, shown without them --------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in VERIFIED if case["app"] == "tiktok"], ids=name_of_case)
def test_tiktoks_own_screens_get_their_names_in_a_build_whose_ids_are_all_different(case):
    assert shown(re.sub(r'resource-id="com[^"]*"', 'resource-id="com.any:id/zz"', xml_of(case))) == wanted(case)


@pytest.mark.parametrize("case", VERIFIED, ids=name_of_case)
def test_an_own_screen_without_classes_is_enough(case):
    assert shown(re.sub(r' class="[^"]*"', "", xml_of(case))) == wanted(case)


@pytest.mark.parametrize("case", [case for case in CASES if case["app"] != "android"], ids=name_of_case)
def test_the_own_screens_nodes_in_another_app_are_unknown(case):
    assert shown(xml_of({**case, "package": "com.example.other"})) == "com.example.other unknown"


# The phones of which a page and the next one are told, and the next page's button that publishes.
NEXT_PAGES = [
    ("trill", "editor", "post_button"),
    ("photo", "editor", "post_button"),
    ("reel", "reel_editor", "share_button"),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("phone", "screen", "publishing"), NEXT_PAGES)
def test_a_careful_tap_goes_where_the_own_next_page_does_not_publish(phone, screen, publishing, lang):
    page, next_page = (case for case in CASES if case.get("phone") == phone and case["lang"] == lang)
    assert page["screen"] == screen
    pack = PACKS[page["app"]]
    action = pack.screen(screen).action_for("create")
    node = view_of_case(page).find(action.element)
    post = view_of_case(next_page).find(pack.elements[publishing])
    for x, y in near_edge(node, action.careful):
        assert node.button.bounds.contains(x, y)
        assert not post.bounds.contains(x, y)


# -- the page says how many ---------------------------------------------------------------------------------------


def test_the_page_says_how_many_screens_are_held_by_own_ones():
    text = PAGE.read_text(encoding="utf-8")
    for app, label in (("tiktok", "TikTok"), ("instagram", "Instagram"), ("android", "Android")):
        screens = len(PACKS[app].screens)
        own = sum(1 for case in [*HELD, *cases_from_facts()] if case["app"] == app and case["screen"] != "unknown")
        assert re.search(rf"^\| {label} \| {screens} \| {screens} \| {own} \| \d+ \|", text, flags=re.MULTILINE), own


@needs_recordings
def test_the_page_says_how_many_screens_are_held_by_recordings():
    text = PAGE.read_text(encoding="utf-8")
    for app, label in (("tiktok", "TikTok"), ("instagram", "Instagram"), ("android", "Android")):
        recorded = [row["screen"] for row in ROWS if row["app"] == app]
        said = rf"^\| {label} \| \d+ \| \d+ \| \d+ \| {len(set(recorded))} \| {len(recorded)} \|"
        assert re.search(said, text, flags=re.MULTILINE), (label, len(set(recorded)), len(recorded))
