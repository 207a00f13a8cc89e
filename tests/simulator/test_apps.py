"""What the models of TikTok and Instagram let a finger do, in virtual time."""

from __future__ import annotations

from hashlib import sha256

import pytest

from support.rig import VIDEO
from support.virtual_phone import INSTAGRAM, SHARE, TIKTOK, Handset


def digest(name: str) -> str:
    return sha256(VIDEO.read_bytes() if name.endswith(".mp4") else name.encode()).hexdigest()


def started(package=TIKTOK, **facts):
    handset = Handset(package, **facts)
    handset.allow_all()
    handset.phone.start_app(package)
    handset.wait(2)
    return handset


def in_editor(**facts):
    """TikTok's editor with a video, by its own gallery."""
    handset = started(**facts)
    handset.media("a.mp4")
    handset.go("create", "upload_hot_area", "cell", "preview_next")
    assert handset.app.screen == "editor"
    return handset


def post(handset) -> dict:
    handset.go("editor_next", "post")
    handset.wait(5)
    [entry] = handset.ledger.entries
    return entry


# -- TikTok ------------------------------------------------------------------------------------------


def test_a_second_tap_where_next_was_publishes():
    handset = in_editor()
    left, top, right, bottom = handset.node("editor_next_box").bounds
    for _ in range(2):
        handset.phone.tap((left + right) // 2, (top + bottom) // 2)
        handset.wait(1.0)
    handset.wait(5)
    assert len(handset.ledger.entries) == 1


def test_several_photos_are_published_in_the_order_of_the_ticks():
    handset = started()
    handset.media("a.jpg", "b.jpg", "c.jpg")
    handset.go("create", "upload_hot_area", "Photos", "Select multiple")
    cells = handset.nodes("tick")
    assert len(cells) == 3
    for cell in (cells[1], cells[0], cells[2]):  # the newest comes first: c, b, a
        handset.tap_on(cell)
    assert [n.text for n in handset.nodes("tick")] == ["2", "1", "3"]
    handset.go("Next (3)")
    assert "a trending tune" in handset.texts()
    handset.go("editor_next", "title_field")
    handset.type("A title")
    handset.phone.press("back")
    handset.go("post")
    handset.wait(5)
    [entry] = handset.ledger.entries
    assert entry["media_sha256"] == [digest("b.jpg"), digest("c.jpg"), digest("a.jpg")]
    assert (entry["kind"], entry["title"], entry["placement"]) == ("images", "A title", "post")


def test_a_recommended_sound_loads_and_goes_out_with_its_volumes():
    handset = in_editor()
    handset.go("Add sound")
    handset.tap_on(handset._find(lambda n: n.text == "Night Drive", "the sound"))
    handset.go("Volume")
    bar = handset.node("original_volume_bar").bounds
    handset.phone.tap(bar[0], bar[1] + 5)
    left, top, right, _ = handset.node("sound_volume_bar").bounds
    handset.phone.swipe((right - 5, top + 5), (left + (right - left) // 4, top + 5))
    handset.wait(1)
    assert handset.node("original_volume_value").text == "0"
    handset.go("volume_done", "sounds_done")
    assert "Night Drive" in handset.texts()
    entry = post(handset)
    assert (entry["sound"], entry["original_volume"], entry["sound_volume"]) == ("Night Drive", 0, 25)


def test_a_chosen_sound_is_there_only_after_a_while():
    handset = in_editor()
    handset.go("Add sound")
    left, top, right, bottom = handset._find(lambda n: n.role == "sound_row", "a sound").bounds
    handset.phone.tap((left + right) // 2, (top + bottom) // 2)
    assert "Loading..." in handset.texts()
    assert handset.app.session["sound"] == ""
    handset.wait(1)
    assert "Loading..." not in handset.texts()
    assert handset.app.session["sound"]


def test_a_sound_is_searched_for_and_the_cross_removes_it():
    handset = in_editor()
    handset.go("Add sound", "sound_search_icon", "sound_search_field")
    handset.type("sunny SIDE")
    handset.phone.press("enter")
    handset.wait(1)
    assert [n.text for n in handset.nodes("sound_name")][-1:] == ["Sunny Side Up"]
    handset.go("Sunny Side Up", "sounds_done")
    assert handset.app.session["sound"] == "Sunny Side Up"
    handset.go("close_sound")
    assert "Add sound" in handset.texts()
    assert post(handset)["sound"] == ""


def test_the_late_trending_sound_comes_after_the_editor():
    handset = started()
    handset.app.data["auto_sound"] = "late"
    handset.media("a.mp4")
    handset.go("create", "upload_hot_area", "cell")
    handset.tap("preview_next")
    handset.wait(1.3)
    assert handset.app.screen == "editor"
    assert "Add sound" in handset.texts()
    handset.wait(1.0)
    assert "a trending tune" in handset.texts()


def view(handset, url, package=TIKTOK):
    answer = handset.sh(f"am start -a android.intent.action.VIEW -d '{url}' -p {package}")
    handset.wait(2)
    return answer


@pytest.mark.parametrize("running", [True, False])
def test_a_sounds_link_opens_its_page_and_the_post_carries_the_sound(running):
    handset = started() if running else Handset()
    handset.allow_all()
    view(handset, "https://www.tiktok.com/music/Morning-Coffee-7301000000000000002?lang=en")
    assert handset.app.screen == "sound_page"
    assert {"Morning Coffee", "The Cups", "Use sound"} <= set(handset.texts())
    handset.media("a.mp4")
    handset.go("use_sound")
    assert handset.app.screen == "camera"
    assert "Morning Coffee" in handset.texts()
    handset.go("upload_hot_area", "cell", "preview_next")
    assert post(handset)["sound"] == "Morning Coffee"


def test_an_unknown_link_opens_home_and_a_foreign_one_is_refused():
    handset = Handset()
    view(handset, "https://www.tiktok.com/@somebody")
    assert handset.app.screen == "home_feed"
    refused = view(handset, "https://example.com/music/x-1")
    assert refused.exit_code == 0  # as `am` ends
    assert b"unable to resolve" in refused.stderr
    assert handset.sh("am start -a android.intent.action.VIEW -d https://www.tiktok.com/x").exit_code == 126
    assert handset.complaints


def test_a_sound_is_found_by_the_search_page():
    handset = started()
    handset.go("search_icon", "search_field")
    handset.type("rainy")
    handset.go("search_button", "Sounds", "Rainy Window")
    assert handset.app.screen == "sound_page"


def test_the_story_button_of_a_sound_page_makes_a_story():
    handset = started()
    handset.media("a.mp4")
    view(handset, "https://www.tiktok.com/music/Sunny-Day-7301000000000000001")
    handset.go("sound_to_story", "upload_hot_area", "cell", "preview_next")
    assert post(handset)["placement"] == "story"


def test_a_product_is_added_under_a_name():
    handset = in_editor()
    handset.go("editor_next", "Add link", "Product", "product_search_field")
    handset.type("bag")
    handset.phone.press("enter")
    handset.wait(1)
    handset.go("product_add")
    assert handset.app.fields["product_name"] == "Canvas Bag"
    handset.go("product_confirm")
    assert handset.app.screen == "post"
    assert "Canvas Bag" in handset.texts()
    handset.go("post")
    handset.wait(5)
    assert handset.ledger.entries[0]["product_link"] == "Canvas Bag"


def test_drafts_and_pinned_posts_come_before_the_newest_in_the_grid():
    handset = started()
    handset.app.data["drafts"] = 2
    handset.app.account.posts[0].pinned = True
    handset.go("profile")
    cells = handset.nodes("cover")
    labels = [[child.text for child in cell.children if child.text] for cell in cells]
    assert labels[0] == ["Drafts: 2"]
    assert labels[1][-1] == "Pinned"
    handset.tap_on(cells[1])
    assert handset.app.account.posts[0].caption in handset.texts()


def test_accounts_are_switched_under_the_name_or_in_the_settings():
    handset = started(accounts=("one", "two"))
    handset.go("profile", "profile_name", "two")
    assert "@two" in handset.texts()
    handset.app.data["switch_by"] = "settings"
    handset.go("profile_name")
    assert handset.app.screen == "own_profile"
    handset.go("Profile menu", "Settings and privacy")
    assert "Switch account" not in handset.texts()
    handset.phone.swipe((500, 1900), (500, 600))
    handset.wait(1)
    handset.go("Switch account", "one")
    assert "@one" in handset.texts()


def test_an_upload_goes_on_while_something_else_is_shared():
    handset = in_editor()
    handset.go("editor_next")
    handset.tap("post")
    handset.wait(0.5)
    assert handset.share_video().exit_code == 0
    handset.wait(5)
    assert len(handset.ledger.entries) == 1
    assert handset.app.upload is None


# -- Instagram ---------------------------------------------------------------------------------------


def instagram(**facts):
    return started(INSTAGRAM, **facts)


def carousel(*order: int):
    handset = instagram()
    handset.media("a.jpg", "b.jpg", "c.jpg")
    handset.go("profile_tab", "Create New", "Create new post", "multi_select_slide_button_alt")
    for index in (0, *order):  # the newest is ticked already: the first tap unticks it
        handset.tap_on(handset.nodes("gallery_grid_item_thumbnail")[index])
    handset.go("next_button_textview", "media_thumbnail_tray_button", "caption_input_text_view")
    handset.type("hello")
    handset.go("OK")
    return handset


def test_a_carousel_is_published_in_the_order_of_the_ticks():
    handset = carousel(1, 0, 2)
    handset.go("share_footer_button")
    handset.wait(5)
    [entry] = handset.ledger.entries
    assert entry["media_sha256"] == [digest("b.jpg"), digest("c.jpg"), digest("a.jpg")]
    assert (entry["placement"], entry["caption"], entry["kind"]) == ("post", "hello", "images")


def reel(handset, *more: str):
    handset.app.data["first_reel"] = False
    handset.media("a.mp4")
    handset.go(
        "profile_tab", "Create New", "Create new reel", "gallery_grid_item_thumbnail", "clips_right_action_button"
    )
    handset.go(*more)


def test_a_video_of_the_post_gallery_becomes_a_reel():
    handset = instagram()
    handset.app.data["first_reel"] = False
    handset.media("a.mp4")
    handset.go("profile_tab", "Create New", "Create new post", "next_button_textview", "clips_right_action_button")
    handset.go("share_button")
    handset.wait(5)
    assert handset.ledger.entries[0]["placement"] == "reel"


def test_the_caption_may_hide_once_it_is_written():
    handset = instagram()
    handset.app.data["hides_caption"] = True
    reel(handset, "caption_input_text_view")
    handset.type("hello")
    assert "hello" in handset.texts()
    handset.go("OK")
    assert "hello" not in handset.texts()
    handset.go("share_button")
    handset.wait(5)
    assert handset.ledger.entries[0]["caption"] == "hello"


@pytest.mark.parametrize(
    ("sheet", "button"),
    [
        ("first_reel", "clips_nux_sheet_share_button"),
        ("original_audio", "clips_original_audio_nux_sheet_turn_off_and_share_button"),
        ("limited_reach", "igds_alert_dialog_primary_button"),
        ("threads", "bb_secondary_action"),
    ],
)
def test_a_sheet_after_share_asks_once_and_then_it_goes_on(sheet, button):
    handset = instagram()
    handset.app.data["share_sheet"] = sheet
    reel(handset, "share_button")
    handset.wait(5)
    assert handset.ledger.entries == []
    handset.go(button)
    handset.wait(5)
    assert len(handset.ledger.entries) == 1


def test_a_failed_upload_stays_on_the_feed_until_it_is_discarded():
    handset = instagram()
    handset.app.faults.upload = "fail"
    reel(handset, "share_button")
    handset.wait(30)
    assert "Video can't be posted" in handset.texts()
    handset.go("row_pending_media_discard_button")
    assert "Video can't be posted" not in handset.texts()
    assert handset.ledger.entries == []


def test_a_story_is_shown_by_the_ring_only():
    handset = instagram()
    handset.media("a.mp4")
    handset.go("profile_tab", "Create New", "Create new story")
    assert "0:06" in handset.texts()
    handset.go("gallery_grid_item_thumbnail")
    handset.tap("your_story_share_shortcut_button")
    handset.wait(0.5)
    assert "Uploading…" in handset.texts()
    roles = {n.role for root in handset.phone.windows() for n in root.walk()}
    assert not roles & {"seen_state", "row_pending_container"}
    handset.wait(5)
    assert handset.node("seen_state")
    handset.go("outer_container")
    assert handset.app.screen == "story_viewer"
    assert handset.ledger.entries[0]["placement"] == "story"
    handset.go("close", "profile_tab")
    assert handset.node("seen_state")


def test_a_long_press_on_the_profile_tab_switches_and_lands_on_the_feed():
    handset = instagram(accounts=("one", "two"))
    handset.app.data["account_news"] = True
    handset.tap_on(handset.node("profile_tab"), long=True)
    handset.go("two,  New notifications")
    assert handset.app.screen == "home_feed"
    handset.go("profile_tab")
    assert "two" in handset.texts()


def test_a_share_to_instagram_becomes_a_reel():
    handset = instagram()
    handset.phone.files.write("/sdcard/a.mp4", VIDEO.read_bytes(), 0o644, 1)
    row = handset.phone.media.scan_file("/sdcard/a.mp4", 5)
    component = SHARE.replace(SHARE, f"{INSTAGRAM}/com.instagram.share.handleractivity.ShareHandlerActivity")
    handset.sh(
        "am start -a android.intent.action.SEND -t video/mp4 --eu android.intent.extra.STREAM "
        f"{row.uri} --grant-read-uri-permission -n {component}"
    )
    handset.wait(2)
    assert handset.app.screen == "reel_editor"
