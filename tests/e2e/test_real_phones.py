"""The whole server, the real adb, and phones as the evidence says: a post of each app by each way, all at once.

Everything else that is asked of such phones runs in virtual time (docs/reference/simulated-phones.md).
"""

from __future__ import annotations

from hashlib import sha256
from itertools import product

import pytest

from fleetlane.scripts.script import ScriptSettings
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.phones import posts
from support.rig import VIDEO, wait_for
from support.server import ServerThread
from support.virtual import like

pytestmark = pytest.mark.phone
WAYS = list(product(("tiktok", "instagram"), ("share", "addButton")))
CAPTION = "𝐁𝐨𝐥𝐝 words, 😀 and 𠮷野家.. #{number}"
LONGEST_S = 280.0
OWN = ScriptSettings()


@pytest.fixture(scope="module")
def phones():
    with FleetThread(FleetSettings(phones=len(WAYS), traits=like("real"), first_port=23500)) as phones:
        yield phones


@pytest.fixture(scope="module")
def server(phones, tmp_path_factory):
    """A server as it is when its owner has set nothing."""
    own = {
        "unknown_screen_patience_s": OWN.unknown_screen_patience_s,
        "editor_dwell_s": OWN.editor_dwell_s,
        "upload_patience_s": OWN.upload_patience_s,
        "grid_patience_s": OWN.grid_patience_s,
        "verify_wait_s": 3600.0,
    }
    with ServerThread(tmp_path_factory.mktemp("data"), phones.fleet.adb.port, **own) as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == len(WAYS), 60)
        yield server


@pytest.mark.timeout(LONGEST_S + 100)
def test_each_app_publishes_by_each_way_on_phones_as_they_are(phones, server):
    asked = {
        serial: {"platform": app, "post_way": way, "captions": CAPTION.format(number=number)}
        for number, (serial, (app, way)) in enumerate(zip(phones.fleet.serials, WAYS, strict=True))
    }
    ids = {serial: server.create([serial], config)[0] for serial, config in asked.items()}
    tasks = {serial: server.ended(task_id, LONGEST_S) for serial, task_id in ids.items()}
    assert {task["outcome"] for task in tasks.values()} == {"published"}, [task["remark"] for task in tasks.values()]
    for serial, config in asked.items():
        [post] = posts(phones, serial)
        assert post["caption"] == config["captions"]
        assert post["media_sha256"] == [sha256(VIDEO.read_bytes()).hexdigest()]
    starts, ends = ([task[name] for task in tasks.values()] for name in ("start_time", "end_time"))
    assert max(starts) < min(ends), "the phones work at the same time"
