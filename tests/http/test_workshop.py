"""The page of a failed step's screen: why nobody knew it, a rule that is tried and saved, and its tree to send."""

from __future__ import annotations

import re

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.ports.attempts import Step
from fleetlane.scripts.packs import PACKS
from support.server import ServerThread

OURS = {"HX-Request": "true"}
TREE = (
    '<hierarchy rotation="0"><node package="com.zhiliaoapp.musically" bounds="[0,0][1080,2400]">'
    '<node package="com.zhiliaoapp.musically" text="Watch more of what you like" bounds="[90,900][990,1000]"/>'
    '<node package="com.zhiliaoapp.musically" text="Maria Rossi" bounds="[90,1010][990,1100]"/>'
    '<node package="com.zhiliaoapp.musically" text="Not now" clickable="true" bounds="[90,1300][990,1400]"/>'
    "</node></hierarchy>"
)


@pytest.fixture
def server(tmp_path):
    with ServerThread(tmp_path) as server:
        yield server
    PACKS.use(None)


@pytest.fixture
def screen(server, tmp_path):
    """The page of the tree of a failed step."""
    [task_id] = server.create(["a"])
    kept = tmp_path / "traces" / str(task_id) / "1" / "03.xml"
    kept.parent.mkdir(parents=True)
    kept.write_text(TREE, encoding="utf-8")
    name = f"{task_id}/1/03.xml"
    step = Step(task_id, 1, 3, "reach the editor", "", "tiktok unknown", 0, 5, ok=False, screenshot="", tree=name)

    def fail(repositories):
        assert repositories.tasks.claim(task_id, "a", SystemClock().now_ms())
        repositories.attempts.add_step(step)

    server.store.submit(fail).result(10)
    link = f"/tasks/{task_id}/screen/1/03.xml"
    assert link in server.http.get(f"/tasks/{task_id}").text
    return link


def test_a_rule_is_made_tried_saved_and_in_force(server, screen, tmp_path):
    page = server.http.get(screen)
    assert page.status_code == 200
    assert "no pack knows it" in page.text
    assert "conditions hold" in page.text
    rule = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)[1].replace("&#34;", '"')
    assert "patches: tiktok" in rule
    picture = server.http.get(f"{screen}/picture.png")
    assert (picture.headers["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    tried = server.http.post(f"{screen}/try", data={"rule": rule}, headers=OURS).text
    assert "own_watch_more_of_what_you_like" in tried
    assert "Of 1 recordings 1 get another name" in tried, "the tree itself is one of those that are kept"
    wrong = server.http.post(f"{screen}/try", data={"rule": rule.replace("needs", "neds")}, headers=OURS).text
    assert "rule.yaml:3: screen" in wrong
    other = rule.replace("Watch more", "Watch less")
    assert "not tiktok own_" in server.http.post(f"{screen}/save", data={"rule": other}, headers=OURS).text
    assert not (tmp_path / "packs").exists()
    saved = server.http.post(f"{screen}/save", data={"rule": rule}, headers=OURS).text
    assert "tiktok-own_watch_more_of_what_you_like.yaml" in saved
    assert server.http.get("/healthz").json()["packs"]["tiktok"]["files"], "it is in force at once"
    assert "no pack knows it" not in server.http.get(screen).text
    [case] = (tmp_path / "packs" / "cases").rglob("*.xml")
    assert "Maria" not in case.read_text(encoding="utf-8")
    assert server.http.post(f"{screen}/save", data={"rule": rule}).status_code == 403, (
        "a foreign page may not ask for it"
    )


def test_a_tree_is_handed_out_without_peoples_words(server, screen):
    sent = server.http.get(f"{screen}/collected.xml")
    assert "attachment" in sent.headers["Content-Disposition"]
    assert "Not now" in sent.text
    assert "Maria" not in sent.text


@pytest.mark.parametrize("name", ["04.xml", "03.jpg", "..%2F03.xml", "x.xml"])
def test_only_trees_of_the_trace_have_a_page(server, screen, name):
    link = screen.replace("03.xml", name)
    for path in (link, f"{link}/picture.png", f"{link}/collected.xml"):
        assert server.http.get(path).status_code in (400, 404)


def test_a_tree_that_cannot_be_read_is_told_in_a_sentence(server, screen, tmp_path):
    [kept] = (tmp_path / "traces").rglob("03.xml")
    kept.write_text("<broken", encoding="utf-8")
    answer = server.http.get(screen)
    assert (answer.status_code, "cannot be read" in answer.text) == (409, True)
