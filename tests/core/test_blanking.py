from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.screens.blanking import Blanking, OwnWords
from fleetlane.core.screens.dumped import as_dumped, sure_start
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.redaction import REMOVED, redacted_tree
from fleetlane.core.screens.screen import normalise, parse_tree
from fleetlane.scripts.packs import load_packs
from support.recorded import FOLDER, ROWS, needs_recordings

CAPTION = "看看我的新视频！#热门 family 👨‍👩‍👧 𝐁𝐨𝐥𝐝 𠮷野家 wonderful_day"
OWN = OwnWords.of(load_packs())


@pytest.fixture
def blanking():
    return Blanking(OWN, [CAPTION, "@lane.one_2"], key=b"test")


@pytest.mark.parametrize(
    "text",
    [
        "Post",
        "Next (2)",
        "发布",
        "12:03",
        "3.5K",
        "118,6 rb",
        "12 Followers",
        "45.0",
        "q",
        "Add description...",
        "0:09",
        "80%",
    ],
)
def test_what_apps_say_to_everybody_stays(blanking, text):
    assert blanking.text(text) == text


@pytest.mark.parametrize(
    "text", [CAPTION, "@lane.one_2", "my cat at the lake", "Anna Rossi", "call 5551234567", "Привет", "हिन्दी"]
)
def test_no_word_that_people_wrote_stays(blanking, text):
    shown = blanking.text(text)
    assert len(shown) == len(text)
    for word in re.findall(r"\w{3,}", text):
        assert word.casefold() not in shown.casefold()


def test_an_emoji_and_all_that_is_no_word_stays(blanking):
    assert re.sub(r"\w+", "", blanking.text(CAPTION)) == re.sub(r"\w+", "", CAPTION)
    assert "👨‍👩‍👧" in blanking.text(CAPTION)


def test_a_name_stays_a_name_and_the_same_one(blanking):
    assert re.fullmatch(r"@[a-z]{4}\.[a-z]{3}_\d", blanking.text("@lane.one_2"))
    assert blanking.text("lane.one_2") == blanking.text("@lane.one_2").removeprefix("@")
    assert blanking.text("LANE.one_2").casefold() == blanking.text("lane.one_2")
    assert blanking.text("Reel by lane.one_2. row 1, column 2").endswith(". row 1, column 2")


def test_what_an_app_cut_off_is_the_beginning_of_the_whole(blanking):
    whole, cut = blanking.text(CAPTION), blanking.text(CAPTION[:-8] + "…")
    assert whole.startswith(cut.removesuffix("…"))
    assert blanking.text(CAPTION[:-8] + "... more").endswith("... more")


def test_two_blankings_have_different_stand_ins():
    assert Blanking(OWN).text("wonderful") != Blanking(OWN).text("wonderful")


@given(st.text(max_size=40))
def test_what_a_dump_makes_of_a_text_is_blanked_as_the_text_is(text):
    blanking = Blanking(OwnWords(), key=b"test")
    assert as_dumped(blanking.words(text)) == blanking.words(as_dumped(text))


def test_the_start_of_a_text_that_is_asked_for_is_the_start_of_its_stand_in(blanking):
    shown = as_dumped(CAPTION)
    assert blanking.text(sure_start(shown)) == sure_start(as_dumped(blanking.text(CAPTION)))


def test_the_screens_of_a_tree_are_known_by_what_stays(blanking):
    for phrase in OWN.phrases | OWN.parts:
        assert normalise(blanking.text(phrase)) == phrase


@needs_recordings
def test_every_recorded_screen_is_recognised_as_before_when_its_texts_are_blanked():
    packs = load_packs()
    for row in ROWS:
        xml = (FOLDER / row["file"]).read_text(encoding="utf-8")
        blanked = Blanking(OWN).tree(xml)
        before, after = (str(recognise(packs, View(parse_tree(tree)))) for tree in (xml, blanked))
        assert after == before, row["file"]


TREE = """<hierarchy rotation="0">
 <node text="Post" content-desc="" resource-id="com.x:id/b" class="a.c" package="com.x" bounds="[0,0][9,9]"
  hint="my secret">
  <node text="my secret" content-desc="Anna" class="a.c" package="com.x" bounds="[0,0][9,9]" />
  <node text="Allow Anna?" class="a.c" package="com.android.permissioncontroller" bounds="[0,0][9,9]" />
 </node>
</hierarchy>"""


def test_a_tree_is_blanked_by_what_also_redacts_it(blanking):
    tree = blanking.tree(TREE)
    assert "secret" not in tree
    assert "Anna?" in tree, "what asks for a permission names apps only"
    texts = [node.text for node in parse_tree(tree).nodes]
    assert texts[0] == "Post"
    assert texts[1] == blanking.text("my secret")
    redacted = redacted_tree(TREE)
    assert re.sub(r'(text|content-desc|hint)="[^"]+"', "", redacted) == re.sub(
        r'(text|content-desc|hint)="[^"]+"', "", tree
    )
    assert redacted.count(REMOVED) == 5
