"""Texts of phones and callers stay texts: on every page, in every query, in the list as CSV and in the events."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from urllib.parse import quote, urlencode

import pytest
from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from playwright.sync_api import expect

from fleetlane.core.ports.phone import PhoneReport
from fleetlane.dashboard.languages import COOKIE
from support.browser import Watched
from support.pages import page_routes, places
from support.payloads import FOREIGN, NAMES, PAYLOADS, TEXTS
from support.rig import ROOT, VIDEO
from support.server import ServerThread

pytestmark = pytest.mark.phone
DASHBOARD = ROOT / "src/fleetlane/dashboard"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("payloads"), time_zone="Asia/Shanghai") as server:
        yield server


@pytest.fixture(scope="module")
def tasks(server):
    """A store that holds every payload in every text; returns a task for each text."""
    ids = [_told_by_a_caller(server, number, payload) for number, payload in enumerate(TEXTS)]
    _told_by_phones(server.settings.data_dir / "fleetlane.db", ids)
    return ids


def _told_by_a_caller(server, number, payload):
    name = NAMES[number % len(NAMES)]
    config = {"captions": payload, "materials_tags": payload, "sound_name": payload}
    [task_id] = server.create([f"x{name}"], config)
    server.create(config=config, usernames=[f"{number}{name}"])
    account = {"username": f"{number}{name}", "platform": "tiktok", "device": f"x{name}", "note": payload}
    assert server.call("POST", "/account", json=account)["code"] == 0
    content = VIDEO.read_bytes() + b"\x00\x00\x00\x0cfree%04d" % number
    described = {"tags": payload, "caption": payload, "username": f"{number}{name}"}
    answer = server.http.post("/api/v1/material", files={"file": (f"{payload}v.mp4", content)}, data=described).json()
    assert answer["code"] == 0, answer
    return task_id


def _told_by_phones(store, ids):
    """Write what only phones, scripts and journals say: nothing there is checked by anybody else."""
    with closing(sqlite3.connect(store, timeout=20)) as connection, connection:
        for task_id, payload, name in zip(ids, TEXTS, [*NAMES, *NAMES], strict=False):
            told = {"remark": payload, "error_code": payload, "outcome": payload, "batch_id": payload}
            told |= {"status": 3, "result": json.dumps({payload: [payload]}), "ended_ms": 1, "script_name": payload}
            _write(connection, "UPDATE tasks SET {} WHERE id = ?", told, task_id)
            step = {"attempt": 1, "number": 1, "started_ms": 1, "duration_ms": 1, "ok": False, "task_id": task_id}
            step |= {"name": payload, "detail": payload, "screen": payload, "tree": "", "screenshot": payload}
            _insert(connection, "steps", step)
            attempt = {"task_id": task_id, "number": 1, "serial": payload, "phase": "tapped", "error_code": payload}
            attempt |= {"facts": json.dumps({payload: payload}), "started_ms": 1, "changed_ms": 1, "ended_ms": 1}
            _insert(connection, "attempts", attempt)
            said = {
                **dict.fromkeys(PhoneReport.__dataclass_fields__, payload),
                "size": [1, 1],
                "apps": {payload: payload},
            }
            said |= {"free_bytes": 1, "battery_percent": 1}
            device = {"serial": _serial(name), "first_seen_ms": 1, "last_seen_ms": 1, "facts": json.dumps(said)}
            connection.execute("DELETE FROM devices WHERE serial = ?", (device["serial"],))
            _insert(connection, "devices", device)


def _write(connection, statement, values, key):
    names = ", ".join(f"{name} = ?" for name in values)
    assert connection.execute(statement.format(names), (*values.values(), key)).rowcount == 1


def _insert(connection, table, values):
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", (*values.values(),))


@pytest.fixture
def watched(browser, server):
    watched = Watched(browser, f"http://localhost:{server.settings.port}")
    yield watched
    watched.close()


def _serial(name):
    return "x" + name.replace("/", "|")  # no address of a page can hold a slash


def _numbered(values):
    return {str(number): str(value) for number, value in enumerate(values)}


def test_what_is_stored_runs_on_no_page(watched, server, tasks):
    page = watched.page
    phones = [quote(_serial(name), safe="") for name in NAMES]
    accounts = [one["id"] for one in server.call("GET", "/account?page_size=100")["data"]["accounts"]]
    materials = [one["id"] for one in server.call("GET", "/material?page_size=100")["data"]["materials"]]
    named = {"task_id": tasks, "serial": phones, "account_id": accounts, "material_id": materials}
    for place in places({name: _numbered(values) for name, values in named.items()}).values():
        page.goto(place, wait_until="domcontentloaded")
        assert page.locator("h1").count() == 1, f"{place} does not show its page: {page.inner_text('body')[:500]}"
        assert page.evaluate(FOREIGN) == [], place
    watched.expect_problems("Failed to load resource")  # pictures of steps that have none


def test_what_is_in_an_address_runs_on_no_page(watched, tasks):
    shown = [route for route in page_routes() if "{" not in route.path]
    asked = [(route.path, names) for route in shown if (names := _texts_in_the_query(route))]
    assert len(asked) > 3
    for path, names in asked:
        for number in range(0, len(TEXTS), len(names)):  # each once on a page, each in another parameter
            texts = (TEXTS[(number + n) % len(TEXTS)] for n in range(len(names)))
            watched.page.goto(f"{path}?{urlencode(dict(zip(names, texts, strict=True)))}")
            assert watched.page.evaluate(FOREIGN) == [], watched.page.url
    watched.expect_problems("400 (Bad Request)")


def _texts_in_the_query(route):
    fields = [f for f in get_flat_params(route.dependant) if isinstance(f.field_info, params.Query)]
    return [field.alias for field in fields if "str" in str(field.field_info.annotation)]


def test_every_text_in_an_address_is_escaped_where_it_is_shown(server, tasks):
    shown = [route for route in page_routes() if "{" not in route.path]
    for path, name in ((route.path, name) for route in shown for name in _texts_in_the_query(route)):
        answer = server.http.get(path, params={name: "'>\"><b>__xss"})
        assert "<b>__xss" not in answer.text, (path, name)


def test_an_address_that_cannot_be_understood_is_not_shown(server):
    for payload in PAYLOADS:
        for place in (f"/tasks/{quote(payload, safe='')}", f"/tasks?{urlencode({'status': payload})}"):
            answer = server.http.get(place)
            assert answer.status_code in (400, 404)
            is_page = answer.headers["content-type"].startswith("text/html")
            assert not (is_page and payload in answer.text)


def test_cookies_and_languages_that_are_none_change_nothing(server):
    plain = server.http.get("/settings").text
    for payload in TEXTS:
        sent = re.sub(r"[^ -~]", "?", payload).strip()
        for headers in (
            {"Cookie": f"{COOKIE}={sent.replace(';', '')}; fleetlane_theme={sent.replace(';', '')}"},
            {"Accept-Language": sent},
        ):
            assert re.sub('after=[^&"]*', "", server.http.get("/settings", headers=headers).text) == re.sub(
                'after=[^&"]*', "", plain
            )
        assert server.http.get(f"/language/{quote(payload, safe='')}").status_code == 404
        back = server.http.get("/language/en", params={"back": payload}).headers["location"]
        assert back.startswith("/")
        assert not back.startswith(("//", "/\\"))


def test_what_is_written_into_the_forms_runs_nowhere(page, tasks):
    page.goto("/new")
    page.fill("[name=more_serials]", "\n".join(f"z{name}" for name in NAMES))
    page.fill("[name='config.material_list']", str(VIDEO))
    page.fill("[name='config.captions']", "\n".join(PAYLOADS))
    page.select_option("[name='config.caption_format']", "multiline")
    expect(page.locator("#preview tbody tr")).to_have_count(len(NAMES))
    assert page.evaluate(FOREIGN) == []
    page.fill("[name='config.materials_tags']", PAYLOADS[0])
    page.fill("[name='config.custom_sound_keyword']", PAYLOADS[1])
    page.fill("[name='config.post_way']", PAYLOADS[2])
    expect(page.locator("#preview").get_by_role("alert")).to_be_visible()
    assert page.evaluate(FOREIGN) == []
    sheet = "username,platform,note,<img src=x onerror=__xss(0)>\n" + "".join(
        f'"{name.replace(chr(34), 2 * chr(34))}",tiktok,"{name.replace(chr(34), 2 * chr(34))}",x\n' for name in NAMES
    )
    page.goto("/accounts")
    page.set_input_files("#sheet", {"name": "x.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
    page.locator("form:has(#sheet) button").first.click()
    expect(page.locator("#plan")).not_to_be_empty()
    assert page.evaluate(FOREIGN) == []


def test_the_list_as_csv_is_a_file_of_texts(server, tasks):
    answer = server.http.get("/tasks.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    rows = {int(row["id"]): row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))}
    for task_id, text in zip(tasks, TEXTS, strict=True):
        assert rows[task_id]["remark"].removeprefix("'") == text
        assert rows[task_id]["remark"][0] not in "=+-@"


def test_no_text_can_add_an_event(server):
    place = server.http.get("/settings").text.partition("?after=")[2].partition('"')[0]
    for name, payload in zip([*NAMES, *NAMES], TEXTS, strict=False):
        server.create([f"y{name}"], {"captions": payload})
    text = server.http.get("/live", params={"after": place, "for_s": 0}).text
    blocks = [block.split("\n") for block in text.strip("\n").split("\n\n")]
    heads = [tuple(line.partition(": ")[0] for line in block) for block in blocks]
    assert set(heads[1:]) == {("id", "event", "data")}
    assert {block[1] for block in blocks[1:]} == {"event: task"}
    told = [json.loads(block[2].removeprefix("data: ")) for block in blocks[1:]]
    assert len(told) == len(TEXTS)
    assert text.count("\u2028") == sum(json.dumps(one, ensure_ascii=False).count("\u2028") for one in told)


def test_a_payload_that_got_in_is_seen(browser, server):
    """The tests above can fail: the policy's refusals, the canary and foreign elements are all watched."""
    watched = Watched(browser, f"http://localhost:{server.settings.port}")
    put = "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)"
    watched.page.goto("/settings")
    watched.page.evaluate(put, "<img src=x onerror=__xss(1)>")
    watched.page.wait_for_function("() => document.images.length > 1 && document.images[1].complete")
    assert watched.page.evaluate(FOREIGN) == ['<img src="x" onerror="__xss(1)">']
    watched.expect_problems("refused by the policy: script-src-attr")
    watched.page.evaluate("__xss(1)")
    assert watched.ran == ["1"]
    watched.context.close()


