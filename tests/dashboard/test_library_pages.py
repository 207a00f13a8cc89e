"""The pages of the library without a browser: contents by parts, descriptions, and files chosen for a task."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from support.rig import VIDEO
from support.server import ServerThread

OURS = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


def picture(colour="red"):
    content = io.BytesIO()
    Image.new("RGB", (30, 40), colour).save(content, "PNG")
    return content.getvalue()


def uploaded(server, name="one.mp4", content=None):
    files = {"file": (name, content or VIDEO.read_bytes())}
    return server.http.post("/api/v1/material", files=files).json()["data"]["materials"][0]


def sent(server, **form):
    answer = server.http.post("/new", data={"script_name": "post", "serials": "absent", **form}, headers=OURS)
    shown = re.search(r'href="(/tasks[^"]+)">Show them', answer.text)  # where something will fail
    place = shown[1] if shown else answer.headers["hx-redirect"]
    if "batch_id" in place:
        return server.call("GET", f"/task?sort=id&{place.partition('?')[2]}")["data"]["tasks"]
    return [server.task(int(place.rpartition("/")[2]))]


def test_a_players_part_of_a_file_is_served_and_nothing_runs_in_it(server):
    item = uploaded(server)
    whole, answer = VIDEO.read_bytes(), server.http.get(f"/materials/{item['id']}/file")
    assert (answer.content, answer.headers["content-type"]) == (whole, "video/mp4")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = server.http.get(f"/materials/{item['id']}/file", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert server.http.get("/materials/999999/file").status_code == 404
    assert server.http.get("/materials/..%2Ffleetlane.db/file").status_code == 404


def test_a_file_that_is_gone_is_a_page_with_a_sentence(server):
    item = uploaded(server, "gone.png", picture("blue"))
    [path] = [p for p in server.settings.materials_dir.iterdir() if p.stem == item["sha256"]]
    path.unlink()
    answer = server.http.get(f"/materials/{item['id']}/file")
    assert (answer.status_code, f"There is no file of material {item['id']}." in answer.text) == (404, True)


def test_what_is_said_of_a_file_is_changed_and_a_used_one_is_freed(server):
    item = uploaded(server, "two.png", picture("green"))
    place = f"/materials/{item['id']}"
    form = {"tags": "A, b", "caption": "x\r\ny", "username": " shop ", "sort": "7"}
    assert "The change is kept." in server.http.post(place, data=form, headers=OURS).text
    now = server.call("GET", f"/material/{item['id']}")["data"]
    assert (now["tags"], now["caption"], now["username"], now["sort"]) == (["a", "b"], "x\ny", "shop", 7)
    assert now["name"] == "two.png"
    assert 'value="a, b"' in server.http.get(place).text
    refused = server.http.post(place, data={**form, "username": "-x"}, headers=OURS)
    assert 'role="alert"' in refused.text
    assert refused.headers["hx-retarget"] == "#toasts"
    assert "is free" in server.http.post(f"{place}/free", headers=OURS).text
    assert server.http.post(f"{place}/delete", headers=OURS).headers["hx-redirect"] == "/materials"
    assert server.http.get(place).status_code == 404


def test_the_filters_of_the_library_stay_on_the_next_page(server):
    for n in range(50):
        uploaded(server, f"{n}.png", picture((n, 0, 0)))
    text = server.http.get("/materials?kind=image&state=free").text
    assert 'href="/materials?state=free&amp;kind=image&amp;page=2"' in text
    assert text.count('class="picture"') == 48
    assert "No file fits this filter." in server.http.get("/materials?tag=none").text


def test_chosen_files_are_posted_in_turn_and_their_kind_tells_the_content(server):
    video, image = uploaded(server), uploaded(server, "three.png", picture("pink"))
    folder = server.settings.materials_dir.as_posix()
    tasks = sent(server, more_serials="absent-2", materials=[video["id"]], **{"config.material_list": "C:/more.mp4"})
    assert len(tasks) == 2
    config = tasks[0]["script_config"]
    assert config == {"material_list": [f"{folder}/{video['sha256']}.mp4", "C:/more.mp4"], "content_type": 0}
    [task] = sent(server, materials=[image["id"], 999999])
    assert task["script_config"] == {"material_list": [f"{folder}/{image['sha256']}.png"], "content_type": 1}
    mixed = server.http.post(
        "/new", data={"script_name": "post", "serials": "a", "materials": [video["id"], image["id"]]}, headers=OURS
    )
    assert "choose videos or images, not both" in mixed.text


def test_an_upload_in_the_form_is_kept_chosen_and_comes_first(server):
    before = uploaded(server)
    files = {"file": ("new.png", picture("white"))}
    answer = server.http.post("/new/materials", files=files, data={"materials": before["id"]}, headers=OURS)
    assert answer.headers["hx-trigger-after-settle"] == "chosen"
    assert answer.text.count(" checked") == 2
    wrong = server.http.post("/new/materials", files={"file": ("x.png", b"text")}, headers=OURS)
    assert "is not what its name says" in wrong.text
    assert wrong.headers["hx-retarget"] == "#toasts"
    again = server.http.get(f"/new/materials?tag=none&materials={before['id']}").text
    assert again.count(" checked") == 1


def test_a_day_and_a_time_are_an_instant_in_the_servers_zone(server):
    [task] = sent(server, start_date="2031-03-01", start_time="14:30")
    assert task["scheduled_at"] == "2031-03-01T14:30:00.000+08:00"
    form = {"script_name": "post", "serials": "a", "start_date": "2031-03-01"}
    for wrong, sentence in (
        ({}, "is needed for a day"),
        ({"start_time": "25:00"}, "must be a day such as"),
        ({"start_date": "31.3.2031", "start_time": "14:30"}, "must be a day such as"),
    ):
        assert sentence in server.http.post("/new/preview", data={**form, **wrong}, headers=OURS).text, wrong
