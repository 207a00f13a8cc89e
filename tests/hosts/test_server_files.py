"""Media of a server on a host: fetched once, checked, resumed, kept within bounds, and said when it cannot be had."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from fleetlane.adapters.server_files.cache import FileCache
from fleetlane.adapters.server_files.client import nothing_ends
from fleetlane.adapters.server_files.media import ServerMediaAccess
from fleetlane.core.errors import TaskFailedError, TaskStoppedError
from fleetlane.core.media.files import KIND_OF_ENDING, MediaKind
from fleetlane.core.outcome import FailureClass, from_error
from fleetlane.scripts.post.folder import MediaFolder
from support.host_server import HostServer, server_files
from support.movies import movie
from support.rig import Shelf, wait_for

CONTENT = bytes(range(256)) * 8192  # 2 MiB
NAME = f"{sha256(CONTENT).hexdigest()}.mp4"


@pytest.fixture
def server(tmp_path):
    with HostServer(tmp_path / "server") as server:
        (server.folder / "library" / NAME).write_bytes(CONTENT)
        yield server


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "host" / "cache"


@pytest.fixture
def files(server):
    with server_files(server, patience_s=0.5) as files:
        yield files


@pytest.fixture
def access(files, folder):
    return ServerMediaAccess(files, FileCache(folder, 2**30))


def fetched(access, name=NAME, must_go_on=nothing_ends):
    with access.attempt(must_go_on) as media:
        return media.library.path(name).read_bytes()


def refused(access, name=NAME):
    with pytest.raises(TaskFailedError) as error:
        fetched(access, name)
    assert error.value.code == "material_not_reached"
    return error.value.detail


def other(server, number):
    """Put another file of 1000 bytes into the library, and return its name."""
    content = bytes([number]) * 1000
    name = f"{sha256(content).hexdigest()}.jpg"
    (server.folder / "library" / name).write_bytes(content)
    return name


# -- fetching --------------------------------------------------------------------------------------


def test_a_file_is_fetched_once_for_all_attempts_also_after_a_restart(server, files, access, folder):
    with ThreadPoolExecutor(4) as attempts:
        assert set(attempts.map(lambda _: fetched(access), range(8))) == {CONTENT}
    assert fetched(ServerMediaAccess(files, FileCache(folder, 2**30))) == CONTENT
    assert len(server.requests) == 1
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_a_fetch_that_is_cut_off_goes_on_where_it_was(server, access):
    server.cut_after = [700_000, 0, 600_000]
    assert fetched(access) == CONTENT
    begins = [int(asked[6:-1]) if asked else 0 for _, _, asked in server.requests]
    assert begins[0] == 0
    assert begins == sorted(begins)
    assert (begins[1] > 600_000, begins[-1] > 1_200_000) == (True, True)


def test_a_fetch_goes_on_after_the_host_has_ended(server, files, access, folder):
    looks = []

    def ends():
        looks.append(1)
        if len(looks) > 4:
            raise TaskStoppedError("stopped")

    with pytest.raises(TaskStoppedError):
        fetched(access, must_go_on=ends)
    [part] = folder.iterdir()
    had = part.stat().st_size
    assert 0 < had < len(CONTENT)
    assert fetched(ServerMediaAccess(files, FileCache(folder, 2**30))) == CONTENT
    assert server.requests[-1][2] == f"bytes={had}-"


def test_what_a_former_run_has_begun_wrongly_is_fetched_anew(server, access, folder):
    (folder / f"{NAME}.part").write_bytes(b"something else")
    assert fetched(access) == CONTENT
    assert [asked for _, _, asked in server.requests] == ["bytes=14-", ""]


def test_a_file_that_was_whole_but_not_moved_is_not_fetched_again(server, access, folder):
    (folder / f"{NAME}.part").write_bytes(CONTENT)
    assert fetched(access) == CONTENT
    assert server.requests == []


def test_content_that_is_not_what_was_named_is_not_kept(server, access, folder):
    (server.folder / "library" / NAME).write_bytes(b"x" + CONTENT[1:])
    assert "not the one" in refused(access)
    assert [*folder.iterdir()] == []


def test_a_file_of_a_task_that_changes_on_the_way_is_not_taken(server, access):
    path = server.media / "a.mp4"
    path.write_bytes(movie())
    with access.attempt(nothing_ends) as media:
        seen = media.named.look(str(path), KIND_OF_ENDING)
        path.write_bytes(movie() + b"more")
        with pytest.raises(TaskFailedError) as error:
            media.named.local(seen)
    assert error.value.code == "material_not_reached"


# -- bounds ----------------------------------------------------------------------------------------


def test_no_more_is_kept_than_there_is_room_for_and_what_was_used_longest_ago_goes_first(server, files, folder):
    access = ServerMediaAccess(files, FileCache(folder, 3000))
    first, second, third, fourth = (other(server, number) for number in range(4))
    for name in (first, second, third, first):
        fetched(access, name)
    _age(folder, second, third, first)
    fetched(access, fourth)
    assert {path.name for path in folder.iterdir()} == {first, third, fourth}


def test_what_an_attempt_uses_is_never_removed(server, files, folder):
    access = ServerMediaAccess(files, FileCache(folder, 1500))
    first, second = other(server, 1), other(server, 2)
    with access.attempt(nothing_ends) as media:
        path = media.library.path(first)
        media.library.path(first)
        with access.attempt(nothing_ends) as another:
            kept = another.library.path(second)
            assert path.exists()
        assert path.exists()
        assert not kept.exists()
    assert path.exists()  # there is room for one


def test_a_file_for_which_there_is_no_room_is_there_while_it_is_used(server, files, folder):
    access = ServerMediaAccess(files, FileCache(folder, 10))
    assert fetched(access) == CONTENT
    assert [*folder.iterdir()] == []


def _age(folder, *names):
    """Let files have been used last in this order, long ago."""
    for number, name in enumerate(names):
        os.utime(folder / name, (1_000_000 + number, 1_000_000))


# -- no server, no token ---------------------------------------------------------------------------


def test_without_the_server_an_attempt_ends_as_worth_a_retry_but_for_what_is_here_already(tmp_path, folder):
    server = HostServer(tmp_path / "server")
    (server.folder / "library" / NAME).write_bytes(CONTENT)
    with server_files(server, patience_s=0.3) as files:
        access = ServerMediaAccess(files, FileCache(folder, 2**30))
        assert "does not answer" in refused(access)
        with access.attempt(nothing_ends) as media, pytest.raises(TaskFailedError) as error:
            media.named.listing("/videos")
        assert from_error(error.value).failure_class is FailureClass.TRANSIENT
        with server:
            fetched(access)
        assert fetched(access) == CONTENT


def test_a_server_that_comes_back_is_waited_for(tmp_path, folder):
    server = HostServer(tmp_path / "server")
    (server.folder / "library" / NAME).write_bytes(CONTENT)
    waits = threading.Event()
    with server_files(server, patience_s=30) as files, ThreadPoolExecutor(1) as attempt:
        access = ServerMediaAccess(files, FileCache(folder, 2**30))
        content = attempt.submit(fetched, access, NAME, waits.set)
        assert waits.wait(10)
        with server:
            assert content.result(30) == CONTENT


def test_who_waits_for_a_server_is_stopped_at_once(tmp_path, folder):
    server, stopped = HostServer(tmp_path / "server"), threading.Event()

    def must_go_on():
        if stopped.is_set():
            raise TaskStoppedError("stopped")

    with server_files(server, patience_s=600) as files, ThreadPoolExecutor(1) as attempt:
        access = ServerMediaAccess(files, FileCache(folder, 2**30))
        content = attempt.submit(fetched, access, NAME, must_go_on)
        wait_for((folder / f"{NAME}.part").exists)
        stopped.set()
        with pytest.raises(TaskStoppedError):
            content.result(10)


def test_a_host_that_stops_waits_for_no_server(tmp_path, folder):
    server = HostServer(tmp_path / "server")
    with server_files(server, patience_s=600) as files, ThreadPoolExecutor(1) as attempt:
        detail = attempt.submit(refused, ServerMediaAccess(files, FileCache(folder, 2**30)))
        wait_for((folder / f"{NAME}.part").exists)
        files.close()
        assert detail.result(10)


def test_a_token_that_is_refused_is_said(server, folder):
    with server_files(server, token="another", patience_s=0.3) as files:
        access = ServerMediaAccess(files, FileCache(folder, 2**30))
        assert "Only hosts get this" in refused(access)
        with access.attempt(nothing_ends) as media, pytest.raises(TaskFailedError, match="Only hosts get this"):
            media.named.look("/videos/a.mp4")


def test_what_is_no_name_of_the_library_is_not_asked_for(server, access):
    for name in ("../../secret", f"{NAME}/..", "", f"{NAME}?x=1"):
        with pytest.raises(TaskFailedError) as error:
            fetched(access, name)
        assert error.value.code == "media_missing"
    assert server.requests == []


# -- as the script uses it -------------------------------------------------------------------------


def test_a_folder_of_the_server_is_taken_from_as_if_it_were_here(server, access):
    own = server.media / "@ann"
    own.mkdir()
    (own / "sort_2_a.mp4").write_bytes(movie())
    (own / "sort_1_b.mp4").write_bytes(movie() + b"b")
    (own / "broken.mp4").write_bytes(b"x")
    (server.media / "caption.txt").write_text("hello")
    shelf = Shelf(used={"tiktok:ann": {sha256(movie() + b"b").hexdigest()}})
    with access.attempt(nothing_ends) as media:
        folder = MediaFolder(str(server.media), "ann", media.named)
        [file] = folder.take(MediaKind.VIDEO, 1, "tiktok:ann", shelf)
        assert (file.name, file.path.read_bytes(), folder.template()) == ("sort_2_a.mp4", movie(), "hello")
        with pytest.raises(TaskFailedError, match="1 were passed over: broken"):
            folder.take(MediaKind.VIDEO, 1, "tiktok:ann", shelf)
    assert [path for _, path, _ in server.requests].count("/content") == 1
