"""The words of the packs: one file a language, no holes, and no page that publishes told by a mere translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleetlane.cli.screens import app as cli
from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.packs.words import languages, missing, read_language, words_of
from fleetlane.scripts.post.posting_page import last_page
from support.trees import PACKAGES, nodes_xml, view_of_case

WANTED = ("en", "zh", "id", "es", "pt", "fr", "de", "it", "ru", "vi", "th", "tr", "ja", "ko", "ar")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "screen-packs.md"
PACKS = Path(__file__).parents[2] / "src" / "fleetlane" / "scripts" / "packs"
LANGUAGES = {language.code: language for language in languages()}


def said(code, app, name):
    sections = LANGUAGES[code].sections
    words = sections[app].get(name) or sections["all"][name]
    return words[0].text


def shown(app, nodes):
    return str(recognise(load_packs(), View(parse_tree(f"<hierarchy>{nodes_xml(nodes, PACKAGES[app])}</hierarchy>"))))


def test_there_is_a_file_for_each_wanted_language_and_none_has_a_hole():
    assert set(WANTED) <= set(LANGUAGES)
    assert {code: lists for code, lists in missing().items() if lists} == {}


def test_every_list_is_used_by_a_pack():
    text = "\n".join((PACKS / f"{app}.yaml").read_text(encoding="utf-8") for app in ("android", "tiktok", "instagram"))
    lists = {name for section in LANGUAGES["en"].sections.values() for name in section}
    assert {name for name in lists if not re.search(rf"\${name}(?!\w)", text)} == set()


def test_the_packs_themselves_hold_no_words_of_a_language_but_patterns():
    for app in ("android", "tiktok", "instagram"):
        lines = (PACKS / f"{app}.yaml").read_text(encoding="utf-8").splitlines()
        others = [line for line in lines if not line.isascii() and "pattern:" not in line]
        assert others == []


def test_the_page_says_how_many_words_have_a_source():
    text = PAGE.read_text(encoding="utf-8")
    for language in LANGUAGES.values():
        counts = language.counts()
        row = f"| {language.name} | {counts['recorded']} | {counts['written']} | {counts['unverified']} |"
        assert row in text, row


def test_the_command_counts_and_finds_no_hole():
    result = CliRunner().invoke(cli, ["languages"])
    assert result.exit_code == 0
    assert all(f"{code} {LANGUAGES[code].name}" in result.stdout for code in WANTED)
    assert "no word for" not in result.stdout


SMALL = """
language: xx
name: Example
tiktok: {next: {unverified: [Weida]}, post: {written: [Raus]}}
"""


def test_a_language_is_one_file():
    known = [*LANGUAGES.values(), read_language(SMALL, "xx.yaml")]
    words = words_of("tiktok", {}, "words", known)
    assert "Weida" in words.lists["next"]
    assert "weida" in words.unverified["next"]
    assert "raus" not in words.unverified["post"]
    assert "tiktok.drafts" in missing(known)["xx"]


@pytest.mark.parametrize("text", ["name: x", SMALL.replace("written", "heard"), SMALL.replace("[Raus]", "{a: b}")])
def test_a_language_file_that_is_none_is_refused(text):
    with pytest.raises(PackError, match=r"xx\.yaml"):
        read_language(text, "xx.yaml")


# -- screens in each language ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", WANTED)
def test_tiktoks_screens_are_known_in_each_language(code):
    def word(name):
        return said(code, "tiktok", name)

    tabs = [
        {"desc": word("home"), "at": [0, 2208, 216, 2337]},
        {"desc": word("create"), "at": [432, 2208, 648, 2337]},
        {"desc": word("profile"), "at": [864, 2208, 1080, 2337]},
    ]
    gallery = [
        {"text": word("recents"), "at": [442, 139, 588, 187]},
        {"desc": word("videos"), "at": [249, 225, 436, 341]},
        {"desc": word("photos"), "at": [436, 225, 600, 341]},
    ]
    editor = [
        {"text": word("your_story"), "at": [160, 2154, 420, 2207]},
        {"text": word("next"), "at": [695, 2154, 905, 2207]},
    ]
    post = [
        {"class": "EditText", "text": "my words", "at": [42, 240, 673, 650]},
        {"text": word("drafts"), "at": [32, 2150, 529, 2276], "clickable": True},
        {"text": word("post"), "at": [550, 2150, 1048, 2276], "clickable": True},
    ]
    assert [shown("tiktok", nodes) for nodes in (tabs, gallery, editor, post)] == [
        "tiktok home_feed", "tiktok gallery", "tiktok editor", "tiktok post",
    ]  # fmt: skip


@pytest.mark.parametrize("code", WANTED)
@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_pages_that_need_a_person_are_known_in_each_language(app, code):
    at = [90, 700, 990, 900]
    blocked = [{"text": said(code, app, "blocked"), "at": at}]
    security = [{"text": said(code, app, "security"), "at": at}]
    out = [{"text": said(code, app, "logged_out"), "at": at}]
    assert [shown(app, nodes) for nodes in (blocked, security, out)] == [
        f"{app} account_blocked", f"{app} security_check", f"{app} logged_out",
    ]  # fmt: skip


@pytest.mark.parametrize("code", WANTED)
def test_an_unknown_sheet_finds_its_refusal_in_each_language(code):
    refusal = {"text": said(code, "instagram", "later"), "at": [40, 1900, 1040, 2000], "clickable": True}
    case = {
        "app": "instagram",
        "nodes": [
            {"id": "background_dimmer", "at": [0, 72, 1080, 2400], "clickable": True},
            {"id": "layout_container_bottom_sheet", "at": [0, 1300, 1080, 2400], "clickable": True},
            {"text": "…", "at": [80, 1400, 1000, 1480]},
            refusal,
        ],
    }
    found = recognise(load_packs(), view_of_case(case))
    assert found.over == "unknown"
    assert found.view.find(found.pack.layers.refuse).text == refusal["text"]


@pytest.mark.parametrize("code", WANTED)
def test_androids_questions_are_known_in_each_language(code):
    allow = {"id": "com.android.permissioncontroller:id/permission_allow_button", "at": [60, 1500, 1020, 1600]}
    names = ("access_media", "take_pictures", "record_audio", "send_notifications")
    asked = [
        [{"id": "com.android.permissioncontroller:id/permission_message", "text": said(code, "android", name),
          "at": [60, 900, 1020, 1100]}, allow]
        for name in names
    ]  # fmt: skip
    assert [shown("android", nodes) for nodes in asked] == [
        "android perm_media", "android perm_camera", "android perm_audio", "android perm_notifications",
    ]  # fmt: skip


# -- words that nobody has seen ----------------------------------------------------------------------------------------

GERMAN_POST = [
    {"text": "my words", "at": [42, 240, 673, 650]},
    {"text": "Entwürfe", "at": [32, 2150, 529, 2276], "clickable": True},
    {"text": "Posten", "at": [550, 2150, 1048, 2276], "clickable": True},
]


def test_words_that_nobody_has_seen_do_not_make_a_page_that_publishes_alone():
    assert shown("tiktok", GERMAN_POST) == "tiktok unknown"
    field = {**GERMAN_POST[0], "class": "EditText"}
    assert shown("tiktok", [field, *GERMAN_POST[1:]]) == "tiktok post"


def test_words_that_were_recorded_do():
    words = {"Entwürfe": "Drafts", "Posten": "Post"}
    page = [{**node, "text": words.get(node["text"], node["text"])} for node in GERMAN_POST]
    assert shown("tiktok", page) == "tiktok post"


@pytest.mark.parametrize(
    ("node", "sure"), [({"clickable": True}, True), ({}, False), ({"at": [800, 2150, 1048, 2276]}, False)]
)
def test_a_button_in_words_that_nobody_has_seen_must_have_its_shape_to_be_pressed(node, sure):
    page = [
        {**GERMAN_POST[0], "class": "EditText"},
        GERMAN_POST[1],
        {"text": "Posten", "at": [550, 2150, 1048, 2276], **node},
    ]
    view = view_of_case({"app": "tiktok", "nodes": page})
    last = last_page(next(pack for pack in load_packs() if pack.app == "tiktok"), "post")
    assert last.is_button(view, view.find(last.button)) is sure
