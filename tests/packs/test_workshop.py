"""From a tree that nobody knows to a rule: why it was not known, what is suggested, what it renames, what is saved."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import View
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs.drawing import marked, picture_of
from fleetlane.scripts.packs.explain import explain
from fleetlane.scripts.packs.in_force import InForce, PackFile, PackFolder
from fleetlane.scripts.packs.suggest import suggest
from fleetlane.scripts.packs.trial import Recordings, save_patch, try_patch

SHOP = """\
app: shop
packages: [com.shop]
facts: {last_pages: {post: {button: publish}}}
written: {id: [bio], class: [EditText]}
elements:
  publish: [{text: Publish, area: [0, 0.8, 1, 1]}]
  refuse: [{text: [Not now, Later]}]
screens:
  - {name: blocked, needs: [{has: suspended}], person: account_blocked}
  - {name: popup_rate, needs: [{text: Rate us now}, refuse], dismiss: refuse}
  - {name: post, needs: [publish, {id: caption}], not: [{text: Saving}]}
  - {name: feed, needs: [{text: [Home, Start]}, {any: [{text: A}, {text: B}], at_least: 2}], do: {"*": back}}
"""


def node(text="", box="[0,0][500,100]", more="", package="com.shop"):
    return f'<node text="{text}" package="{package}" bounds="{box}" clickable="true" {more}/>'


def view_of(*nodes):
    whole = f'<node package="com.shop" bounds="[0,0][1000,2000]">{"".join(nodes)}</node>'
    return View(parse_tree(f"<hierarchy>{whole}</hierarchy>"))


@pytest.fixture(scope="module")
def packs():
    return InForce({}).with_file(PackFile.of("shop.yaml", SHOP))


def why(packs, *nodes):
    explanation = explain(packs.packs, view_of(*nodes))
    return {rule.screen: [str(miss.why) for miss in rule.misses] for rule in explanation.near}


@pytest.mark.parametrize(
    ("nodes", "screen", "said"),
    [
        ([node("Please rate us now!"), node("Later")], "popup_rate", "“Please rate us now!” (node) fits but for its"),
        ([node("Publish"), node(more='resource-id="com.shop:id/caption"')], "post", "“Publish” (node) fits but for"),
        (
            [node("Publish", "[0,1800][500,1900]"), node("Saving"), node(more='resource-id="com.shop:id/caption"')],
            "post",
            "it must not show {text: saving}, and “Saving” (node) is there",
        ),
        ([node("Home"), node("A")], "feed", "2 different ones of {text: a} or {text: b}, and 1 are there"),
        ([node("Home")], "feed", "it needs {text: a} or {text: b}, and nothing like it is there"),
        ([node("was suspended", more='resource-id="com.shop:id/bio"')], "blocked", "fits but for its not_id"),
        ([node("was suspended", package="com.keys")], "blocked", "fits but for its package"),
    ],
)  # fmt: skip
def test_a_rule_that_nearly_held_says_what_it_missed_and_on_which_node(packs, nodes, screen, said):
    found = why(packs, *nodes)
    assert len(found[screen]) == 1
    assert said in found[screen][0]


def test_the_nearest_rule_comes_first_and_a_known_screen_says_by_what_it_is_known(packs):
    explanation = explain(packs.packs, view_of(node("Publish"), node(more='resource-id="com.shop:id/caption"')))
    assert explanation.near[0].screen == "post"
    assert (explanation.near[0].held, explanation.near[0].total) == (2, 3)
    known = explain(packs.packs, view_of(node("Rate us now"), node("Later")))
    assert (str(known.seen), [one.text for one in known.found]) == ("shop popup_rate", ["Rate us now", "Later"])
    assert known.windows[0][0] == "com.shop"


LAYERED = """\
app: shop
packages: [com.shop]
clones: ['/com\\.shop\\.\\w+/']
layers: {sheet: {id: sheet}}
screens:
  - {name: offer, ways: [{needs: [{text: Go gold}], layered: true}]}
  - {name: feed, needs: [{text: Home}, {text: News}]}
