"""A folder of media: what is taken, what is passed over, and how that is told."""

from __future__ import annotations

import os
from hashlib import sha256
from types import SimpleNamespace

import pytest

from fleetlane.adapters.media import FileInspector
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.leftovers import leftover
from fleetlane.core.media.files import MediaKind
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.post.folder import MediaFolder
from support.movies import movie
from support.rig import Shelf

LEFT = [
    ".trashed-1774607641-old.mp4", ".pending-1774607641-new.mp4", "._clip.mp4", ".hidden.mp4", "~$clip.mp4",
    "clip.tmp.mp4", "clip.PART.mp4", "clip.crdownload.mp4", "clip.download.mp4", "~clip.mp4",
]  # fmt: skip


def _folder(root, username=""):
    return MediaFolder(str(root), username, LocalMedia(AllowedFolders((root,)), FileInspector()))


def _take(root, username="", count=1, shelf=None):
    folder = _folder(root, username)
    return folder, folder.take(MediaKind.VIDEO, count, "tiktok:a", shelf or Shelf())


@pytest.mark.parametrize("name", LEFT)
def test_what_nobody_meant_to_publish_is_passed_over(tmp_path, name):
    (tmp_path / name).write_bytes(movie())
    with pytest.raises(TaskFailedError, match="1 were passed over: 1 ") as error:
        _take(tmp_path)
    assert error.value.code == "media_not_enough"
    (tmp_path / "z.mp4").write_bytes(movie())
    folder, [file] = _take(tmp_path)
    assert (file.path.name, folder.bad_files) == ("z.mp4", "")


@pytest.mark.parametrize("name", ["clip.mp4", "sort_1_clip.mp4", "a.part1.mp4", "tmp.mp4", "download.mp4", "@a.mp4"])
def test_ordinary_names_are_taken(tmp_path, name):
    (tmp_path / name).write_bytes(movie())
    assert [file.path.name for file in _take(tmp_path)[1]] == [name]


def test_an_empty_file_does_not_stop_a_folder(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(TaskFailedError, match="1 were passed over: 1 empty"):
        _take(tmp_path)
    (tmp_path / "b.mp4").write_bytes(movie())
    assert _take(tmp_path)[1][0].path.name == "b.mp4"


def test_one_bad_file_is_passed_over_and_named(tmp_path):
    (tmp_path / "a cut.mp4").write_bytes(movie()[:-5])
    (tmp_path / "b image.mp4").write_bytes(b"\xff\xd8\xff not")
    (tmp_path / "c.mp4").write_bytes(movie())
    folder, [file] = _take(tmp_path)
    assert file.sha256 == sha256(movie()).hexdigest()
    assert folder.bad_files.startswith("a cut.mp4 (It is not whole: its end is missing")
    assert "b image.mp4 (" in folder.bad_files
    with pytest.raises(TaskFailedError) as error:
        _take(tmp_path, count=2)
    assert (
        "has 1 unused video files; 2 are needed. 2 were passed over: a cut.mp4 (It is not whole" in error.value.detail
    )


def test_a_file_that_is_mended_is_taken_the_next_time(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(movie()[:-5])
    folder = _folder(tmp_path)
    with pytest.raises(TaskFailedError):
        folder.take(MediaKind.VIDEO, 1, "tiktok:a", Shelf())
    path.write_bytes(movie())
    assert folder.take(MediaKind.VIDEO, 1, "tiktok:a", Shelf())[0].path == path
    assert folder.bad_files == ""


def test_many_bad_files_are_counted(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.mp4").write_bytes(b"x")
    with pytest.raises(TaskFailedError, match=r"9 were passed over: 0.mp4 .* 4.mp4 .*, 4 more"):
        _take(tmp_path)


@pytest.mark.parametrize("links", [True, False])
def test_a_link_that_leads_nowhere_or_out_of_the_allowed_folders_does_not_stop_a_folder(tmp_path, links):
    root = tmp_path / "allowed"
    root.mkdir()
    (tmp_path / "secret.mp4").write_bytes(movie())
    (root / "a.mp4").symlink_to(tmp_path / "secret.mp4" if links else tmp_path / "none.mp4")
    (root / "b.mp4").write_bytes(movie() + b"b")
    folder = MediaFolder(str(root), "", LocalMedia(AllowedFolders((root,)), FileInspector()))
    assert folder.take(MediaKind.VIDEO, 1, "tiktok:a", Shelf())[0].path.name == "b.mp4"
    assert ("a.mp4" in folder.bad_files) is links


def test_a_link_to_what_its_owner_deleted_is_passed_over(tmp_path):
    (tmp_path / ".trashed-1774607641-old.mp4").write_bytes(movie())
    (tmp_path / "a.mp4").symlink_to(tmp_path / ".trashed-1774607641-old.mp4")
    with pytest.raises(TaskFailedError, match="2 were passed over: 2 in the trash"):
        _take(tmp_path)


def test_the_folder_of_an_account_is_found_by_either_way_of_writing_accents(tmp_path):
    for name in ("b.mp4", "@cafe\u0301/a.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(movie())
    assert _take(tmp_path, "caf\u00e9")[1][0].path.name == "a.mp4"


def test_lines_of_the_texts_beside_the_media_end_as_everywhere(tmp_path):
    (tmp_path / "caption.txt").write_bytes("\ufeffone\u2028still\r\ntwo\x0b\r\n\r\n".encode())
    (tmp_path / "sound_names.txt").write_bytes("a\x85b\rc\r\n".encode())
    folder = _folder(tmp_path)
    assert folder.text("caption.txt") == "one\u2028still\ntwo\x0b"
    assert [folder.line("sound_names.txt", place) for place in range(3)] == ["a\x85b", "c", "a\x85b"]


def test_a_text_in_utf_16_without_its_mark_is_none(tmp_path):
    (tmp_path / "caption.txt").write_bytes("hello".encode("utf-16-le"))
    with pytest.raises(TaskFailedError, match="save it as UTF-8"):
        _folder(tmp_path).text("caption.txt")


def _about(**more):
    return SimpleNamespace(st_mode=0o100644, st_size=5, **more)


def test_what_the_system_marks_as_hidden_is_passed_over():
    assert leftover("a.mp4", _about()) is None
    assert leftover("a.mp4", _about(st_file_attributes=0x20)) is None
    for flags in ({"st_file_attributes": 0x2}, {"st_file_attributes": 0x104}, {"st_flags": 0x8000}):
        assert leftover("a.mp4", _about(**flags)) == "hidden"
    assert leftover("@anna", os.stat_result((0o40755, *[0] * 9))) is None
    assert leftover("@eaDir", os.stat_result((0o40755, *[0] * 9))) == "hidden"
