"""Scripts of others, installed as pip does: what they do wrong ends their own task, and the lane goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.errors import InvalidParametersError, TaskFailedError
from fleetlane.scripts.asking import run_apart
from fleetlane.scripts.control import AttemptControl
from fleetlane.scripts.guest import Guest
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.guests import environment, guest_server, install, said
from support.rig import wait_for

pytestmark = pytest.mark.slow

BAD = r"""
    import sys, threading

    class Mute(Exception):
        def __str__(self): raise ValueError("no words")

    class Bare(TaskFailedError):
        def __init__(self): pass

    class Own(DeviceError):
        code = "my_cable"

    class Sly(str):
        def __str__(self): raise ValueError("sly")

    def deep():
        return deep()

    SOLD_OUT = "The pizza is sold out."
    ODD = {"media_sha256": 5, "reached": 1, "n": {1, float("inf")}}

    def thrown(error):
        raise error

    def done(result, remark="Done.", state=PublishState.NOT_PUBLISHED):
        return Outcome(None, remark, state, result)

    def nested():
        value = []
        for _ in range(10_000): value = [value]
        return value

    def cyclic():
        value = {}
        value["again"] = value
        return value

    def straggler(job):
        def late():
            gate.wait()
            try: job.phone.tap_once(1, 1)
            except BaseException as error: seen.append(type(error).__name__)
            try: job.journal.prepared({}); job.journal.arm()
            except BaseException as error: seen.append(type(error).__name__)
            over.set()
        threading.Thread(target=late, daemon=True).start()
        return done({})

    def look_back(job):
        gate.set(); over.wait(10)
        return done({"seen": seen})

    def hang(job):
        freed.wait()
        try: job.phone.tap_once(1, 1)
        except BaseException as error: seen.append(type(error).__name__)
        unhung.set()

    def hung(job):
        freed.set(); unhung.wait(10)
        return done({"seen": seen})

    gate, over, freed, unhung, seen = *(threading.Event() for _ in range(4)), []

    def armed(job, then):
        job.journal.prepared({"caption": "x"}); job.journal.arm()
        return then()

    DEEDS = {
        "own_code": lambda job: thrown(TaskFailedError("no_pizza", SOLD_OUT, {"pizzas": 0})),
        "own_returned": lambda job: Outcome("no_pizza", SOLD_OUT, PublishState.NOT_PUBLISHED, {"pizzas": 0}),
        "own_device": lambda job: thrown(Own("loose")),
        "bare": lambda job: thrown(Bare()),
        "value": lambda job: thrown(ValueError("odd")),
        "exit": lambda job: sys.exit("bye"),
        "interrupt": lambda job: thrown(KeyboardInterrupt()),
        "generator_exit": lambda job: thrown(GeneratorExit()),
        "base": lambda job: thrown(BaseException("base")),
        "recursion": lambda job: deep(),
        "memory": lambda job: thrown(MemoryError()),
        "mute": lambda job: thrown(Mute()),
        "half": lambda job: thrown(ValueError("half \ud83d of it")),
        "claims_stop": lambda job: thrown(TaskStoppedError("stopped")),
        "claims_lease": lambda job: thrown(LeaseLostError("x")),
        "claims_cut": lambda job: thrown(TaskFailedError("server_interrupted")),
        "returns_cut": lambda job: Outcome("server_interrupted", "", PublishState.NOT_PUBLISHED, {}),
        "nothing": lambda job: None,
        "number": lambda job: 7,
        "state": lambda job: done({}, state="perhaps"),
        "remark": lambda job: done({}, remark=Sly("x")),
        "set": lambda job: done({"tags": {1, 2}}),
        "nan": lambda job: done({"n": float("nan")}),
        "huge_int": lambda job: done({"n": 10 ** 6000}),
        "huge": lambda job: done({"n": "x" * 10_000_000}),
        "surrogate": lambda job: done({"n\ud83d": "\ud83d"}, remark="half \ud83d"),
        "nested": lambda job: done({"n": nested()}),
        "cyclic": lambda job: done(cyclic()),
        "list": lambda job: done([1, 2]),
        "object": lambda job: done({"n": object(), 5: b"x"}),
        "facts_set": lambda job: [job.journal.prepared(ODD), done({})][1],
        "facts_list": lambda job: [job.journal.note([1]), done({})][1],
        "backwards": lambda job: [job.journal.prepared({}), job.journal.prepared({})],
        "no_phase": lambda job: job.journal.decided("gone", {}),
        "tapped_first": lambda job: [job.journal.tapped(), job.journal.arm()],
        "step": lambda job: job.phone.step("name \ud83d", {1}, picture=False).__enter__(),
        "step_texts": lambda job: [job.phone.step("x\ud83d" * 900, {1}, picture=False).__enter__(), done({})][1],
        "armed_exit": lambda job: armed(job, lambda: sys.exit(1)),
        "armed_own": lambda job: armed(job, lambda: thrown(TaskFailedError("no_pizza"))),
        "armed_ok": lambda job: armed(job, lambda: done({})),
        "armed_lost": lambda job: armed(job, lambda: None),
        "published_late": lambda job: Outcome("no_pizza", "sold out", PublishState.PUBLISHED, {}),
        "straggler": straggler,
        "look_back": look_back,
        "hang": hang,
        "hung": hung,
        "good": lambda job: done({"n": 1}),
    }

    class Bad(Base):
        def run(self, job):
            return DEEDS[job.task.script_config["deed"]](job)

    SCRIPT = Bad("bad")
