"""500 connections that say nothing, 500 that follow events, and many requests: all are answered, in the same memory."""

from __future__ import annotations

import os
import socket
import statistics
import time
from contextlib import ExitStack, closing

import psutil
import pytest

from support.server import ServerThread

pytestmark = pytest.mark.slow  # it measures how long others wait

MANY = 500
REQUESTS = int(os.environ.get("MANY_REQUESTS", "500"))
"""`MANY_REQUESTS=20000 pytest tests/http/test_many_callers.py` asks as often as docs/explanation/security.md says."""
_TYPICAL_WAIT_S = 0.3
"""Generous: client and server share one process here, and the machine may be busy."""


def connected(server: ServerThread, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.settings.port), timeout=30)
    connection.sendall(sent)
    return connection


@pytest.mark.timeout(900)
def test_many_callers_keep_nobody_out_and_cost_no_memory(tmp_path):
    with ServerThread(tmp_path) as server, ExitStack() as stack:
        events = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        following = [stack.enter_context(closing(connected(server, events))) for _ in range(MANY)]
        assert all(one.recv(12) == b"HTTP/1.1 200" for one in following)
        for _ in range(MANY):
            stack.enter_context(closing(connected(server)))
        process = psutil.Process()
        waits: list[float] = []
        before_bytes = process.memory_info().rss
        for _ in range(REQUESTS):
            began_s = time.monotonic()
            assert server.http.get("/api/v1/task/stats").status_code == 200
            waits.append(time.monotonic() - began_s)
        assert process.memory_info().rss - before_bytes < 50 * 1024 * 1024
        assert statistics.median(waits) < _TYPICAL_WAIT_S
