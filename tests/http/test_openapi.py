"""The OpenAPI document says what is: every answer of every operation, no more and no less.

Each documented code is provoked from its operation, in process and through the whole app with its middleware; what
no caller can provoke, a store and a licence that fail do. Schemathesis (test_schemathesis.py) looks for answers that
are not documented.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import jsonschema_rs
import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.bootstrap.server import build
from fleetlane.core.errors import StoreBusyError, StoreFullError
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.license import UNLICENSED, License, Plan
from fleetlane.core.material import MaterialRequest
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import failed
from fleetlane.core.phones import Identity
from fleetlane.core.ports.attempts import Step
from fleetlane.core.ports.phone import PhoneReport
from fleetlane.http.app import HttpOptions, create_app
from fleetlane.http.errors import EVERYWHERE
from fleetlane.http.openapi import EXAMPLES
from fleetlane.settings import Settings
from fleetlane.web.error_codes import MEANINGS
from fleetlane.work.access.access import Access
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.hosts.service import HostService
from fleetlane.work.phones.local_control import LocalControl
from support.fakes import FakeDeviceCalls, FakeTransports
from support.rig import VIDEO
from support.stores import new_store

pytestmark = pytest.mark.slow

PREFIX = "/api/v1"
GOOD_TASK = {"serials": ["a"], "script_name": "post", "script_config": {}}
NEW_VERSION = {"package": "com.zhiliaoapp.musically", "version": "99"}
NONE = 999_999
FILE = {"files": {"file": ("a.mp4", VIDEO.read_bytes())}}
SHEET = {"files": {"file": ("a.csv", b"username\nnew\n")}}


def json_body(body, **headers):
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json", **headers}}


WRONG_KIND = {"content": b"x", "headers": {"Content-Type": "text/plain"}}
WRONG_JSON = json_body(5)

# By operation: its path, a request that is good, and one for each code that a caller can provoke.
# Ids in braces are of what `things` makes.
OPERATIONS = {
    "create_tasks": ("POST", "/task", json_body(GOOD_TASK), {
        40001: json_body(GOOD_TASK | {"serials": 5}),
        40002: json_body(GOOD_TASK | {"script_name": ""}),
        40003: json_body(GOOD_TASK | {"script_name": "follow"}),
        40004: json_body(GOOD_TASK | {"usernames": ["disabled"]}),
        40901: json_body(GOOD_TASK, **{"Idempotency-Key": "used"}),
        41501: WRONG_KIND,
    }),
    "list_tasks": ("GET", "/task", {}, {40001: "/task?page=0"}),
    "task_stats": ("GET", "/task/stats", {}, {}),
    "delete_tasks": ("DELETE", "/task/batch", json_body({"task_ids": [NONE]}), {
        40001: WRONG_JSON, 40901: json_body({"task_ids": ["{stuck}"]}), 41501: WRONG_KIND,
    }),
    "retry_all": ("POST", "/task/retry-all", {}, {40001: json_body({"all": True}), 41501: WRONG_KIND}),
    "get_task": ("GET", "/task/{task}", {}, {40001: "/task/x", 40401: f"/task/{NONE}"}),
    "patch_task": ("PATCH", "/task/{task}", json_body({"start_at": "2099-01-01T00:00:00Z"}), {
        40001: json_body({"script_config": {"ai_label": 1}}),
        40004: json_body({"username": "disabled"}),
        40401: f"/task/{NONE}",
        40901: "/task/{failed}",
        41501: WRONG_KIND,
    }),
    "delete_task": ("DELETE", "/task/{task}", {}, {
        40001: "/task/x", 40401: f"/task/{NONE}", 40901: "/task/{stuck}",
    }),
    "stop_task": ("POST", "/task/{task}/stop", {}, {
        40001: "/task/x/stop", 40401: f"/task/{NONE}/stop", 40901: "/task/{failed}/stop",
    }),
    "start_task": ("POST", "/task/{task}/start", {}, {
        40001: "/task/x/start", 40401: f"/task/{NONE}/start", 40901: "/task/{failed}/start",
    }),
    "dismiss_task": ("POST", "/task/{task}/dismiss", {}, {
        40001: "/task/x/dismiss", 40401: f"/task/{NONE}/dismiss",
    }),
    "retry_task": ("POST", "/task/{failed}/retry", {}, {
        40001: WRONG_JSON, 40401: f"/task/{NONE}/retry", 40901: "/task/{task}/retry", 41501: WRONG_KIND,
    }),
    "resolve_task": ("POST", "/task/{unknown}/resolve", json_body({"published": False}), {
        40001: WRONG_JSON,
        40401: (f"/task/{NONE}/resolve", json_body({"published": True})),
        40901: ("/task/{failed}/resolve", json_body({"published": True})),
        41501: WRONG_KIND,
    }),
    "get_trace": ("GET", "/task/{task}/trace", {}, {40001: "/task/x/trace", 40401: f"/task/{NONE}/trace"}),
    "get_trace_bundle": ("GET", "/task/{task}/trace/bundle", {}, {
        40001: "/task/{task}/trace/bundle?redact=perhaps", 40401: f"/task/{NONE}/trace/bundle",
    }),
    "get_trace_file": ("GET", "/task/{stuck}/trace/files/1/01.jpg", {}, {
        40001: "/task/{stuck}/trace/files/x/01.jpg", 40401: "/task/{stuck}/trace/files/1/02.jpg",
    }),
    "import_accounts": ("POST", "/account/import", SHEET, {
        40001: {"files": {"file": ("a.csv", b"colour\n")}}, 41501: WRONG_KIND,
    }),
    "list_accounts": ("GET", "/account", {}, {40001: "/account?page=0"}),
    "add_account": ("POST", "/account", json_body({"username": "fresh"}), {
        40001: json_body({}), 40901: json_body({"username": "disabled"}), 41501: WRONG_KIND,
    }),
    "export_accounts": ("GET", "/account/export", {}, {40001: "/account/export?format=pdf"}),
    "scan_device": ("POST", "/account/scan", json_body({"serial": "a"}), {40001: json_body({}), 41501: WRONG_KIND}),
    "get_account": ("GET", "/account/{account}", {}, {40001: "/account/x", 40401: f"/account/{NONE}"}),
    "change_account": ("PATCH", "/account/{account}", json_body({"note": "x"}), {
        40001: json_body({"note": 5}),
        40401: (f"/account/{NONE}", json_body({})),
        40901: json_body({"username": "disabled"}),
        41501: WRONG_KIND,
    }),
    "delete_account": ("DELETE", "/account/{account}", {}, {40001: "/account/x", 40401: f"/account/{NONE}"}),
    "list_devices": ("GET", "/device", {}, {}),
    "connect_device": ("POST", "/device/connect", json_body({"address": "127.0.0.1:5555"}), {
        40001: json_body({}), 40901: json_body({"address": "127.0.0.1:9"}), 41501: WRONG_KIND,
    }),
    "disconnect_device": ("POST", "/device/disconnect", json_body({"address": "127.0.0.1:5555"}), {
        40001: json_body({}), 40401: json_body({"address": "127.0.0.1:9"}), 41501: WRONG_KIND,
    }),
    "describe_device": ("PATCH", "/device/{device}", json_body({"name": "Shelf 3", "tags": ["fr"]}), {
        40001: json_body({"name": "-x"}), 40401: ("/device/none", json_body({"name": "x"})),
        40901: json_body({"name": "taken"}), 41501: WRONG_KIND,
    }),
    "adopt_device": ("POST", "/device/other:1/adopt", json_body({"keep": "former"}), {
        40001: json_body({"keep": "both"}), 40401: ("/device/none/adopt", json_body({"keep": "present"})),
        40901: ("/device/{device}/adopt", json_body({"keep": "present"})), 41501: WRONG_KIND,
    }),
    "check_device": ("POST", "/device/other:1/check", {}, {
        40001: f"/device/{'x' * 256}/check", 40401: "/device/none/check", 40901: "/device/{device}/check",
    }),
    "get_device": ("GET", "/device/{device}", {}, {40001: f"/device/{'x' * 256}", 40401: "/device/none"}),
    "list_new_versions": ("GET", "/canary", {}, {}),
    "let_version_go": ("POST", "/canary/let-go", json_body(NEW_VERSION), {
        40001: json_body({}), 40401: json_body(NEW_VERSION | {"version": "98"}), 41501: WRONG_KIND,
    }),
    "list_hosts": ("GET", "/hosts", {}, {}),
    "add_host": ("POST", "/hosts", json_body({"name": "rack3"}), {
        40001: json_body({"name": "Rack 3"}), 40901: json_body({"name": "here"}), 41501: WRONG_KIND,
    }),
    "get_host": ("GET", "/hosts/gone", {}, {40001: f"/hosts/{'x' * 256}", 40401: "/hosts/none"}),
    "drain_host": ("POST", "/hosts/gone/drain", json_body({"drain": True}), {
        40001: json_body({"drain": 5}), 40401: "/hosts/none/drain", 41501: WRONG_KIND,
    }),
    "forget_host": ("DELETE", "/hosts/gone", {}, {
        40001: f"/hosts/{'x' * 256}", 40401: "/hosts/none", 40901: "/hosts/here",
    }),
    "upload_materials": ("POST", "/material", FILE, {
        40001: {"files": {"file": ("a.mp4", b"no video")}}, 41501: WRONG_KIND,
    }),
    "list_materials": ("GET", "/material", {}, {40001: "/material?page=0"}),
    "get_material": ("GET", "/material/{material}", {}, {40001: "/material/x", 40401: f"/material/{NONE}"}),
    "change_material": ("PATCH", "/material/{material}", json_body({"caption": "x"}), {
        40001: json_body({"tags": 5}), 40401: (f"/material/{NONE}", json_body({})), 41501: WRONG_KIND,
    }),
    "free_material": ("POST", "/material/{material}/free", {}, {
        40001: "/material/x/free", 40401: f"/material/{NONE}/free", 40901: "/material/{held}/free",
    }),
    "delete_material": ("DELETE", "/material/{material}", {}, {
        40001: "/material/x", 40401: f"/material/{NONE}", 40901: "/material/{held}",
    }),
    "list_scripts": ("GET", "/script", {}, {}),
    "get_script": ("GET", "/script/post", {}, {40003: "/script/none"}),
    "follow_events": ("GET", "/events?for_s=0", {}, {40001: "/events?task=x"}),
    "check_license": ("GET", "/license/check", {}, {}),
}  # fmt: skip


class Phones(FakeTransports):
    """Phones that are there, or are not: one that was asked, and one in whose place another phone answers."""

    def report_at(self, serial, where, packages):
        return PhoneReport("Pixel", "google", "13", (1080, 2400), 50, 1, {})

    def disconnect(self, address):
        return any(transport.serial == address for transport in self.all())

    async def known(self, phones):
        """Let the phones be known, each by what it says."""
        for serial, android_id in (("127.0.0.1:5555", "1"), ("other:1", "2"), ("other:1", "3"), ("third:1", "4")):
            for former in [t for t in self.all() if t.serial == serial and t.is_ready]:
                self.unplug(former)
            self.says[self.plug(serial).connection] = Identity(f"SIM{android_id}", "pixel", android_id)
            phones.update()
            await asyncio.gather(*phones._asking._tasks.values())
        await phones.describe("third:1", "taken", None)


class World:
    """The whole app in process, and the ids of what is in its store."""

    def __init__(self, server) -> None:
        services = server.app.state.services
        shared = HostService(services.hosts._store, SystemClock(), "here", services.hosts._issue)
        self.services = replace(services, license=self.license_now, hosts=shared)
        self.license = lambda: UNLICENSED
        self.store = self.services.queries._store
        self.transports = Phones()
        self.phones = self.services.devices._devices
        self.phones._transports = self.transports
        calls = FakeDeviceCalls(lambda _serial: None)
        calls.close()  # no phone can be used: the server stops
        self.services.manual_control._control = LocalControl(calls, self.phones, lambda _driver: [])
        self.http = self.client(HttpOptions())
        self.ids = {"device": "127.0.0.1:5555"}

    def client(self, options, **services):
        """Return a client of the app with other options, and other services."""
        app = create_app(replace(self.services, **services), options)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://localhost")

    def license_now(self):
        return self.license()

    async def ask(self, method, path, options, **headers):
        """Return the answer to a request; ids in braces are put in."""
        options = dict(options)
        if "content" in options:
            content = options["content"]
            for name, value in self.ids.items() if isinstance(content, str) else ():
                content = content.replace(f'"{{{name}}}"', str(value))
            options["content"] = content
        options["headers"] = {**options.get("headers", {}), **headers}
        return await self.http.request(method, PREFIX + path.format(**self.ids), **options)

    async def fill(self) -> None:
        """Put tasks, accounts and materials of every kind into the store."""
        await self.transports.known(self.phones)
        for name in ("here", "gone"):
            host = NewHost(name, f"id of {name}", HostKind.SERVER, "1.0")
            await self.store.write(lambda r, host=host: r.hosts.begin(host, 1000))
        await self.store.write(lambda r: r.leases.begin("worker", "id of here", 30_000))
        for name in ("task", "failed", "stuck", "unknown"):
            self.ids[name] = await self._make("POST", "/task", json_body(GOOD_TASK | {"serials": [name]}), "task_ids")
        await self.ask("POST", "/task/{failed}/stop", {})
        now = self.services.intake._clock.now_ms() + 1000
        for name in ("stuck", "unknown"):
            assert await self.store.write(lambda r, name=name: r.tasks.claim(self.ids[name], name, now))
        shot = self.services.traces._files.write(self.ids["stuck"], 1, "01.jpg", b"a picture")
        step = Step(self.ids["stuck"], 1, 1, "look", "", "tiktok home", now, 1, ok=True, screenshot=shot)
        await self.store.write(lambda r: r.attempts.add_step(step))
        unknown = failed("outcome_unknown")
        assert await self.store.write(lambda r: r.tasks.finish(self.ids["unknown"], 1, unknown, now))
        canaries = {NEW_VERSION["package"]: {NEW_VERSION["version"]: "task"}}
        await self.store.write(lambda r: r.facts.set("canaries", json.dumps(canaries)))
        apps = {"apps": {NEW_VERSION["package"]: NEW_VERSION["version"]}}
        await self.store.write(lambda r: r.devices.seen("task", now, apps))
        self.ids["account"] = await self._make("POST", "/account", json_body({"username": "one"}), "id")
        await self._make("POST", "/account", json_body({"username": "disabled", "enabled": False}), "id")
        self.ids["held"] = await self._upload("held", VIDEO.read_bytes())
        wish = MaterialRequest(MediaKind.VIDEO, 1)
        assert await self.store.write(lambda r: r.materials.take(wish, self.ids["stuck"], now))
        self.ids["material"] = await self._upload("free", VIDEO.read_bytes() + b"\0\0\0\x08free")
        other = json_body(GOOD_TASK | {"serials": ["other"]}, **{"Idempotency-Key": "used"})
        await self._make("POST", "/task", other, "task_ids")

    async def _make(self, method, path, options, key):
        answer = (await self.ask(method, path, options)).json()
        assert answer["code"] == 0, answer
        made = answer["data"][key]
        return made[0] if isinstance(made, list) else made

    async def _upload(self, name, content):
        made = await self._make("POST", "/material", {"files": {"file": (f"{name}.mp4", content)}}, "materials")
        return made["id"]


@asynccontextmanager
async def world(folder):
    settings = Settings(data_dir=folder, adb_port=1, canary=True)
    server = build(settings)
    for path in (settings.materials_dir, settings.traces_dir):
        path.mkdir(parents=True)
    new_store(settings.store_path)
    made = World(server)
    made.store.start()
    try:
        await made.fill()
        yield made
    finally:
        await made.services.devices.close()
        await made.http.aclose()
        made.store.close()


def failing(error):
    async def fail(_work):
        raise error

    return fail


async def provoked(folder, operation):
    """Return every code the operation answers, and the answers by their codes."""
    method, path, good, bad = OPERATIONS[operation]
    found = {}

    def note(answer):
        is_file = "json" not in answer.headers["content-type"]
        code = 0 if is_file else answer.json()["code"]
        assert answer.status_code == (code // 100 or 200), answer.text
        found[code] = answer
        return code

    async with world(folder) as here:
        for code, wrong in bad.items():
            where, what = wrong if isinstance(wrong, tuple) else (path, wrong)
            where, what = (wrong, good) if isinstance(wrong, str) else (where, what)
            assert note(await here.ask(method, where, what)) == code
        assert note(await here.ask(method, path, good, Host="evil.example")) == 40302
        assert note(await here.ask(method, path, {"content": b"x"}, **{"Content-Length": "999999999999"})) == 41301
        asking = Access("secret", here.services.access.sessions, Guesses(SystemClock(), list))
        closed = {"access": asking}
        for code, limit, services in ((40101, 0, closed), (42901, 0.001, {})):
            async with here.client(HttpOptions(requests_per_s=limit), **services) as other:
                await other.get("/healthz")  # the one request that is allowed
                assert note(await other.request(method, PREFIX + path.format(**here.ids))) == code
        here.license = lambda: License(Plan.STARTER, None, "Too small.")
        assert note(await here.ask(method, path, good)) == 40301
        here.license = lambda: 1 / 0
        assert note(await here.ask(method, path, good)) == 50001
        here.license = lambda: UNLICENSED
        for error in (StoreBusyError("Busy."), StoreFullError("Full.")):
            here.store.write = failing(error)
            note(await here.ask(method, path, good))
        del here.store.write
        if 0 not in found:  # else it writes nothing
            assert note(await here.ask(method, path, good)) == 0
        if operation == "follow_events":
            here.services.events._followers += 1000
            assert note(await here.ask(method, path, good)) == 50301
        here.store.read = failing(StoreBusyError("Busy."))
        note(await here.ask(method, path, good))
        del here.store.read
    return found


@pytest.fixture(scope="module")
def document():
    return build(Settings(time_zone="UTC")).app.openapi()


def operations(document):
    return {op["operationId"]: op for path in document["paths"].values() for op in path.values()}


def documented_codes(operation):
    codes = set()
    for status, answer in operation["responses"].items():
        if status == "200":
            codes.add(0)
        else:
            codes |= set(answer["content"]["application/json"]["schema"]["properties"]["code"]["enum"])
    return codes


def test_every_operation_is_provoked_here(document):
    assert operations(document).keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_exactly_the_documented_codes_in_the_documented_shape(name, document, tmp_path):
    found = asyncio.run(provoked(tmp_path, name))
    operation = operations(document)[name]
    assert set(found) == documented_codes(operation)
    for answer in found.values():
        described = operation["responses"][str(answer.status_code)]
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in described["content"]
        if kind == "application/json":
            schema = {**described["content"][kind]["schema"], "components": document["components"]}
            jsonschema_rs.Draft202012Validator(schema).validate(answer.json())
        assert {name.lower() for name in described.get("headers", {})} <= set(answer.headers)


def test_every_answer_has_an_example_that_is_one(document):
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            content = answer["content"].get("application/json")
            if content is None:
                continue
            schema = {**content["schema"], "components": document["components"]}
            validator = jsonschema_rs.Draft202012Validator(schema)
            examples = [content["example"]] if status == "200" else [e["value"] for e in content["examples"].values()]
            assert examples
            for example in examples:
                assert not list(validator.iter_errors(example)), (name, status, example)


def test_every_request_body_that_is_json_has_an_example(document):
    for name, operation in operations(document).items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            schema = content["schema"]
            while "$ref" not in schema:
                schema = schema["anyOf"][0]
            body = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert "examples" in body or all("examples" in field for field in body["properties"].values()), name


def test_every_field_and_parameter_is_described(document):
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    silent += [
        f"{name}.{parameter['name']}"
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


def test_every_operation_says_what_it_does(document):
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"].endswith((".", "`"))


def test_exports_are_documented_as_the_files_they_are(document):
    content = operations(document)["export_accounts"]["responses"]["200"]["content"]
    assert set(content) == {"text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def test_every_code_has_a_meaning_and_an_example():
    assert MEANINGS.keys() == EXAMPLES.keys()
    assert set(EVERYWHERE) <= MEANINGS.keys()
