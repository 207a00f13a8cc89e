"""Traces on a host: brought to the server whenever it is there, and no more of them kept than there is room for."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from fleetlane.adapters.server_files.spool import SpooledTraces
from support.host_server import TOKEN, HostServer, server_files
from support.rig import wait_for


@pytest.fixture
def server(tmp_path):
    """Return a server that does not run yet."""
    return HostServer(tmp_path / "server")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "host" / "spool"


@contextmanager
def spool(server, folder, max_bytes=2**20, *, running=True):
    with server_files(server) as files:
        traces = SpooledTraces(files, folder, max_bytes)
        if running:
            traces.start()
        yield traces
        traces.close()


def left(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_what_the_server_has_is_removed_here(server, folder):
    with server, spool(server, folder) as traces:
        assert traces.write(7, 1, "01.jpg", b"picture") == "7/1/01.jpg"
        assert traces.drained(10)
        assert (server.traces.read("7/1/01.jpg"), left(folder)) == (b"picture", [])


def test_a_file_that_is_written_once_more_is_brought_once_more(server, folder):
    with server, spool(server, folder) as traces:
        for content in (b"first", b"second"):
            traces.write(7, 1, "01.jpg", content)
            assert traces.drained(10)
    assert server.traces.read("7/1/01.jpg") == b"second"
    assert server.traces.sizes() == {7: 6}


def test_a_file_that_was_brought_before_the_host_ended_may_come_again(server, folder):
    server.traces.write(7, 1, "01.jpg", b"picture")
    with server, spool(server, folder) as traces:
        traces.write(7, 1, "01.jpg", b"picture")
        assert traces.drained(10)
    assert (server.traces.read("7/1/01.jpg"), left(folder)) == (b"picture", [])


def test_while_the_server_is_away_they_wait_and_then_come_in_their_order(server, folder):
    with spool(server, folder) as traces:
        for number in range(5):
            traces.write(7, 1, f"{number}.jpg", b"x")
        assert not traces.drained(0.7)  # it was asked for twice
        with server:
            assert traces.drained(30)
    brought = [path for method, path, _ in server.requests if method == "PUT"]
    assert brought == [f"/traces/7/1/{number}.jpg" for number in range(5)]


def test_what_is_left_is_brought_after_a_restart_of_the_host(server, folder):
    with spool(server, folder) as traces:
        traces.write(7, 1, "01.jpg", b"one")
        traces.write(8, 2, "02.xml", b"two")
    (folder / "8" / "2" / ".incoming-x").write_bytes(b"half")
    assert len(left(folder)) == 7
    with server, spool(server, folder) as traces:
        assert traces.drained(10)
    assert (server.traces.read("7/1/01.jpg"), server.traces.read("8/2/02.xml")) == (b"one", b"two")
    assert left(folder) == []


def test_no_more_is_kept_than_there_is_room_for_and_the_oldest_go_first(server, folder):
    with spool(server, folder, 30, running=False) as traces:
        for number in range(5):
            traces.write(number, 1, "01.jpg", b"0123456789")
    assert [path for path in left(folder) if path.endswith(".jpg")] == ["2/1/01.jpg", "3/1/01.jpg", "4/1/01.jpg"]
    with server, spool(server, folder, 10) as traces:
        assert traces.drained(10)
    assert server.traces.sizes() == {4: 10}


def test_what_nobody_wants_any_more_is_removed(server, folder):
    server.store.gone = {7}
    with server, spool(server, folder) as traces:
        traces.write(7, 1, "01.jpg", b"of a task that was deleted")
        traces.write(8, 1, "01.jpg", b"kept")
        assert traces.drained(10)
    assert (server.traces.sizes(), left(folder)) == ({8: 4}, [])


def test_with_a_token_that_is_refused_they_wait_until_it_is_known(server, folder):
    server.tokens.names = {}
    with server, spool(server, folder) as traces:
        traces.write(7, 1, "01.jpg", b"picture")
        wait_for(lambda: len(server.requests) > 1)
        assert left(folder) == ["7", "7/1", "7/1/01.jpg"]
        server.tokens.names = {TOKEN: "rack2"}
        assert traces.drained(30)
    assert server.traces.read("7/1/01.jpg") == b"picture"
