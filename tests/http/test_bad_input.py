"""Whatever bytes come in: a 4xx in the envelope with a sentence, and nothing is created.

Every request goes over a socket as it is written here, so that no client library puts it right on the way.
"""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import suppress

import pytest

from support.server import ServerThread

MIB = 1 << 20
FORM = "multipart/form-data; boundary=B"
GOOD = {"serials": ["bad-input"], "script_name": "post", "script_config": {}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


def request(body=b"", *, method="POST", path="/api/v1/task", kind="application/json", length=None, extra=()):
    """Return the bytes of a request; its length is said truly unless given."""
    lines = [
        f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close",
        *([f"Content-Type: {kind}"] if kind is not None else []),
        f"Content-Length: {len(body) if length is None else length}",
        *extra,
    ]  # fmt: skip
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def task(**fields):
    return request(json.dumps(GOOD | fields).encode())


def raw_task(old, new):
    """A good request with one piece of its text replaced by bytes."""
    return request(json.dumps(GOOD).encode().replace(old, new))


def get(path):
    return request(method="GET", path=path, kind=None)


def chunked(body, coding="chunked"):
    """A request whose length is not said."""
    whole = request(body, extra=[f"Transfer-Encoding: {coding}"])
    return whole.replace(f"Content-Length: {len(body)}\r\n".encode(), b"")


def form(name, content, path="/api/v1/material", field="file"):
    head = f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
    return request(head + content + b"\r\n--B--\r\n", path=path, kind=FORM)


BAD = {
    # JSON that is none, or means more than one thing
    "a lone surrogate in a value": (40001, raw_task(b'"bad-input"', b'"\\ud800"')),
    "a lone surrogate in a key": (40001, raw_task(b'"serials"', b'"\\udc00"')),
    "a lone surrogate in the caption": (40001, raw_task(b"{}", b'{"captions": "\\ud83d"}')),
    "a NUL in the caption": (40001, raw_task(b"{}", b'{"captions": "a\\u0000b"}')),
    "a lone surrogate as bytes": (40001, raw_task(b'"bad-input"', b'"\xed\xa0\x80"')),
    "bytes that are no UTF-8": (40001, raw_task(b"bad-input", b"\xff\xfe")),
    "UTF-16": (40001, request(json.dumps(GOOD).encode("utf-16"))),
    "UTF-8 with a byte order mark": (40001, request(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())),
    "NaN": (40001, raw_task(b"{}", b'{"content_type": NaN}')),
    "Infinity": (40001, raw_task(b"{}", b'{"content_type": -Infinity}')),
    "a number over every float": (40001, raw_task(b"{}", b'{"content_type": 1e999}')),
    "an integer over 2^63": (40001, raw_task(b"{}", b'{"content_type": 9223372036854775808}')),
    "an integer of 100,000 digits": (40001, raw_task(b"{}", b'{"content_type": ' + b"9" * 100_000 + b"}")),
    "lists 100,000 deep": (40001, request(b"[" * 100_000 + b"]" * 100_000)),
    "objects 100,000 deep": (40001, request(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "depth in script_config": (40001, raw_task(b"{}", b'{"a":' * 100 + b"1" + b"}" * 100)),
    "a key given twice": (40001, raw_task(b'"script_name"', b'"serials": ["x"], "script_name"')),
    "two values": (40001, request(json.dumps(GOOD).encode() * 2)),
    "half a value": (40001, request(json.dumps(GOOD).encode()[:-3])),
    "single quotes": (40001, request(b"{'serials': ['a']}")),
    "no body": (40001, request()),
    "null": (40001, request(b"null")),
    "a list": (40001, request(json.dumps([GOOD]).encode())),
    "gzip that is said": (40001, request(gzip.compress(json.dumps(GOOD).encode()), extra=["Content-Encoding: gzip"])),
    # texts that are no names
    "NUL in a serial": (40001, task(serials=["a\0b"])),
    "NUL in a username": (40001, task(usernames=["a\0b"])),
    "a line break in a serial": (40001, task(serials=["a\nb"])),
    "a serial that is an option": (40001, task(serials=["-s"])),
    "a serial of a megabyte": (40001, task(serials=["x" * MIB])),
    "10,001 serials": (40001, task(serials=[f"s{n}" for n in range(10_001)])),
    "a script that leads out of its folder": (40003, task(script_name="../../etc/passwd")),
    "a script with NUL": (40003, task(script_name="post\0")),
    # lengths and kinds of bodies
    "10 MB": (41301, request(b" " * 10 * MIB)),
    "10 MB that are only said": (41301, request(length=10 * MIB)),
    "a length over every integer": (40001, request(length="9" * 100)),
    "a negative length": (40001, request(length=-5)),
    "a length that is no number": (40001, request(length="ten")),
    "two lengths": (40001, request(b"{}", extra=["Content-Length: 5"])),
    "text": (41501, request(json.dumps(GOOD).encode(), kind="text/plain")),
    "a web form": (41501, request(b"serials=a", kind="application/x-www-form-urlencoded")),
    "XML": (41501, request(b"<a/>", kind="application/xml")),
    "an unknown kind": (41501, request(json.dumps(GOOD).encode(), kind="\xe9/\xff")),
    "no kind": (41501, request(json.dumps(GOOD).encode(), kind=None)),
    "JSON where files are wanted": (41501, request(b"{}", path="/api/v1/material")),
    # files
    "a form without an end": (40001, request(b"--B\r\n", path="/api/v1/material", kind=FORM)),
    "a form without a boundary": (40001, request(b"x", path="/api/v1/material", kind="multipart/form-data")),
    "a file that is not what its name says": (40001, form("a.mp4", b"hello")),
    "a file in another field": (40001, form("a.mp4", b"hello", field="other")),
    "a file without content": (40001, form("a.mp4", b"")),
    "a sheet that is none": (40001, form("a.xlsx", b"PK\x03\x04 broken", path="/api/v1/account/import")),
    "a sheet without columns": (40001, form("a.csv", b"\0\0\0", path="/api/v1/account/import")),
    # addresses
    "an id that is none": (40001, get("/api/v1/task/abc")),
    "an id over 2^63": (40001, get("/api/v1/task/9223372036854775808")),
    "an id of 20,000 digits": (40001, get("/api/v1/task/" + "9" * 20_000)),
    "NUL in an id": (40001, get("/api/v1/task/%00")),
    "bytes that are no UTF-8 in an id": (40001, get("/api/v1/task/%ff%fe")),
    "a percent sign alone in an id": (40001, get("/api/v1/task/%")),
    "a page over 2^63": (40001, get("/api/v1/task?page=9223372036854775808")),
    "a status that is no number": (40001, get("/api/v1/task?status=%00")),
    "a path that leads up": (40401, get("/api/v1/../../etc/passwd")),
    "a path that leads up, encoded": (40401, get("/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd")),
    "a method nobody knows": (40401, request(method="BREW")),
    "another version": (40401, get("/api/v2/task")),
    # what is no HTTP
    "no HTTP at all": (40001, b"hello\r\n\r\n"),
    "TLS": (40001, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "HTTP/2": (40302, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a header without a colon": (40001, b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n"),
    "NUL in a header": (40001, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"),
    "a header of a megabyte": (40001, get("/").replace(b"Host:", b"X: " + b"x" * MIB + b"\r\nHost:")),
    "an unknown transfer encoding": (40001, chunked(b"", "rot13")),
    "chunks that are none": (40001, chunked(b"zz\r\nhello\r\n")),
    "a foreign host": (40302, get("/api/v1/task").replace(b"localhost", b"evil.example")),
    "no host": (40001, get("/api/v1/task").replace(b"Host: localhost\r\n", b"")),
    "two hosts": (40001, get("/api/v1/task").replace(b"Host:", b"Host: evil.example\r\nHost:")),
}  # fmt: skip


def send(server, content):
    """Return the status and the body of the answer to some bytes."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=20) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent: the answer is there
            connection.sendall(content)
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            assert received, "the connection was cut without an answer"
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.JSONDecoder().raw_decode(body.decode())[0]


def kept(server):
    return [server.call("GET", f"/{what}")["data"]["total"] for what in ("task", "account", "material")]


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_a_4xx_in_the_envelope_and_creates_nothing(server, what):
    code, content = BAD[what]
    before = kept(server)
    status, body = send(server, content)
    assert (body["code"], status) == (code, code // 100), body
    assert set(body) == {"code", "message", "data"}
    assert len(body["message"]) > 10
    assert kept(server) == before == [0, 0, 0]
    assert server.http.get("/healthz").status_code == 200
