"""The routes of files for hosts: who may use them, and what they give and take."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest

from fleetlane.http.host_files import LARGEST_TRACE_FILE_BYTES, router
from support.host_server import TOKEN, KnownTokens
from support.rig import VIDEO
from support.server import ServerThread

OWNERS = "0123456789abcdef-secret"
CONTENT = VIDEO.read_bytes()
FILES = "/api/v1/hosts/files"
HOST = {"Authorization": f"Bearer {TOKEN}"}
OWNER = {"Authorization": f"Bearer {OWNERS}"}
ROUTES = (
    ("GET", f"/materials/{'0' * 64}.mp4"),
    ("GET", f"/listing?folder={VIDEO.parent}"),
    ("GET", f"/look?path={VIDEO}"),
    ("GET", f"/text?folder={VIDEO.parent}&name=caption.txt&most=10"),
    ("GET", f"/content?path={VIDEO}"),
    ("PUT", "/traces/1/1/01.jpg"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), token=OWNERS, host_tokens=KnownTokens()) as server:
        assert server.http.get("/api/v1/task", headers=OWNER).status_code == 200  # so that guesses do not wait
        assert server.http.get(f"{FILES}/look?path={VIDEO}", headers=HOST).status_code == 200
        yield server


@pytest.fixture(scope="module")
def material(server):
    added = server.http.post("/api/v1/material", files={"file": ("a.mp4", CONTENT)}, headers=OWNER).json()
    return f"{added['data']['materials'][0]['sha256']}.mp4"


@pytest.fixture(scope="module")
def task(server):
    """Return a task whose first attempt runs."""
    body = {"script_name": "post", "script_config": {}, "serials": ["a"]}
    [task_id] = server.http.post("/api/v1/task", json=body, headers=OWNER).json()["data"]["task_ids"]
    now_ms = time.time_ns() // 1_000_000 + 1000
    assert server.store.submit(lambda repositories: repositories.tasks.claim(task_id, "a", now_ms)).result()
    return task_id


def get(server, path, **headers):
    return server.http.get(f"{FILES}{path}", headers=HOST | headers)


def put(server, path, content):
    return server.http.put(f"{FILES}/traces/{path}", content=content, headers=HOST)


def test_every_route_is_tried_here():
    tried = {(method, path.partition("?")[0].split("/")[1]) for method, path in ROUTES}
    assert {(*route.methods, route.path.split("/")[5]) for route in router.routes} == tried


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("given", [None, "Bearer", f"Bearer {OWNERS}", f"Bearer {TOKEN}x", f"Basic {TOKEN}"])
def test_nobody_but_a_host_gets_anything(server, method, path, given):
    answer = server.http.request(method, f"{FILES}{path}", headers={} if given is None else {"Authorization": given})
    assert (answer.status_code, answer.json()["code"]) == (401, 40101)
    assert VIDEO.name not in answer.text


def test_who_guesses_a_hosts_token_must_wait(tmp_path):
    with ServerThread(tmp_path, host_tokens=KnownTokens()) as server:
        guesses = [get(server, "/listing", Authorization=f"Bearer wrong {number}").status_code for number in range(20)]
        assert (guesses[0], guesses[-1]) == (401, 429)


def test_without_hosts_there_are_no_tokens(tmp_path):
    with ServerThread(tmp_path) as server:
        assert server.call("GET", "/task")["code"] == 0
        assert [server.http.get(f"{FILES}/look?path={VIDEO}", headers=given).status_code for given in ({}, HOST)] == [
            401
        ] * 2


@pytest.mark.parametrize("path", ["/api/v1/task", "/openapi.json", "/tasks", "/api/v1/hosts", f"{FILES}/../../task"])
def test_a_hosts_token_opens_nothing_else(server, path):
    assert server.http.get(path, headers=HOST).status_code in (401, 404)
    assert server.http.get(f"{FILES}/task", headers=HOST).status_code == 404


@pytest.mark.parametrize(
    "mark", [{"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_pages_of_others_get_nothing_even_with_the_token(server, mark):
    answer = get(server, f"/look?path={VIDEO}", **mark)
    assert (answer.status_code, answer.json()["code"]) == (403, 40302)


def test_a_file_of_the_library_comes_whole_or_from_a_place_on(server, material):
    whole = get(server, f"/materials/{material}")
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (f'"{material[:64]}"', "bytes")
    rest = get(server, f"/materials/{material}", Range="bytes=1000-")
    assert (rest.status_code, rest.content) == (206, CONTENT[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}"
    some = get(server, f"/materials/{material}", Range="bytes=10-19", **{"If-Range": whole.headers["ETag"]})
    assert (some.status_code, some.content) == (206, CONTENT[10:20])


@pytest.mark.parametrize(
    "asked", ["bytes=99999999-", "bytes=5-2", "bytes=-5", "bytes=0-1,4-5", "lines=1-2", "bytes=x-"]
)
def test_any_other_part_is_all_of_it(server, material, asked):
    answer = get(server, f"/materials/{material}", Range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    other = get(server, f"/materials/{material}", Range="bytes=5-", **{"If-Range": '"another version"'})
    assert (other.status_code, other.content) == (200, CONTENT)


@pytest.mark.parametrize("name", [f"{'0' * 64}.mp4", "fleetlane.db", "..%2ffleetlane.db", ".incoming-x", f"{'0' * 64}"])
def test_only_files_of_the_library_are_given_by_name(server, name):
    assert get(server, f"/materials/{name}").status_code == 404


def test_a_file_that_a_task_names_is_given_where_it_may_be_opened(server):
    whole = get(server, f"/content?path={VIDEO}")
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert get(server, f"/content?path={VIDEO}", Range="bytes=1-").content == CONTENT[1:]
    looked = get(server, f"/look?path={VIDEO}&ending=.mp4").json()["data"]
    assert (looked["name"], looked["found"]["sha256"]) == (VIDEO.name, sha256(CONTENT).hexdigest())


@pytest.mark.parametrize("path", ["/etc/passwd", "/nowhere/a.mp4", "{data}/fleetlane.db", "{data}/token", "", "a%00b"])
@pytest.mark.parametrize("route", ["/content?path=", "/look?path=", "/listing?folder=", "/text?name=a&most=9&folder="])
def test_what_no_task_may_read_no_host_gets(server, route, path):
    answer = get(server, f"{route}{path.format(data=server.settings.data_dir)}")
    assert (answer.status_code, answer.json()["data"]) == (409, {"error_code": "media_missing"})


def test_a_trace_file_is_kept_once_however_often_it_comes(server, task):
    for content in (b"first", b"second", b"second"):
        answer = put(server, f"{task}/1/01.jpg", content)
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "message": "success", "data": None})
    kept = server.settings.traces_dir / str(task) / "1"
    assert [(path.name, path.read_bytes()) for path in kept.iterdir()] == [("01.jpg", b"second")]


def test_what_belongs_to_no_attempt_is_not_kept(server, task):
    assert put(server, f"{task}/2/01.jpg", b"x").status_code == 404
    assert put(server, f"{task + 1}/1/01.jpg", b"x").status_code == 404
    assert not (server.settings.traces_dir / str(task + 1)).exists()


@pytest.mark.parametrize("name", [".hidden", "a%2f..%2fb", "..", "a b", "a%00", "x" * 101, "%C3%A4.jpg", "a.jpg%0A"])
def test_only_names_of_traces_are_taken(server, task, name):
    assert put(server, f"{task}/1/{name}", b"x").status_code in (400, 404)


def test_a_trace_file_that_is_too_large_is_not_kept(server, task):
    answer = put(server, f"{task}/1/large.jpg", b"x" * (LARGEST_TRACE_FILE_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, 41301)
    assert not (server.settings.traces_dir / str(task) / "1" / "large.jpg").exists()
