"""The files of a trace: one by one, and as a zip, whole or without anything personal."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

import pytest

from fleetlane.adapters.files import TraceFolder
from fleetlane.core.errors import NotFoundError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import failed
from fleetlane.core.ports.attempts import Step
from fleetlane.core.task import NewTask, Source
from fleetlane.work.tasks.queries import TaskQueries
from fleetlane.work.upkeep.trace_archive import Traces
from support.scheduler_harness import World

SECRETS = ("geheim", "@anna", "anna.mp4", "R58SERIAL")
TREE = """<?xml version="1.0"?><hierarchy rotation="0"><node text="geheim" content-desc="by @anna" hint="geheim"
 resource-id="com.x:id/caption" class="android.widget.EditText" bounds="[0,0][10,10]"><node text="" class="V"
 bounds="[0,0][5,5]"/></node></hierarchy>"""


class NothingWaits:
    def reason(self, task):
        return None


@pytest.fixture
def traced(tmp_path):
    """Return the traces of a store, and the id of its one task."""
    files = TraceFolder(tmp_path / "traces")
    config = json.dumps({"captions": "geheim", "material_list": ["/home/anna.mp4"]})
    with World(tmp_path / "s.db") as world:

        def work(r):
            new = NewTask("geheim-batch", 0, "post", config, "R58SERIAL", "@anna", Source.API, 1, 1, 1)
            [task_id] = r.tasks.add([new])
            r.tasks.claim(task_id, "R58SERIAL", 5)
            r.attempts.set_phase(task_id, 1, Phase.PREPARED, {"account": "@anna"}, 6)
            r.attempts.set_phase(task_id, 1, Phase.ARMED, {}, 7)
            shot = files.write(task_id, 1, "01.jpg", b"a picture with geheim")
            trees = [files.write(task_id, 1, "01.xml", TREE.encode()), files.write(task_id, 1, "02.xml", b"geheim <")]
            first = Step(task_id, 1, 1, "write the caption", "geheim", "tiktok post", 5, 1, True, shot, trees[0])
            r.attempts.add_step(first)
            r.attempts.add_step(Step(task_id, 1, 2, "press Post", "@anna", "tiktok post", 5, 1, False, "", trees[1]))
            r.tasks.finish(task_id, 1, failed("outcome_unknown", "geheim", {"account": "@anna"}), 9)
            return task_id

        task_id = world.store.submit(work).result(10)
        files.write(task_id, 1, "09.jpg", b"no step names it")
        yield Traces(TaskQueries(world.store, NothingWaits()), files), task_id


@pytest.fixture
def bundle(traced):
    traces, task_id = traced

    def make(*, redact):
        content = asyncio.run(traces.bundle(task_id, redact=redact))
        with zipfile.ZipFile(io.BytesIO(content)) as unpacked:
            return {name: unpacked.read(name).decode() for name in unpacked.namelist()}

    return make


def test_a_file_that_a_step_names_comes_as_it_was_kept(traced):
    traces, task_id = traced
    assert asyncio.run(traces.file(task_id, 1, "01.jpg")) == b"a picture with geheim"
    assert asyncio.run(traces.file(task_id, 1, "01.xml")) == TREE.encode()


@pytest.mark.parametrize("name", ["09.jpg", "../1/01.jpg", "..", "", "01.jpg/", "/etc/passwd"])
def test_a_file_that_no_step_names_is_not_looked_for(traced, name):
    traces, task_id = traced
    with pytest.raises(NotFoundError):
        asyncio.run(traces.file(task_id, 1, name))


def test_it_has_everything(bundle):
    whole = bundle(redact=False)
    assert whole.keys() == {"trace.json", "1/01.jpg", "1/01.xml", "1/02.xml"}
    described = json.loads(whole["trace.json"])
    assert described["task"]["script_config"]["captions"] == "geheim"
    [attempt] = described["attempts"]
    assert (attempt["phase"], attempt["reached"]) == ("armed", {"prepared": 6, "armed": 7})
    assert attempt["facts"] == {"account": "@anna"}
    assert [step["name"] for step in described["steps"]] == ["write the caption", "press Post"]


def test_redacted_it_has_nothing_personal_and_still_says_what_happened(bundle):
    redacted = bundle(redact=True)
    assert redacted.keys() == {"trace.json", "1/01.xml"}
    for content in redacted.values():
        assert not [secret for secret in SECRETS if secret in content], content
    described = json.loads(redacted["trace.json"])
    assert described["task"]["error_code"] == "outcome_unknown"
    assert described["attempts"][0]["reached"] == {"prepared": 6, "armed": 7}
    assert [step["screen"] for step in described["steps"]] == ["tiktok post"] * 2
    assert 'text="(removed)"' in redacted["1/01.xml"]
    assert 'resource-id="com.x:id/caption"' in redacted["1/01.xml"]
