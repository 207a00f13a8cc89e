"""What a simulated phone must get right, without the wire."""

from __future__ import annotations

import itertools
import json

import pytest

from fleetlane.simulator.link.ui_server import UiServer
from support.rig import VIDEO
from support.virtual_phone import INSTAGRAM, SHARE, TIKTOK, Handset


@pytest.fixture
def handset():
    return Handset()


def test_a_file_that_was_not_scanned_is_in_no_gallery(handset):
    handset.phone.files.write("/sdcard/Movies/a.mp4", VIDEO.read_bytes(), 0o644, 1)
    query = "content query --uri content://media/external/video/media --projection _id:_data:duration"
    assert handset.sh(query).stdout == b"No result found.\n"
    scanned = handset.sh("content call --uri content://media --method scan_file --arg /sdcard/Movies/a.mp4")
    assert b"content://media/external/video/media/1001" in scanned.stdout
    row = handset.sh(query).stdout.decode()
    assert "_data=/storage/emulated/0/Movies/a.mp4" in row
    assert "duration=6000" in row


def test_a_removed_file_leaves_the_gallery_when_it_is_scanned_again(handset):
    handset.share_video()
    handset.sh("rm -f /sdcard/Movies/a.mp4")
    answer = handset.sh("content call --uri content://media --method scan_file --arg /sdcard/Movies/a.mp4")
    assert b"STREAM=null" in answer.stdout
    assert handset.phone.media.newest_first() == []


@pytest.mark.parametrize(
    ("android", "by_call", "by_broadcast"), [(9, 0, 1), (10, 0, 1), (11, 1, 1), (13, 1, 1), (16, 1, 1)]
)
def test_every_android_indexes_by_broadcast_and_new_ones_by_call_too(android, by_call, by_broadcast):
    for command, indexed in (
        ("content call --uri content://media --method scan_file --arg /sdcard/a.mp4", by_call),
        ("am broadcast -a android.intent.action.MEDIA_SCANNER_SCAN_FILE -d file:///sdcard/a.mp4", by_broadcast),
    ):
        handset = Handset(android=android)
        handset.phone.files.write("/sdcard/a.mp4", VIDEO.read_bytes(), 0o644, 1)
        handset.sh(command)
        assert len(handset.phone.media.newest_first()) == indexed


def test_the_query_traps_of_content_are_there(handset):
    base = "content query --uri content://media/external/video/media"
    handset.share_video()
    assert b"Invalid column _id,_data" in handset.sh(f"{base} --projection _id,_data").stderr
    assert b"Unsupported argument: --limit" in handset.sh(f"{base} --limit 1").output


def test_a_share_without_a_grant_or_a_permission_is_refused(handset):
    assert b"SecurityException" in handset.share_video(options="").stdout
    assert not handset.app.running
    handset.sh(
        f"pm grant {TIKTOK} android.permission.READ_MEDIA_VIDEO; pm grant {TIKTOK} android.permission.READ_MEDIA_IMAGES"
    )
    assert handset.share_video(options="").exit_code == 0
    assert handset.app.running


def test_a_share_of_an_unknown_uri_is_refused(handset):
    answer = handset.sh(
        "am start -a android.intent.action.SEND -t video/mp4 --eu android.intent.extra.STREAM "
        f"content://media/external/video/media/9 --grant-read-uri-permission -n {SHARE}"
    )
    assert answer.exit_code != 0