"""

RUNNING, OK, FAILED = 1, 2, 3
ENDS = {
    "own_code": (FAILED, "script_failed", "no_pizza: The pizza is sold out."),
    "own_returned": (FAILED, "script_failed", "no_pizza: The pizza is sold out."),
    "own_device": (FAILED, "script_failed", "my_cable: loose"),
    "bare": (FAILED, "script_error", "Bare"),
    "value": (FAILED, "script_error", "ValueError: odd"),
    "exit": (FAILED, "script_error", "SystemExit: bye"),
    "interrupt": (FAILED, "script_error", "KeyboardInterrupt"),
    "generator_exit": (FAILED, "script_error", "GeneratorExit"),
    "base": (FAILED, "script_error", "BaseException: base"),
    "recursion": (FAILED, "script_error", "RecursionError"),
    "memory": (FAILED, "script_error", "MemoryError"),
    "mute": (FAILED, "script_error", "Mute: (Mute that cannot be shown)"),
    "half": (FAILED, "script_error", "half \ufffd of it"),
    "claims_stop": (FAILED, "script_failed", "TaskStoppedError"),
    "claims_lease": (FAILED, "script_failed", "LeaseLostError"),
    "claims_cut": (FAILED, "script_failed", "server_interrupted"),
    "returns_cut": (FAILED, "script_failed", "server_interrupted"),
    "nothing": (FAILED, "script_error", "It returned NoneType instead of an outcome."),
    "number": (FAILED, "script_error", "It returned int instead of an outcome."),
    "state": (FAILED, "script_error", "'perhaps'"),
    "remark": (OK, None, "x"),
    "set": (OK, None, "Done. Not all of its result could be kept: tags is a set."),
    "nan": (OK, None, "n is nan."),
    "huge_int": (OK, None, "n is a number of more than 64 bits."),
    "huge": (OK, None, "characters are more than"),
    "surrogate": (OK, None, "half \ufffd"),
    "nested": (OK, None, "is nested too deep"),
    "cyclic": (OK, None, "is nested too deep"),
    "list": (OK, None, "it is no mapping but a list"),
    "object": (OK, None, "n is a object; 5 is a bytes"),
    "facts_set": (OK, None, "Done."),
    "facts_list": (OK, None, "Done."),
    "backwards": (FAILED, "script_error", "Its journal cannot go from prepared to prepared."),
    "no_phase": (FAILED, "script_error", "an end that is none"),
    "tapped_first": (FAILED, "outcome_unknown", "Look at the profile"),
    "step": (FAILED, "script_error", "It returned NoneType"),
    "step_texts": (OK, None, "Done."),
    "armed_exit": (FAILED, "outcome_unknown", "SystemExit"),
    "armed_own": (FAILED, "outcome_unknown", "no_pizza"),
    "armed_ok": (FAILED, "outcome_unknown", "Done."),
    "armed_lost": (FAILED, "outcome_unknown", "NoneType"),
    "published_late": (OK, None, "Published. Afterwards: sold out"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on one simulated phone, with the guest that does everything wrong."""
    folder = tmp_path_factory.mktemp("guests")
    install(folder, "bad-guest", {"bad": "bad_guest:SCRIPT"}, {"bad_guest": BAD})
    with FleetThread(FleetSettings(phones=1)) as phones, guest_server(folder, folder / "data", phones) as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 1, 60)
        server.serial = phones.fleet.serials[0]
        yield server


