"""What lies in the user's folder of packs holds at once, rule by rule, and what is wrong there changes nothing."""

from __future__ import annotations

import os

import pytest
import yaml

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_pack
from fleetlane.scripts.packs.in_force import PackFile, PackFolder

SHOP = """\
app: shop
version: "7"
met: ["1.2"]
packages: [com.shop]
words: {next: [Next]}
elements:
  next: [{text: $next}]
screens:
  - {name: page, needs: [next], do: {"*": {tap: next}}}
"""
PROMO = """\
patches: tiktok
version: mine
words: {next: [Nächste Seite]}
elements: {ntn: {id: new_button}}
alternatives: {post_button: [{id: post_again}]}
screens:
  - {name: promo, before: post, needs: [{text: Try our new thing}], do: {"*": back}}
"""
_times = iter(range(10**9, 10**10))


class Folder:
    """A folder of packs, and what is in force with it."""

    def __init__(self, path):
        self.path, self.packs = path, PackFolder()
        self.packs.use(path)

    def write(self, name, text):
        """Write a file and let it be noticed, as the watching server would."""
        self.path.mkdir(exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")
        os.utime(self.path / name, (next(_times),) * 2)  # a file system's clock may stand still between two writes
        assert self.packs.refresh()
        return self.packs.now

    def shows(self, *texts, package="com.zhiliaoapp.musically"):
        nodes = "".join(f'<node text="{text}" package="{package}" bounds="[0,0][90,90]"/>' for text in texts)
        return str(recognise(self.packs.now.packs, View(parse_tree(f"<hierarchy>{nodes}</hierarchy>"))))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "packs")


def test_without_a_folder_the_packs_that_come_with_fleetlane_hold(folder):
    assert list(folder.packs.now.held) == ["android", "tiktok", "instagram"]
    assert not folder.packs.refresh()
    assert folder.packs.now.packs is not None
    assert all(one.pack.version for one in folder.packs.now.held.values())


def test_a_patch_holds_at_once_and_goes_with_its_file(folder):
    assert folder.shows("Try our new thing") == "tiktok unknown"
    now = folder.write("promo.yaml", PROMO)
    assert folder.shows("Try our new thing") == "tiktok promo"
    held = now.held["tiktok"]
    assert (held.pack.version.endswith(" + mine"), held.files, now.problems) == (True, ("promo.yaml",), ())
    names = [rule.name for rule in held.pack.screens]
    assert names.index("promo") + 1 == names.index("post")
    assert "ntn" in held.pack.elements
    assert held.pack.elements["post_button"].alternatives[-1].ids == {"post_again"}
    assert "nächste seite" in held.pack.elements["editor_next"].alternatives[0].texts
    assert "next" in held.pack.elements["editor_next"].alternatives[0].texts, "the other languages stay"
    (folder.path / "promo.yaml").unlink()
    assert folder.packs.refresh()
    assert folder.shows("Try our new thing") == "tiktok unknown"


@pytest.mark.parametrize("key", ["words", "more_words"])
def test_words_of_a_patch_are_added_under_either_name(folder, key):
    now = folder.write("dutch.yaml", f"patches: tiktok\n{key}: {{next: [Doorgaan]}}\n")
    texts = now.held["tiktok"].pack.elements["editor_next"].alternatives[0].texts
    assert ({"doorgaan", "next"} <= texts, now.problems) == (True, ())


def test_a_rule_of_the_same_name_takes_the_place_of_the_former(folder):
    before = [rule.name for rule in folder.packs.now.held["instagram"].pack.screens]
    now = folder.write("p.yaml", "patches: instagram\nscreens: [{name: popup_rate, needs: [{text: Five stars}]}]\n")
    assert [rule.name for rule in now.held["instagram"].pack.screens] == before
    assert folder.shows("Five stars", package="com.instagram.android") == "instagram popup_rate"


def test_a_whole_pack_takes_the_place_of_one_or_adds_an_app(folder):
    now = folder.write("shop.yaml", SHOP)
    assert list(now.held) == ["android", "tiktok", "instagram", "shop"]
    assert folder.shows("Next", package="com.shop") == "shop page"
    now = folder.write("mine.yaml", SHOP.replace("shop", "tiktok"))
    assert list(now.held) == ["android", "tiktok", "instagram", "shop"]
    assert (now.held["tiktok"].pack.version, now.held["tiktok"].files) == ("7", ("mine.yaml",))


