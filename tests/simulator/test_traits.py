"""Traits: read strictly, drawn repeatably, documented; and each of them seen on a phone, by what it answers."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from PIL import Image

from fleetlane.core.errors import PackError
from fleetlane.core.screens.screen import parse_tree
from fleetlane.simulator.android.files import Blob, File
from fleetlane.simulator.faults import Fault, parse_faults
from fleetlane.simulator.fleets.fleet_settings import FleetSettings, load_plans
from fleetlane.simulator.likeness.reader import BUILTIN, FOLDER, likeness, set_by_words
from fleetlane.simulator.likeness.spans import Draws, read_span
from fleetlane.simulator.likeness.traits import ABOUT, IDEAL, NAMES, Traits
from fleetlane.simulator.link.sync import SyncService
from fleetlane.simulator.link.ui_server import UiServer
from fleetlane.simulator.screens.tree_writer import dotted
from fleetlane.simulator.virtual.fleet import VirtualFleet
from support.virtual import like
from support.virtual_phone import INSTAGRAM, MODELS, SHARE, TIKTOK, Handset

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "simulated-phones.md"
REAL = likeness("real")


def phone(package=TIKTOK, base="ideal", *, facts=None, **traits) -> Handset:
    handset = Handset(package, traits=like(base, **traits), **(facts or {}))
    handset.allow_all()
    return handset


def rpc(handset, method, *params):
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    return json.loads(UiServer(handset.phone).handle("POST", "/jsonrpc/0", json.dumps(call).encode())[1])


def opened(**traits) -> Handset:
    """Return a phone whose TikTok shows its last page, and has the cursor in the caption."""
    handset = phone(**traits)
    handset.share_video()
    handset.wait(30)
    handset.tap("editor_next")
    handset.wait(2)
    handset.tap("caption")
    return handset


# -- reading and drawing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("dump_s", "NAME=VALUE"),
        ("dumps=1", "unknown key 'dumps'; known: automation_lives_s"),
        ("dump_s=[2, 1]", "they grow"),
        ("dump_s=fast", "is a number of seconds"),
        ("dump_s={0.5: 1, 2: 3}", "shares from 0 to 1"),
        ("pin=1", "is true or false; not 1"),
        ("gallery_order=size", "is one of added, modified, taken"),
        ("dump_fails=2", "is a share"),
        ("other_user=-1", "is a number from 0 on"),
        ("dump_s=[", "not YAML"),
    ],
)
def test_a_wrong_trait_is_refused_with_what_is_known(word, says):
    with pytest.raises(PackError, match=re.escape(says)):
        set_by_words(IDEAL, [word])


def test_a_file_is_a_likeness_and_begins_with_a_known_one(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("like: real\ntraits: {other_user: 0, dump_s: [1, 2]}\n")
    mine = likeness(str(path))
    assert (mine.other_user, mine.physical_keys, mine.dump_s) == (0, False, read_span([1, 2]))
    for text, says in (("like: unreal", "no 'unreal'"), ("trait: {}", "unknown key"), ("traits: [1]", "a mapping")):
        path.write_text(text)
        with pytest.raises(PackError, match=says):
            likeness(str(path))
    with pytest.raises(PackError, match=r"known: ideal, real, slow"):
        likeness("nothing")


def test_the_default_is_ideal_and_slow_is_real_but_for_its_trees():
    assert FleetSettings(models=MODELS).traits == IDEAL == likeness("ideal")
    assert {name for name in NAMES if getattr(REAL, name) != getattr(likeness("slow"), name)} == {"dump_s"}


def test_quantiles_are_met_by_what_is_drawn():
    draws = Draws("1/1")
    seconds = sorted(draws.seconds("upload", REAL.upload_s) for _ in range(4000))
    for share, wanted in ((0.25, 8.8), (0.5, 21.9), (0.75, 40.6), (0.9, 81.7), (0.95, 105)):
        assert seconds[int(share * len(seconds))] == pytest.approx(wanted, rel=0.12)
    assert 150 < seconds[-1] <= 224


def test_what_is_drawn_repeats_by_seed_and_does_not_mix():
    first, again, other = Draws("7/1"), Draws("7/1"), Draws("8/1")
    first.seconds("dump", REAL.dump_s)  # what is drawn beside it changes nothing
    draws = [[draw.seconds("grid", REAL.grid_s) for _ in range(5)] for draw in (first, again, other)]
    assert draws[0] == draws[1] != draws[2]


def test_the_settings_of_single_phones_have_traits(tmp_path):
    path = tmp_path / "fleet.yaml"
    path.write_text("- {phone: 2, like: real, traits: {pin: true}}\n")
    [plan] = load_plans(path, MODELS)
    assert (plan.like, plan.traits) == (REAL, {"pin": True})
    path.write_text("- {phone: 2, traits: {pins: true}}\n")
    with pytest.raises(PackError, match="unknown key 'pins'"):
        load_plans(path, MODELS)


def test_every_trait_can_be_a_fault():
    text = "\n".join(f"- {{do: trait, trait: {name}, value: {_some(name)}, when: {{after_s: 1}}}}" for name in NAMES)
    faults = parse_faults(text, "faults", MODELS)
    assert [fault.trait for fault in faults] == list(NAMES)
    with pytest.raises(PackError, match="belongs to `do: trait`"):
        parse_faults("- {do: crash, value: 1}", "faults", MODELS)
    with pytest.raises(PackError, match="is a share"):
        parse_faults("- {do: trait, trait: dump_fails, value: 3}", "faults", MODELS)


def _some(name):
    default = getattr(IDEAL, name)
    return "true" if isinstance(default, bool) else f"'{default}'" if isinstance(default, str) else "0.5"


# -- documents ------------------------------------------------------------------------------------------


def table() -> list[str]:
    """Return the lines of the table in docs/reference/simulated-phones.md, made from the traits and the likenesses."""
    lines = ["| trait | what it is | ideal | real | slow | evidence | assumed |", "|---|---|---|---|---|---|---|"]
    likes = [likeness(name) for name in BUILTIN]
    for name, said in ABOUT.items():
        values = " | ".join(_shown(name, traits) for traits in likes)
        lines.append(f"| `{name}` | {said.what} | {values} | {said.source or 'none'} | {said.assumed} |")
    return lines


def _shown(name: str, traits: Traits) -> str:
    value = getattr(traits, name)
    if not hasattr(value, "points"):
        return {True: "yes", False: "no", "": "–", "none": "–"}.get(value, f"{value}")
    points = value.points
    if len(points) > 2:
        return ", ".join(f"{share:.0%} {seconds:g}" for share, seconds in points)
    least, most = points[0][1], points[-1][1]
    return f"{most:g}" if least == most else f"{least:g} to {most:g}"


def test_the_table_in_the_documents_is_what_the_files_say():
    text = DOCS.read_text(encoding="utf-8")
    assert [line for line in table() if line not in text.splitlines()] == []


def test_each_value_in_a_file_has_its_evidence_beside_it():
    for name in BUILTIN:
        lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
        bare = [line for line in lines if re.match(r"  \w+:", line) and "#" not in line]
        assert bare == []


def test_what_is_apart_is_in_no_likeness():
    for traits in map(likeness, BUILTIN):
        assert (traits.pin, traits.before_first_unlock, traits.input_guard) == (False, False, "none")
        assert (bool(traits.automation_lives_s), traits.automation_taken) == (False, False)


# -- UI trees -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hi 😀!", "Hi ..!"),
        ("𝐁𝐨𝐥𝐝", "........"),
        ("𠮷野家", "..野家"),
        ("👨‍👩‍👧", "..\u200d..\u200d.."),
        ("a\x00\x07\x0b\x1f\x7f\x84\x85\x86\x9f", "a......\x85.."),
        ("tab\tline\n", "tab\tline\n"),
        ("\ufdcf\ufdd0\ufddf\ufde0\ufffe\uffff\ufffd", "\ufdcf..\ufde0..\ufffd"),
    ],
)
def test_what_the_jar_takes_for_no_xml_is_a_dot_each_unit(text, shown):
    assert dotted(text) == shown


def test_a_tree_has_dots_and_json_has_the_whole_text():
    handset = opened(dump_dots=True)
    handset.type("go 😀")
    field = {"mask": 0, "focused": True}
    assert 'text="go .."' in handset.phone.dump()
    assert rpc(handset, "getText", field)["result"] == "go 😀"
    assert rpc(handset, "objInfo", field)["result"]["text"] == "go 😀"


def test_a_tree_holds_bars_and_the_keyboard_with_what_it_suggests():
    handset = opened(dump_windows=True)
    nodes = parse_tree(handset.phone.dump(), handset.phone.size).nodes
    words = {(node.package, node.text or node.desc) for node in nodes}
    assert {("com.google.android.inputmethod.latin", word) for word in ("q", "Next", "Post")} <= words
    assert {"com.android.systemui"} <= {package for package, _ in words}
    [suggestion] = [node for node in nodes if node.text == "Post" and "inputmethod" in node.package]
    handset.phone.tap(*suggestion.bounds.center)
    assert handset.app.fields["caption"] == "Post "
    assert handset.ledger.entries == []


def test_windows_come_in_an_order_that_says_nothing_but_stays():
    orders = set()
    for seed in range(8):
        handset = opened(dump_windows=True, dump_hash_order=True, facts={"seed": str(seed)})
        first = handset.phone.dump()
        handset.phone.touch()
        assert handset.phone.dump() == first
        orders.add(tuple(re.findall(r'<node index="\d" text="" resource-id="([^"]*)"', first)[:1]))
    assert len(orders) > 1


def test_attributes_are_the_jars_and_bounds_are_clipped():
    handset = phone(dump_attributes=True)
    handset.share_video()
    handset.wait(30)
    handset.tap("editor_next")
    handset.wait(0.31)  # the page slides in from the right, beyond the edge
    tree = handset.phone.dump()
    rights = [int(right) for right in re.findall(r"\]\[(\d+),\d+\]\"", tree)]
    assert max(rights) == handset.phone.size[0]
    assert tree.count('display-id="0"') == tree.count("drawing-order=") == tree.count("<node ") == tree.count(" hint=")


def test_trees_fail_in_their_share_of_cases():
    handset = phone(dump_fails=0.33, dump_empty=0.1)
    answers = [rpc(handset, "dumpWindowHierarchy", False, 50) for _ in range(300)]
    failed = [answer for answer in answers if "error" in answer]
    assert 70 < len(failed) < 130
    assert "NullPointerException" in failed[0]["error"]["message"]
    assert 5 < sum('<hierarchy rotation="0" />' in answer.get("result", "") for answer in answers) < 50


# -- apps -------------------------------------------------------------------------------------------------


def test_a_cold_start_shows_a_picture_without_words_first():
    handset = phone(launch_s=[7, 15], splash=True)
    handset.phone.start_app(TIKTOK)
    handset.wait(6.9)
    assert handset.texts() == []
    assert "ImageView" in handset.phone.dump()
    handset.wait(8.2)
    assert handset.app.screen == "home_feed"


def test_an_editor_drops_taps_at_first():
    handset = phone(editor_dwell_s=4)
    handset.share_video()
    handset.wait(2.2)
    assert handset.app.screen == "editor"
    handset.wait(3)
    handset.tap("editor_next")
    handset.wait(1)
    assert handset.app.screen == "editor"
    handset.wait(1)
    handset.tap("editor_next")
    handset.wait(1)
    assert handset.app.screen == "post"


def test_an_upload_and_the_grid_take_what_is_drawn():
    handset = opened(upload_s=41, grid_s=50)
    handset.phone.press("back")
    handset.tap("post")
    handset.wait(40)
    assert handset.ledger.entries == []
    handset.wait(2)
    assert len(handset.ledger.entries) == 1
    handset.wait(45)
    handset.app.refresh_profile()
    assert len(handset.app.account.shown) == 3
    handset.wait(6)
    handset.app.refresh_profile()
    assert len(handset.app.account.shown) == 4


def test_instagram_loses_a_share_when_it_was_not_running():
    handset = phone(INSTAGRAM, loses_first_share=True)
    handset.media("a.mp4")
    [row] = handset.phone.media.newest_first()
    handset.phone.share(INSTAGRAM, [row])
    handset.wait(5)
    assert handset.app.screen == "home_feed"
    handset.phone.share(INSTAGRAM, [row])
    handset.wait(5)
    assert handset.app.screen != "home_feed"


@pytest.mark.parametrize(("answer", "said", "arrives"), [("front", "to the front", False), ("delivered", "top", True)])
def test_a_share_is_delivered_or_only_brings_the_app_to_the_front(answer, said, arrives):
    handset = phone(share_answer=answer)
    handset.phone.start_app(TIKTOK)
    handset.wait(5)
    result = handset.share_video()
    handset.wait(5)
    assert result.exit_code == 0
    assert said in result.stderr.decode()
    assert (handset.app.screen == "editor") is arrives


# -- screen and lock --------------------------------------------------------------------------------------


def test_the_screen_goes_off_without_touches_and_is_locked_then():
    handset = phone(screen_timeout_s=30, locks_after_s=5)
    handset.wait(29)
    handset.phone.tap(5, 1000)
    handset.wait(29)
    assert handset.phone.screen_on
    handset.wait(2)
    assert (handset.phone.screen_on, handset.phone.locked) == (False, False)
    handset.wait(5)
    assert handset.phone.locked


@pytest.mark.parametrize(
    "line",
    ["svc power stayon true", "settings put system screen_off_timeout 600000", "input keyevent KEYCODE_WAKEUP"],
)
def test_the_screen_stays_on_when_it_is_told_to(line):
    handset = phone(screen_timeout_s=30)
    assert handset.sh("settings get system screen_off_timeout").stdout == b"30000\n"
    handset.wait(20)
    assert handset.sh(line).exit_code == 0
    handset.wait(25)
    assert handset.phone.screen_on
    handset.sh("svc power stayon false")
    handset.sh("settings put system screen_off_timeout 30000")
    handset.wait(60)
    assert not handset.phone.screen_on


def test_the_keyguard_takes_a_moment_and_drops_taps_until_it_is_gone():
    handset = phone(keyguard_s=0.6)
    handset.phone.press("sleep")
    handset.phone.press("wakeup")
    handset.phone.swipe((500, 2000), (500, 600))
    handset.wait(0.5)
    assert handset.phone.locked
    handset.wait(0.2)
    assert not handset.phone.locked


def test_a_pin_is_told_from_a_swipe():
    swipe, pin = phone(), phone(pin=True)
    for handset, secure in ((swipe, "false"), (pin, "true")):
        handset.phone.press("sleep")
        handset.phone.press("wakeup")
        assert f"secure={secure}" in handset.sh("dumpsys window policy").stdout.decode()
        handset.phone.swipe((500, 2000), (500, 600))
    assert not swipe.phone.locked
    assert pin.phone.locked
    assert "com.android.systemui:id/pinEntry" in pin.phone.dump()
    pin.phone.wakefulness.enter_pin()
    assert not pin.phone.locked


def test_before_the_first_unlock_nothing_starts_and_the_storage_is_not_there():
    handset = phone(before_first_unlock=True)
    ce = "getprop sys.user.0.ce_available"
    assert handset.sh(ce).stdout == b"false\n"
    started = handset.sh(f"monkey -p {TIKTOK} -c android.intent.category.LAUNCHER 1")
    assert (started.exit_code, b"No activities found to run" in started.output) == (252, True)
    assert handset.sh("ls /sdcard").exit_code == 1
    with pytest.raises(FileNotFoundError):
        handset.phone.files.write("/sdcard/a.mp4", b"x", 0o644, 1)
    query = handset.sh("content query --uri content://media/external/video/media")
    assert (query.exit_code, query.stdout, b"provider" in query.stderr) == (0, b"", True)
    handset.phone.wakefulness.enter_pin()
    assert handset.sh(ce).stdout == b"true\n"
    assert handset.sh("ls /sdcard").exit_code == 0
    assert handset.phone.start_app(TIKTOK)


# -- the shape of phones ----------------------------------------------------------------------------------


def test_without_physical_keys_monkey_ends_and_the_launchers_activity_starts():
    handset = phone(physical_keys=False)
    monkey = handset.sh(f"monkey -p {TIKTOK} -c android.intent.category.LAUNCHER 1")
    assert (monkey.exit_code, b"SYS_KEYS has no physical keys" in monkey.output) == (251, True)
    line = f"cmd package resolve-activity --brief --user 0 -c android.intent.category.LAUNCHER {TIKTOK}"
    component = handset.sh(line).stdout.decode().splitlines()[-1]
    assert handset.sh(f"am start --user 0 -n {component}").exit_code == 0
    assert handset.app.running
    assert b"No activity found" in handset.sh(line.replace(TIKTOK, "com.none")).stdout


@pytest.mark.parametrize("line", ["pm list packages", "cmd package list packages -3", "pm list packages --user 150"])
def test_a_second_user_bars_what_asks_for_every_user(line):
    handset = phone(other_user=150)
    refused = handset.sh(line)
    assert refused.exit_code == 255
    assert b"Shell does not have permission to access user 150" in refused.stderr
    assert handset.sh("am get-current-user").stdout == b"0\n"
    for user in ("0", "current"):
        assert f"package:{TIKTOK}" in handset.sh(f"pm list packages --user {user}").stdout.decode()
    assert b"UserInfo{150:" in handset.sh("pm list users").stdout


def test_an_app_that_only_another_user_has_is_listed_for_all():
    handset = phone(other_user_apps=INSTAGRAM)
    assert INSTAGRAM in handset.sh("pm list packages").stdout.decode()
    assert INSTAGRAM not in handset.sh("pm list packages --user 0").stdout.decode()


@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("xiaomi", "ro.miui.ui.version.name"),
        ("vivo", "ro.vivo.os.version"),
        ("oppo", "ro.build.version.oplusrom"),
        ("realme", "ro.build.version.realmeui"),
        ("samsung", "ro.build.version.oneui"),
    ],
)
def test_a_guarded_phone_refuses_input_by_both_ways_and_tells_its_vendor(vendor, name):
    handset = phone(input_guard=vendor)
    assert handset.sh(f"getprop {name}").stdout.strip()
    assert handset.sh("getprop ro.product.manufacturer").stdout.decode().strip().lower() == vendor
    for line in ("input tap 5 5", f"pm grant {TIKTOK} android.permission.CAMERA", "settings put system x 1"):
        refused = handset.sh(line)
        assert (refused.exit_code, b"SecurityException" in refused.stderr) == (255, True)
    assert b"INSTALL_FAILED_USER_RESTRICTED" in handset.sh("pm install -r /data/local/tmp/a.apk").stdout
    for method, params in (
        ("click", [5, 5]),
        ("swipe", [1, 9, 1, 5, 5]),
        ("pressKey", ["back"]),
        ("pasteClipboard", []),
    ):
        assert "INJECT_EVENTS" in rpc(handset, method, *params)["error"]["message"]
    assert "result" in rpc(handset, "setClipboard", None, "x")


def test_a_copy_raises_a_card_that_takes_taps_for_six_seconds():
    handset = phone(clipboard_card_s=6)
    before = handset.phone.dump()
    rpc(handset, "setClipboard", None, "secret words")
    [card] = [root for root in handset.phone.windows() if root.resource_id.endswith("clipboard_ui")]
    assert card.bounds[0] < handset.phone.size[0] // 10
    assert "secret words" in handset.phone.dump()
    handset.wait(6.1)
    assert handset.phone.dump() == before
    old = phone(clipboard_card_s=6, facts={"android": 12})
    rpc(old, "setClipboard", None, "x")
    assert "clipboard_ui" not in old.phone.dump()


# -- files and gallery ------------------------------------------------------------------------------------


def _photo(path: Path, taken: str) -> bytes:
    picture = Image.new("RGB", (8, 8), random.Random(taken).choice(["red", "blue", "green"]))
    exif = picture.getexif()
    exif.get_ifd(0x8769)[0x9003] = taken
    picture.save(path, "JPEG", exif=exif)
    return path.read_bytes()


@pytest.mark.parametrize(("order", "newest"), [("added", "c.jpg"), ("modified", "a.jpg"), ("taken", "b.jpg")])
def test_the_gallery_is_sorted_by_the_date_it_is_told(tmp_path, order, newest):
    handset = phone(gallery_order=order)
    for second, (name, modified, taken) in enumerate(
        [
            ("a.jpg", 900, "2020:01:01 00:00:00"),
            ("b.jpg", 500, "2025:01:01 00:00:00"),
            ("c.jpg", 700, "2019:05:05 00:00:00"),
        ]
    ):
        handset.phone.files.write(f"/sdcard/{name}", _photo(tmp_path / name, taken), 0o644, modified)
        handset.phone.media.scan_file(f"/sdcard/{name}", 1000 + second)
    assert handset.app.context()["gallery"][0].display_name == newest


def test_a_size_is_told_in_32_bits():
    handset = phone()
    blob = Blob.of(b"a size beyond 32 bits")
    whole = File(0o100644, 5, blob)
    handset.phone.files._files["/data/local/tmp/big"] = whole
    blob.data = range(2**32 + 7)
    stat = SyncService(handset.phone, lambda _call: None, int)._stat("/data/local/tmp/big")
    assert int.from_bytes(stat[4:8], "little") == 7


def test_am_ends_with_0_on_an_error_and_content_on_a_providers():
    handset = phone()
    handset.media("a.mp4")
    gone = handset.sh(f"am start -n {SHARE.replace('System', 'Other')}")
    assert (gone.exit_code, b"does not exist" in gone.stderr) == (0, True)
    bad = handset.sh("content query --uri content://media/external/video/media --projection nothing")
    assert (bad.exit_code, bad.stdout, b"Error while accessing provider" in bad.stderr) == (0, b"", True)


def test_a_fault_changes_a_trait_for_a_while():
    fault = Fault("trait", after_s=5, for_s=10, trait="physical_keys", value=False)
    fleet = VirtualFleet(FleetSettings(phones=1, models=MODELS, faults=[fault]))
    [link] = fleet.links
    seen = []
    for _ in range(4):
        link.wait(4.5)
        seen.append(link.phone.traits.physical_keys)
    assert seen == [True, False, False, True]
