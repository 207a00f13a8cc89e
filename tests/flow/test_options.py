"""Every option of a post on simulated phones, each in the three languages of the simulated apps."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from PIL import Image

from support.parallel_scenarios import Scenarios
from support.rig import CAPTION, VIDEO

LANGUAGES = ("en", "zh", "id")
DIGEST = sha256(VIDEO.read_bytes()).hexdigest()


def _language(number, facts):
    return replace(facts, language=LANGUAGES[(number - 1) % 3])


# Each scenario runs on three phones in a row: one for each language.
scenario = Scenarios(first_port=24200, vary=_language, accounts=3)
running = scenario.fixture()
in_each_language = scenario.each(0, 1, 2)


def _one(rig, serial, config, **options):
    """Publish, and return the one post that the ledger then has."""
    result = rig.post(serial, config, **options)
    assert result.outcome.ok, (result.outcome, result.steps.failed[:1])
    [post] = rig.posts(serial)
    return post


def _images(rig, serial, count):
    """Return the paths and hashes of images."""
    folder = rig.folder / serial.replace(":", "-")
    folder.mkdir()
    paths = [folder / f"{color}.png" for color in ("red", "green", "blue", "white")[:count]]
    for path in paths:
        Image.new("RGB", (90, 160), path.stem).save(path)
    return [str(path) for path in paths], [sha256(path.read_bytes()).hexdigest() for path in paths]


def _set(rig, serial, app="tiktok", **data):
    rig.on(serial, lambda _server: rig.app(serial, app).data.update(data))


def _handles(rig, serial, app="tiktok"):
    return [account.handle for account in rig.app(serial, app).accounts]


# -- images -----------------------------------------------------------------------------------------


@in_each_language
def several_images_are_published_in_their_order_with_title_and_text_on_tiktok(rig, serial, _n):
    paths, digests = _images(rig, serial, 4)
    post = _one(rig, serial, {"content_type": 1, "material_list": paths, "captions": "A title##and a text #tag"})
    assert (post["kind"], post["media_sha256"]) == ("images", digests)
    assert (post["title"], post["caption"]) == ("A title", "and a text #tag")


@in_each_language
def one_image_is_published_on_tiktok(rig, serial, _n):
    paths, digests = _images(rig, serial, 1)
    post = _one(rig, serial, {"content_type": 1, "material_list": paths})
    assert (post["kind"], post["media_sha256"], post["caption"]) == ("images", digests, CAPTION)


@in_each_language
def several_images_are_published_in_their_order_on_instagram(rig, serial, _n):
    paths, digests = _images(rig, serial, 3)
    post = _one(rig, serial, {"platform": "instagram", "content_type": 1, "material_list": paths})
    assert (post["placement"], post["media_sha256"], post["caption"]) == ("post", digests, CAPTION)


@scenario
def image_count_takes_the_first_of_a_list(rig, serial):
    paths, digests = _images(rig, serial, 3)
    post = _one(rig, serial, {"content_type": 1, "material_list": paths, "image_count": 2})
    assert post["media_sha256"] == digests[:2]


# -- Instagram --------------------------------------------------------------------------------------


@scenario.each("share", "addButton", "share", "addButton", "share", "addButton")
def a_reel_is_published_on_instagram(rig, serial, way):
    post = _one(rig, serial, {"platform": "instagram", "post_way": way})
    assert (post["placement"], post["media_sha256"], post["caption"]) == ("reel", [DIGEST], CAPTION)


@in_each_language
def a_story_is_published_on_instagram(rig, serial, _n):
    post = _one(rig, serial, {"platform": "instagram", "placement": "story"})
    assert (post["placement"], post["media_sha256"]) == ("story", [DIGEST])


@scenario
def a_story_beside_another_one_cannot_be_told_and_says_so(rig, serial):
    config = {"platform": "instagram", "placement": "story"}
    assert rig.post(serial, config).outcome.ok
    second = rig.post(serial, config)
    assert second.outcome.error_code == "outcome_unknown"
    assert "already had a story" in str(second.outcome.remark)


@scenario
def a_caption_page_that_hides_its_text_is_believed_by_its_editor(rig, serial):
    _set(rig, serial, "instagram", hides_caption=True)
    assert _one(rig, serial, {"platform": "instagram"})["caption"] == CAPTION


@scenario.each("first_reel", "original_audio", "limited_reach", "threads")
def a_sheet_after_share_is_answered_once(rig, serial, sheet):
    _set(rig, serial, "instagram", share_sheet=sheet)
    _one(rig, serial, {"platform": "instagram"})


@scenario.each(1, 2)
def a_share_that_instagram_ignores_is_pressed_again(rig, serial, times):
    app = rig.app(serial, "instagram")
    rig.on(serial, lambda _server: app.faults.ignored_taps.update(share_button=times))
    _one(rig, serial, {"platform": "instagram"})


@scenario
def a_share_that_instagram_never_takes_is_not_published(rig, serial):
    app = rig.app(serial, "instagram")
    rig.on(serial, lambda _server: app.faults.ignored_taps.update(share_button=99))
    result = rig.post(serial, {"platform": "instagram"})
    assert (result.outcome.error_code, rig.posts(serial)) == ("not_published", [])


@scenario
def a_reel_that_instagram_cannot_post_ends_as_upload_failed(rig, serial):
    rig.on(serial, lambda _server: setattr(rig.app(serial, "instagram").faults, "upload", "fail"))
    result = rig.post(serial, {"platform": "instagram"})
    assert (result.outcome.error_code, rig.posts(serial)) == ("upload_failed", [])


# -- accounts ---------------------------------------------------------------------------------------


@scenario.each(*(("tiktok", "name"), ("tiktok", "settings"), ("instagram", "name")) * 3)
def the_account_of_the_task_is_switched_to_and_back(rig, serial, case):
    app, way = case
    if app == "tiktok":
        _set(rig, serial, switch_by=way)
    names = _handles(rig, serial, app)
    for name in (names[2], names[0].upper(), f"@{names[1]}"):
        result = rig.post(serial, {"platform": app, "captions": f"for {name}"}, username=name)
        assert result.outcome.ok, (result.outcome, result.steps.failed[:1])
    assert [post["account"] for post in rig.posts(serial)] == [names[2], names[0], names[1]]


@scenario.each("tiktok", "instagram")
def an_account_that_is_not_signed_in_is_said_with_those_that_are(rig, serial, app):
    result = rig.post(serial, {"platform": app}, username="somebody.else")
    assert (result.outcome.error_code, rig.posts(serial)) == ("wrong_account", [])
    assert all(f"@{name}" in str(result.outcome.remark) for name in _handles(rig, serial, app))


@in_each_language
def a_scan_finds_the_accounts_of_every_app(rig, serial, _n):
    _set(rig, serial, "instagram", account_news=True)
    result = rig.post(serial, {"platform": None}, name="accounts_scan")
    assert result.outcome.ok, result.outcome
    assert result.outcome.result["problems"] == []
    found = {(a["platform"], a["username"], a["current"]) for a in result.outcome.result["accounts"]}
    assert found == {
        (app, name, index == 0)
        for app in ("tiktok", "instagram")
        for index, name in enumerate(_handles(rig, serial, app))
    }


@scenario
def an_app_that_cannot_be_scanned_says_why_in_a_sentence(rig, serial):
    rig.on(serial, lambda _server: rig.app(serial, "tiktok").log_out())
    result = rig.post(serial, {"platform": None}, name="accounts_scan")
    assert result.outcome.ok, result.outcome
    [problem] = result.outcome.result["problems"]
    assert (problem["platform"], problem["error_code"]) == ("tiktok", "not_logged_in")
    assert problem["remark"].startswith("No account is signed in to the app.")


@scenario
def a_list_of_accounts_that_cannot_be_read_does_not_hold_the_phone_up(rig, serial):
    rig.on(serial, lambda _server: [setattr(a, "handle", "магазин") for a in rig.app(serial, "tiktok").accounts])
    result = rig.post(serial, {}, username="somebody.else")
    assert (result.outcome.error_code, rig.posts(serial)) == ("wrong_account", [])


# -- sounds and products ----------------------------------------------------------------------------


@in_each_language
def a_sound_is_added_with_its_volumes(rig, serial, _n):
    post = _one(rig, serial, {"add_sound": 1, "origin_sound_volume": 10, "add_sound_volume": 90})
    assert (post["sound"], post["original_volume"], post["sound_volume"]) == ("Sunny Day", 10, 90)


@in_each_language
def a_sound_is_searched_for_and_added(rig, serial, _n):
    post = _one(rig, serial, {"add_sound": "custom", "custom_sound_keyword": "night"})
    assert (post["sound"], post["original_volume"], post["sound_volume"]) == ("Night Drive", 50, 50)


@in_each_language
def a_sound_is_used_by_its_name(rig, serial, _n):
    post = _one(rig, serial, {"post_way": "useSound", "sound_name": "rain", "add_sound_volume": 0})
    assert (post["sound"], post["sound_volume"], post["media_sha256"]) == ("Rainy Window", 0, [DIGEST])


@in_each_language
def a_sound_is_used_by_its_link(rig, serial, _n):
    link = "https://www.tiktok.com/music/x-7301000000000000003"
    assert _one(rig, serial, {"post_way": "useSound", "sound_name": link})["sound"] == "Night Drive"


@scenario.each("always", "late")
def a_sound_that_the_app_adds_by_itself_is_taken_off(rig, serial, when):
    _set(rig, serial, auto_sound=when)
    assert _one(rig, serial, {"add_sound": 0})["sound"] == ""


@scenario
def the_apps_own_sound_stays_by_default(rig, serial):
    _set(rig, serial, auto_sound="always")
    assert _one(rig, serial, {})["sound"] == "a trending tune"


@scenario.each("custom", "useSound")
def a_sound_that_is_not_found_is_said_so(rig, serial, way):
    asked = {"add_sound": "custom", "custom_sound_keyword": "zzz"}
    if way == "useSound":
        asked = {"post_way": "useSound", "sound_name": "zzz"}
    result = rig.post(serial, asked)
    assert (result.outcome.error_code, rig.posts(serial)) == ("step_unavailable", [])
    assert "'zzz'" in str(result.outcome.remark)


@in_each_language
def the_first_product_is_linked(rig, serial, _n):
    assert _one(rig, serial, {"add_product_link": 1})["product_link"] == "Red Mug"


@scenario
def an_account_without_products_is_said_so(rig, serial):
    _set(rig, serial, has_shop=False)
    result = rig.post(serial, {"add_product_link": 1})
    assert (result.outcome.error_code, rig.posts(serial)) == ("step_unavailable", [])
    assert "no products" in str(result.outcome.remark)


@scenario.each("add_sound", "add_product_link")
def what_instagram_does_not_have_is_refused_before_anything_is_brought_onto_the_phone(rig, serial, key):
    result = rig.post(serial, {"platform": "instagram", key: 1})
    assert (result.outcome.error_code, result.steps.names) == ("step_unavailable", ["check the media"])
    assert "Instagram" in str(result.outcome.remark)


# -- dry runs ---------------------------------------------------------------------------------------


@scenario.each(
    {},
    {"platform": "instagram"},
    {"platform": "instagram", "placement": "story"},
    {"add_sound": 1, "add_product_link": 1},
)
def a_dry_run_goes_to_the_last_page_and_publishes_nothing(rig, serial, config):
    result = rig.post(serial, {**config, "dry_run": True})
    assert (result.outcome.ok, result.outcome.publish_state.value) == (True, "dry_run"), result.outcome
    assert rig.posts(serial) == []
    follow_up = {"platform": config.get("platform", "tiktok"), "captions": "after the dry run"}
    assert _one(rig, serial, follow_up)["caption"] == "after the dry run"


test_scenario = scenario.test()
test_in_virtual_time = scenario.virtual_test()
