"""The library over HTTP."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image

from support.rig import VIDEO
from support.server import ServerThread

CONTENT = VIDEO.read_bytes()


@pytest.fixture
def server(tmp_path):
    with ServerThread(tmp_path, max_upload_bytes=1024 * 1024) as server:
        yield server


def picture(kind="PNG", colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(out, kind)
    return out.getvalue()


def upload(server, *files, **fields):
    return server.call("POST", "/material", files=[("file", file) for file in files], data=fields)


def kept(server):
    return sorted(path.name for path in server.settings.materials_dir.iterdir())


def test_uploaded_files_are_kept_by_their_content(server):
    fields = {"tags": "Summer, sale,summer", "caption": "own", "username": "@Shop", "sort": "3"}
    answer = upload(server, ("a.mp4", CONTENT), ("b.png", picture()), **fields)["data"]
    video, image = answer["materials"]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (video["kind"], video["sha256"], video["size_bytes"]) == ("video", digest, len(CONTENT))
    assert video["duration_ms"] > 0
    assert (image["kind"], image["mime_type"], image["duration_ms"]) == ("image", "image/png", None)
    assert (video["tags"], video["caption"], video["username"], video["sort"]) == (
        ["summer", "sale"],
        "own",
        "@Shop",
        3,
    )
    assert kept(server) == sorted([f"{digest}.mp4", f"{image['sha256']}.png"])
    again = upload(server, ("c.mp4", CONTENT))["data"]
    assert (again["added_count"], again["known_ids"]) == (0, [video["id"]])
    assert again["materials"][0]["name"] == "a.mp4"


def test_a_material_is_described_listed_and_deleted(server):
    made = upload(server, ("x.mp4", CONTENT))["data"]["materials"][0]
    path = f"/material/{made['id']}"
    changed = server.call("PATCH", path, json={"tags": ["A", "b"], "username": "me", "sort": -1})["data"]
    assert (changed["tags"], changed["username"], changed["sort"], changed["caption"]) == (["a", "b"], "me", -1, "")
    assert server.call("GET", "/material?tag=A&kind=video&state=free&username=ME")["data"]["total"] == 1
    assert server.call("GET", "/material?tag=c")["data"]["total"] == 0
    assert server.call("POST", f"{path}/free")["data"]["state"] == "free"
    assert server.call("DELETE", path)["data"] == {"material_id": made["id"], "deleted": True}
    assert kept(server) == []
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/free")):
        assert server.call(method, f"{path}{tail}")["code"] == 40401
    assert server.call("PATCH", path, json={"sort": 1})["code"] == 40401


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.mp4", b"not a video", "no complete video"),
        ("a.mp4", picture(), "it is image/png"),
        ("a.png", picture("JPEG"), "it is image/jpeg"),
        ("a.png", picture()[:60], "its end is missing"),
        ("a.mp4", CONTENT[: len(CONTENT) // 3], "its end is missing"),
        ("a.jpg", picture("JPEG")[:-1], "its end is missing"),
        ("a.jpg", b"", "It is empty"),
        ("a.gif", picture("GIF"), "is not named as"),
        ("a", CONTENT, "is not named as"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_with_all_beside_it(server, name, content, words):
    answer = upload(server, ("good.mp4", CONTENT), (name, content))
    assert answer["code"] == 40001
    [error] = answer["data"]["errors"]
    assert error["field"] == "file.1"
    assert words in error["message"]
    assert kept(server) == []
    assert server.call("GET", "/material")["data"]["total"] == 0


def test_an_upload_over_the_limit_is_41301_also_when_its_length_is_not_said(server):
    big = b"x" * (2 * 1024 * 1024)
    assert upload(server, ("a.mp4", big))["code"] == 41301
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    chunks = (head, *(b"x" * 65536 for _ in range(30)), b"\r\n--B--\r\n")
    answer = server.http.post(
        "/api/v1/material", content=iter(chunks), headers={"Content-Type": "multipart/form-data; boundary=B"}
    )
    assert answer.json()["code"] == 41301
    assert kept(server) == []


@pytest.mark.parametrize("name", ["../../evil.mp4", "C:\\Users\\me\\v.mp4", "/etc/v.mp4", "a\x07b.mp4"])
def test_a_name_is_only_a_name(server, name):
    made = upload(server, (name, CONTENT))["data"]["materials"][0]
    assert not set("/\\\x07") & set(made["name"])
    assert len(kept(server)) == 1


def test_wrong_fields_and_bodies(server):
    assert upload(server, ("a.mp4", CONTENT), sort="many")["code"] == 40001
    assert upload(server, ("a.mp4", CONTENT), username="-x")["code"] == 40001
    assert server.call("POST", "/material", json={})["code"] == 41501
    assert server.call("POST", "/material", data={"tags": "x"}, files={"other": b""})["code"] == 40001
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    assert server.http.post("/api/v1/material", content=b"garbage", headers=headers).json()["code"] == 40001
    assert kept(server) == []
