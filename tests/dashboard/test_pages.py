"""The pages without a browser: whom they answer, what they say in which language, and the list as CSV."""

from __future__ import annotations

import csv
import html
import importlib.util
import io
import json
import re

import httpx2
import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.lateness import says_how_late
from fleetlane.core.outcome import failed as failed_outcome
from fleetlane.core.retrying import PassedOver
from fleetlane.dashboard.languages import LANGUAGES, catalogue
from fleetlane.dashboard.retry_all import _COUNTED, _HEADINGS
from fleetlane.dashboard.router import PARTS
from fleetlane.scripts.registry import script
from support.rig import ROOT
from support.server import ServerThread

PAGES = (
    "/",
    "/needs-you",
    "/tasks",
    "/tasks/retry-all",
    "/calendar",
    "/phones",
    "/new",
    "/accounts",
    "/materials",
    "/settings",
    "/hosts",
)
OURS = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


def messages():
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_text_is_translated_with_the_same_places_to_fill(language):
    tool, known = messages(), catalogue(language)
    texts = set(tool.texts())
    assert len(texts) > 200
    assert {message.id for message in tool.catalogue(language) if message.id} == texts, "run `make messages`"
    for text in texts:
        said = known.gettext(text)
        assert said.strip()
        assert sorted(re.findall(r"%\((\w+)\)", said)) == sorted(re.findall(r"%\((\w+)\)", text)), text
    assert known.gettext("New task") != "New task"
    compiled = (ROOT / "src/fleetlane/dashboard/texts" / f"{language}.mo").read_bytes()
    assert compiled == tool.compiled(language), "run `make messages`"


def test_only_what_stands_in_a_template_is_taken_for_markup():
    for template in (ROOT / "src" / "fleetlane" / "dashboard" / "templates").glob("*.html"):
        assert not re.findall(r"\b_\((?![\"'])", template.read_text(encoding="utf-8")), f"{template.name}: use word()"


def test_the_browser_chooses_the_language_and_a_person_another(server):
    def language(**headers):
        return server.http.get("/", headers=headers).text.partition('<html lang="')[2].partition('"')[0]

    assert language() == "en"
    assert language(**{"Accept-Language": "fr, zh-TW;q=0.8, it;q=0.9"}) == "it"
    assert language(**{"Accept-Language": "zh-CN"}) == "zh-CN"
    assert language(**{"Accept-Language": "xx;q=nonsense,,;q="}) == "en"
    assert language(**{"Accept-Language": "zh", "Cookie": "fleetlane_language=it"}) == "it"
    answer = server.http.get("/language/it?back=/tasks%3Fq=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?q=x")
    for foreign in ("//evil.example", "https://evil.example", "/\\evil.example", "/a%0d%0aX: y"):
        assert server.http.get(f"/language/it?back={foreign}").headers["location"] == "/", foreign
    assert server.http.get("/language/xx").status_code == 404
    server.http.cookies.clear()


@pytest.mark.parametrize("path", [*PAGES, "/tasks/999", "/static/app.js"])
def test_pages_are_behind_the_guard_and_may_load_nothing_foreign(server, path):
    answer = server.http.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if not path.startswith("/static"):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert "<script>" not in answer.text
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert server.http.get(path, headers=headers).json()["code"] == 40302, headers


def test_what_tasks_say_is_said_in_the_language_of_the_page(server):
    [waits] = server.create(["far-away"], start_at="2031-05-06T07:08:09+08:00")
    [stopped] = server.create(["far-away"])
    server.call("POST", f"/task/{stopped}/stop")
    chinese = {"Accept-Language": "zh"}
    page = server.http.get(f"/tasks/{waits}", headers=chinese).text
    assert "未到开始时间 2031-05-06 07:08:09; 手机 far-away 从未出现过，请连接它并允许 USB 调试" in page
    assert "its start at 2031-05-06T07:08:09.000+08:00, and device far-away" in server.task(waits)["waiting_for"]
    assert "已停止" in server.http.get(f"/tasks/{stopped}", headers=chinese).text
    [late] = server.create(["far-away"])
    outcome = says_how_late(failed_outcome("app_crashed", "Said the app <b>."), 3 * 60_000)
    server.store.submit(lambda r: r.tasks.miss(late, SystemClock().now_ms(), 60_000, outcome)).result(10)
    assert server.task(late)["remark"] == "The app crashed. Said the app <b>. It was 3 min late."
    for place in (f"/tasks/{late}", "/tasks"):
        assert "应用崩溃了。 Said the app &lt;b&gt;. 晚了 3 分钟。" in server.http.get(place, headers=chinese).text
    assert "Porta TCP su cui ascoltare." in server.http.get("/settings", headers={"Accept-Language": "it"}).text