"""


def layered(inside, package="com.shop"):
    page = node("Home", "[0,0][500,100]", package=package) + node("News", "[0,100][500,200]", package=package)
    sheet = f'<node resource-id="{package}:id/sheet" package="{package}" bounds="[0,1200][1000,2000]">{inside}</node>'
    whole = f'<node package="{package}" bounds="[0,0][1000,2000]">{page}{sheet}</node>'
    return View(parse_tree(f"<hierarchy>{whole}</hierarchy>"))


@pytest.mark.parametrize("package", ["com.shop", "com.shop.clone"])
def test_where_something_lies_over_a_page_it_alone_is_explained(package):
    packs = InForce({}).with_file(PackFile.of("shop.yaml", LAYERED))
    known = explain(packs.packs, layered(node("Go gold", "[0,1300][500,1400]", package=package), package))
    assert (str(known.seen), [one.text for one in known.found]) == ("shop offer", ["Go gold"])
    unknown = layered(node("Try gold", "[0,1300][500,1400]", package=package), package)
    assert str(explain(packs.packs, unknown).seen) == "shop unknown"
    assert [rule.screen for rule in explain(packs.packs, unknown).near] == []
    assert "Try gold" in suggest(packs, unknown)
    assert "Home" not in suggest(packs, unknown), "the page below says nothing of the sheet"


def test_the_picture_has_a_numbered_box_for_each_node_that_is_named(packs):
    caption = node(box="[0,500][500,600]", more='resource-id="com.shop:id/caption"')
    explanation = explain(packs.packs, view_of(node("Publish"), caption))
    numbers = marked(explanation)
    missed = {id(n) for rule in explanation.near for miss in rule.misses for n in miss.nodes}
    assert sorted(number for number, _ in numbers.values()) == list(range(1, len(numbers) + 1))
    assert {key for key, (_, is_missed) in numbers.items() if is_missed} <= missed
    with Image.open(io.BytesIO(picture_of(explanation))) as image:
        assert image.size == (480, 960)
        assert image.convert("RGB").getpixel((200, 0)) == (0xC6, 0x28, 0x28), "what nearly fitted is red"
    shot = io.BytesIO()
    Image.new("RGB", (36, 72), "#0000ff").save(shot, "JPEG")
    with Image.open(io.BytesIO(picture_of(explanation, shot.getvalue()))) as image:
        assert image.convert("RGB").getpixel((400, 900))[2] > 200, "it is drawn on the picture of the step"
    assert picture_of(explanation, b"no picture")


def test_a_suggested_rule_names_the_screen_and_closes_what_is_known_to_close(packs):
    view = view_of(node("Try our new thing", more='class="T"'), node("Not now"), node("@somebody 12345"))
    text = suggest(packs, view)
    trial = try_patch(packs, text, view, Recordings([]))
    assert trial.is_right
    assert trial.shows == "shop own_try_our_new_thing"
    assert 'dismiss: {text: "Not now"}' in text
    assert "somebody" not in text, "what looks like people's is no mark of a screen"


def test_a_suggestion_does_nothing_on_a_page_that_publishes_and_asks_a_person_where_one_is_needed(packs):
    publishing = suggest(packs, view_of(node("Publish", "[0,1800][500,1900]"), node("Brand new"), node("Not now")))
    assert "dismiss" not in publishing
    assert "do:" not in publishing
    assert "say yourself" in publishing
    assert "person: account_blocked" in suggest(packs, view_of(node("You are suspended again"), node("Later")))
    assert 'do: {"*": back}' in suggest(packs, view_of(node("Nobody knows this")))


def test_what_other_recordings_show_as_well_is_no_mark(packs):
    others = [view_of(node("Home"), node("Search"))] * 3
    text = suggest(packs, view_of(node("Home"), node("Search"), node("Only here is this")), others)
    assert text.index("Only here") < text.index("Home")


def test_a_screen_that_was_taken_for_another_gets_a_rule_before_that(packs):
    view = view_of(node("Rate us now"), node("Later"), node("A whole other page"))
    text = suggest(packs, view, name="other")
    assert "before: popup_rate" in text
    assert try_patch(packs, text, view, Recordings([])).shows == "shop other"


@pytest.mark.parametrize("nodes", [[node("x", package="com.nobody")], [node("1234 5678")]])
def test_where_there_is_nothing_to_make_a_rule_of_it_says_so(packs, nodes):
    view = View(parse_tree(f"<hierarchy>{''.join(nodes)}</hierarchy>"))
    with pytest.raises(PackError, match=r"no pack is for an app|nothing on this screen"):
        suggest(packs, view)


def test_a_trial_tells_which_recordings_get_another_name(packs):
    patch = "patches: shop\nscreens: [{name: wide, before: popup_rate, needs: [{text: [Later, Hello]}]}]\n"
    rated, feed = view_of(node("Rate us now"), node("Later")), view_of(node("Home"), node("A"), node("B"))
    trial = try_patch(packs, patch, view_of(node("Hello")), Recordings([("a.xml", rated), ("b.xml", feed)]))
    assert (trial.tried, trial.is_right) == (2, True)
    assert [(one.file, one.before, one.after) for one in trial.renamed] == [("a.xml", "shop popup_rate", "shop wide")]
    assert packs.held["shop"].pack.screens[0].name == "blocked", "nothing was changed"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("patches: shop\n", "a rule is a patch"),
        (SHOP, "a rule is a patch"),
        ("patches: shop\nscreens: [{name: ../x, needs: [{text: a}]}]", "must be small letters"),
        ("patches: shop\nscreens: [{needs: [{text: a}]}]", "a screen has a `name`"),
        ("patches: shop\nscreens: [x]", "must be a mapping"),
        ("patches: shop\nscreens: x", "must be a mapping"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(packs, text, problem):
    with pytest.raises(PackError, match=problem):
        try_patch(packs, text, view_of(node("a")), Recordings([]))


def test_a_saved_rule_is_in_force_with_its_case_and_nothing_is_written_over(packs, tmp_path):
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    live = PackFolder()
    live.use(folder)
    view = view_of(node("Try our new thing"))
    text = suggest(live.now, view, name="promo")
    patch, case = save_patch(folder, try_patch(live.now, text, view, Recordings([])), text, view.tree.xml, "my case/1")
    assert live.refresh()
    assert (patch.name, case.relative_to(folder).as_posix()) == ("shop-promo.yaml", "cases/shop/promo/my-case-1.xml")
    assert str(explain(live.now.packs, view).seen) == "shop promo"
    assert len(Recordings.kept(folder, tmp_path)) == 1
    with pytest.raises(PackError, match="there is such a file already"):
        save_patch(folder, try_patch(live.now, text, view, Recordings([])), text, view.tree.xml, "x")
    wrong = try_patch(live.now, text.replace("thing", "thong"), view_of(node("Else")), Recordings([]))
    with pytest.raises(PackError, match="shows shop unknown with it, not shop promo"):
        save_patch(folder, wrong, text, view.tree.xml, "y")


def test_recordings_are_the_cases_and_the_newest_trees_of_traces(tmp_path):
    tree = "<hierarchy/>"
    for name in ("packs/cases/a/b/c.xml", "traces/7/1/03.xml", "traces/7/1/04.xml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tree if "04" not in name else "no tree", encoding="utf-8")
    kept = Recordings.kept(tmp_path / "packs", tmp_path / "traces")
    assert [name for name, _ in kept.views] == ["a/b/c.xml", "7/1/03.xml"]
