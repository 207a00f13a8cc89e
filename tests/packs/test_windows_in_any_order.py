"""A tree has all windows of a phone in the order of a hash set: what is seen and tapped does not depend on it."""

from __future__ import annotations

import itertools
import random
import xml.etree.ElementTree as ET

import pytest

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import Bounds, parse_tree
from fleetlane.scripts.looks import Screen, points_of
from fleetlane.scripts.packs import load_packs
from fleetlane.simulator.screens.windows import hit
from support.virtual import like
from support.virtual_phone import INSTAGRAM, MODELS, TIKTOK, Handset

pytestmark = pytest.mark.slow

PAGES = {"tiktok": ("post", "editor", "home_feed"), "instagram": ("share", "reel_editor", "home_feed")}
PACKAGES = {"tiktok": TIKTOK, "instagram": INSTAGRAM}
LANGUAGES = ("en", "zh", "id")
DIALOGS = [
    (model.app, name)
    for model in MODELS
    for name, screen in model.screens.items()
    if screen.dialog and model.app in PAGES
]
_MOST_ORDERS = 24


def handset(app, language="en"):
    phone = Handset(PACKAGES[app], language=language, android=13, traits=like("real"))
    phone.allow_all()
    phone.media("a.mp4")
    phone.phone.start_app(PACKAGES[app])
    phone.wait(20)
    phone.app.selected = phone.phone.media.newest_first()
    return phone


def show(phone, *stack):
    phone.app.stack = list(stack)
    phone.phone.touch()
    return phone.phone.dump()


def in_other_orders(xml):
    """Yield a tree with its windows in other orders: all of them, or some drawn ones."""
    root = ET.fromstring(xml)
    windows = list(root)
    orders = list(itertools.permutations(windows)) if len(windows) <= 4 else None
    draw = random.Random(len(xml))
    for number in range(len(orders) if orders else _MOST_ORDERS):
        root[:] = orders[number] if orders else draw.sample(windows, len(windows))
        yield ET.tostring(root, encoding="unicode")


def what_is_done(xml, size):
    """Return what a tree is taken for, and where each of its actions would tap."""
    view = View(parse_tree(xml, size))
    screen = Screen(view, recognise(load_packs(), view), xml)
    targets = {}
    for goal, action in (screen.seen.rule.actions if screen.seen.rule else {}).items():
        node = screen.find(action.element) if action.element else None
        targets[goal] = node and (node.bounds, screen.free_point(node, points_of(node)))
    return str(screen.seen), targets


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("app", "dialog"), DIALOGS)
def test_a_dialog_is_answered_on_itself_whatever_lies_below_and_in_which_order(app, dialog, language):
    phone = handset(app, language)
    for page in PAGES[app]:
        xml = show(phone, page, dialog)
        seen, targets = what_is_done(xml, phone.phone.size)
        for other in in_other_orders(xml):
            assert what_is_done(other, phone.phone.size) == (seen, targets)
        if seen != f"{app} {dialog}":
            continue  # it is none of that page's
        points = [at[1] for at in targets.values() if at is not None and at[1] is not None]
        dialogs = [node for root in phone.phone.windows() if root.modal for node in root.walk()]
        assert [at for at in points if hit(phone.phone.windows(), *at) not in dialogs] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("app", PAGES)
def test_a_keyboard_and_the_card_after_a_copy_mislead_nobody(app, language):
    phone = handset(app, language)
    [page, *_] = PAGES[app]
    show(phone, page)
    phone.app.focus("caption")
    phone.phone.copy("touch and hold the widget 12:34 @somebody Post Next")
    phone.phone.touch()
    xml = phone.phone.dump()
    assert "inputmethod" in xml
    assert "clipboard" in xml
    seen, targets = what_is_done(xml, phone.phone.size)
    assert seen.startswith(f"{app} {page}")
    for other in in_other_orders(xml):
        assert what_is_done(other, phone.phone.size) == (seen, targets)


def test_the_card_after_a_copy_covers_what_lies_below_it_and_nothing_else():
    view = View(
        parse_tree(
            '<hierarchy rotation="0"><node package="com.android.systemui" bounds="[30,2060][450,2290]">'
            '<node package="com.android.systemui" text="x" bounds="[30,2060][370,2290]" /></node>'
            '<node package="app" bounds="[0,0][1080,2400]">'
            '<node package="app" text="Drafts" clickable="true" bounds="[40,2100][400,2200]" />'
            '<node package="app" text="Wide" clickable="true" bounds="[40,2100][1000,2200]" />'
            '<node package="app" text="Post" clickable="true" bounds="[560,2100][1000,2200]" /></node></hierarchy>',
            (1080, 2400),
        )
    )
    drafts, wide, post = (next(n for n in view.nodes if n.text == text) for text in ("Drafts", "Wide", "Post"))
    screen = Screen(view, recognise(load_packs(), view), "")
    assert screen.free_point(drafts, points_of(drafts)) is None
    assert screen.free_point(post, points_of(post)) == post.bounds.center
    x, _ = screen.free_point(wide, points_of(wide))
    assert x >= 450
    card = next(n for n in view.nodes if n.text == "x")
    assert screen.free_point(card, points_of(card)) == Bounds(30, 2060, 370, 2290).center