CHANGES = (
    "/login", "/logout", "/tasks/bulk", "/tasks/retry-all", "/tasks/undo/1", "/tasks/1/stop", "/tasks/1/retry",
    "/tasks/1/resolve",
    "/tasks/1/delete", "/tasks/1/start", "/tasks/1/move", "/tasks/1/dismiss", "/needs-you/dismiss",
    "/new", "/new/preview", "/new/materials", "/phones/connect", "/phones/1/check", "/phones/1/take-over",
    "/phones/1/give-back", "/phones/1/touch", "/phones/1/key", "/phones/1/text", "/phones/1/words", "/phones/1/adopt",
    "/accounts", "/accounts/import",
    "/accounts/1", "/accounts/1/enabled", "/accounts/1/delete", "/materials", "/materials/1", "/materials/1/free",
    "/materials/1/delete", "/tasks/1/screen/1/1/try", "/tasks/1/screen/1/1/save",
    "/phones/let-go", "/hosts/1/drain", "/hosts/1/forget",
)  # fmt: skip


def test_every_change_is_named_here():
    found = {route.path for part in PARTS for route in part.routes if "POST" in route.methods}
    assert {re.sub(r"\{\w+\}", "1", path) for path in found} == set(CHANGES)


@pytest.mark.parametrize("path", CHANGES)
def test_a_form_of_another_page_changes_nothing(server, path):
    [task_id] = server.create(["guarded"])
    plain = server.http.post(path, data={"action": "delete", "ids": str(task_id)})
    assert plain.status_code == 403
    assert "own pages" in plain.text
    foreign = server.http.post(path, headers={**OURS, "Origin": "http://evil.example"})
    assert foreign.json()["code"] == 40302
    assert server.task(task_id)["status"] == 0


def test_retry_all_asks_first_does_what_it_showed_and_can_be_undone(server):
    failed, stopped, later = server.create(["ra-1", "ra-2", "ra-3"], start_time="03:15")
    batch = server.task(failed)["batch_id"]
    asked = f"/tasks/retry-all?batch_id={batch}"
    assert "No task would be retried" in server.http.get(asked).text
    _fail(server, failed)
    server.call("POST", f"/task/{stopped}/stop")
    text = server.http.get(asked).text
    assert "1 tasks will wait again" in text
    assert "A person stopped them (1)" in text
    until = re.search(r'name="until_ms" value="(\d+)"', text)[1]
    assert "2 tasks will wait again" in server.http.get(f"{asked}&include_stopped=true").text
    assert server.task(failed)["status"] == 3, "a question changes nothing"
    _fail(server, later, at_ms=int(until) + 1)
    answer = server.http.post("/tasks/retry-all", data={"batch_id": batch, "until_ms": until}, headers=OURS).text
    assert "1 tasks wait again." in answer
    assert [server.task(one)["status"] for one in (failed, stopped, later)] == [0, 3, 3]
    undo = re.search(r'hx-post="(/tasks/undo/[^"]+)"', answer)[1]
    assert "1 tasks are what they were." in server.http.post(undo, headers=OURS).text
    assert server.task(failed)["error_code"] == "missed_start"
    bulk = server.http.post("/tasks/bulk", data={"action": "retry", "ids": [failed, stopped]}, headers=OURS).text
    assert "1 tasks wait again. 1 were passed over: a person stopped them." in bulk
    assert [server.task(one)["status"] for one in (failed, stopped)] == [0, 3]


@pytest.mark.parametrize("why", PassedOver)
def test_each_reason_to_pass_a_task_over_has_its_words(why):
    assert "passed over" in _COUNTED[why]
    assert _HEADINGS[why]


def test_what_would_be_a_repeat_is_passed_over_with_its_reason_and_retried_alone_when_asked_twice(server):
    config = {"captions": "the same twice"}
    [first] = server.create(["rr-1"], config, start_time="03:15")
    _fail(server, first)
    [second] = server.create(["rr-1"], config, start_time="03:15")
    assert "Other tasks have published the same, or will" in server.http.get("/tasks/retry-all").text
    asked = server.http.post(f"/tasks/{first}/retry", headers=OURS).text
    assert f"Task {second} has published the same for this target, or will." in asked
    assert f'hx-post="/tasks/{first}/retry"' in asked
    assert server.task(first)["status"] == 3
    fields = json.loads(html.unescape(re.search(r"hx-vals='([^']+)'", asked)[1]))
    answer = server.http.post(f"/tasks/{first}/retry", data={k: str(v) for k, v in fields.items()}, headers=OURS).text
    assert "The task waits again." in answer
    assert server.task(first)["status"] == 0


