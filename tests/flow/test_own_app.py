"""An app that Fleetlane does not know is posted to by its pack and its model alone: no line of it is in `src`."""

from __future__ import annotations

import re

import pytest

from fleetlane.core.journal import Phase
from fleetlane.dashboard.schema_form import fields
from fleetlane.scripts.packs import PACKS, load_packs
from fleetlane.scripts.platforms import platforms
from fleetlane.scripts.registry import script
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import IDEAL
from fleetlane.simulator.models.loader import builtin_models, load_models
from support.rig import CAPTION, ROOT
from support.virtual import A_POST_S, PATIENT, VirtualRig

APPS = ROOT / "examples" / "apps"
PACKAGE = "org.example.picnic"


@pytest.fixture(autouse=True)
def _picnic():
    PACKS.use(APPS / "packs")
    yield
    PACKS.use(None)


def rig(language="en", *, alone=True, **settings):
    models = load_models(APPS / "models") + ([] if alone else builtin_models())
    return VirtualRig(FleetSettings(phones=1, traits=IDEAL, models=models, language=language, **settings))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("way", ["addButton", "share"])
def test_the_asked_post_is_published_once(way, language):
    made = rig(language)
    result = made.post(made.serials[0], {"platform": "picnic", "post_way": way}, settings=PATIENT, timeout_s=A_POST_S)
    assert result.outcome.ok, result.outcome
    assert result.phases.seen == [Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.PUBLISHED]
    assert [(entry["app"], entry["caption"]) for entry in made.ledger] == [(PACKAGE, CAPTION)]


def test_a_rehearsal_publishes_nothing():
    made = rig()
    config = {"platform": "picnic", "dry_run": True}
    result = made.post(made.serials[0], config, settings=PATIENT, timeout_s=A_POST_S)
    assert result.outcome.ok, result.outcome
    assert made.ledger == []


def test_beside_the_others_it_is_one_platform_of_three():
    assert list(platforms()) == ["tiktok", "instagram", "picnic"]
    made = rig(alone=False)
    config = {"platform": "picnic"}
    result = made.post(made.serials[0], config, settings=PATIENT, timeout_s=A_POST_S)
    assert result.outcome.ok, result.outcome
    assert [entry["app"] for entry in made.ledger] == [PACKAGE]
    [shown] = [field for field in fields(script("post").schema()) if field.name == "platform"]
    assert list(shown.choices) == ["tiktok", "instagram", "picnic"], "the form offers it as well"


def test_its_limits_are_those_of_its_pack():
    plan = script("post").plan({"platform": "picnic", "captions": "x" * 501, "material_list": ["a.mp4"]})
    assert [issue.code for issue in plan.text_issues("x" * 501, "picnic")] == ["caption_too_long"]
    refused = script("post").plan({"platform": "picnic", "add_product_link": 1, "material_list": ["a.mp4"]})
    assert "Picnic has no product links" in str(refused.refused("picnic"))


def test_no_line_of_the_program_names_it():
    sources = (ROOT / "src").rglob("*.*")
    named = [path for path in sources if path.suffix in (".py", ".yaml", ".html", ".po")]
    assert len(named) > 300
    assert not [path for path in named if re.search("picnic", path.read_text(encoding="utf-8"), re.IGNORECASE)]
    assert "picnic" in {pack.app for pack in load_packs()}
