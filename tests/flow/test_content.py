"""Where the media and the text of a post come from."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from hashlib import sha256

from PIL import Image

from fleetlane.core.folders import AllowedFolders
from fleetlane.core.ports.library import TakenMaterial
from support.movies import fragmented
from support.parallel_scenarios import Scenarios
from support.rig import ANYWHERE, PATIENT, VIDEO, Shelf

scenario = Scenarios(first_port=24100)
running = scenario.fixture()


def _video(folder, name, number=0):
    """Write a video of its own content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(VIDEO.read_bytes() + b"\x00\x00\x00\x0cfree" + number.to_bytes(4, "big"))
    return sha256(path.read_bytes()).hexdigest()


def _from_folder(root, **config):
    return {"material_list": [], "material_source": "localFolder", "material_path": str(root), "captions": "", **config}


@scenario
def files_of_a_folder_are_used_once_on_an_account_in_the_order_of_their_names(rig, serial):
    first, second = _video(rig.folder, "a/b.mp4", 2), _video(rig.folder, "a/sort_2_z.mp4", 1)
    shelf = Shelf()
    results = [rig.post(serial, _from_folder(rig.folder / "a"), shelf=shelf) for _ in range(3)]
    assert [r.outcome.error_code for r in results] == [None, None, "media_not_enough"]
    assert [post["media_sha256"] for post in rig.posts(serial)] == [[second], [first]]


@scenario
def an_accounts_own_folder_comes_before_the_root_and_caption_txt_is_spintax(rig, serial):
    root = rig.folder / "own"
    account = rig.on(serial, lambda server: next(iter(server.phone.apps.values())).accounts[0].handle)
    _video(root, "root.mp4", 3)
    own = _video(root, f"@{account}/own.mp4", 4)
    (root / "caption.txt").write_text("{one} {two|two}\nnext #tag", encoding="utf-8")
    result = rig.post(serial, _from_folder(root))
    assert result.outcome.ok, result.outcome
    [post] = rig.posts(serial)
    assert (post["media_sha256"], post["caption"]) == ([own], "{one} two\nnext #tag")


@scenario
def an_item_of_the_library_brings_its_own_caption(rig, serial):
    digest = _video(rig.folder, "library/x.mp4", 5)
    shelf = Shelf([TakenMaterial(rig.folder / "library/x.mp4", "x.mp4", "its own {caption|text}")])
    result = rig.post(serial, {"material_list": [], "captions": "not this"}, shelf=shelf)
    assert result.outcome.ok, result.outcome
    [post] = rig.posts(serial)
    assert (post["media_sha256"], post["caption"]) == ([digest], "its own {caption|text}")


@scenario
def a_library_without_free_items_is_said_so(rig, serial):
    result = rig.post(serial, {"material_list": [], "materials_tags": "Food, travel"}, shelf=Shelf())
    assert result.outcome.error_code == "media_not_enough"
    assert "any of the tags food, travel" in str(result.outcome.remark)


@scenario
def a_list_of_videos_is_used_in_turn_over_the_tasks_of_a_request(rig, serial):
    digests = [_video(rig.folder, f"list/{n}.mp4", 10 + n) for n in range(2)]
    paths = [str(rig.folder / f"list/{n}.mp4") for n in range(2)]
    for position in (0, 1, 2):
        lines = {"captions": "one\ntwo###lines\nthree", "material_list": paths}
        assert rig.post(serial, lines, position=position).outcome.ok
    assert [(p["media_sha256"], p["caption"]) for p in rig.posts(serial)] == [
        ([digests[0]], "one"),
        ([digests[1]], "two\nlines"),
        ([digests[0]], "three"),
    ]


@scenario
def a_file_that_changes_while_it_is_copied_is_not_published(rig, serial):
    _video(rig.folder, "changing/a.mp4", 20)
    path = rig.folder / "changing/a.mp4"
    shelf = Shelf()
    taken = shelf.take_files

    def change(account, hashes):
        _video(rig.folder, "changing/a.mp4", 21)
        return taken(account, hashes)

    shelf.take_files = change
    result = rig.post(serial, _from_folder(path.parent), shelf=shelf)
    assert (result.outcome.error_code, rig.posts(serial)) == ("media_invalid", [])