def _fail(server, task_id, at_ms=None):
    outcome = failed_outcome("missed_start")
    at_ms = at_ms or SystemClock().now_ms()
    server.store.submit(lambda r: r.tasks.miss(task_id, at_ms, 60_000, outcome)).result(10)


def test_what_is_held_is_started_moved_dismissed_and_dropped_from_its_page(server):
    tasks = server.create([f"held-{n}" for n in range(4)], start_time="03:15")
    note = {"code": "missed_start", "message": "It was 5 min late."}
    for task_id in tasks:
        server.store.submit(lambda r, i=task_id: r.tasks.hold(i, SystemClock().now_ms(), 300_000, note)).result(10)
    text = server.http.get("/needs-you").text
    assert 'id="needs-count" class="count">4<' in text
    assert all(f'id="start-{task_id}"' in text for task_id in tasks)
    assert "Post now" in server.http.get(f"/tasks/{tasks[0]}").text
    assert "Post now" in server.http.get("/tasks").text
    assert "Post now" in server.http.get("/").text
    started, moved, dismissed, dropped = tasks
    assert "due now" in server.http.post(f"/tasks/{started}/start", headers=OURS).text
    form = {"day": "2099-05-06", "time": "07:08"}
    assert "new start time" in server.http.post(f"/tasks/{moved}/move", data=form, headers=OURS).text
    assert server.task(moved)["scheduled_at"] == "2099-05-06T07:08:00.000+08:00"
    for wrong in ({}, {"day": "2099-05-06"}, {"day": "2020-05-06", "time": "07:08"}, {"day": "x", "time": "y"}):
        refused = server.http.post(f"/tasks/{dismissed}/move", data=wrong, headers=OURS).text
        assert 'role="alert"' in refused, wrong
    answer = server.http.post("/needs-you/dismiss", data={"ids": [dismissed, started]}, headers=OURS).text
    assert "1 tasks are off the list." in answer
    assert "Undo" in server.http.post(f"/tasks/{dropped}/stop", headers=OURS).text
    assert [server.task(one)["held_since"] is not None for one in tasks] == [False, False, True, False]
    assert "Nothing needs you" in server.http.get("/needs-you").text


def test_what_goes_wrong_is_a_page_with_a_sentence(server):
    missing = server.http.get("/tasks/999999")
    assert (missing.status_code, "There is no task 999999." in missing.text) == (404, True)
    wrong = server.http.get("/tasks?status=9")
    assert (wrong.status_code, "cannot be understood" in wrong.text) == (400, True)
    refused = server.http.post("/tasks/999999/stop", headers=OURS)
    assert (refused.status_code, 'role="alert"' in refused.text) == (200, True)
    assert server.http.get("/tasks/1/steps/1/1.jpg").status_code == 404


def test_the_filtered_list_as_csv_has_every_row_and_no_formula(server):
    server.create([f"=cmd{n}" for n in range(3)])
    answer = server.http.get("/tasks.csv?q=cmd&sort=id")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["serial"] for row in rows] == ["'=cmd0", "'=cmd1", "'=cmd2"]
    assert {row["status_text"] for row in rows} == {"pending"}
    assert "attachment" in answer.headers["content-disposition"]


def test_the_form_has_every_setting_of_the_script(server):
    text = server.http.get("/new").text
    for name in script("post").schema()["properties"]:
        assert f'name="config.{name}"' in text, name