def test_every_misbehaviour_ends_its_own_task_with_a_sentence_and_the_next_of_the_lane_runs(server):
    tasks = {deed: server.create(server.serial, "bad", deed=deed) for deed in ENDS}
    wrong = {}
    for deed, (status, code, words) in ENDS.items():
        task = server.ended(tasks[deed])
        if (task["status"], task["error_code"], words in task["remark"]) != (status, code, True):
            wrong[deed] = (task["status"], task["error_code"], task["remark"])
        assert task["retry_count"] == 0
        trace = server.call("GET", f"/task/{tasks[deed]}/trace")
        assert trace["code"] == 0, (deed, trace)
        assert server.http.get(f"/tasks/{tasks[deed]}", headers={"Accept-Language": "zh"}).status_code == 200, deed
    assert wrong == {}
    assert server.ended(server.create(server.serial, "bad", deed="good"))["result"] == {"n": 1}
    assert server.http.get("/metrics").status_code == server.http.get("/tasks").status_code == 200


def test_a_guests_own_code_and_facts_stand_in_the_result(server):
    for deed in ("own_code", "own_returned"):
        task = server.ended(server.create(server.serial, "bad", deed=deed))
        assert task["result"] == {"pizzas": 0, "script_code": "no_pizza"}
        assert task["remark"].startswith("The script ended the task with an error of its own. no_pizza: ")


def test_what_a_guest_left_behind_on_a_thread_touches_neither_phone_nor_journal(server):
    assert server.ended(server.create(server.serial, "bad", deed="straggler"))["status"] == OK
    after = server.ended(server.create(server.serial, "bad", deed="look_back"))
    assert after["result"]["seen"] == ["TaskStoppedError", "TaskStoppedError"]


def test_a_guest_that_hangs_is_left_behind_when_its_task_is_stopped_and_the_lane_goes_on(server):
    task_id, after = (server.create(server.serial, "bad", deed=deed) for deed in ("hang", "hung"))
    wait_for(lambda: server.task(task_id)["status"] == RUNNING)
    server.call("POST", f"/task/{task_id}/stop")
    task = server.ended(task_id)
    assert (task["status"], task["error_code"]) == (FAILED, "stopped")
    assert server.ended(after)["result"]["seen"][-1] == "TaskStoppedError", "what is left behind touches no phone"


def test_a_task_whose_guest_failed_is_retried_and_deleted_like_any_other(server):
    task = server.ended(server.create(server.serial, "bad", deed="own_code"))
    assert server.call("POST", f"/task/{task['id']}/retry")["code"] == 0
    assert server.ended(task["id"])["retry_count"] == 1
    assert server.call("DELETE", f"/task/{task['id']}")["code"] == 0


# -- at creation, and when they are loaded ---------------------------------------------------------------------

