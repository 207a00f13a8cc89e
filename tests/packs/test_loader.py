"""A pack that is wrong is refused with its file, the line, and what is wrong there."""

from __future__ import annotations

import pytest

from fleetlane.core.errors import PackError
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_pack, load_pack_file

GOOD = """\
app: shop
packages: [com.shop]
written: {id: [bio], class: [EditText]}
words:
  next: [Next, 下一步]
elements:
  next: [{text: $next}]
  field: [{class: EditText}]
screens:
  - name: login
    needs: [{has: log in}]
    person: not_logged_in
  - name: page
    needs: [next]
    do:
      create: {tap: next, careful: top}
      "*": back
"""

WRONG = [
    ("packages:", "package:", "p.yaml: unknown key 'package'"),
    ("app: shop\n", "", "p.yaml: a pack names its `app`"),
    ("{text: $next}", "{txt: $next}", "p.yaml:7: elements.next: unknown key 'txt'"),
    ("{text: $next}", "{text: $nxt}", "p.yaml:7: elements.next: there are no words '$nxt'"),
    ("{text: $next}", "{pick: last}", "p.yaml:7: elements.next: a selector has at least one condition"),
    ("{text: $next}", '{text: ""}', "p.yaml:7: elements.next: `text` has an empty text"),
    ("{text: $next}", "{text: [yes]}", "p.yaml:7: elements.next: must be a text"),
    ("{text: $next}", "{pattern: '('}", "p.yaml:7: elements.next: the pattern '(' is no regular expression"),
    ("{text: $next}", "{text: a, area: [0, 0, 2, 1]}", "p.yaml:7: elements.next: `area` is"),
    ("{text: $next}", "{text: a, area: [0.5, 0, 0.2, 1]}", "p.yaml:7: elements.next: `area` is"),
    ("{text: $next}", "{text: a, min_height: 20}", "p.yaml:7: elements.next: `min_height` is a part"),
    ("{text: $next}", "{text: a, clickable: 1}", "p.yaml:7: elements.next: `clickable` is true or false"),
    ("{text: $next}", "{text: a, pick: top}", "p.yaml:7: elements.next: `pick` is one of first"),
    ("[{text: $next}]", "[]", "elements.next: an element has at least one selector"),
    ("written: {id:", "written: {ids:", "p.yaml: written: unknown key 'ids'"),
    ("{has: log in}", "nowhere", "p.yaml:10: screen 'login': needs[0]: there is no element 'nowhere'"),
    ("{has: log in}", "{any: next}", "p.yaml:11: screen 'login': needs[0]: `any` is a list"),
    ("{has: log in}", "{at_least: 2}", "p.yaml:11: screen 'login': needs[0]: a condition is"),
    ("{has: log in}", "{at_least: 0, of: next}", "p.yaml:11: screen 'login': needs[0]: `at_least` is a number"),
    ("{has: log in}", "{any: [next], or: next}", "p.yaml:11: screen 'login': needs[0]: unknown key 'or'"),
    ("needs: [next]", "need: [next]", "p.yaml:13: screen 'page': unknown key 'need'"),
    ("needs: [next]", "ways: []", "p.yaml:13: screen 'page': `ways` is a list"),
    ("needs: [next]", "ways: [{not: next}]", "p.yaml:14: screen 'page': ways[0]: it says nothing that"),
    ("needs: [next]", "ways: [next]", "p.yaml:13: screen 'page': ways: must be a mapping"),
    ("needs: [next]", "not: [next]", "p.yaml:13: screen 'page': it says nothing that"),
    ("    needs: [next]\n", "", "p.yaml:13: screen 'page': a screen has a `name`, and either"),
    ("name: page", "name: login", "p.yaml: there are two screens 'login'"),
    (
        "person: not_logged_in",
        "person: not_loged_in",
        "p.yaml:10: screen 'login': there is no error code 'not_loged_in'",
    ),
    ('"*": back', '"*": go_back', "p.yaml:13: screen 'page': do.*: there is no verb 'go_back'"),
    ('"*": back', '"*": tap', "p.yaml:13: screen 'page': do.*: 'tap' needs an element"),
    ('"*": back', '"*": {back: next}', "p.yaml:17: screen 'page': do.*: 'back' takes no element"),
    ('"*": back', '"*": {tapp: next}', "p.yaml:17: screen 'page': do.*: there is no verb 'tapp'"),
    ('"*": back', '"*": {fail: next}', "p.yaml:17: screen 'page': do.*: there is no error code ''"),
    ('"*": back', '"*": {tap: next, carefull: true}', "p.yaml:17: screen 'page': do.*: an action is one verb"),
    ("careful: top", "careful: true", "p.yaml:16: screen 'page': do.create: `careful` is one of top, bottom"),
    ('"*": back', '"create, leave": back', "p.yaml:13: screen 'page': says twice what to do for 'create'"),
    ('"*": back', "create: back", "p.yaml:17: not YAML: the key 'create' is given twice"),
    ("  field:", "  next:", "p.yaml:8: not YAML: the key 'next' is given twice"),
    ('"*": back', "off: back", "p.yaml:17: not YAML: the key False needs quotes"),
    ("do:\n", "do: [\n", "not YAML"),
]


