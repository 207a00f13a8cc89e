"""Connections that send nothing, or slowly, or too many: others are answered meanwhile."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack, closing

import pytest

from fleetlane.http.connections import Bounds, bounds_for
from support.server import ServerThread

HALF = (
    b"POST /api/v1/task HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)
QUICK = Bounds(header_s=0.4, body_s=0.4, slowest_bytes_per_s=1000, half_sent=8, grace_s=0, linger_s=1, connections=40)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), bounds=QUICK) as server:
        yield server


def connected(server: ServerThread, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.settings.port), timeout=10)
    connection.sendall(sent)
    return connection


def answer_of(connection: socket.socket) -> tuple[int, dict]:
    """Return status and envelope of what comes until the other side closes."""
    whole = b""
    while part := connection.recv(65536):
        whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, json.loads(body) if body else {}


@pytest.mark.parametrize("sent", [b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", HALF])
def test_a_request_that_does_not_arrive_is_ended_in_the_envelope(server, sent):
    with closing(connected(server, sent)) as connection:
        status, envelope = answer_of(connection)
    assert (status, envelope["code"]) == (400, 40001)
    assert "did not arrive in time" in envelope["message"]


def test_a_connection_that_says_nothing_is_closed(server):
    with closing(connected(server)) as connection:
        assert answer_of(connection) == (0, {})


@pytest.mark.slow
def test_a_byte_now_and_then_does_not_keep_a_request_alive(server):
    began_s = time.monotonic()
    with closing(connected(server, HALF)) as connection, pytest.raises(OSError, match=r"."):  # noqa: PT012
        while time.monotonic() - began_s < 10:
            connection.sendall(b" ")
            time.sleep(0.05)
    assert time.monotonic() - began_s < 8


@pytest.mark.slow
def test_a_body_that_comes_slowly_but_fast_enough_is_taken(server):
    body = b'{"serials": ["a"], "script_name": "", "script_config": {}' + b" " * 2000 + b"}"
    head = HALF.removesuffix(b"{").replace(
        b"Content-Length: 1000", b"Connection: close\r\nContent-Length: %d" % len(body)
    )
    with closing(connected(server, head)) as connection:
        for place in range(0, len(body), 100):
            connection.sendall(body[place : place + 100])
            time.sleep(0.07)  # 20 of them: longer than a body without a byte may take
        assert answer_of(connection)[1]["code"] == 40002


def test_the_oldest_half_sent_request_gives_way_and_the_newest_is_answered(server):
    with ExitStack() as stack:
        waiting = [stack.enter_context(closing(connected(server, HALF))) for _ in range(QUICK.half_sent)]
        assert server.http.get("/healthz").status_code == 200
        more = [stack.enter_context(closing(connected(server, HALF))) for _ in range(QUICK.half_sent)]
        status, envelope = answer_of(waiting[0])
        assert (status, envelope["code"]) == (503, 50301)
        assert server.http.get("/healthz").status_code == 200
        del more


def test_a_server_ends_at_once_beside_a_caller_who_was_answered_and_may_go_on_sending(tmp_path):
    head = HALF.replace(b"localhost\r\n", b"elsewhere.example\r\nConnection: close\r\n")
    with ExitStack() as stack:
        with ServerThread(tmp_path, bounds=Bounds(linger_s=60)) as server:
            assert answer_of(stack.enter_context(closing(connected(server, head))))[1]["code"] == 40302
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 30


@pytest.mark.parametrize(("host", "code"), [("localhost", 41301), ("elsewhere.example", 40302)])
def test_a_caller_who_sends_everything_before_reading_hears_why_it_was_refused(tmp_path, host, code):
    """As Python's own urllib does, which closes after each request; a reset would hide the reason."""
    with ServerThread(tmp_path) as server:
        head = f"POST /api/v1/task HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 30000000\r\n\r\n"
        with closing(connected(server, head.encode())) as connection:
            connection.sendall(b" " * 30_000_000)
            assert answer_of(connection)[1]["code"] == code


def test_many_that_come_at_once_and_send_at_once_are_all_answered(tmp_path):
    with ServerThread(tmp_path, bounds=Bounds(half_sent=8)) as server, ExitStack() as stack:
        head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        many = [stack.enter_context(closing(connected(server, head))) for _ in range(100)]
        assert [answer_of(one)[0] for one in many] == [200] * len(many)


def test_more_connections_than_may_be_open_are_told_so(server):
    with ExitStack() as stack:
        for _ in range(QUICK.connections + 2):
            head = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
            open_one = stack.enter_context(closing(connected(server, head)))
            open_one.recv(12)
        late = stack.enter_context(closing(connected(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")))
        status, envelope = answer_of(late)
        assert (status, envelope["code"]) == (503, 50301)
    deadline_s = time.monotonic() + 10
    while server.http.get("/healthz").status_code != 200:
        assert time.monotonic() < deadline_s


@pytest.mark.parametrize(("files", "connections", "half_sent"), [(256, 64, 32), (1024, 768, 200), (10**6, 4096, 200)])
def test_bounds_leave_files_for_everything_else(files, connections, half_sent):
    bounds = bounds_for(files)
    assert (bounds.connections, bounds.half_sent) == (connections, half_sent)
