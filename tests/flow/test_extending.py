"""The walks of docs/how-to/extending.md, word for word: blocks laid over the example app, and posts made with it."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

from fleetlane.scripts.packs import PACKS
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.traits import IDEAL
from fleetlane.simulator.models.loader import load_models
from support.rig import CAPTION, ROOT
from support.virtual import A_POST_S, PATIENT, VirtualRig

DOC = (ROOT / "docs" / "how-to" / "extending.md").read_text(encoding="utf-8")
APPS = ROOT / "examples" / "apps"


@pytest.fixture
def apps(tmp_path):
    """A copy of the example app; its packs are in force."""
    shutil.copytree(APPS, tmp_path / "apps")
    PACKS.use(tmp_path / "apps" / "packs")
    yield tmp_path / "apps"
    PACKS.use(None)


def section(title):
    return DOC.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(title):
    return re.findall(r"```yaml\n# (model|pack: \S+)\n(.*?)```", section(title), re.DOTALL)


def merged(former, new):
    if isinstance(former, dict) and isinstance(new, dict):
        return {**former, **{key: merged(former.get(key), value) for key, value in new.items()}}
    return [*former, *new] if isinstance(former, list) and isinstance(new, list) else new


def change_model(apps, title):
    model = apps / "models" / "picnic.yaml"
    for what, text in blocks(title):
        if what == "model":
            document = merged(yaml.safe_load(model.read_text(encoding="utf-8")), yaml.safe_load(text))
            model.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def save_patches(apps, title):
    for what, text in blocks(title):
        if what != "model":
            (apps / "packs" / what.removeprefix("pack: ")).write_text(text, encoding="utf-8")
    assert PACKS.refresh()
    assert not PACKS.now.problems


def post(apps, language):
    models = load_models(apps / "models")
    rig = VirtualRig(FleetSettings(phones=1, traits=IDEAL, models=models, language=language, accounts=["picnicker"]))
    result = rig.post(rig.serials[0], {"platform": "picnic"}, settings=PATIENT, timeout_s=A_POST_S)
    return result.outcome, [entry["caption"] for entry in rig.ledger]


def without_ids(apps):
    """Let the pack know the app's tabs by their words alone."""
    pack = apps / "packs" / "picnic.yaml"
    text = re.sub(r"\{id: tab_\w+\}, ", "", pack.read_text(encoding="utf-8"))
    pack.write_text(text, encoding="utf-8")
    assert PACKS.refresh()


def test_a_language(apps):
    without_ids(apps)
    change_model(apps, "A language")
    outcome, posts = post(apps, "id")
    assert (outcome.error_code, posts) == ("screen_unrecognised", [])
    save_patches(apps, "A language")
    outcome, posts = post(apps, "id")
    assert (outcome.error_code, posts) == (None, [CAPTION])


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_popup(apps, language):
    change_model(apps, "A language")
    save_patches(apps, "A language")
    change_model(apps, "A popup")
    outcome, _ = post(apps, language)
    assert outcome.error_code == "outcome_unknown", "nobody knows the popup yet: the profile cannot be looked at"
    save_patches(apps, "A popup")
    outcome, posts = post(apps, language)
    assert (outcome.error_code, posts) == (None, [CAPTION])


def test_an_app(apps):
    text = section("An app")
    pack = PACKS.now.held["picnic"].pack
    known = {*pack.elements, *(rule.name for rule in pack.screens)}
    rows = re.findall(r"^\| (`.*?`) \| (screens?|elements?)", text, re.MULTILINE)
    named = {name for row, _ in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 15
    assert named <= known
    facts = re.findall(r"`(\w+)`", text.partition("and these facts:")[2].partition("\n\n")[0])
    assert set(facts) & {"label", "share_activity", "caption_max", "hashtag_max", "title_max", "offers"} <= set(
        pack.facts
    )
    for command in re.findall(r"^    (.*)$", text, re.MULTILINE):
        for path in re.findall(r"examples/\S+", command):
            assert (ROOT / path).exists()
    assert post(apps, "en")[1] == [CAPTION]
