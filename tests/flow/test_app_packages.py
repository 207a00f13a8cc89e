"""A cloned or renamed build of an app is used like the app once the setting `app_packages` names its package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetlane.adapters.android.checkup import check
from fleetlane.adapters.media import FileInspector
from fleetlane.cli.sessions import Wish, record, replay
from fleetlane.core.checkup import Grade
from fleetlane.core.journal import Phase
from fleetlane.scripts.packs import PACKS
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import IDEAL
from fleetlane.simulator.models.loader import builtin_models
from support.rig import CAPTION, VIDEO
from support.virtual import A_POST_S, PATIENT, VirtualRig

RENAMED = {"tiktok": "org.example.tok", "instagram": "org.example.gram"}
"""Packages that no pattern of a pack takes for a clone."""


@pytest.fixture(autouse=True)
def _as_shipped():
    yield
    PACKS.use(None)


def named():
    PACKS.use(None, {app: [package] for app, package in RENAMED.items()})


def _renamed():
    for model in builtin_models():
        name, facts = RENAMED[model.app], next(iter(model.packages.values()))
        yield replace(model, packages={name: replace(facts, name=name)})


def rig():
    """Return a phone whose apps are there under other names only."""
    return VirtualRig(FleetSettings(phones=1, traits=IDEAL, models=list(_renamed())))


def posted(made, config):
    return made.post(made.serials[0], config, settings=PATIENT, timeout_s=A_POST_S)


@pytest.mark.parametrize("way", ["addButton", "share"])
@pytest.mark.parametrize("platform", RENAMED)
def test_a_renamed_app_publishes_the_asked_post_once_and_only_when_it_is_named(platform, way):
    config = {"platform": platform, "post_way": way}
    made = rig()
    assert posted(made, config).outcome.error_code == "app_not_installed"
    assert made.ledger == []
    named()
    result = posted(made, config)
    assert result.outcome.ok, result.outcome
    assert result.phases.seen == [Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.PUBLISHED]
    assert [(entry["app"], entry["caption"]) for entry in made.ledger] == [(RENAMED[platform], CAPTION)]


def test_the_apps_own_package_is_preferred_where_both_are_there():
    own = next(iter(next(model for model in builtin_models() if model.app == "tiktok").packages))
    made = VirtualRig(FleetSettings(phones=1, traits=IDEAL, models=builtin_models()))
    [renamed] = [model for model in _renamed() if model.app == "tiktok"]
    made.fleet.link(made.serials[0]).phone.install(renamed, RENAMED["tiktok"])
    named()
    assert posted(made, {"platform": "tiktok"}).outcome.ok
    assert [entry["app"] for entry in made.ledger] == [own]


def test_a_checkup_looks_at_the_renamed_app():
    named()
    made = rig()
    driver = made.driver(made.serials[0])
    try:
        rows = {row.about: row for row in check(driver, made.clock, made.wait) if row.name == "app"}
    finally:
        driver.close()
    assert {about: row.grade for about, row in rows.items()} == dict.fromkeys(RENAMED.values(), Grade.OK)


def test_a_recording_names_the_renamed_app_and_goes_the_same_way_again():
    named()
    made = rig()
    wish = Wish(made.serials[0], {"platform": "instagram", "material_list": [str(VIDEO)]})
    transcript, outcome = record(made.fleet.adb, made.control(A_POST_S), wish, FileInspector())
    assert outcome.ok, outcome
    assert set(transcript.header.apps) == set(RENAMED.values())
    assert replay(transcript).differences == []
    PACKS.use(None)
    assert replay(transcript).outcome.error_code == "app_not_installed"