def test_templates_and_scripts_hold_nothing_that_lets_a_text_run():
    templates = {file.name: file.read_text(encoding="utf-8") for file in (DASHBOARD / "templates").iterdir()}
    never = {
        "escaping switched off": r"\|\s*safe\b|\bautoescape\b|\bMarkup\b",
        "a script in a page": r"<script(?! src=\"/static/)|\son[a-z]+=[\"']|hx-on|javascript:|hx-vals=['\"]js:",
        "a style in a page": r"<style|\sstyle\s*=",
        "an attribute without quotes": r"\s[\w-]+=\{\{",
        "a foreign address": r"https?://",
    }
    sources = {file.name: file.read_text(encoding="utf-8") for file in DASHBOARD.glob("*.py")}
    scripts = (DASHBOARD / "static").glob("*.js")
    own = {f.name: f.read_text(encoding="utf-8") for f in scripts if not f.name.endswith(".min.js")}
    found = [(n, why) for n, text in templates.items() for why, what in never.items() if re.search(what, text)]
    found += [(n, "escaping") for n, text in sources.items() if re.search(r"\bMarkup\b|autoescape=False", text)]
    made = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createContextualFragment"
    found += [(name, "a text becomes HTML") for name, text in own.items() if re.search(made, text)]
    assert found == []
    assert len(templates) > 10
    assert own