@pytest.mark.parametrize(
    "line",
    [
        "nonsense --now", "am dance", "content update",
        "id -u", "md5sum /a /b", "ps -ef", "pidof", "reboot bootloader",
        "dumpsys meminfo", "dumpsys window tokens", "input tap 1", "input tap a b", "input swipe 1 1 1 1 9 9",
        "uiautomator dump --compressed", "uiautomator events", "monkey -p com.zhiliaoapp.musically 500",
        f"am start -n {SHARE}",
        "am force-stop", "pm list packages -f", "pm install --abi x /sdcard/a", "cmd wifi status", "pm package list",
        "content call --uri content://media --method scan_file",
        "content query --uri content://media/external/video/media --where 'date_added>yesterday'",
        "content query --uri content://media/external/video/media --sort 'date_added RANDOM'",
        "am start -a android.intent.action.VIEW -d https://www.tiktok.com/x?a=1&b=2 -p com.zhiliaoapp.musically",
    ],
)  # fmt: skip
def test_what_is_not_simulated_fails_loudly(handset, line):
    handset.phone.files.write("/sdcard/a.mp4", b"x", 0o644, 1)
    result = handset.sh(line)
    assert result.exit_code != 0
    assert result.output
    assert handset.complaints


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("rm -f /sdcard/DCIM", "rm: /sdcard/DCIM: is a directory"),
        ("mkdir /sdcard/DCIM", "mkdir: '/sdcard/DCIM': File exists"),
        ("mkdir /sdcard/a/b", "mkdir: '/sdcard/a/b': No such file or directory"),
        ("touch /sdcard/a/b", "touch: '/sdcard/a/b': No such file or directory"),
        ("cat /sdcard/DCIM", "cat: /sdcard/DCIM: Is a directory"),
        ("df -k /nowhere", "df: /nowhere: No such file or directory"),
        ("pm clear com.example", "Failed"),
        ("pm revoke com.example android.permission.CAMERA", "Unknown package: com.example"),
        ("pm install /sdcard/a.apk", "INSTALL_PARSE_FAILED_NOT_APK"),
    ],
)
def test_a_command_complains_as_on_a_phone(handset, line, answer):
    handset.phone.files.write("/sdcard/a.apk", b"no apk", 0o644, 1)
    result = handset.sh(line)
    assert answer in result.output.decode()
    assert result.exit_code != 0


def test_a_short_swipe_at_one_point_is_a_tap_and_a_long_one_a_press():
    handset = Handset(INSTAGRAM, accounts=("one", "two"))
    handset.allow_all()
    handset.phone.start_app(INSTAGRAM)
    handset.wait(2)
    left, top, _, _ = handset.node("profile_tab").bounds
    handset.sh(f"input swipe {left + 5} {top + 5} {left + 5} {top + 5} 800")
    handset.wait(2)
    assert handset.app.screen == "account_sheet"
    handset.phone.press("back")
    handset.sh(f"input swipe {left + 5} {top + 5} {left + 5} {top + 5}")
    handset.wait(2)
    assert handset.app.screen == "own_profile"


def test_a_cleared_app_has_forgotten_its_account(handset):
    handset.allow_all()
    assert handset.sh(f"pm clear {TIKTOK}").stdout == b"Success\n"
    handset.phone.start_app(TIKTOK)
    handset.wait(2)
    assert handset.app.screen == "logged_out"
    assert not handset.phone.permissions.is_granted(TIKTOK, "media")


def test_a_revoked_permission_ends_the_app(handset):
    handset.allow_all()
    handset.phone.start_app(TIKTOK)
    assert handset.sh(f"pm revoke {TIKTOK} android.permission.CAMERA").exit_code == 0
    assert not handset.app.running


def test_the_media_store_is_asked_by_time_id_and_kind():
    handset = Handset(clock_ahead_s=3600.0)
    handset.media("a.mp4", "b.jpg", "c.mp4")
    now = int(handset.sh("date +%s").stdout)
    assert now == int(handset.clock.wall_s()) + 3600
    assert b" UTC " in handset.sh("date").stdout
    rows = {row.display_name: row for row in handset.phone.media.newest_first()}
    assert len({row.date_added_s for row in rows.values()}) == 3

    def names(table: str, where: str = "") -> list[str]:
        line = f"content query --uri content://media/external/{table} --projection _display_name"
        output = handset.sh(f"{line} --where '{where}'" if where else line).stdout.decode()
        return [row.partition("_display_name=")[2] for row in output.splitlines() if row.startswith("Row:")]

    since = f"date_added>={rows['b.jpg'].date_added_s}"
    assert names("file", since) == ["c.mp4", "b.jpg"]
    assert names("video/media", since) == ["c.mp4"]
    assert names("images/media", since) == ["b.jpg"]
    assert names("file", f"{since} AND _id={rows['b.jpg'].id}") == ["b.jpg"]
    assert names(f"video/media/{rows['a.mp4'].id}") == ["a.mp4"]
    assert names("file", f"date_added<{rows['b.jpg'].date_added_s} AND mime_type!=5") == ["a.mp4"]
    assert names("file", "duration>0") == ["c.mp4", "a.mp4"]