def test_the_pack_that_the_wrong_ones_are_made_of_is_right():
    pack = load_pack(GOOD, "p.yaml")
    assert [rule.name for rule in pack.screens] == ["login", "page"]
    assert pack.screen("page").action_for("create") != pack.screen("page").action_for("leave")


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_a_wrong_pack_is_refused_with_its_place(old, new, message):
    assert old in GOOD
    with pytest.raises(PackError) as refused:
        load_pack(GOOD.replace(old, new), "p.yaml")
    assert message in str(refused.value)


def test_a_pack_file_that_is_not_there_is_an_error_with_its_name(tmp_path):
    with pytest.raises(PackError, match=r"mine\.yaml: cannot be read"):
        load_pack_file(tmp_path / "mine.yaml")


def seen(*nodes, package="com.shop"):
    parts = "".join(f'<node bounds="[0,0][100,200]" package="{package}" {node}/>' for node in nodes)
    return str(recognise([load_pack(GOOD, "p.yaml")], View(parse_tree(f"<hierarchy>{parts}</hierarchy>"))))


@pytest.mark.parametrize(
    "written",
    ['resource-id="com.shop:id/bio" text="Please log in"', 'class="android.widget.EditText" text="How to log in"'],
)
def test_what_people_wrote_does_not_name_a_screen(written):
    assert seen('text="Next"', written) == "shop page"
    assert seen('text="Next"', 'text="Please log in"') == "shop login"


def test_a_screen_may_be_known_in_several_ways():
    ways = "ways: [{needs: [next], not: [field]}, {needs: [field, {text: Page}]}]"
    pack = load_pack(GOOD.replace("needs: [next]", ways), "p.yaml")
    nodes = {"next": 'text="Next"', "field": 'class="android.widget.EditText"', "title": 'text="Page"'}

    def shown(*names):
        parts = "".join(f'<node bounds="[0,0][9,9]" package="com.shop" {nodes[name]}/>' for name in names)
        return recognise([pack], View(parse_tree(f"<hierarchy>{parts}</hierarchy>"))).screen

    assert [shown("next"), shown("next", "field"), shown("next", "field", "title")] == ["page", "unknown", "page"]


def test_words_of_another_apps_window_count_for_nothing():
    keyboard = '<node bounds="[0,150][100,200]" package="com.keyboard" text="Next"/>'
    own = '<node bounds="[0,0][100,200]" package="com.shop"/>'
    view = View(parse_tree(f"<hierarchy>{own}{keyboard}</hierarchy>"))
    assert str(recognise([load_pack(GOOD, "p.yaml")], view)) == "shop unknown"
    assert seen('text="Next"', package="com.other") == "com.other unknown"