@scenario
def folders_outside_the_allowed_ones_and_links_out_of_them_are_refused_alike(rig, serial):
    _video(rig.folder, "secret/a.mp4", 30)
    (rig.folder / "allowed").mkdir(exist_ok=True)
    if not (rig.folder / "allowed/link").is_symlink():  # the folder serves the wire and virtual time
        (rig.folder / "allowed/link").symlink_to(rig.folder / "secret")
    settings = replace(rig.settings, folders=AllowedFolders((rig.folder / "allowed",)))
    remarks = set()
    for path in (rig.folder / "secret", rig.folder / "allowed/link", rig.folder / "none at all"):
        result = rig.post(serial, _from_folder(path), settings=settings)
        assert result.outcome.error_code == "media_missing"
        remarks.add(str(result.outcome.remark).replace(str(path), "PATH"))
    [remark] = remarks
    assert "'PATH' lies outside of the folders of the setting material_roots" in remark
    assert remark.endswith('fleetlane config allow "PATH"')


@scenario.each("link", "pipe")
def what_is_put_in_a_files_place_after_the_check_is_not_read(rig, serial, put):
    """The folder belongs to somebody else: he swaps the file once it was looked at."""
    root, secret = rig.folder / f"swapped by a {put}", rig.folder / "a secret"
    _video(root, "a.mp4", 32)
    secret.write_text("not for him")

    class Swapping(Shelf):
        def take_files(self, account, hashes):
            (root / "a.mp4").unlink()
            if put == "link":
                (root / "a.mp4").symlink_to(secret)
            else:
                os.mkfifo(root / "a.mp4")  # who opens it waits for somebody to write
            return super().take_files(account, hashes)

    result = rig.post(serial, _from_folder(root), shelf=Swapping(), settings=replace(PATIENT, folders=ANYWHERE))
    assert (result.outcome.error_code, rig.posts(serial)) == ("media_missing", [])
    assert not [path for path in rig.on(serial, lambda server: server.phone.files.paths("/sdcard")) if ".mp4" in path]
    (root / "a.mp4").unlink()


@scenario
def a_bad_file_of_a_folder_is_passed_over_and_named_in_the_remark_and_the_trace(rig, serial):
    root = rig.folder / "mixed"
    good = _video(root, "b.mp4", 31)
    (root / "a.mp4").write_bytes(VIDEO.read_bytes()[:9000])
    (root / "._b.mp4").write_bytes(b"\0\5\x16\7")
    (root / ".trashed-1774607641-old.mp4").write_bytes(VIDEO.read_bytes())
    result = rig.post(serial, _from_folder(root))
    assert [post["media_sha256"] for post in rig.posts(serial)] == [[good]]
    assert "Passed over in the folder: a.mp4 (It is not whole" in str(result.outcome.remark)
    assert "a.mp4 (It is not whole" in result.outcome.result["warnings"][-1]
    assert "pass over files that cannot be published" in result.steps.names


@scenario
def half_an_image_is_not_published_and_a_whole_one_with_a_tag_behind_it_is(rig, serial):
    out = io.BytesIO()
    Image.effect_noise((90, 160), 80).convert("RGB").save(out, "JPEG")
    whole, cut = rig.folder / "whole.jpg", rig.folder / "cut.jpg"
    whole.write_bytes(out.getvalue() + b"TAG" + bytes(125))
    cut.write_bytes(out.getvalue()[: len(out.getvalue()) // 3])
    [refused, taken] = [
        rig.post(serial, {"content_type": 1, "material_list": [str(path)]}).outcome for path in (cut, whole)
    ]
    assert (refused.error_code, taken.error_code) == ("media_invalid", None)
    assert "cut.jpg: It is not whole: its end is missing." in str(refused.remark)
    assert len(rig.posts(serial)) == 1


@scenario
def a_video_that_does_not_say_how_long_it_is_is_published(rig, serial):
    path = rig.folder / "live.mp4"
    path.write_bytes(fragmented(lasting=None))
    assert rig.post(serial, {"material_list": [str(path)]}).outcome.ok


@scenario
def a_caption_with_a_line_separator_goes_out_whole(rig, serial):
    assert rig.post(serial, {"captions": "First half\u2028second half"}).outcome.ok
    assert [post["caption"] for post in rig.posts(serial)] == ["First half\u2028second half"]


@scenario
def lines_of_a_library_caption_are_one_line_break_each(rig, serial):
    _video(rig.folder, "library/y.mp4", 32)
    shelf = Shelf([TakenMaterial(rig.folder / "library/y.mp4", "y.mp4", "one\r\ntwo")])
    assert rig.post(serial, {"material_list": [], "captions": ""}, shelf=shelf).outcome.ok
    assert [post["caption"] for post in rig.posts(serial)] == ["one\ntwo"]


test_scenario = scenario.test()
test_in_virtual_time = scenario.virtual_test()