def test_what_was_added_in_one_second_has_no_promised_order(handset):
    for name in ("a.mp4", "b.mp4"):
        handset.phone.files.write(f"/sdcard/{name}", VIDEO.read_bytes(), 0o644, 1)
        handset.phone.media.scan_file(f"/sdcard/{name}", 5)
    assert [row.display_name for row in handset.phone.media.newest_first()] == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("danceNow", []),
        ("drag", [1, 1, 2, 2, 5]),
        ("freezeRotation", [True]),
        ("getLastToast", []),
        ("dumpWindowHierarchy", [True, 50]),
        ("dumpWindowHierarchy", [False, 3]),
        ("click", ["here"]),
        ("setOrientation", ["sideways"]),
        ("exist", [{"mask": 0, "wobbly": True}]),
        ("exist", [{"mask": 0, "childOrSibling": ["child"]}]),
    ],
)
def test_an_rpc_call_that_is_not_simulated_fails_loudly(handset, method, params):
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    status, body = UiServer(handset.phone).handle("POST", "/jsonrpc/0", json.dumps(call).encode())
    assert status == 200
    assert "error" in json.loads(body)
    assert method in handset.complaints[-1]


def test_a_text_set_from_outside_raises_no_keyboard():
    handset = on_the_post_page()
    call = {"id": 1, "method": "setText", "params": [{"mask": 0, "className": "android.widget.EditText"}, "hello"]}
    UiServer(handset.phone).handle("POST", "/jsonrpc/0", json.dumps(call).encode())
    assert handset.app.fields["caption"] == "hello"
    assert not handset.phone.keyboard_visible


def test_the_exit_marker_of_a_list_of_commands_is_that_of_the_last(handset):
    assert handset.sh("false; echo X4EXIT:$?").stdout == b"X4EXIT:1\n"
    assert handset.sh("false && echo no || echo yes; echo X4EXIT:$?").stdout == b"yes\nX4EXIT:0\n"


def test_a_tap_while_the_screen_moves_or_in_its_first_moments_is_dropped(handset):
    handset.phone.permissions.granted[TIKTOK] = set(handset.phone.permissions.names("media"))
    handset.share_video()
    handset.wait(1.2)
    assert handset.app.screen == "editor_loading"
    handset.wait(0.85)
    assert handset.app.screen == "editor"
    handset.tap("editor_next")  # still in its first moments
    handset.wait(1.0)
    assert handset.app.screen == "editor"
    handset.tap("editor_next")
    handset.wait(0.35)
    assert handset.app.screen == "post"
    assert handset.node("post").bounds[0] > 700  # it slides in from the right
    handset.wait(1.0)
    assert handset.node("post").bounds[0] < 600


def on_the_post_page(**facts):
    handset = Handset(**facts)
    handset.phone.permissions.granted[TIKTOK] = set(handset.phone.permissions.names("media"))
    handset.share_video()
    handset.wait(2.5)
    handset.tap("editor_next")
    handset.wait(1.0)
    return handset


