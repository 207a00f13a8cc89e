"""Apps keep older screens in the tree below the new one, and dialogs lie over everything."""

from __future__ import annotations

import itertools

import pytest

from fleetlane.scripts.packs import load_packs
from support.trees import cases_from_facts, package_of, seen

CASES = cases_from_facts()
PACKS = {pack.app: pack for pack in load_packs()}
# The screens of a way through the app, each drawn over the one before it.
WAYS = {
    "tiktok": ["home_feed", "camera", "gallery", "preview", "editor", "post"],
    "instagram": ["home_feed", "gallery_post", "reel_editor", "share"],
}


def fullest(app, screen):
    """Return the case of a screen that tells most of it."""
    return max((c for c in CASES if (c["app"], c["screen"]) == (app, screen)), key=lambda case: len(case["nodes"]))


def window(case):
    return case["nodes"], package_of(case)


def dialogs(app):
    people = {rule.name for rule in PACKS[app].screens if any(a.verb == "person" for a in rule.actions.values())}
    return [c for c in CASES if c["app"] == app and (c["screen"].startswith("popup_") or c["screen"] in people)]


PAIRS = [(app, below, above) for app, way in WAYS.items() for below, above in itertools.combinations(way, 2)]


@pytest.mark.parametrize(("app", "below", "above"), PAIRS)
def test_a_page_is_seen_over_the_pages_before_it(app, below, above):
    assert seen(window(fullest(app, below)), window(fullest(app, above))) == f"{app} {above}"


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_every_dialog_is_seen_over_every_page_of_its_app(app):
    wrong = []
    for dialog, page in itertools.product(dialogs(app), WAYS[app]):
        name = seen(window(fullest(app, page)), window(dialog))
        if name != f"{app} {dialog['screen']}":
            wrong.append((dialog["screen"], dialog["why"], page, name))
    assert wrong == []


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_the_systems_dialogs_are_seen_over_every_screen_of_an_app(app):
    system = [case for case in CASES if case["app"] == "android" and case["screen"] != "launcher"]
    wrong = []
    for dialog, page in itertools.product(system, [case for case in CASES if case["app"] == app]):
        name = seen(window(page), window(dialog))
        if name != f"android {dialog['screen']}":
            wrong.append((dialog["screen"], page["screen"], page["why"], name))
    assert wrong == []


@pytest.mark.parametrize("app", ["tiktok", "instagram"])
def test_another_apps_window_with_the_same_words_is_not_the_app(app):
    drawn_by_others = {"popup_widget"}  # a launcher's dialog, known by its own ids
    for case in CASES:
        if case["app"] == app and case["screen"] not in drawn_by_others:
            assert seen((case["nodes"], "com.example.other")) == "com.example.other unknown", case["why"]
