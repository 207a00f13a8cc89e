"""An uploaded file is called what its sender calls it, by whichever way the name is written."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fleetlane.http.file_names import with_file_name
from support.rig import VIDEO
from support.server import ServerThread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


def send(server, disposition: bytes, content: bytes):
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return server.http.post("/api/v1/material", content=body, headers=headers).json()


def picture(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), (number, 0, 0)).save(out, "PNG")
    return out.getvalue()


NAMES = {
    b'form-data; name="file"; filename="plain.png"': "plain.png",
    'form-data; name="file"; filename="看.png"'.encode(): "看.png",
    b"form-data; name=\"file\"; filename*=utf-8''%E7%9C%8B%20me.png": "看 me.png",
    b"form-data; name=\"file\"; filename*=UTF-8'zh'%e7%9c%8b.png": "看.png",
    b"form-data; name=\"file\"; filename*=iso-8859-1''caf%E9.png": "café.png",
    b'form-data; name="file"; filename="fallback.png"; filename*=utf-8\'\'%E7%9C%8B.png': "看.png",
    b"form-data; name=\"file\"; FileName*=utf-8''%E7%9C%8B.png": "看.png",
    b'form-data; name="file"; filename="=?utf-8?B?55yLLnBuZw==?="': "看.png",
    b'form-data; name="file"; filename="=?utf-8?B?55yL?= =?utf-8?B?LnBuZw==?="': "看.png",
    b"form-data; name=\"file\"; filename*=idna''a.png": "a.png",
    b"form-data; name=\"file\"; filename*=undefined''a.png": "a.png",
    b'form-data; name="file"; filename="%E7%9C%8B.png"': "看.png",
    b'form-data; name="file"; filename="50%25 off.png"': "50%25 off.png",
    b'form-data; name="file"; filename="100%.png"': "100%.png",
    b'form-data; name="file"; filename="say %22hi%22.png"': 'say "hi".png',
    b'form-data; name="file"; filename="caf\xe9.png"': "café.png",
    b'form-data; name="file"; filename="C:\\\\Pictures\\\\a.png"': "a.png",
    b"form-data; name=\"file\"; filename*=utf-8''..%2F..%2Fetc%2Fx.png": "x.png",
    b"form-data; name=\"file\"; filename*=nonsense''a.png": "a.png",
    b"form-data; name=file; filename=bare.png": "bare.png",
}


@pytest.mark.parametrize(("number", "disposition"), list(enumerate(NAMES)))
def test_a_file_is_called_as_its_sender_writes_it(server, number, disposition):
    answer = send(server, disposition, picture(number))
    assert answer["code"] == 0, answer
    assert answer["data"]["materials"][0]["name"] == NAMES[disposition]


@pytest.mark.parametrize(
    "disposition",
    [b'form-data; name="file"', b'form-data; name="file"; filename=""', b"form-data; name=\"file\"; filename*=utf-8''"],
)
def test_a_file_without_a_name_is_refused_with_a_sentence_whatever_its_size(server, disposition):
    for content in (picture(99), VIDEO.read_bytes() + b"\0" * (2 << 20)):
        answer = send(server, disposition, content)
        assert answer["code"] == 40001
        assert "the file has no name: send it with one that ends in .mp4, .jpg, .jpeg or .png" in answer["message"]


def test_other_fields_stay_what_they_are(server):
    for disposition in (b'form-data; name="tags"', b"form-data; size=5", b"", b"attachment"):
        assert with_file_name(disposition, "utf-8") == disposition
    assert send(server, b"form-data", b"x")["code"] == 40001


def test_a_large_file_by_filename_star_alone_is_kept(server):
    answer = send(server, b"form-data; name=\"file\"; filename*=utf-8''%E7%9C%8B.mp4", VIDEO.read_bytes())
    assert answer["data"]["materials"][0]["name"] == "看.mp4"