def test_post_moves_to_the_top_while_the_keyboard_is_up_and_a_tap_on_the_keyboard_types():
    handset = on_the_post_page()
    before = handset.node("post").bounds
    handset.tap("caption")
    roles = {n.role for root in handset.phone.windows() for n in root.walk()}
    assert "post" not in roles
    assert handset.node("post_top").bounds[1] < 400
    handset.phone.tap((before[0] + before[2]) // 2, (before[1] + before[3]) // 2)  # where Post was is now a key
    assert handset.app.fields["caption"] == "g"
    assert handset.ledger.entries == []


def test_an_open_hashtag_raises_suggestions_that_replace_it():
    handset = on_the_post_page()
    handset.tap("caption")
    handset.phone.foreground.type_text("look #fy")
    assert handset.app._suggestions() == ["#fy", "#fys", "#fyviral"]
    handset.phone.foreground.type_text(" ")
    assert handset.app._suggestions() == []


def test_the_sixth_hashtag_loses_its_sign():
    handset = on_the_post_page()
    handset.tap("caption")
    handset.phone.foreground.type_text("#a #b #c #d #e #f")
    assert handset.app.fields["caption"] == "#a #b #c #d #e f"


def test_only_what_was_posted_is_in_the_ledger_when_its_upload_is_done():
    handset = on_the_post_page()
    handset.tap("caption")
    handset.phone.foreground.type_text("hello 看")
    handset.phone.press("back")
    handset.tap("post")
    handset.wait(1.0)
    assert handset.ledger.entries == []
    handset.wait(1.5)
    [entry] = handset.ledger.entries
    assert (entry["caption"], entry["account"], entry["kind"]) == ("hello 看", "lane01", "video")


def test_a_killed_app_loses_its_upload():
    handset = on_the_post_page()
    handset.tap("post")
    handset.wait(1.0)
    handset.sh(f"am force-stop {TIKTOK}")
    handset.wait(10)
    assert handset.ledger.entries == []


def test_a_new_post_shows_on_the_profile_only_after_a_while():
    handset = on_the_post_page()
    handset.tap("post")
    handset.wait(2.1)
    handset.tap("profile")
    handset.wait(0.31)
    assert len(handset.app.account.shown) == 3
    handset.wait(1.0)
    handset.phone.swipe((500, 800), (500, 1900))
    assert len(handset.app.account.shown) == 4


def test_permission_dialogs_come_once_and_remember_the_answer(handset):
    asked = itertools.count()
    handset.phone.permissions.ask(handset.app, "camera", lambda _ok: next(asked))
    assert handset.phone.system.screen == "perm_camera"
    handset.phone.tap(540, 1550)  # deny
    assert next(asked) == 1
    handset.phone.permissions.ask(handset.app, "camera", lambda _ok: next(asked))
    assert handset.phone.system.screen == ""


def test_a_locked_screen_swallows_taps_and_opens_by_a_swipe(handset):
    handset.phone.press("sleep")
    handset.phone.press("wakeup")
    handset.phone.start_app(TIKTOK)
    handset.wait(2)
    handset.phone.tap(500, 500)
    assert "keyguard" in handset.phone.focused_activity
    handset.phone.swipe((500, 2000), (500, 600))
    assert TIKTOK in handset.phone.focused_activity


def test_equal_files_share_their_content():
    one, other = Handset(), Handset()
    for handset in (one, other):
        handset.phone.files.write("/sdcard/a.mp4", VIDEO.read_bytes(), 0o644, 1)
    assert one.phone.files.get("/sdcard/a.mp4").blob is other.phone.files.get("/sdcard/a.mp4").blob


def test_a_full_storage_takes_nothing_more():
    handset = Handset(storage_bytes=1000)
    with pytest.raises(OSError, match="No space left"):
        handset.phone.files.write("/sdcard/a.mp4", VIDEO.read_bytes(), 0o644, 1)


def test_the_key_for_recents_shows_what_runs_and_a_tap_goes_back_to_it():
    handset = Handset()
    handset.phone.press("recent")
    assert "TikTok" not in handset.texts()
    handset.phone.press("home")
    handset.phone.start_app(TIKTOK)
    handset.phone.press("recent")
    assert handset.phone.foreground is handset.phone.launcher
    handset.go("TikTok")
    assert handset.phone.foreground is handset.app
    handset.phone.press("home")
    assert handset.phone.launcher.stack == ["launcher"]
