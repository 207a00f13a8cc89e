"""Every screen of the simulated apps is recognised by the packs, in every language and build."""

from __future__ import annotations

import itertools

import pytest

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.looks import near_edge
from fleetlane.scripts.packs import load_packs
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.loader import BUILTIN_FOLDER, LANGUAGES, builtin_models, load_model
from fleetlane.simulator.phone import PhoneFacts, SimPhone, standard_account
from fleetlane.simulator.screens.windows import hit
from support.clock import ManualClock

MODELS = {model.app: model for model in builtin_models()}
SYSTEM = load_model(BUILTIN_FOLDER / "_system.yaml")
NAMED_OTHERWISE = {"mystery": "unknown", "post_editor": "reel_editor"}
# Screens of the models that no pack knows so far; who adds one to a pack takes it out here.
# sound_search is a `search` to the pack; the list of albums is opened and closed within one move (post/albums.py).
NOT_IN_PACKS = {"tiktok": {"sound_search", "albums"}, "instagram": {"story_viewer", "albums"}}
TIKTOK = [(p, b) for p in MODELS["tiktok"].packages for b in ("", "musically-43", "all-ids-different")]
CASES = [("tiktok", package, build) for package, build in TIKTOK] + [("instagram", "com.instagram.android", "")]


def phone_with(app_name, package, build, language, android=13):
    clock = ManualClock()
    phone = SimPhone(PhoneFacts("s", language=language, android=android), SYSTEM, clock, Ledger())
    app = phone.install(MODELS[app_name], package, build=build)
    standard_account(app, "lane01", "Lane One")
    app.data["first_run"] = False
    phone.files.write("/sdcard/Movies/a.mp4", b"", 0o644, 0)
    phone.media.scan_file("/sdcard/Movies/a.mp4", 5)
    for permission in ("media", "camera", "audio", "notifications"):
        phone.permissions.granted.setdefault(package, set()).update(phone.permissions.names(permission))
    phone.start_app(package)
    clock.advance(60)
    phone.settle()
    return phone, app


def seen(phone):
    phone.touch()
    return str(recognise(load_packs(), View(parse_tree(phone.dump()))))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("app_name", "package", "build"), CASES)
def test_each_screen_of_a_model_is_recognised(app_name, package, build, language):
    phone, app = phone_with(app_name, package, build, language)
    for name, spec in app.model.screens.items():
        below = ["home_feed"] if spec.dialog else ["home_feed", "camera"] if spec.over else []
        if name == "preview":
            below = [*below, "gallery"]
        app.stack = [*below, name]
        known = seen(phone) == f"{app_name} {NAMED_OTHERWISE.get(name, name)}"
        assert known is (name not in NOT_IN_PACKS[app_name]), (name, below, seen(phone))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("app_name", "package", "build"), CASES)
def test_the_page_with_the_keyboard_up_is_another_screen(app_name, package, build, language):
    phone, app = phone_with(app_name, package, build, language)
    page = {"tiktok": "post", "instagram": "share"}[app_name]
    app.stack = [page]
    app.focused = "caption"
    phone.show_keyboard()
    assert seen(phone) == f"{app_name} {page}_editing"


# Where a page stands before one with a publishing button, and that page: (app, page, next page, its button).
BEFORE_POST = [
    ("tiktok", "editor", "post", "post_button"),
    ("instagram", "reel_editor", "share", "share_button"),
    ("instagram", "post_editor", "share", "share_button"),
]


def view_of(phone, app, screen):
    app.stack = [screen]
    phone.touch()
    return View(parse_tree(phone.dump()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("app_name", "package", "build"), CASES)
def test_a_careful_tap_is_on_its_button_and_not_where_the_next_page_publishes(app_name, package, build, language):
    phone, app = phone_with(app_name, package, build, language)
    pack = next(pack for pack in load_packs() if pack.app == app_name)
    for screen, next_screen, publishing in [case[1:] for case in BEFORE_POST if case[0] == app_name]:
        view = view_of(phone, app, screen)
        action = recognise([pack], view).rule.action_for("create")
        points = near_edge(view.find(action.element), action.careful)
        assert all([verb for verb, *_ in hit(phone.windows(), x, y).tap] == ["push"] for x, y in points)
        post = view_of(phone, app, next_screen).find(pack.elements[publishing])
        assert [point for point in points if post.bounds.contains(*point)] == [], (screen, post.bounds)


@pytest.mark.parametrize(("language", "android"), list(itertools.product(LANGUAGES, range(9, 17))))
def test_the_systems_own_screens_are_recognised(language, android):
    phone, app = phone_with("tiktok", "com.zhiliaoapp.musically", "", language, android)
    assert seen(phone) == "tiktok home_feed"
    for name in ("perm_media", "perm_camera", "perm_audio", "perm_notifications"):
        phone.show_popup(app, name)
        assert seen(phone) == f"android {name}"
        phone.system.stack = []
        phone.permissions.asking.clear()
    phone.hang(app)
    assert seen(phone) == "android not_responding"
    phone.crash(app)
    assert seen(phone) == "android app_crashed"
    phone.system.stack = []
    assert seen(phone) == "android launcher"
    phone.press("sleep")
    phone.press("wakeup")
    assert seen(phone) == "android lock_screen"