def test_a_task_from_the_form_is_what_the_api_would_make(server):
    form = {
        "script_name": "post", "targets": "accounts", "usernames": "one", "more_usernames": "two\r\n\r\n three ",
        "serials": "ignored", "config.captions": "a\r\nb", "config.content_type": "1", "config.image_count": "2",
        "config.material_list": "C:/a.jpg\r\nC:/b.jpg", "config.dry_run": "1", "config.add_sound": "0",
        "config.platform": "", "start_time": "03:15", "min_interval": "5",
    }  # fmt: skip
    answer = server.http.post("/new", data=form, headers=OURS)
    assert "C:/a.jpg lies outside" in answer.text, "what will fail is told after sending, too"
    batch = re.search(r"batch_id=([0-9a-f-]+)", answer.text)[1]
    tasks = server.call("GET", f"/task?batch_id={batch}&sort=id")["data"]["tasks"]
    assert [task["username"] for task in tasks] == ["one", "two", "three"]
    assert {task["source"] for task in tasks} == {"ui"}
    assert tasks[0]["script_config"] == {
        "captions": "a\nb", "content_type": 1, "image_count": 2, "material_list": ["C:/a.jpg", "C:/b.jpg"],
        "dry_run": True, "add_sound": "0",
    }  # fmt: skip
    assert "T03:15:00" in tasks[0]["scheduled_at"]
    for wrong in ({"config.image_count": "many"}, {"start_time": "9"}, {"min_interval": "x"}, {"script_name": "no"}):
        refused = server.http.post("/new", data={**form, **wrong}, headers=OURS)
        assert 'role="alert"' in refused.text, wrong
        assert "hx-redirect" not in refused.headers


def test_accounts_are_added_switched_and_imported_with_their_differences_first(server):
    server.http.post("/accounts", data={"username": "page_one", "device": "p1"}, headers=OURS)
    sheet = {"file": ("a.csv", b"username,device\npage_one,p2\npage_two,p3\n")}
    plan = server.http.post("/accounts/import", files=sheet, headers=OURS).text
    assert "serial p1 → p2" in plan
    assert "+ page_two" in plan
    assert "page_two" not in server.http.get("/accounts").text
    server.http.post("/accounts/import", files=sheet, data={"apply": "true"}, headers=OURS)
    [two] = server.call("GET", "/account?q=page_two")["data"]["accounts"]
    assert two["device"] == "p3"
    server.http.post(f"/accounts/{two['id']}/enabled", data={"enabled": "false"}, headers=OURS)
    assert server.call("GET", f"/account/{two['id']}")["data"]["enabled"] is False
    assert server.http.get("/accounts/export").content.startswith(b"PK")


def test_a_sheet_with_errors_lists_them_all_and_its_encoding_can_be_chosen(server):
    page = server.http.get("/accounts").text
    assert '<option value="windows-1252">Western Europe (windows-1252)</option>' in page
    wrong = {"file": ("a.csv", b"username,device\n-bad,p2\nx,#N/A\n")}
    for apply in ("false", "true"):
        answer = server.http.post("/accounts/import", files=wrong, data={"apply": apply}, headers=OURS).text
        assert 'role="alert"' in answer
        assert "<strong>row 2</strong>: column username:" in answer
        assert "<strong>row 3</strong>: column device: holds the error #N/A" in answer
    latin = {"file": ("a.csv", "username;device\ncafé_page;p2\n".encode("cp1252"))}
    asked = server.http.post("/accounts/import", files=latin, data={"encoding": ""}, headers=OURS).text
    assert "encoding=windows-1252" in asked
    plan = server.http.post("/accounts/import", files=latin, data={"encoding": "windows-1252"}, headers=OURS).text
    assert "+ café_page" in plan


def test_what_a_sheet_takes_away_is_told_in_the_language_of_the_page(server):
    server.http.post("/accounts", data={"username": "cleared_one", "device": "p1"}, headers=OURS)
    sheet = {"file": ("a.csv", b"username,device\ncleared_one,\n")}
    plan = server.http.post("/accounts/import", files=sheet, headers=OURS).text
    assert "empty cells take something away: cleared_one (device)" in plan
    italian = server.http.post("/accounts/import", files=sheet, headers={**OURS, "Accept-Language": "it"}).text
    assert "le celle vuote tolgono qualcosa" in italian


def test_where_a_token_is_set_the_pages_ask_for_it_once_and_the_api_always(tmp_path):
    token = "0123456789abcdef-secret"
    with ServerThread(tmp_path, token=token) as server:
        html = {"Accept": "text/html,*/*"}
        sent = server.http.get("/tasks", headers=html)
        assert (sent.status_code, sent.headers["location"]) == (303, "/login")
        assert server.http.get("/tasks").json()["code"] == 40101
        assert server.http.get("/live").json()["code"] == 40101
        assert 'name="token"' in server.http.get("/login", headers=html).text
        assert server.http.get("/static/style.css").status_code == 200
        refused = server.http.post("/login", data={"token": "wrong"}, headers=OURS)
        assert 'role="alert"' in refused.text
        assert "set-cookie" not in refused.headers
        server.http.cookies.set(f"fleetlane_session_{server.settings.port}", "forged")
        assert server.http.get("/tasks").status_code == 401
        server.http.cookies.clear()
        cookie = server.http.post("/login", data={"token": f" {token}"}, headers=OURS).headers["set-cookie"]
        assert token not in cookie
        assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        assert server.http.get("/tasks").status_code == 200
        assert server.http.post("/tasks/retry-all", headers=OURS).status_code == 200
        assert server.call("GET", "/task")["code"] == 40101, "the cookie opens the pages only"
        assert server.http.get("/tasks", headers={"Origin": "http://evil.example"}).json()["code"] == 40302


