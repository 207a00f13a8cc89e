"""What `core.ports.sources` says, held by whatever knows the files that tasks name."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256

import pytest

from fleetlane.adapters.files import MaterialFolder
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.server_files.cache import FileCache
from fleetlane.adapters.server_files.client import nothing_ends
from fleetlane.adapters.server_files.media import ServerMediaAccess
from fleetlane.core.errors import TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.leftovers import Leftover
from fleetlane.core.media.files import KIND_OF_ENDING, MediaKind
from fleetlane.scripts.local_media import LocalMedia, LocalMediaAccess
from support.host_server import HostServer, server_files
from support.movies import movie


@contextmanager
def _here(folder):
    inspector = FileInspector()
    (folder / "media").mkdir(parents=True)
    media = LocalMedia(AllowedFolders(((folder / "media").resolve(),)), inspector)
    yield LocalMediaAccess(media, MaterialFolder(folder, inspector))


@contextmanager
def _on_a_server(folder):
    with HostServer(folder) as server, server_files(server) as files:
        yield ServerMediaAccess(files, FileCache(folder / "cache", 2**30))


@pytest.fixture(params=[_here, _on_a_server], ids=["here", "on a server"])
def access(request, tmp_path):
    with request.param(tmp_path / "server") as access:
        yield access


@pytest.fixture
def root(access, tmp_path):
    return (tmp_path / "server" / "media").resolve()


@pytest.fixture
def media(access):
    with access.attempt(nothing_ends) as media:
        yield media.named


def _refused(call):
    with pytest.raises(TaskFailedError) as error:
        call()
    return error.value.code


def test_a_folder_is_listed_with_what_nobody_meant_and_why(media, root):
    for name in ("b.mp4", "ä & b?.MP4", ".hidden.mp4", "x.tmp.mp4"):
        (root / name).write_bytes(b"x")
    (root / "empty.mp4").touch()
    (root / "@ann").mkdir()
    (root / "link.mp4").symlink_to(root / ".hidden.mp4")
    (root / "nowhere.mp4").symlink_to(root / "none.mp4")
    listing = media.listing(str(root / "@ann/.."))
    assert listing.path == str(root)
    assert {entry.name: (entry.is_folder, entry.passed_over) for entry in listing.entries} == {
        "b.mp4": (False, None),
        "ä & b?.MP4": (False, None),
        ".hidden.mp4": (False, Leftover.HIDDEN),
        "x.tmp.mp4": (False, Leftover.TEMPORARY),
        "empty.mp4": (False, Leftover.EMPTY),
        "link.mp4": (False, Leftover.HIDDEN),
        "@ann": (True, None),
    }
    assert all(media.listing(entry.path).path == entry.path for entry in listing.entries if entry.is_folder)


def test_only_names_are_listed_that_begin_and_end_as_asked_for(media, root):
    for name in ("@a.mp4", "b.MP4", "c.jpg", "d.txt", "mp4"):
        (root / name).write_bytes(b"x")
    assert {entry.name for entry in media.listing(str(root), endings=[".mp4", ".jpg"]).entries} == {
        "@a.mp4", "b.MP4", "c.jpg",
    }  # fmt: skip
    assert [entry.name for entry in media.listing(str(root), beginning="@").entries] == ["@a.mp4"]


def test_a_text_is_read_as_far_as_asked_for_whatever_its_bytes(media, root):
    (root / "caption.txt").write_bytes(b"\xff\xfe\0and more")
    (root / "empty.txt").touch()
    assert media.text(str(root), "caption.txt", 5) == b"\xff\xfe\0an"
    assert media.text(str(root), "empty.txt", 5) == b""
    assert media.text(str(root), "none.txt", 5) is None


def test_a_file_is_looked_at_and_its_content_is_here(media, root):
    (root / "a.mp4").write_bytes(movie())
    (root / "link.mp4").symlink_to(root / "a.mp4")
    seen = media.look(str(root / "link.mp4"), KIND_OF_ENDING)
    assert (seen.path, seen.name) == (str(root / "a.mp4"), "a.mp4")
    assert (seen.found.kind, seen.found.sha256) == (MediaKind.VIDEO, sha256(movie()).hexdigest())
    assert (seen.found.size_bytes, seen.found.problem) == (len(movie()), None)
    path = media.local(seen)
    assert path.read_bytes() == movie()
    assert path.suffix == ".mp4"
    assert media.local(seen) == path


def test_what_is_no_media_is_looked_at_and_what_has_another_ending_is_not(media, root):
    (root / "a.mp4").write_bytes(b"no video")
    (root / "a.txt").write_bytes(movie())
    broken = media.look(str(root / "a.mp4"), KIND_OF_ENDING)
    assert broken.found.problem
    assert (broken.found.kind, broken.found.sha256) == (None, "")
    assert media.look(str(root / "a.txt"), KIND_OF_ENDING).found is None
    assert media.look(str(root / "a.txt")).found.kind is MediaKind.VIDEO


@pytest.mark.parametrize("name", ["../secret/a.mp4", "link/a.mp4", "none.mp4", "../none/a.mp4", "a\0b.mp4", ""])
def test_what_is_not_there_or_may_not_be_opened_is_missing(media, root, name):
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "a.mp4").write_bytes(movie())
    (secret / "caption.txt").write_text("not for you")
    (root / "link").symlink_to(secret)
    path = f"{root}/{name}" if name else ""
    assert _refused(lambda: media.look(path)) == "media_missing"
    assert _refused(lambda: media.listing(path)) == "media_missing"
    assert _refused(lambda: media.text(path.removesuffix("/a.mp4"), "caption.txt", 100)) == "media_missing"


def test_a_file_is_no_folder_and_a_folder_no_file(media, root):
    (root / "a.mp4").write_bytes(movie())
    assert _refused(lambda: media.listing(str(root / "a.mp4"))) == "media_missing"
    assert _refused(lambda: media.look(str(root))) == "media_missing"


def test_an_attempt_has_the_library_as_well(access, root):
    with access.attempt(nothing_ends) as media:
        assert not media.library.path(f"{'0' * 64}.mp4").exists()
