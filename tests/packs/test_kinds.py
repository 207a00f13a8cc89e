"""Kinds of faults that recognition once had, each held by screens of our own making (screens_of_kinds.yaml)."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from fleetlane.cli.screens import app as cli
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_packs
from support.trees import cases_of_kinds, view_of_case, xml_of

CASES = cases_of_kinds()


def name_of_case(case):
    return f"{case['kind']}-{case['app']}-{case['screen']}-{case['lang'] or 'no words'}-{case['why']}"


def seen(view):
    return recognise(load_packs(), view)


@pytest.mark.parametrize("case", CASES, ids=name_of_case)
def test_a_screen_of_a_kind_gets_its_name(case):
    found = seen(view_of_case(case))
    assert (str(found), found.over) == (f"{case['app']} {case['screen']}", case.get("over"))


LAYERED = [case for case in CASES if case.get("over")]


@pytest.mark.parametrize("case", LAYERED, ids=name_of_case)
def test_no_action_on_what_lies_over_a_page_finds_something_of_the_page(case):
    found = seen(view_of_case(case))
    on_top = {id(node) for node in found.view.nodes}
    elements = [a.element for a in found.rule.actions.values()] if found.rule else [found.pack.layers.refuse]
    nodes = [found.view.find(element) for element in elements if element]
    assert [node for node in nodes if node is not None and id(node) not in on_top] == []


# -- I. Trees of which only a dialog was recorded --------------------------------------------------------------------

DIALOG = """<hierarchy rotation="0"><node package="com.zhiliaoapp.musically" bounds="[40,900][1040,1500]">
<node text="Account status" package="com.zhiliaoapp.musically" bounds="[90,950][990,1010]"/>
<node text="The account has been blocked" package="com.zhiliaoapp.musically" bounds="[90,1100][990,1160]"/>
<node text="OK" clickable="true" package="com.zhiliaoapp.musically" bounds="[840,1320][1000,1460]"/>
</node></hierarchy>"""


def test_a_tree_that_is_only_a_dialog_is_read_as_the_middle_of_its_screen():
    tree = parse_tree(DIALOG)
    assert (tree.width, tree.height) == (1080, 2400)
    assert str(seen(View(tree))) == "tiktok account_blocked"


def test_the_phones_own_size_goes_before_any_guess():
    tree = parse_tree(DIALOG, (1200, 2600))
    assert (tree.width, tree.height) == (1200, 2600)


# -- L. Dialogs without text -----------------------------------------------------------------------------------------


def windows_xml(*windows):
    return f'<hierarchy rotation="0">{"".join(windows)}</hierarchy>'


def window(bounds, *nodes, package="com.zhiliaoapp.musically"):
    inner = "".join(re.sub(r"<node ", f'<node package="{package}" ', node) for node in nodes)
    return f'<node package="{package}" class="android.widget.FrameLayout" bounds="{bounds}">{inner}</node>'


POST_PAGE = window(
    "[0,0][1080,2400]",
    '<node class="android.widget.EditText" text="my words" bounds="[42,240][673,650]"/>',
    '<node text="Drafts" clickable="true" bounds="[32,2150][529,2276]"/>',
    '<node text="Post" clickable="true" bounds="[550,2150][1048,2276]"/>',
)
SILENT = window("[120,900][960,1500]", '<node clickable="true" bounds="[180,1300][900,1420]"/>')
BADGE = window("[42,284][160,442]", '<node text="99%" bounds="[66,344][137,383]"/>')


def test_a_dialog_that_says_nothing_is_not_the_page_below_it():
    found = seen(View(parse_tree(windows_xml(POST_PAGE, SILENT))))
    assert (str(found), found.over) == ("tiktok unknown", "post")


def test_a_badge_hides_nothing():
    assert seen(View(parse_tree(windows_xml(POST_PAGE, BADGE)))).below is None


def test_no_order_of_windows_changes_what_lies_on_top():
    names = {
        (str(found), found.over)
        for order in ((POST_PAGE, SILENT, BADGE), (SILENT, BADGE, POST_PAGE), (BADGE, POST_PAGE, SILENT))
        if (found := seen(View(parse_tree(windows_xml(*order)))))
    }
    assert names == {("tiktok unknown", "post")}


@pytest.mark.parametrize("case", LAYERED, ids=name_of_case)
def test_no_order_of_windows_changes_a_sheets_name(case):
    page = xml_of(case).removeprefix('<hierarchy rotation="0">').removesuffix("</hierarchy>")
    whole = f'<node bounds="[0,0][1080,2400]">{page}</node>'
    bars = [window(at, '<node bounds="[0,0][9,9]"/>', package="com.android.systemui") for at in ("[0,0][1080,72]",)]
    names = {str(seen(View(parse_tree(windows_xml(*order))))) for order in ((whole, *bars), (*bars, whole))}
    assert names == {f"{case['app']} {case['screen']}"}


def test_the_command_takes_the_phones_size(tmp_path):
    file = tmp_path / "page.xml"
    file.write_text(windows_xml(POST_PAGE), encoding="utf-8")
    for size, shown in (("1080x2400", "tiktok post"), ("1080x4000", "tiktok unknown")):
        assert CliRunner().invoke(cli, ["recognise", "--size", size, str(file)]).stdout.strip() == shown
    assert "such as 1080x2400" in str(CliRunner().invoke(cli, ["recognise", "--size", "big", str(file)]).exception)
