"""`fleetlane record` and `fleetlane replay`, as a person uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from fleetlane.simulator.models.loader import builtin_models
from support.rig import ROOT, VIDEO

SHIPPED = ROOT / "tests" / "transcripts"


def fleetlane(*args, cwd=None, timeout=120, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fleetlane", *args],
        capture_output=True, text=True, timeout=timeout, cwd=cwd, env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip


@pytest.mark.phone
def test_a_rehearsal_on_a_phone_is_recorded_looked_at_and_done_again(tmp_path):
    with FleetThread(FleetSettings(phones=1, app_delay_factor=0.25, accounts=["secretshop"])) as phones:
        [serial] = phones.fleet.serials
        port = str(phones.fleet.adb.port)
        wish = ["dry-run", "--app", "tiktok", "--video", str(VIDEO), "--caption", "my secret day"]
        done = fleetlane("record", serial, "--adb-port", port, "--out", "a.jsonl.gz", "--", *wish, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert phones.fleet.ledger.entries == []
        other = fleetlane("record", serial, "--adb-port", port, "--out", "a.jsonl.gz", "--", *wish, cwd=tmp_path)
        assert "is there already" in other.stderr
    assert "nothing was published" in done.stdout
    texts = fleetlane("replay", "a.jsonl.gz", "--texts", cwd=tmp_path)
    assert texts.returncode == 0
    assert "secret" not in texts.stdout
    assert {"Post", "Profile", "Drafts"} <= set(texts.stdout.splitlines())
    again = fleetlane("replay", "a.jsonl.gz", cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "The same steps and the same outcome as recorded." in again.stdout


@pytest.mark.phone
def test_an_app_that_a_setting_names_is_recorded_done_again_and_checked(tmp_path):
    [tiktok] = [model for model in builtin_models() if model.app == "tiktok"]
    facts = replace(next(iter(tiktok.packages.values())), name="org.example.tok")
    models = [replace(tiktok, packages={facts.name: facts})]
    named = {"FLEETLANE_APP_PACKAGES": f'{{"tiktok": ["{facts.name}"]}}', "FLEETLANE_DATA_DIR": str(tmp_path)}
    with FleetThread(FleetSettings(phones=1, app_delay_factor=0.25, models=models)) as phones:
        [serial], port = phones.fleet.serials, str(phones.fleet.adb.port)
        wish = ["dry-run", "--app", "tiktok", "--video", str(VIDEO)]
        done = fleetlane("record", serial, "--adb-port", port, "--out", "a.jsonl", "--", *wish, cwd=tmp_path, **named)
        assert done.returncode == 0, done.stdout + done.stderr
        checked = fleetlane("doctor", "--phone", serial, "--adb-port", port, "--json", **named)
    rows = {row["about"]: row["grade"] for row in json.loads(checked.stdout)["rows"] if row["name"] == "app"}
    assert rows[facts.name] == "ok"
    assert fleetlane("replay", "a.jsonl", cwd=tmp_path, **named).returncode == 0
    assert fleetlane("replay", "a.jsonl", cwd=tmp_path).returncode == 1


def test_a_session_is_done_again_with_the_packs_of_the_data_folder(tmp_path):
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.yaml").write_text("app: tiktok\npackages: [org.example.other]\n", encoding="utf-8")
    [file, *_] = sorted(SHIPPED.glob("*.gz"))
    assert fleetlane("replay", str(file)).returncode == 0
    done = fleetlane("replay", str(file), FLEETLANE_DATA_DIR=str(tmp_path))
    assert (done.returncode, 'platform: must be "instagram"' in done.stdout) == (1, True), done.stdout


@pytest.mark.phone
def test_a_phone_that_is_not_there_is_told():
    with FleetThread(FleetSettings(phones=1)) as phones:
        wish = ["dry-run", "--app", "tiktok", "--video", str(VIDEO)]
        done = fleetlane("record", "NOSUCH", "--adb-port", str(phones.fleet.adb.port), "--", *wish)
    assert done.returncode == 1
    assert "NOSUCH" in done.stderr


def here(*args):
    """Run the command in this process: its exit code, and what it says."""
    done = CliRunner().invoke(app, args)
    problem = done.exception if isinstance(done.exception, FleetlaneError) else ""
    return done.exit_code, f"{done.output}{problem}"


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (["wet-run"], "After -- comes dry-run"),
        (["dry-run", "--app", "tiktok"], "either --video FILE, or --image FILE"),
        (["dry-run", "--app", "tiktok", "--video", "no.mp4"], "There is no file no.mp4"),
        (["dry-run", "--app", "myspace", "--video", str(VIDEO)], "platform"),
        (["dry-run", "--video", str(VIDEO)], "--app"),
    ],
)
def test_a_session_that_cannot_be_is_told_before_a_phone_is_asked(session, words):
    code, said = here("record", "ANY", "--", *session)
    assert code in (1, 2)
    assert words in said


def test_a_session_is_put_to_a_simulated_phone():
    asked = ["replay", str(SHIPPED / "second-user.jsonl.gz"), "--against", "simulated", "--set", "physical_keys=true"]
    code, said = here(*asked, "--set", "other_user=150")
    assert (code, "The simulated phone answers the same way." in said) == (0, True), said
    code, said = here(*asked, "--set", "other_user=0")
    assert (code, "exit codes [0], recorded was [255]" in said) == (1, True), said


def test_a_file_that_is_no_transcript_is_a_sentence(tmp_path):
    (tmp_path / "a.jsonl").write_text("{}\n")
    code, said = here("replay", str(tmp_path / "a.jsonl"))
    assert code == 1
    assert "is no transcript" in said