MOODY = """
    import sys

    class Moody(Base):
        def check(self, config):
            match config.get("mood"):
                case "raise": 1 / 0
                case "exit": sys.exit(3)
                case "text": return "warning"
                case "none": return None
                case "refuse": raise InvalidParametersError.one("script_config.mood", "is bad \\ud83d")
                case "garbage":
                    error = InvalidParametersError.one("x", "y"); error.errors = (5,); raise error
                case "conflict": raise ConflictError("mine")
            config["mood"] = "changed"
            return ["careful"]
        def preview(self, config, position, seed): raise KeyError("preview")
        def schema(self): raise RuntimeError("schema")

    class Odd(Base):
        def schema(self): return {"properties": {"a": {"$ref": "#/$defs/none"}}}

    SCRIPT, ODD = Moody("moody"), Odd("odd")
    CLASS, NO_NAME, NOTHING = Moody, object(), None
    TWIN, OTHER, POST = Base("twin"), Base("somebody"), Base("post")
"""
BROKEN = {
    "import_error": ("no_such_module:SCRIPT", "No module named 'no_such_module'"),
    "syntax_error": ("guest_syntax:SCRIPT", "SyntaxError"),
    "raises": ("guest_raises:SCRIPT", "ZeroDivisionError"),
    "exits": ("guest_exits:SCRIPT", "SystemExit"),
    "no_attribute": ("guest_moody:MISSING", "AttributeError"),
    "a_module": ("guest_moody", "is no script: it lacks check"),
    "a_class": ("guest_moody:CLASS", "is a class"),
    "an_object": ("guest_moody:NO_NAME", "is no script: it lacks check, listed, name"),
    "nothing": ("guest_moody:NOTHING", "is no script"),
    "renamed": ("guest_moody:OTHER", "It calls itself 'somebody'"),
    "no value": ("a b c", "cannot be loaded"),
}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A folder with guests of every broken kind, one that only works at times, and two that want one name."""
    folder = tmp_path_factory.mktemp("crowd")
    modules = {"guest_moody": MOODY, "guest_raises": "1 / 0", "guest_exits": "import sys; sys.exit(1)"}
    entries = {name: value for name, (value, _) in BROKEN.items()}
    whole = {**entries, "moody": "guest_moody:SCRIPT", "odd": "guest_moody:ODD", "twin": "guest_moody:TWIN"}
    install(folder, "crowd", whole, {**modules, "guest_syntax": "def ("})
    install(folder, "second", {"twin": "guest_other:TWIN", "post": "guest_moody:POST"}, {"guest_other": MOODY})
    return folder


@pytest.fixture(scope="module")
def among(crowd):
    with guest_server(crowd, crowd / "data") as server:
        yield server


@pytest.mark.parametrize("name", BROKEN)
def test_a_plug_in_that_cannot_be_loaded_is_named_everywhere(among, name):
    words = BROKEN[name][1]
    [listed] = [one for one in among.call("GET", "/script")["data"]["broken"] if one["name"] == name]
    assert words in listed["error"]
    assert any(repr(name) in one and words in one for one in among.http.get("/healthz").json()["problems"])
    answer = among.call("POST", "/task", {"serials": ["a"], "script_name": name, "script_config": {}})
    assert answer["code"] == 40003
    assert words in answer["message"]
    assert "post" in answer["data"]["supported"]


def test_two_of_one_name_are_both_refused_and_none_takes_the_name_of_fleetlanes_own(among):
    broken = {one["name"]: one["error"] for one in among.call("GET", "/script")["data"]["broken"]}
    assert "guest_moody:TWIN, guest_other:TWIN" in broken["twin"]
    assert "Fleetlane's own" in broken["post"]
    answer = among.call("POST", "/task", {"serials": ["a"], "script_name": "post", "script_config": {}})
    assert answer["code"] == 0
    assert among.call("POST", "/task", {"serials": ["a"], "script_name": "twin", "script_config": {}})["code"] == 40003


def test_doctor_names_them_and_what_works(crowd, tmp_path):
    command = [sys.executable, "-m", "fleetlane", "doctor", "--data-dir", str(tmp_path), "--adb-port", "1"]
    done = subprocess.run(
        command, env=environment(crowd), capture_output=True, text=True, encoding="utf-8", timeout=180
    )
    assert done.returncode == 1, done.stderr
    assert "accounts_scan, moody, odd, post" in done.stdout
    for name, (_, words) in BROKEN.items():
        assert any(repr(name) in line and words in line for line in done.stdout.splitlines()), name
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("raise", "the script 'moody' failed to check the settings: ZeroDivisionError"),
        ("exit", "the script 'moody' failed to check the settings: SystemExit: 3"),
        ("text", "something else than a list of warnings"),
        ("none", "something else than a list of warnings"),
        ("refuse", "script_config.mood: is bad \ufffd"),
        ("garbage", "script_config: 5"),
        ("conflict", "ConflictError: mine"),
    ],
)
def test_a_check_that_fails_refuses_its_own_request_with_a_sentence(among, mood, words):
    answer = among.call("POST", "/task", {"serials": ["a"], "script_name": "moody", "script_config": {"mood": mood}})
    assert answer["code"] == 40001
    assert words in answer["message"]
    assert among.http.get("/readyz").status_code == 200


class Slow:
    """A guest that answers when it is let."""

    name, summary, listed = "slow", "", True

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def check(self, config):
        if config:
            self.may_answer.wait()
        return []

    schema = preview = run = None


def test_a_guest_that_does_not_answer_holds_up_a_request_for_a_while_and_the_next_not_at_all():
    slow = Slow()
    guest = Guest(slow, longest_s=0.1)
    assert guest.check({}) == []
    with pytest.raises(InvalidParametersError, match=r"it did not answer within 0\.1 s"):
        guest.check({"wait": True})
    with pytest.raises(InvalidParametersError, match="it has not answered what it was asked before"):
        guest.check({})
    slow.may_answer.set()
    wait_for(lambda: _answers(guest), 10)


def test_a_guest_whose_time_is_over_is_cut_off_and_then_left_behind():
    clock, freed, cut = SystemClock(), threading.Event(), threading.Event()
    phone = SimpleNamespace(control=AttemptControl(clock, clock.monotonic_s()), cut_off=cut.set)
    assert run_apart("quick", lambda: 5, phone) == 5
    with pytest.raises(TaskFailedError) as ended:
        run_apart("slow", freed.wait, phone, grace_s=0.1)
    assert ended.value.code == "deadline_exceeded"
    assert cut.is_set()
    freed.set()


def _answers(guest: Guest) -> bool:
    try:
        return guest.check({}) == []
    except InvalidParametersError:
        return False


def test_a_script_that_cannot_describe_itself_is_told_of_and_can_still_be_run(among):
    listed = among.call("GET", "/script")["data"]
    assert [one["name"] for one in listed["scripts"]] == ["post"]
    broken = {one["name"]: one["error"] for one in listed["broken"]}
    assert "failed to describe its settings: RuntimeError: schema" in broken["moody"]
    assert "its property 'a' is not described" in broken["odd"]
    assert "failed to describe its settings" in among.call("GET", "/script/moody")["message"]
    body = {"serials": ["a"], "script_name": "moody", "script_config": {"mood": "well"}}
    answer = among.call("POST", "/task", body)["data"]
    assert "careful" in answer["warnings"]
    task = among.task(answer["task_ids"][0])
    assert task["script_config"] == {"mood": "well"}, "a check changes nothing"


def test_the_pages_show_a_sentence_for_it(among):
    page = among.http.get("/new", params={"script_name": "moody"})
    assert page.status_code == 400
    assert "failed to describe its settings" in page.text
    headers = {"HX-Request": "true"}
    for name in ("odd", "raises", "post"):
        form = {"script_name": name, "serials": "a", "targets": "devices"}
        answer = among.http.post("/new/preview", data=form, headers=headers)
        assert answer.status_code == 200, (name, answer.text)
        assert said(answer.text)


def test_a_task_of_a_guest_that_is_gone_ends_with_a_sentence(tmp_path):
    install(tmp_path / "guests", "good", {"good": "good_guest:SCRIPT"}, {"good_guest": 'SCRIPT = Base("good")'})
    with FleetThread(FleetSettings(phones=1)) as phones:
        serial = phones.fleet.serials[0]
        with guest_server(tmp_path / "guests", tmp_path / "data") as server:  # without the phone
            task_id = server.create(serial, "good")
        (tmp_path / "none").mkdir()
        with guest_server(tmp_path / "none", tmp_path / "data", phones) as server:
            task = server.ended(task_id)
            assert (task["status"], task["error_code"]) == (FAILED, "script_unavailable")
            assert "There is no script named 'good'." in task["remark"]
            assert server.call("GET", "/task?script_name=good")["data"]["total"] == 1