def test_a_patch_of_a_pack_of_the_users_own_is_laid_over_it_whatever_the_names(folder):
    folder.write("a.yaml", "patches: shop\nwords: {next: [Go on]}\n")
    folder.write("z.yaml", SHOP)
    assert folder.shows("Go on", package="com.shop") == "shop page"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PROMO.replace("before: post", "bfore: post"), "p.yaml:7: screen 'promo': unknown key 'bfore'"),
        (PROMO.replace("before: post", "before: psot"), "p.yaml:7: screens[0]: there is no screen 'psot'"),
        (PROMO.replace("patches: tiktok", "patches: tictoc"), "p.yaml:1: patches: no pack 'tictoc'; known: android"),
        (PROMO.replace("{post_button:", "{post_buton:"), "p.yaml:5: alternatives: there is no element 'post_buton'"),
        (PROMO.replace("words:", "wrods:"), "p.yaml: unknown key 'wrods'"),
        (PROMO.replace("{id: new_button}", "{id: }"), "p.yaml:4: elements.ntn: must be a text"),
        (PROMO.replace("screens:", "screens: ["), "not YAML"),
        ("- a list\n", "p.yaml: must be a mapping"),
        (SHOP.replace("app: shop", "app: "), "p.yaml: a pack names its `app`"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_the_former_stays(folder, text, problem):
    folder.write("p.yaml", PROMO)
    now = folder.write("p.yaml", text)
    [said] = now.problems
    assert problem in said
    assert said.endswith("; what this file said before stays in force")
    assert folder.shows("Try our new thing") == "tiktok promo"
    other = folder.write("q.yaml", "patches: android\nfacts: {label: Android phones}\n")
    assert (len(other.problems), other.held["android"].pack.label) == (1, "Android phones")
    assert not folder.write("p.yaml", PROMO.replace("promo", "sale")).problems
    assert folder.shows("Try our new thing") == "tiktok sale"


def test_what_is_wrong_from_the_beginning_is_not_in_force_and_nothing_else_suffers(folder):
    now = folder.write("p.yaml", PROMO.replace("before: post", "bfore: post"))
    assert now.problems[0].endswith("; this file is not in force")
    assert folder.shows("Try our new thing") == "tiktok unknown"


def test_two_packs_for_one_app_are_one_too_many(folder):
    folder.write("a.yaml", SHOP)
    [problem] = folder.write("b.yaml", SHOP).problems
    assert problem.startswith("b.yaml: a.yaml is a pack for 'shop' already; remove one of them")


def test_a_fault_in_what_a_patch_left_alone_names_the_file_it_stands_in(folder):
    folder.write("shop.yaml", SHOP)
    [problem] = folder.write("p.yaml", "patches: shop\nelements: {next: [{text: $nxt}]}\n").problems
    assert problem.startswith("p.yaml:2: elements.next: there are no words '$nxt'")


def test_named_packages_are_the_apps_whatever_its_files_say_later(folder):
    assert folder.shows("Try our new thing", package="org.example.tok") == "org.example.tok unknown"
    folder.packs.use(folder.path, {"tiktok": ["org.example.tok"]})
    assert folder.shows("Try our new thing", package="org.example.tok") == "tiktok unknown"
    now = folder.write("promo.yaml", PROMO)
    assert folder.shows("Try our new thing", package="org.example.tok") == "tiktok promo"
    held = now.held["tiktok"]
    assert held.pack.packages == ("com.zhiliaoapp.musically", "com.ss.android.ugc.trill", "org.example.tok")
    assert (held.named, held.files, now.misnamed) == (("org.example.tok",), ("promo.yaml",), ())
    assert not folder.packs.refresh()
    now = now.with_file(PackFile.of("q.yaml", PROMO.replace("new thing", "old thing")))
    assert now.held["tiktok"].pack.packages == held.pack.packages, "a patch that is tried lies over it as well"


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ({"tictoc": ["org.example.tok"]}, "app_packages.tictoc: there is no app 'tictoc'; known: tiktok, instagram"),
        ({"android": ["org.example.tok"]}, "app_packages.android: there is no app 'android'; known: tiktok, instagram"),
        (
            {"tiktok": ["org.example.tok", "com.instagram.android"]},
            "app_packages.tiktok: com.instagram.android is Instagram's already",
        ),
        ({"tiktok": ["com.instagram.androim"]}, "app_packages.tiktok: com.instagram.androim is Instagram's already"),
    ],
)
def test_packages_that_do_not_fit_the_packs_are_told_and_do_not_hold(folder, named, problem):
    now = folder.packs.use(folder.path, named)
    assert now.misnamed == (problem,)
    assert folder.shows("Try our new thing", package="org.example.tok") == "org.example.tok unknown"


def test_one_package_for_two_apps_is_the_firsts(folder):
    now = folder.packs.use(folder.path, {"tiktok": ["org.example.x"], "instagram": ["org.example.x"]})
    assert now.misnamed == ("app_packages.instagram: org.example.x is TikTok's already",)


def test_packages_of_an_app_of_the_users_own_hold_while_its_pack_does(folder):
    now = folder.packs.use(folder.path, {"shop": ["com.shop.blue"], "tiktok": ["com.shop"]})
    assert now.misnamed == ("app_packages.shop: there is no app 'shop'; known: tiktok, instagram",)
    now = folder.write("shop.yaml", SHOP)
    assert folder.shows("Next", package="com.shop.blue") == "shop page"
    assert now.misnamed == ("app_packages.tiktok: com.shop is shop's already",)


def test_a_version_is_met_by_itself_or_by_its_beginning():
    pack = load_pack(SHOP, "shop.yaml")
    assert [pack.has_met(version) for version in ("1.2", "1.2.9", "1.20", "1")] == [True, True, False, False]
    assert load_pack(SHOP.replace('met: ["1.2"]\n', ""), "s").has_met("9"), "it does not say what it is made from"


def test_a_pack_file_that_is_no_text_is_refused(folder):
    folder.path.mkdir()
    (folder.path / "p.yaml").write_bytes(b"app: \xff")
    assert folder.packs.refresh()
    assert "is no text in UTF-8" in folder.packs.now.problems[0]


ODD = [None, 1, "x", [None], {}, {"x": [{}]}]


def _everywhere(value, odd):
    """Yield copies of a document, each with something odd in one place."""
    yield odd
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: made} for made in _everywhere(item, odd))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], made, *value[at + 1 :]] for made in _everywhere(item, odd))


@pytest.mark.parametrize("text", [SHOP, PROMO.replace("tiktok", "shop").replace("post_button", "next")])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_whatever_is_written_is_a_pack_or_is_refused_with_a_sentence(folder, text, odd):
    folder.write("a.yaml", SHOP)
    for document in _everywhere(yaml.safe_load(text), odd):
        now = folder.write("b.yaml", yaml.safe_dump(document))
        assert all(problem.startswith(("a.yaml", "b.yaml")) for problem in now.problems)


def test_what_is_nested_without_end_is_refused(folder):
    assert "b.yaml: not YAML" in folder.write("b.yaml", "[" * 5000).problems[0]