def test_a_session_is_random_of_this_port_and_ends_when_its_owner_logs_out(tmp_path):
    token = "0123456789abcdef-secret"
    with ServerThread(tmp_path, token=token) as server:
        logged_in = [server.http.post("/login", data={"token": token}, headers=OURS) for _ in range(2)]
        first, second = (answer.headers["set-cookie"].partition(";")[0] for answer in logged_in)
        assert first != second
        assert first.startswith(f"fleetlane_session_{server.settings.port}=")
        assert "Secure" not in logged_in[0].headers["set-cookie"]
        behind = {**OURS, "X-Forwarded-Proto": "https"}
        assert "; Secure" in server.http.post("/login", data={"token": token}, headers=behind).headers["set-cookie"]
        server.http.cookies.clear()
        assert server.http.get("/tasks", headers={"Cookie": first}).status_code == 200
        assert 'hx-post="/logout"' in server.http.get("/tasks", headers={"Cookie": first}).text
        assert server.http.post("/logout", headers={**OURS, "Cookie": first}).headers["HX-Redirect"] == "/login"
        assert server.http.get("/tasks", headers={"Cookie": first}).status_code == 401
        assert server.http.get("/tasks", headers={"Cookie": second}).status_code == 200
    with ServerThread(tmp_path, token=token, port=server.settings.port) as again:
        assert again.http.get("/tasks", headers={"Cookie": first}).status_code == 401
        assert again.http.get("/tasks", headers={"Cookie": second}).status_code == 200, "it outlives a restart"


@pytest.mark.parametrize("path", ["/live", "/live/pictures?serial=a"])
def test_what_a_session_follows_ends_with_it(tmp_path, monkeypatch, path):
    monkeypatch.setattr("fleetlane.web.streams.HEARTBEAT_S", 0.2)
    monkeypatch.setattr("fleetlane.dashboard.live_view.HEARTBEAT_S", 0.2)
    token = "0123456789abcdef-secret"
    with ServerThread(tmp_path, token=token) as server:
        answer = server.http.post("/login", data={"token": token}, headers=OURS)
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        server.http.cookies.clear()
        with server.http.stream("GET", path, headers=cookie) as followed:
            lines = followed.iter_lines()
            assert followed.status_code == 200
            assert next(line for line in lines if line == ": still here")
            with httpx2.Client(base_url=server.http.base_url) as another:
                another.post("/logout", headers={**OURS, **cookie})
                another.get("/api/v1/task", headers={"Authorization": "Bearer wrong"})  # which is an event
            assert not [line for line in lines if line.startswith("data:")]  # and that it ends


def test_the_settings_say_what_holds_and_who_says_so_but_no_secret(tmp_path):
    token = "0123456789abcdef-secret"
    with ServerThread(tmp_path, token=token, time_zone="Europe/Rome") as server:
        text = server.http.get("/settings", headers={"Authorization": f"Bearer {token}"}).text
    zone = text.partition('data-setting="time_zone"')[2].partition("</tr>")[0]
    assert "Europe/Rome" in zone
    assert "the command line" in zone
    assert "default" in text.partition('data-setting="log_level"')[2].partition("</tr>")[0]
    assert token not in text
    assert "GB free for" in text
    assert "It works, with problems" in text  # there is no adb


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/{id}/delete", {}),
        ("/accounts/{id}/enabled", {"enabled": "true"}),
        ("/materials/{id}/delete", {}),
        ("/tasks/{id}/stop", {}),
        ("/tasks/bulk", {"action": "stop", "ids": "{id}"}),
    ],
)
def test_an_id_that_no_store_can_hold_is_a_sentence(server, path, form):
    for too_large in (str(2**63), "9" * 30):
        filled = {name: value.replace("{id}", too_large) for name, value in form.items()}
        answer = server.http.post(path.replace("{id}", too_large), data=filled, headers=OURS)
        assert answer.status_code == 200
        assert "cannot be understood" in answer.text
